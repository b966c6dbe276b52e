"""The harness itself: what a test says reaches the script, and the script's end the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.hosts.gimp_host import Gimp
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png
from tests.hosts.running import EditorError

KRITA_SCRIPT = """
note("version", krita.version())
size = [document.width(), document.height()]
until(lambda: signalled("go"), lambda: finish({"size": size, "word": args["word"]}))
"""
GIMP_SCRIPT = """
note("version", Gimp.version())
wait_for_signal("go")
finish({"size": [image.get_width(), image.get_height()], "word": args["word"]})
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_png(tmp_path / "ein Bild.png", portrait(160, 120))


def test_talks_with_a_script_in_krita(krita: Krita, photo: Path) -> None:
    running = krita.start(KRITA_SCRIPT, document=photo, args={"word": "ü"})
    assert running.note("version").startswith(krita.installation.version)
    running.display.wait_for_window("Krita")
    running.signal("go")
    assert running.result() == {"size": [160, 120], "word": "ü"}


@pytest.mark.parametrize("window", [False, True])
def test_talks_with_a_script_in_gimp(gimp: Gimp, photo: Path, window: bool) -> None:
    running = gimp.start(GIMP_SCRIPT, document=photo, args={"word": "ü"}, window=window)
    assert running.note("version") == gimp.installation.version
    if window:
        running.display.wait_for_window("ein Bild")
    running.signal("go")
    assert running.result() == {"size": [160, 120], "word": "ü"}


def test_reports_an_exception_in_krita(krita: Krita, photo: Path) -> None:
    with pytest.raises(EditorError, match="ZeroDivisionError"):
        krita.run("after(0.1, lambda: 1 / 0)", document=photo)


def test_reports_an_exception_in_gimp(gimp: Gimp) -> None:
    with pytest.raises(EditorError, match="ZeroDivisionError"):
        gimp.run("1 / 0")


def test_daemon_started_inside_krita_serves_the_test_too(krita: Krita) -> None:
    inside = krita.run(
        "from flyaway_krita.flyaway_client.client import Client\n"
        "with Client.connect('krita') as client: finish(client.status().pid)"
    )
    assert inside == krita.daemon_pid()
    with krita.client() as client:
        assert client.status().pid == inside
    krita.kill_daemon()
    with krita.client() as client:
        assert client.status().pid != inside


def test_daemon_started_inside_gimp_serves_the_test_too(gimp: Gimp) -> None:
    inside = gimp.run(
        f"import sys; sys.path.insert(0, {str(gimp.plugin_folder / 'flyaway_gimp')!r})\n"
        "from flyaway_client.client import Client\n"
        "with Client.connect('gimp') as client: finish(client.status().pid)"
    )
    with gimp.client() as client:
        assert client.status().pid == inside == gimp.daemon_pid()
