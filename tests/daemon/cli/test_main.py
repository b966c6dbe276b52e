"""cli: quick to import, and every error is one sentence and an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.daemon.servers import serving

import flyaway
from flyaway.cli import daemon
from flyaway.cli.main import main
from flyaway.errors import DaemonError, NoSubjectError, RequestError
from flyaway_client import protocol
from flyaway_client.errors import (
    CancelledError,
    DaemonLostError,
    DaemonUnreachableError,
    RefusedError,
    TransportError,
    VersionError,
)
from flyaway_installer.assemble import AssemblyError
from flyaway_installer.install import InstallError


def test_importing_it_loads_neither_numpy_nor_torch_nor_pillow() -> None:
    script = (
        "import sys, flyaway.cli.main, flyaway.serving.lifetime\n"
        "print(sorted({'numpy', 'torch', 'PIL', 'cv2', 'scipy'} & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)

    assert loaded.stdout.strip() == b"[]"


def test_module_is_the_command() -> None:
    command = [sys.executable, "-m", "flyaway", "--version"]

    shown = subprocess.run(command, check=True, capture_output=True, text=True)

    assert shown.stdout == f"flyaway {flyaway.__version__}\n"


@pytest.mark.parametrize("argv", [[], ["cut"], ["extract"], ["daemon"], ["zip", "photoshop"]])
def test_wrong_arguments_show_the_usage(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)

    assert caught.value.code == 2
    assert "usage: flyaway" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestError("Do this."), 2),
        (NoSubjectError("Do this."), 2),
        (DaemonError("Do this."), 1),
        (InstallError("Do this."), 1),
        (AssemblyError("Do this."), 1),
        (DaemonUnreachableError("Do this."), 1),
        (DaemonLostError("Do this."), 1),
        (VersionError("Do this."), 1),
        (RefusedError(protocol.BAD_REQUEST, "Do this."), 2),
        (RefusedError(protocol.TOO_LARGE, "Do this."), 2),
        (RefusedError(protocol.UNKNOWN_ENGINE, "Do this."), 2),
        (RefusedError(protocol.NO_SUBJECT, "Do this."), 2),
        (RefusedError(protocol.BUSY, "Do this."), 1),
        (RefusedError(protocol.OUT_OF_MEMORY, "Do this."), 1),
        (RefusedError(protocol.INTERNAL, "Do this."), 1),
    ],
    ids=repr,
)
def test_error_is_its_sentence_and_a_status(
    error: Exception,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(daemon, "connect", fail)

    assert main(["daemon", "start"]) == status
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "flyaway: Do this.\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CancelledError()], ids=repr)
def test_interruption_has_the_status_shells_expect(
    error: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(daemon, "connect", fail)

    assert main(["daemon", "start"]) == 130
    assert capsys.readouterr().err == "flyaway: Cancelled.\n"


def test_answer_that_makes_no_sense_is_told_with_a_way_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise TransportError("a wrong proof")

    monkeypatch.setattr(daemon, "connect", fail)

    assert main(["daemon", "start"]) == 1
    assert "flyaway daemon stop" in capsys.readouterr().err


def test_reader_that_has_had_enough_is_no_error_worth_a_word(home: Path) -> None:
    with serving() as running:
        running.file.write(home)
        reader, writer = os.pipe()
        os.close(reader)
        ended = subprocess.run(
            [sys.executable, "-m", "flyaway", "daemon", "status"],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (1, b"")
