"""What all tests share."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

from flyaway_client import background, launch

# What commands say depends on the language of whoever runs the tests.
for _name in ("LANGUAGE", "LC_MESSAGES", "LANG"):
    os.environ.pop(_name, None)
os.environ["LC_ALL"] = "C.UTF-8"

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("without-a-deadline", deadline=None)
settings.load_profile("without-a-deadline")


@pytest.fixture(autouse=True)
def _no_daemon_is_left() -> Iterator[None]:
    """A daemon that a client of this process started ends with the test that it was started for."""
    yield
    end_started(launch._started)


def end_started(processes: list[subprocess.Popen[bytes]]) -> None:
    """End the daemons that clients have started, and wait for that: one that is only forgotten is a warning."""
    while processes:
        process = processes.pop()
        process.kill()
        process.wait(30)


def wait_for_background_calls() -> None:
    """Wait until no background call of a plugin's runs: one may be about to start a daemon."""
    for thread in threading.enumerate():
        if thread.name == background.THREAD:
            thread.join(30)
