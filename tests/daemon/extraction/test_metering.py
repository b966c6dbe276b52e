"""The memory of one request's work."""

from __future__ import annotations

import numpy as np
import pytest

from flyaway.extraction.metering import Meter

MB = 1_000_000


def test_the_most_that_was_held_counts_however_short() -> None:
    meter = Meter()
    with meter.watching():
        taken = np.ones(60 * MB, np.uint8)
        del taken
    with meter.watching():
        pass
    # the watcher may sleep through what is short; what is there at the end is always seen
    with meter.watching():
        kept = np.ones(80 * MB, np.uint8)
    assert 75 * MB <= meter.taken_bytes <= 400 * MB
    assert kept[-1] == 1


def test_what_engines_held_before_counts() -> None:
    meter = Meter()
    meter.held_bytes = 5_000 * MB
    with meter.watching():
        pass
    assert meter.taken_bytes >= 5_000 * MB


def test_a_cards_memory_counts_where_the_work_took_any(monkeypatch: pytest.MonkeyPatch) -> None:
    from flyaway.engines import device

    peaks = iter((700 * MB, 900 * MB, 300 * MB))
    monkeypatch.setattr(device, "held_bytes", lambda: 200 * MB)
    monkeypatch.setattr(device, "forget_peak", lambda: None)
    monkeypatch.setattr(device, "peak_bytes", lambda: next(peaks))
    meter = Meter()
    for _ in range(3):
        with meter.watching():
            pass
    assert meter.taken_bytes == 700 * MB


def test_it_watches_no_longer_than_it_is_told_even_where_the_work_fails() -> None:
    meter = Meter()
    with pytest.raises(RuntimeError), meter.watching():
        raise RuntimeError
    found = meter.taken_bytes
    kept = np.ones(80 * MB, np.uint8)
    assert meter.taken_bytes == found
    assert kept[-1] == 1
