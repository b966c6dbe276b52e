"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from flyaway.errors import RequestError
from flyaway_client.wording import _

with suppress(ImportError):
    import fcntl

_HAS_LOCKS = os.name == "posix"
"""Windows needs none: what is open cannot be deleted there."""

_FRESH = re.compile(r"\.[0-9a-f]{16}\.flyaway")

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""For a file that must be new: a link of that name is refused, wherever it leads."""


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` once it is whole; an early end leaves `target` alone.

    It is made before the work begins: a folder that cannot be written is known at once. Its name cannot be
    guessed, so that nobody can put a link there; it gets the mode of the file that it replaces. What a command that
    was killed has left beside `target` goes.
    """
    try:
        _sweep(target.parent)
        fresh, opened = _claim(target)
        try:
            with opened as file:
                with suppress(FileNotFoundError):  # nothing is replaced
                    fresh.chmod(stat.S_IMODE(target.stat().st_mode))
                yield file
            fresh.replace(target)
        finally:
            with suppress(OSError):
                fresh.unlink()
    except OSError as error:
        raise RequestError(
            _("{target} cannot be written: {why}. Name another place with -o.").format(
                target=target, why=error.strerror or error
            )
        ) from error


def _claim(target: Path) -> tuple[Path, BinaryIO]:
    """A new file beside `target`, locked for as long as it is open; one that was swept away before that is made anew."""
    while True:
        fresh = target.with_name(f".{secrets.token_hex(8)}.flyaway")
        opened = create(fresh)
        if _is_locked_by_us(opened.fileno()) and fresh.exists():
            return fresh, opened
        opened.close()


def _sweep(folder: Path) -> None:
    """Delete files of this kind in `folder` that are this user's and nobody works on."""
    with suppress(OSError):
        left = [path for path in folder.iterdir() if _FRESH.fullmatch(path.name)]
        for path in left:
            with suppress(OSError):
                _delete_if_left(path)


def _delete_if_left(path: Path) -> None:
    if not _HAS_LOCKS:
        path.unlink()
        return
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
        if is_ours and _is_locked_by_us(descriptor, where_there_are_none=False):
            path.unlink()
    finally:
        os.close(descriptor)


def _is_locked_by_us(descriptor: int, where_there_are_none: bool = True) -> bool:
    """Lock an open file; False where somebody else has. The argument is for file systems without locks."""
    if not _HAS_LOCKS:
        return where_there_are_none
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return where_there_are_none
    return True


def create(path: Path) -> BinaryIO:
    """Open a file that must be new, for writing.

    Raises:
        OSError: there is one, or it cannot be made.
    """
    return os.fdopen(os.open(path, _CREATE, 0o666), "wb")
