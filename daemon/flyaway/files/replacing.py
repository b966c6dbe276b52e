"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from flyaway.errors import RequestError

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""For a file that must be new: a link of that name is refused, wherever it leads."""


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` once it is whole; an early end leaves `target` alone.

    It is made before the work begins: a folder that cannot be written is known at once. Its name cannot be
    guessed, so that nobody can put a link there; it gets the mode of the file that it replaces.
    """
    fresh = target.with_name(f".{secrets.token_hex(8)}.flyaway")
    try:
        try:
            with create(fresh) as file:
                with suppress(FileNotFoundError):  # nothing is replaced
                    fresh.chmod(stat.S_IMODE(target.stat().st_mode))
                yield file
            fresh.replace(target)
        finally:
            with suppress(OSError):
                fresh.unlink()
    except OSError as error:
        raise RequestError(
            f"{target} cannot be written: {error.strerror or error}. Name another place with -o."
        ) from error


def create(path: Path) -> BinaryIO:
    """Open a file that must be new, for writing.

    Raises:
        OSError: there is one, or it cannot be made.
    """
    return os.fdopen(os.open(path, _CREATE, 0o666), "wb")
