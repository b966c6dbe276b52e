"""Memory that is free goes back to the system."""

from __future__ import annotations

import platform

import psutil
import pytest

from flyaway import memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_what_lies_free_below_what_is_used_is_returned() -> None:
    def resident() -> int:
        return int(psutil.Process().memory_info().rss)

    blocks = [b"x" * 100_000 for _ in range(2000)]  # below what glibc maps one by one
    kept = blocks.pop()
    before = resident()
    blocks.clear()
    memory.give_back()
    assert before - resident() > 100_000_000
    assert len(kept) == 100_000
