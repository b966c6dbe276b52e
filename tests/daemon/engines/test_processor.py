"""How torch finds its surroundings: set before it is imported, and never against the user's will."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flyaway.engines import processor

PROGRAM = """
import sys
from flyaway.engines import processor
assert "torch" not in sys.modules
processor.prepare()
import torch
"""


@pytest.mark.parametrize("name", processor.VARIABLES)
def test_threads_wait_and_memory_is_taken_as_measured(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    processor.prepare()
    assert os.environ[name] == processor.VARIABLES[name]


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_WAIT_POLICY": "ACTIVE"})
    processor.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks GNU's OpenMP what it read")
def test_it_comes_early_enough_for_the_threads() -> None:
    environment = {**os.environ, "OMP_DISPLAY_ENV": "true"}
    environment.pop("OMP_WAIT_POLICY", None)
    argv = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
