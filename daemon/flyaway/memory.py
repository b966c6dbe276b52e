"""Memory of this process: how much it holds, where it is taken, and giving back what nothing uses. Imports nothing before it is asked."""

from __future__ import annotations

import contextlib
import os

_M_ARENA_MAX = -8
"""mallopt(3), in malloc.h of glibc."""


def resident_bytes() -> int:
    """Memory this process holds now."""
    import psutil  # deferred: hello must not wait for it

    return int(psutil.Process().memory_info().rss)


def take_in_one_place() -> None:
    """Have all threads of this process take memory from one arena; to be said before there are any.

    glibc gives threads arenas of their own, each of which keeps what lies between things in use: after the same jobs a
    daemon held 356 to 374 MiB, from one arena 318 and 319. What is large comes from the system anyway, so that threads
    do not wait for each other here. Whoever has set MALLOC_ARENA_MAX has decided.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    import ctypes  # deferred: hello must not wait for it

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give freed memory back to the system.

    glibc keeps what lies below something still in use, which after large pictures or many strangers may be
    gigabytes; other systems' allocators give it back by themselves.
    """
    import ctypes  # deferred: hello must not wait for it

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
