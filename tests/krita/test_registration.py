"""What Krita reads of the plugin: its menu entries, the action file, the desktop file, the manual."""

from __future__ import annotations

import importlib
import sys
import xml.etree.ElementTree as ElementTree
from configparser import ConfigParser
from pathlib import Path

import pytest
from tests.fakes.krita_app import Krita
from tests.krita.conftest import Docker, plugin_module


def test_puts_its_actions_under_tools_scripts(krita: Krita) -> None:
    assert krita.window.menus == {
        "flyaway_extract": "tools/scripts/Flyaway: Extract Foreground",
        "flyaway_point": "tools/scripts/Flyaway: Extract by Clicking…",
        "flyaway_compare": "tools/scripts/Flyaway: Compare Engines…",
        "flyaway_refine": "tools/scripts/Flyaway: Refine Edge",
        "flyaway_cancel": "tools/scripts/Flyaway: Cancel Extract Foreground",
    }


def test_the_action_file_lists_the_same_actions_without_shortcuts(
    krita: Krita, pykrita_folder: Path
) -> None:
    tree = ElementTree.parse(pykrita_folder / "flyaway_krita.action").getroot()
    assert [group.attrib["category"] for group in tree.iter("Actions")] == ["Flyaway"]
    listed = {one.attrib["name"]: one for one in tree.iter("Action")}
    extension = plugin_module("extension")
    assert {name: one.findtext("text") for name, one in listed.items()} == dict(
        (
            extension.EXTRACT,
            extension.POINT,
            extension.REFINE,
            extension.COMPARE,
            extension.CANCEL,
        )
    )
    assert [one.findtext("shortcut") for one in listed.values()] == [
        "Ctrl+Alt+E",
        "Ctrl+Alt+Shift+E",
        "Ctrl+Alt+M",
        "",
        "",
    ]


def test_the_desktop_file_names_the_package_and_its_manual(pykrita_folder: Path) -> None:
    desktop = ConfigParser()
    desktop.read(pykrita_folder / "flyaway_krita.desktop", "utf-8")
    entry = desktop["Desktop Entry"]
    assert entry["X-KDE-Library"] == "flyaway_krita"
    assert entry["ServiceTypes"] == "Krita/PythonPlugin"
    assert (pykrita_folder / "flyaway_krita" / entry["X-Krita-Manual"]).is_file()


def test_the_docker_has_a_title_for_settings_dockers(docker: Docker) -> None:
    assert docker.widget.title == "Flyaway"


def test_takes_the_qt_that_krita_was_built_with(krita: Krita) -> None:
    qt = plugin_module("qt")
    expected = 6 if krita.version().startswith("6") else 5
    assert qt.qt_major_version() == expected
    assert qt.QtCore is sys.modules[f"PyQt{expected}.QtCore"]


def test_says_so_where_krita_brings_too_old_a_python(
    krita: Krita, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = sys.modules["flyaway_krita"]
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    with pytest.raises(ImportError, match="Update Krita"):
        importlib.reload(package)


def test_the_fake_refuses_the_other_qt(krita: Krita) -> None:
    other = "PyQt5" if krita.version().startswith("6") else "PyQt6"
    with pytest.raises(ModuleNotFoundError):
        __import__(other)
