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
from flyaway import config, memory
from flyaway.engines import processor
from flyaway.errors import DaemonError
from flyaway.remote.workplace import Workplace
from flyaway.serving import logs
from flyaway.serving.encrypted_door import Listening
from flyaway.serving.engine_service import EngineService
from flyaway.serving.residence import PROCESS_NAME, Residence
from flyaway.serving.server import Server
from flyaway.serving.transport import Transport
from flyaway_client import connection
from flyaway_client.launch import LOST_THE_RACE
from flyaway_client.wording import _

log = logging.getLogger(__name__)


def run(settings: config.Settings, listen: str = "") -> int:
    """Be the daemon until stopped.

    Args:
        settings: limits and times.
        listen: host:port where other computers are served by their keys; "" for nowhere.

    Returns:
        The process's exit status: 0, or LOST_THE_RACE where another daemon of this user is running.

    Raises:
        DaemonError: the home folder or the address cannot be used.
        RemoteError: other computers are to be served, and there are no keys.
    """
    processor.prepare()
    memory.take_in_one_place()
    home = connection.home()
    untrusted = connection.refusal(home)
    if untrusted:
        raise DaemonError(untrusted)
    listening = Listening.at(listen, home) if listen else None
    try:
        residence = Residence(home)
        _start_log(settings, home)
    except Timeout:
        return LOST_THE_RACE
    except OSError as error:
        raise DaemonError(connection.unusable(home, error)) from error
    try:
        _serve(home, residence, settings, listening)
    finally:
        residence.leave()
        log.info("stopped")
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


def process_of(home: Path) -> int | None:
    """The process of the daemon that has this home folder, be it one that answers nobody; None if none is known.

    Raises:
        DaemonError: the home folder cannot be used.
    """
    if not is_running(home):
        return None
    try:
        return int(connection.read_file(home / PROCESS_NAME, 20))
    except (OSError, ValueError):
        return None


def _serve(
    home: Path, residence: Residence, settings: config.Settings, listening: Listening | None
) -> None:
    transport = Transport(listening)
    file = transport.connection_file
    server = Server(
        settings,
        EngineService(settings),
        transport,
        keep_place=residence.keep,
        workplace=Workplace(home),
    )
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # the last is Windows' own
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: server.stop())
    try:
        residence.announce(file)
    except OSError as error:
        raise DaemonError(
            _("{path} cannot be written: {why}. Free some space on the disk and try again.").format(
                path=home / connection.CONNECTION_NAME, why=error.strerror or error
            )
        ) from error
    log.info("Flyaway %s listens at %s", flyaway.__version__, file.address)
    if listening is not None:
        log.info("other computers are served at %s", transport.far_address)
    server.run()


def _start_log(settings: config.Settings, home: Path) -> None:
    """Log to standard error: a terminal's, or daemon.log's where a client started the daemon."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[logs.handler(home / connection.LOG_NAME)],
    )
    log.info("process %d, Python %s on %s", os.getpid(), platform.python_version(), sys.platform)
    for problem in settings.problems:
        log.warning(problem)
