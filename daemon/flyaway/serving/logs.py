"""The daemon's log: bounded in size whatever strangers do, and telling repeated lines once."""

from __future__ import annotations

import logging
import os
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST_BYTES = 1024 * 1024
"""Beyond that the log is put aside, in place of the one before."""

REPEATS_TOLD_S = 60.0
"""A line that comes again and again is counted, and the count told this often."""


def handler(path: Path) -> logging.Handler:
    """What writes the log: into the file where standard error already goes there, else to standard error."""
    chosen: logging.Handler = _LogFile(path) if _is_stderr(path) else logging.StreamHandler()
    chosen.addFilter(Repeats())
    return chosen


class _LogFile(RotatingFileHandler):
    """The log file; whatever writes to standard error by itself, such as a crash, follows it when it is changed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LARGEST_BYTES, backupCount=1, encoding="utf-8")

    def doRollover(self) -> None:  # noqa: N802 - named by logging
        super().doRollover()
        if self.stream is not None:
            os.dup2(self.stream.fileno(), sys.stderr.fileno())


class Repeats(logging.Filter):
    """Lets a line through once, and then now and then with how often it came."""

    def __init__(self) -> None:
        super().__init__()
        self._last = ""
        self._count = 0
        self._told_s = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line shall be written; the line that ends a run of others tells how many they were."""
        line = record.getMessage()
        now_s = time.monotonic()
        if line == self._last and not record.exc_info:
            self._count += 1
            if now_s - self._told_s < REPEATS_TOLD_S:
                return False
            record.msg, record.args = f"{line} (and {self._count} more times)", ()
        elif self._count:
            record.msg = f"(the line before came {self._count} more times) {line}"
            record.args = ()
        self._last, self._count, self._told_s = line, 0, now_s
        return True


def _is_stderr(path: Path) -> bool:
    """Whether standard error is this file."""
    try:
        return os.path.samestat(os.fstat(sys.stderr.fileno()), path.stat())
    except (OSError, ValueError, AttributeError):
        return False
