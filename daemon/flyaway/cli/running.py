"""The daemon that runs: reached without starting one, and ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flyaway.cli.connecting import connect
from flyaway.errors import DaemonError
from flyaway_client import connection
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.errors import DaemonUnreachableError, VersionError
from flyaway_client.wording import _

if TYPE_CHECKING:
    import psutil

_STOP_S = 10.0


def connected() -> Client | None:
    """A client of the running daemon, None if there is none.

    Raises:
        DaemonError: there is one, but it does not answer.
    """
    try:
        return connect(start=False)
    except DaemonUnreachableError as error:
        from flyaway.serving import lifetime

        home = connection.home()
        if not lifetime.is_running(home):
            return None
        file = ConnectionFile.read(home)
        unnamed = _(
            "A daemon is running but does not answer. Try again in a moment; if that does not help, end "
            "its process by hand."
        )
        named = _(
            "The daemon, process {pid}, is running but does not answer. Try again in a moment; if that "
            "does not help, end its process by hand."
        )
        raise DaemonError(named.format(pid=file.pid) if file else unnamed) from error


def end() -> str:
    """End the daemon, wait until it has gone, and say so.

    Raises:
        DaemonError: it does not end, or does not answer and cannot be found.
    """
    try:
        client = connected()
    except (DaemonError, VersionError):
        return _end_silent()
    if client is None:
        return _("No daemon is running.")
    with client:
        client.shutdown()
    deadline = time.monotonic() + _STOP_S
    while ConnectionFile.read(connection.home()) is not None:
        if time.monotonic() > deadline:
            raise DaemonError(
                _(
                    "The daemon, process {pid}, has not ended after {seconds:.0f} seconds. End that process "
                    "by hand."
                ).format(pid=client.hello.pid, seconds=_STOP_S)
            )
        time.sleep(0.05)
    return _("The daemon has stopped.")


def _end_silent() -> str:
    """End a daemon that answers nobody, or not in our protocol, by the process that holds the lock.

    Raises:
        DaemonError: it cannot be found, or does not end.
    """
    import psutil  # deferred: seldom needed

    from flyaway.serving import lifetime

    pid = lifetime.process_of(connection.home())
    try:
        process = psutil.Process(pid) if pid else None
        if process is not None and "flyaway" in " ".join(process.cmdline()):
            _end_process(process)
            return _("The daemon, which did not answer, was ended.")
    except psutil.Error as error:
        raise DaemonError(
            _(
                "The daemon, process {pid}, does not answer and cannot be ended: {error}. End it by "
                "hand."
            ).format(pid=pid, error=error)
        ) from error
    raise DaemonError(
        _(
            "A daemon is running but does not answer, and its process is not known. End it by "
            "hand: it is a Python that runs `flyaway daemon run`."
        )
    )


def _end_process(process: psutil.Process) -> None:
    """Ask a process to end, and end it if it does not."""
    import psutil

    process.terminate()
    try:
        process.wait(_STOP_S)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(_STOP_S)
