"""What the user reads: results on standard output, remarks on standard error; and Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO


def write_result(line: str) -> None:
    """Write a line of what the user asked for."""
    _write(sys.stdout, f"{line}\n")


def write_remark(line: str) -> None:
    """Write a remark; it does not end up in a pipe."""
    _write(sys.stderr, f"{line}\n")


def confirm(question: str) -> bool:
    """Ask; yes is meant by nothing. No where nobody is there to answer."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        return input(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def flush() -> None:
    """Get out what was written, so that a closed pipe is noticed now and not at exit."""
    if sys.stdout is not None:
        sys.stdout.flush()


def stop_writing() -> None:
    """Let later output go nowhere: the reader, such as `head`, has had enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class ProgressLine:
    """One line that is written over and over on a terminal; silent where there is none."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._width = 0

    def show(self, stage: str, fraction: float) -> None:
        """Show what is going on and how far it is."""
        self._replace(f"{fraction:4.0%} {stage}")

    def clear(self) -> None:
        """Make room for other words."""
        self._replace("")

    def _replace(self, text: str) -> None:
        if self._is_shown:
            width = _columns(text)
            _write(sys.stderr, f"\r{text}{' ' * (self._width - width)}" + ("" if text else "\r"))
            sys.stderr.flush()
            self._width = width


@contextmanager
def interruption() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into an event, so that work can be ended in good order.

    A second one interrupts at once, as usual.
    """
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def endings() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the program in good order, so that it can clear up.

    Raises:
        SystemExit: one of them has come; the status is the one that shells use for it.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {}
    for name in ("SIGTERM", "SIGHUP"):  # the last is not on Windows
        number = getattr(signal, name, None)
        # Who has it ignored, such as nohup, wants to go on.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: letters of the East are wide."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _write(stream: TextIO | None, text: str) -> None:
    """Write what the terminal's encoding has no letters for as escapes; nothing where there is no stream.

    Windows' Python without a window, which a logon task runs, has none.
    """
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
