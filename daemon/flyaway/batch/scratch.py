"""A folder of this process for files on their way from and to stores; what processes that were killed have left goes."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import psutil

_PREFIX = "flyaway-batch-"


@cache
def own() -> Path:
    """The folder; it goes when the process ends in good order."""
    _sweep()
    own = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own


def _sweep() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = left.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)
