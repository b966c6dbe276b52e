"""How files get into the folder of the results, so that each is there whole or not at all: a disk's way, and a store's.

A disk has locks, which the system takes back from whoever dies, and second names for a file. A store has neither.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from flyaway.batch import scratch
from flyaway.batch.locations import Location
from flyaway.batch.store_path import StorePath

_FOLDERS = ("photos", "claims", "work", "thumbs")

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems answer that have no second name for a file."""


class Shelf(Protocol):
    """The folder that holds what is known of results."""

    def prepare(self) -> None:
        """See that it is there and can be written.

        Raises:
            OSError: it cannot.
        """

    def work_file(self, name: str) -> Path:
        """Where a file is written before it gets its name, on this machine."""

    def claim(self, name: str) -> AbstractContextManager[bool]:
        """Hold a name in this, if it yields True; False where another run has it."""

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Hold a name in this, however long that takes."""

    def put(self, file: Path, target: Location, may_replace: bool) -> None:
        """Give a finished file its name in the folder of the results.

        Raises:
            FileExistsError: the name is taken.
            OSError: it cannot be written.
        """


def of(folder: Location) -> Shelf:
    """That of a folder."""
    return StoreShelf(folder) if isinstance(folder, StorePath) else DiskShelf(folder)


class DiskShelf:
    """A folder on a disk, or one that many machines see.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make its folders."""
        for name in _FOLDERS:
            (self._folder / name).mkdir(parents=True, exist_ok=True)

    def work_file(self, name: str) -> Path:
        """On the same disk, so that it needs only a name."""
        return self._folder / "work" / name

    @contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Lock it."""
        lock = self._lock(name)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Lock it, and wait for it."""
        with self._lock(name):
            yield

    def put(self, file: Path, target: Location, may_replace: bool) -> None:
        """Give it a second name; renaming would replace what came in the meantime."""
        assert isinstance(target, Path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if may_replace:
            file.replace(target)
            return
        try:
            target.hardlink_to(file)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(target):
                raise FileExistsError(str(target)) from error
            file.rename(target)

    def _lock(self, name: str) -> FileLock:
        return FileLock(self._folder / "claims" / f"{name}.lock", thread_local=False)


class StoreShelf:
    """A folder in a store, of which one run at a time is at work: nothing there can be locked.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: StorePath) -> None:
        self._folder = folder
        self._scratch = Path(tempfile.mkdtemp(dir=scratch.own()))

    def prepare(self) -> None:
        """Put a file there: nodes see by it that they see the same store."""
        (self._folder / "README.txt").write_bytes(_ABOUT)

    def work_file(self, name: str) -> Path:
        """In a folder of this process."""
        return self._scratch / name

    @contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Nobody else works here."""
        yield True

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Nobody else works here."""
        yield

    def put(self, file: Path, target: Location, may_replace: bool) -> None:
        """Upload it."""
        assert isinstance(target, StorePath)
        spare = self._folder / f"work/{file.name}.{secrets.token_hex(4)}"
        target.put(file, spare, may_replace)


_ABOUT = (
    b"What `flyaway batch` knows of the results in the folder above, one file for each photo in photos/.\n"
    b"Without them it takes its own results for somebody else's, and leaves them alone.\n"
)
