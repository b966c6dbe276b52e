"""terminal: words go where they belong, in letters that the terminal has."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from flyaway.cli.terminal import (
    ProgressLine,
    confirm,
    flush,
    interruption,
    write_remark,
    write_result,
)


def test_results_and_remarks_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    write_result("result")
    write_remark("remark")

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("result\n", "remark\n")


def test_letters_that_a_terminal_lacks_become_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))

    write_result("6 × 4 \udcff")
    sys.stdout.flush()

    assert written.getvalue().rstrip() == rb"6 \xd7 4 \udcff"


def test_progress_wipes_out_longer_words_before_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line = ProgressLine()

    line.show("long words", 0.25)
    line.show("short", 1)
    line.clear()

    assert capsys.readouterr().err.split("\r")[1:] == [
        " 25% long words",
        "100% short     ",
        "          ",
        "",
    ]


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine()

    line.show("words", 0.5)
    line.clear()

    assert capsys.readouterr().err == ""


def test_first_ctrl_c_is_an_event_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)

    with interruption() as pressed:
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed.wait(10)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize(
    ("typed", "is_yes"),
    [
        ("\n", True),
        ("y\n", True),
        (" YES \n", True),
        ("n\n", False),
        ("what?\n", False),
        ("", False),
    ],
)
def test_question_is_answered_by_whoever_sits_there(
    typed: str, is_yes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    assert confirm("Start?") is is_yes

    assert capsys.readouterr().out == "Start? [Y/n] "


@pytest.mark.parametrize("stdin", [io.StringIO("y\n"), None])
def test_question_to_nobody_is_answered_no(
    stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)

    assert not confirm("Start?")

    assert capsys.readouterr().out == ""


def test_without_streams_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Windows' Python without a window has them.
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    write_result("result")
    write_remark("remark")
    flush()
