"""The home folder as a running daemon holds it: the lock that makes it the only one, and the file that clients read."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from filelock import FileLock, Timeout

from flyaway_client import connection
from flyaway_client.connection import ConnectionFile

log = logging.getLogger(__name__)

PROCESS_NAME = "daemon.pid"
"""The file that says which process has the lock, for one that answers nobody."""


class Residence:
    """Holds a home folder for this process from its making until `leave`.

    Args:
        home: the folder; made if it is missing.

    Raises:
        Timeout: another daemon has it.
        OSError: it cannot be used.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = _locked(home)
        self._identity = _identity(home)
        self._file: ConnectionFile | None = None

    def announce(self, file: ConnectionFile) -> None:
        """Let clients find the daemon.

        Raises:
            OSError: the file cannot be written.
        """
        file.write(self._home)
        self._file = file

    def keep(self) -> bool:
        """Put right what was deleted or damaged; False where another daemon has the home now."""
        try:
            if _identity(self._home) != self._identity:
                self._lock, self._identity = _locked(self._home), _identity(self._home)
            if self._file is not None and ConnectionFile.read(self._home) != self._file:
                self._file.write(self._home)
                log.warning(
                    "%s was gone or damaged and is written anew", connection.CONNECTION_NAME
                )
        except Timeout:
            log.warning("another daemon has taken over %s", self._home)
            return False
        except OSError as error:
            log.warning(connection.unusable(self._home, error))
        return True

    def leave(self) -> None:
        """Take the file away and let another daemon come."""
        if self._file is not None:
            self._file.remove(self._home)
        self._lock.release()


def _locked(home: Path) -> FileLock:
    """Lock a home folder; see `Residence` for what is raised."""
    connection.make_folder(home)
    lock = FileLock(home / connection.LOCK_NAME, mode=0o600)
    lock.acquire(blocking=False)
    with contextlib.suppress(OSError):  # a full disk is told when the connection file is written
        connection.write_private(home / PROCESS_NAME, str(os.getpid()).encode())
    return lock


def _identity(home: Path) -> tuple[int, int] | None:
    """Which file bears the lock's name; one that was deleted locks nobody out any more."""
    try:
        status = (home / connection.LOCK_NAME).stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
