"""The Flatpak extension for GIMP: its manifest is one, and its commands make the plugin where GIMP looks.

Not built against the real GIMP, which lies in a remote that no test reaches.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flyaway_installer.assemble import assemble

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "installer" / "flatpak"
ID = "org.gimp.GIMP.Plugin.Flyaway"


@pytest.fixture
def manifest() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{ID}.json").read_text())
    return content


def test_manifest_extends_gimp_where_it_looks_for_plugins(manifest: dict[str, Any]) -> None:
    # The point is declared in flathub/org.gimp.GIMP: directory "extensions", merge-dirs "plug-ins;scripts;help".
    assert (manifest["id"], manifest["branch"], manifest["runtime"]) == (ID, "3", "org.gimp.GIMP")
    assert manifest["build-extension"] is True
    assert manifest["build-options"]["prefix"] == "/app/extensions/Flyaway"


def test_its_commands_install_the_plugin_its_licence_and_its_description(
    manifest: dict[str, Any], tmp_path: Path
) -> None:
    (module,) = manifest["modules"]
    environ = {**os.environ, "FLATPAK_DEST": str(tmp_path / "extension")}

    for command in module["build-commands"]:
        subprocess.run(["sh", "-ec", command], cwd=REPOSITORY, env=environ, check=True)

    assembled = assemble("gimp", tmp_path / "assembled")
    installed = tmp_path / "extension" / "plug-ins" / "flyaway_gimp"
    assert contents(installed) == contents(assembled)
    assert os.access(installed / "flyaway_gimp.py", os.X_OK)
    assert contents(tmp_path / "extension" / "share").keys() == {
        f"metainfo/{ID}.metainfo.xml",
        "licenses/flyaway/LICENSE",
    }


def test_description_is_of_the_same_extension() -> None:
    root = ElementTree.parse(FOLDER / f"{ID}.metainfo.xml").getroot()

    assert (root.findtext("id"), root.findtext("extends")) == (ID, "org.gimp.GIMP")


@pytest.mark.skipif(not shutil.which("flatpak-builder"), reason="flatpak-builder is not here")
def test_flatpak_builder_reads_the_manifest(tmp_path: Path) -> None:
    shown = subprocess.run(
        ["flatpak-builder", "--show-manifest", str(FOLDER / f"{ID}.json")],
        cwd=tmp_path,  # where it makes a folder
        check=True,
        capture_output=True,
    )

    assert json.loads(shown.stdout)["id"] == ID


@pytest.mark.skipif(not shutil.which("appstreamcli"), reason="appstreamcli is not here")
def test_software_centres_can_read_the_description() -> None:
    command = ["appstreamcli", "validate", "--no-net", str(FOLDER / f"{ID}.metainfo.xml")]

    subprocess.run(command, check=True, capture_output=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
