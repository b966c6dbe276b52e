"""The life of the daemon's process: one for each user, its files, its log, its end."""

from __future__ import annotations

import logging
import os
import platform
import signal
import sys
from pathlib import Path

from filelock import FileLock, Timeout

import flyaway
from flyaway import config
from flyaway.engines import processor
from flyaway.errors import DaemonError
from flyaway.serving.engine_service import EngineService
from flyaway.serving.server import Server
from flyaway.serving.transport import Transport
from flyaway_client import connection
from flyaway_client.launch import LOST_THE_RACE

log = logging.getLogger(__name__)


def run(settings: config.Settings) -> int:
    """Be the daemon until stopped.

    Returns:
        The process's exit status: 0, or LOST_THE_RACE where another daemon of this user is running.

    Raises:
        DaemonError: the home folder cannot be used.
    """
    processor.prepare()
    home = connection.home()
    lock = FileLock(home / connection.LOCK_NAME, mode=0o600)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(blocking=False)
        _start_log(settings)
    except Timeout:
        return LOST_THE_RACE
    except OSError as error:
        raise DaemonError(connection.unusable(home, error)) from error
    try:
        _serve(home, settings)
    finally:
        lock.release()
    return 0


def is_running(home: Path) -> bool:
    """Whether a daemon has this home folder, be it one that answers nobody.

    Raises:
        DaemonError: the home folder cannot be used.
    """
    path = home / connection.LOCK_NAME
    try:
        if not path.exists():
            return False
        with FileLock(path, mode=0o600).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except OSError as error:
        raise DaemonError(connection.unusable(home, error)) from error


def _serve(home: Path, settings: config.Settings) -> None:
    transport = Transport()
    server = Server(settings, EngineService(settings), transport)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # the last is Windows' own
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: server.stop())
    file = transport.connection_file
    try:
        file.write(home)
    except OSError as error:
        raise DaemonError(
            f"{home / connection.CONNECTION_NAME} cannot be written: {error.strerror or error}. Free "
            "some space on the disk and try again."
        ) from error
    log.info("Flyaway %s listens at %s", flyaway.__version__, file.address)
    try:
        server.run()
    finally:
        file.remove(home)
        log.info("stopped")


def _start_log(settings: config.Settings) -> None:
    """Log to standard error: a terminal's, or daemon.log's where a client started the daemon."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    log.info("process %d, Python %s on %s", os.getpid(), platform.python_version(), sys.platform)
    for problem in settings.problems:
        log.warning(problem)
