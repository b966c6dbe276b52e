"""job.py: work in a thread, watched from outside."""

from __future__ import annotations

import threading

import pytest
from tests.fakes.krita_app import Krita
from tests.krita.conftest import plugin_module, turn_until

from flyaway_client.messages import Progress


def test_hands_over_what_the_work_returned(krita: Krita) -> None:
    job = plugin_module("job").Job(lambda job: threading.current_thread())
    turn_until(lambda: job.is_done)
    assert job.result() is not threading.current_thread()


def test_raises_what_the_work_raised(krita: Krita) -> None:
    job = plugin_module("job").Job(lambda job: 1 / 0)
    turn_until(lambda: job.is_done)
    with pytest.raises(ZeroDivisionError):
        job.result()


def test_work_hears_of_a_cancel_and_is_heard(krita: Krita) -> None:
    heard = threading.Event()

    def work(job) -> str:  # type: ignore[no-untyped-def] # of the loaded plugin
        job.report(Progress("1", "Waiting", 0.5))
        while not job.should_stop():
            heard.wait(0.005)
        return "stopped"

    job = plugin_module("job").Job(work)
    turn_until(lambda: job.progress is not None)
    assert (job.progress.stage, job.is_done) == ("Waiting", False)
    job.cancel()
    job.wait(10)
    assert job.result() == "stopped"
