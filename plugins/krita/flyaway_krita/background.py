"""Calls in the background, followed by a timer of Qt: Krita's window lives on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .flyaway_client.background import BackgroundCall, Work
from .flyaway_client.conversation import Report
from .qt import QtCore

T = TypeVar("T")

POLL_MS = 50


def start(
    owner: QtCore.QObject,
    work: Work[T],
    on_end: Callable[[BackgroundCall[T]], object],
    report: Report | None = None,
) -> BackgroundCall[T]:
    """Run `work` in a thread of its own.

    Args:
        owner: with this ends the following.
        work: the call.
        on_end: called in the main thread when it is done.
        report: called there with how far it is, again and again.
    """
    call = BackgroundCall(work)
    timer = QtCore.QTimer(owner)
    timer.setInterval(POLL_MS)
    # It rests while `on_end` runs, which may turn Krita's event loop by opening a document.
    timer.setSingleShot(True)

    def look() -> None:
        if call.follow(report, on_end):
            timer.start()
        else:
            timer.deleteLater()

    timer.timeout.connect(look)
    timer.start()
    return call
