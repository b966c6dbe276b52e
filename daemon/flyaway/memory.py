"""Memory of this process: how much it holds, and giving back what nothing uses. Imports nothing before it is asked."""

from __future__ import annotations

import contextlib


def resident_bytes() -> int:
    """Memory this process holds now."""
    import psutil  # deferred: hello must not wait for it

    return int(psutil.Process().memory_info().rss)


def give_back() -> None:
    """Give freed memory back to the system.

    glibc keeps what lies below something still in use, which after large pictures or many strangers may be
    gigabytes; other systems' allocators give it back by themselves.
    """
    import ctypes  # deferred: hello must not wait for it

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
