"""Facts about this process that Python does not say the same way everywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def resident_bytes() -> int:
    """Memory this process holds now; on macOS the most it ever held; 0 where it cannot be told."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "darwin":
        import resource  # POSIX alone has it

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0
