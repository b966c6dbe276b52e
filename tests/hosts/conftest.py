"""Drives the real Krita and GIMP.

How to write a test here:

    def test_names_the_mask(krita: Krita, tmp_path: Path) -> None:      # or gimp: Gimp
        photo = write_png(tmp_path / "photo.png", portrait(320, 240))   # pictures.py
        result = krita.run(HERE / "krita_names.py", document=photo, args={"engine": "builtin"})
        assert result["name"] == "Foreground"

The fixtures `krita` and `gimp` give one editor after the other (`-k trixie` picks the suite): Krita of the
system, trixie and forky, GIMP of trixie and forky, each test with a fresh home folder in which the plugin is
installed and enabled, a display with a window manager, and a daemon of its own, which the plugin starts.

- The script runs inside the editor (a file, or its text); what it sees stands in drivers/krita_driver.py and
  drivers/gimp_driver.py: args, note(), finish(result) and so on. An exception in it fails the test.
- `gimp.run(…)` uses gimp-console; `gimp.run(…, window=True)` the real window. Krita has always a window.
- `editor.start(…)` returns at once, for pressing keys meanwhile:
      running = gimp.start(SCRIPT, document=photo)          # with a window
      running.note("ready")                                 # waits for the script's note("ready", value)
      dialog = running.display.wait_for_window("Extract Foreground"); running.display.activate(dialog)
      running.display.key("Return"); running.display.screenshot("after")   # file beside the logs
      running.signal("go on")                               # the script: wait_for_signal / signalled
      running.result()
- `editor.client()` is a flyaway_client Client of the same daemon, for the same request made directly;
  `editor.kill_daemon()`, `editor.daemon_pid()`, `editor.flyaway_home`, `editor.home`.
- Files for the editor lie under /tmp (tmp_path) or in the checkout: those it sees under the same names.
- A failing test shows the ends of the editor's and the daemon's logs and where a screenshot is.

Editors come from `scripts/hosts`. A missing one skips its tests, and fails them with FLYAWAY_REQUIRE_HOSTS=1.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from tests.hosts.editor import Editor
from tests.hosts.gimp_host import Gimp
from tests.hosts.homes import used_home
from tests.hosts.krita_host import Krita
from tests.hosts.roots import Installation

E = TypeVar("E", bound=Editor)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by the editor they drive."""
    for item in items:
        for name in {"krita", "gimp"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(name)
            item.add_marker("slow")
            item.add_marker(pytest.mark.timeout(300))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of the editor whose test failed."""
    report = yield
    editors = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, Editor)]
    if report.when == "call" and report.failed:
        for editor in editors:
            report.sections += [
                (f"{editor}: {name}", text) for name, text in editor.evidence().items()
            ]
    return report


@pytest.fixture(params=["system", "trixie", "forky"])
def krita(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Krita]:
    """A real Krita with the plugin in it."""
    yield from _editor(Krita, Installation("krita", request.param), tmp_path, monkeypatch)


@pytest.fixture(params=["trixie", "forky"])
def gimp(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gimp]:
    """A real GIMP with the plug-in in it."""
    yield from _editor(Gimp, Installation("gimp", request.param), tmp_path, monkeypatch)


def _editor(
    kind: type[E], installation: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[E]:
    if reason := installation.missing():
        is_required = os.environ.get("FLYAWAY_REQUIRE_HOSTS") == "1" and not installation.broken()
        (pytest.fail if is_required else pytest.skip)(reason)
    editor = kind(installation, folder, used_home(kind, installation))
    # Clients in this process, such as `editor.client()`, are to meet the editor's daemon.
    monkeypatch.setenv("FLYAWAY_HOME", str(editor.flyaway_home))
    try:
        editor.install_plugin()
        yield editor
    finally:
        editor.close()
