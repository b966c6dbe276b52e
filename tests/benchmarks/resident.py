"""What memory a process holds and has held (Linux)."""

from __future__ import annotations

from pathlib import Path


def reset_peak(pid: int) -> int:
    """Forget the process's peak memory; returns what it holds now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _memory_line(pid, "VmRSS")


def resident_bytes(pid: int) -> int:
    """What the process holds now."""
    return _memory_line(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """The most it held since `reset_peak`."""
    return _memory_line(pid, "VmHWM")


def _memory_line(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
