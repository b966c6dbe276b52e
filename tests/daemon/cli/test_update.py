"""update: in the way in which this Flyaway was installed, daemon and plugins together; a sentence where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flyaway.cli import update
from flyaway.cli.main import main
from flyaway.serving import lifetime
from flyaway_installer import assemble, editors
from flyaway_installer.install import install
from flyaway_installer.places import Machine, places


@pytest.fixture(autouse=True)
def user(
    tmp_path: Path, home: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    """A user with a Krita; no daemon is left behind."""
    (tmp_path / ".local" / "share" / "krita").mkdir(parents=True)
    machine = Machine("linux", tmp_path, {}, tmp_path / "root", lambda folder: [])
    monkeypatch.setattr(editors, "this_machine", lambda: machine)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    yield machine
    main(["daemon", "stop"])


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this Flyaway is installed."""
    folder = tmp_path / "prefix"
    folder.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder))
    return folder


posix = pytest.mark.skipif(os.name != "posix", reason="its uv is a script of a POSIX shell")


def fake_uv(tmp_path: Path, status: int = 0) -> Path:
    """A uv on the PATH that writes down what it is told; the file that it writes."""
    program, told = tmp_path / "bin" / "uv", tmp_path / "told"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>"{told}"\nexit {status}\n')
    program.chmod(0o755)
    return told


def test_checkout_says_what_to_do(prefix: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update"]) == 2

    assert "`git pull`" in capsys.readouterr().err


def test_installation_by_hand_says_what_to_do(
    prefix: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(assemble, "PACKAGED", tmp_path)

    assert main(["update"]) == 2

    assert f"installed by hand, into {prefix}" in capsys.readouterr().err


@posix
def test_tool_of_uv_is_upgraded_with_its_plugins(
    prefix: Path, home: Path, tmp_path: Path, user: Machine
) -> None:
    (prefix / "uv-receipt.toml").touch()
    told = fake_uv(tmp_path)
    krita = places("krita", user)[0]
    install(krita)
    main(["daemon", "start"])
    (tmp_path / ".local" / "bin").mkdir()

    # The new code is asked in a process of its own, which looks for the user's editors itself.
    os.environ["HOME"], before = str(tmp_path), os.environ["HOME"]
    script = Path(krita.plugins) / "flyaway_krita" / "menu.py"
    script.write_text("older")
    try:
        assert main(["update"]) == 0
    finally:
        os.environ["HOME"] = before

    assert told.read_text() == "tool upgrade flyaway\n"
    assert script.read_text() != "older"
    assert not lifetime.is_running(home)


@posix
def test_failing_uv_is_a_sentence(
    prefix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (prefix / "uv-receipt.toml").touch()
    fake_uv(tmp_path, status=2)

    assert main(["update"]) == 1

    assert "uv tool upgrade flyaway` failed (above)" in capsys.readouterr().err


@pytest.mark.parametrize("platform", ["win32", sys.platform])
def test_without_uv_or_on_windows_the_commands_are_told(
    platform: str,
    prefix: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    user: Machine,
) -> None:
    (prefix / "uv-receipt.toml").touch()
    install(places("krita", user)[0])
    monkeypatch.setattr(sys, "platform", platform)

    assert main(["update"]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "    uv tool upgrade flyaway"
    assert lines[2].endswith("-m flyaway install krita")
    assert len(lines) == 3


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the installer made; this Flyaway is in it."""
    folder = home / "app"
    environment = folder / "tools" / "flyaway"
    environment.mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(environment))
    return folder


def test_installer_takes_the_place_of_the_command(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (app / "flyaway.sh").touch()
    ran: list[Any] = []
    monkeypatch.setattr(os, "execv", lambda *command: ran.append(command))

    main(["update"])

    assert ran == [("/bin/sh", ["sh", str(app / "flyaway.sh")])]


def test_installer_that_is_gone_is_a_sentence(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["update"]) == 1

    assert "flyaway.sh, which installed this Flyaway, is gone." in capsys.readouterr().err


def test_installer_of_a_home_that_is_named_no_more_is_told_it(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (app / "flyaway.sh").touch()
    homes: list[str] = []
    monkeypatch.setattr(os, "execv", lambda *command: homes.append(os.environ["FLYAWAY_HOME"]))
    monkeypatch.setenv("FLYAWAY_HOME", str(tmp_path / "another"))

    main(["update"])

    assert homes == [str(app.parent)]


def test_windows_installer_waits_for_the_command_to_end(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (app / "flyaway.ps1").touch()
    monkeypatch.setattr(update, "_SCRIPT", "flyaway.ps1")
    ran: list[Any] = []
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **options: ran.append((command, options))
    )
    monkeypatch.setattr(sys, "platform", "win32")

    assert main(["update"]) == 0

    ((command, options),) = ran
    assert command[-4:] == ["-File", str(app / "flyaway.ps1"), "-After", str(os.getpid())]
    assert options == {"creationflags": 0x10}
    assert "window of its own" in capsys.readouterr().out
