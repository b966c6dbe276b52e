"""autostart: switched on and off by command, offered where an editor needs it; the daemon then stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from flyaway.cli import autostart as commands
from flyaway.cli import repairs, terminal
from flyaway.cli.connecting import connect
from flyaway.cli.main import main
from flyaway.config import Settings
from flyaway.serving import lifetime
from flyaway_installer import autostart, editors
from flyaway_installer.places import Machine


@pytest.fixture(autouse=True)
def user(
    tmp_path: Path, home: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A user whose Linux has no systemd for users; no daemon is left behind."""

    def run(command: Sequence[str]) -> int:
        return 1 if command[0] == "systemctl" else autostart.run_quietly(command)

    machine = Machine("linux", tmp_path, {}, tmp_path / "root", lambda folder: [])
    monkeypatch.setattr(editors, "this_machine", lambda: machine)
    monkeypatch.setattr(commands, "run_command", run)
    monkeypatch.setenv("PATH", str(tmp_path))
    yield tmp_path
    main(["daemon", "stop"])


@pytest.fixture
def entry(user: Path) -> Path:
    """The file by which the desktop starts the daemon."""
    return user / ".config" / "autostart" / "flyaway.desktop"


def test_on_starts_the_daemon_now_and_later_and_off_undoes_the_latter(
    entry: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["daemon", "autostart", "status"]) == 1

    assert main(["daemon", "autostart", "on"]) == 0
    assert entry.is_file()
    assert lifetime.is_running(home)
    assert main(["daemon", "autostart", "status"]) == 0

    assert main(["daemon", "autostart", "off"]) == 0
    assert not entry.exists()
    assert main(["daemon", "autostart", "off"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The daemon is not started at login.",
        f"The daemon is started at login (autostart entry: {entry}).",
        "The daemon is started at login.",
        "The daemon is started at login no more (autostart entry removed).",
        "The daemon is not started at login.",
    ]


def test_daemon_that_shall_stay_is_never_ended_for_being_unused(
    home: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user / "config.toml").write_text("idle_exit_minutes = 5\n")
    seen: list[float] = []

    def run(settings: Settings, _listen: str) -> int:
        seen.append(settings.idle_exit_minutes)
        return 0

    monkeypatch.setattr(lifetime, "run", run)

    main(["daemon", "run"])
    main(["daemon", "run", "--stay"])

    assert seen == [5, 0]


def test_daemon_that_is_started_to_stay_is_told_so(home: Path) -> None:
    assert main(["daemon", "start", "--stay"]) == 0

    with connect(start=False) as client:
        assert psutil.Process(client.hello.pid).cmdline()[-2:] == ["run", "--stay"]


def test_entry_of_a_moved_flyaway_is_told_and_mended(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nExec=/moved/python\n")

    assert main(["daemon", "autostart", "status"]) == 1
    assert "Another Flyaway's daemon is started at login." in capsys.readouterr().out

    (fault,) = repairs.faults()
    assert (fault.where, fault.what) == ("autostart", "It starts another Flyaway.")
    fault.mend()
    assert main(["daemon", "autostart", "status"]) == 0


def test_entry_that_cannot_be_written_is_a_sentence(
    entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry.parent.parent.mkdir()
    entry.parent.write_text("a file where the folder should be")

    assert main(["daemon", "autostart", "on"]) == 1

    assert "Mend that, then try again." in capsys.readouterr().err


def test_refusing_system_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "run_command", lambda command: 1)

    assert main(["daemon", "autostart", "on"]) == 1

    assert "Run `flyaway daemon start` by hand" in capsys.readouterr().err


@pytest.mark.parametrize("folder", [".var/app/org.kde.krita", ".var/app/org.gimp.GIMP"])
@pytest.mark.parametrize("answer", ["yes", "no", "nobody"])
def test_installing_for_a_flatpak_offers_it(
    folder: str,
    answer: str,
    user: Path,
    entry: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (user / folder).mkdir(parents=True)
    (user / ".config" / "GIMP" / "3.2").mkdir(parents=True)
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return answer == "yes"

    if answer != "nobody":
        monkeypatch.setattr(terminal, "confirm", confirm)

    assert main(["install"]) == 0

    shown = capsys.readouterr().out
    assert "as a Flatpak or Snap, it cannot start Flyaway's daemon" in shown
    assert asked == ([] if answer == "nobody" else ["Start it whenever you log in?"])
    assert entry.exists() == (answer == "yes")
    assert ("run `flyaway daemon autostart on`" in shown) == (answer != "yes")


def test_installing_for_others_does_not_offer_it_but_does_it_when_asked(
    user: Path, entry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (user / ".local" / "share" / "krita").mkdir(parents=True)

    assert main(["install", "krita"]) == 0
    assert "log in" not in capsys.readouterr().out
    assert not entry.exists()

    assert main(["install", "krita", "--autostart"]) == 0
    assert entry.exists()


def test_installing_again_replaces_a_stale_entry_and_uninstalling_removes_it(
    user: Path, entry: Path
) -> None:
    (user / ".local" / "share" / "krita").mkdir(parents=True)
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nExec=/moved/python\n")

    assert main(["install", "krita"]) == 0
    assert main(["daemon", "autostart", "status"]) == 0

    assert main(["uninstall"]) == 0
    assert not entry.exists()
