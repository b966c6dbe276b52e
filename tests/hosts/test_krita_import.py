"""The zip is accepted by the importer of each real Krita (Tools > Scripts > Import Python Plugin from File)."""

from __future__ import annotations

import builtins
import importlib.util
from pathlib import Path

import pytest
from tests.hosts.krita_host import Krita

from flyaway_installer.archive import make_zip
from flyaway_installer.assemble import assemble

IMPORTER = "usr/share/krita/pykrita/plugin_importer/plugin_importer.py"


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_kritas_importer_takes_the_whole_plugin(
    krita: Krita, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Krita puts this function there; the importer of 5.3 asks for it by name.
    monkeypatch.setattr(builtins, "i18n", lambda text: text, raising=False)
    spec = importlib.util.spec_from_file_location("importer", krita.installation.root / IMPORTER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    resources = tmp_path / "resources"
    resources.mkdir()
    archive = make_zip("krita", tmp_path / "plugin.zip")

    importer = module.PluginImporter(str(archive), str(resources), lambda plugin: False)
    imported = importer.import_all()
    importer.archive.close()

    package = assemble("krita", tmp_path / "assembled")
    assert [plugin["name"] for plugin in imported] == ["flyaway_krita"]
    assert contents(resources / "pykrita" / "flyaway_krita") == contents(package)
    assert (resources / "pykrita" / "flyaway_krita.desktop").is_file()
    assert (resources / "actions" / "flyaway_krita.action").is_file()
