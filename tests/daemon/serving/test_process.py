"""What the process knows of itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flyaway.serving import process


def test_its_memory_is_told() -> None:
    assert process.resident_bytes() > 2**20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_its_memory_is_told_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda self: False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert process.resident_bytes() > 0


def test_it_is_nothing_where_nobody_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda self: False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert process.resident_bytes() == 0
