"""Adds the assembled plugins to the wheel, so that `flyaway install` works without the sources."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PluginsBuildHook(BuildHookInterface[BuilderConfig]):
    """Assembles each plugin into a temporary folder that the wheel includes as package data."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the assembled plugins to the builder; an editable install reads the sources instead."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "installer"))
        from flyaway_installer.assemble import PACKAGES, assemble

        self._staging = Path(tempfile.mkdtemp(prefix="flyaway-plugins-"))
        for host in PACKAGES:
            assemble(host, self._staging / host)
        build_data["force_include"][str(self._staging)] = "flyaway_installer/_plugins"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder once the wheel holds its files."""
        if version != "editable":
            shutil.rmtree(self._staging)
