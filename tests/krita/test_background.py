"""background.py: calls that a timer of Qt follows."""

from __future__ import annotations

import threading

from tests.fakes import qt
from tests.fakes.krita_app import Krita
from tests.krita.conftest import plugin_module, turn_until


def test_hands_the_end_over_in_the_main_thread_and_rests(krita: Krita) -> None:
    ends: list[object] = []
    call = plugin_module("background").start(
        qt.QObject(), lambda *_: 7, lambda call: ends.append((call, threading.current_thread()))
    )
    turn_until(lambda: ends)
    qt.tick()
    assert ends == [(call, threading.main_thread())]
    assert call.result() == 7


def test_an_end_that_turns_the_event_loop_comes_once(krita: Krita) -> None:
    ends: list[object] = []

    def end(call: object) -> None:
        ends.append(call)
        qt.tick()

    plugin_module("background").start(qt.QObject(), lambda *_: None, end)
    turn_until(lambda: ends)
    assert len(ends) == 1
