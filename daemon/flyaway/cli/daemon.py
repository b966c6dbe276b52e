"""`flyaway daemon …`: run, start, stop and look at the daemon."""

from __future__ import annotations

import argparse
import time
from collections import deque
from typing import TYPE_CHECKING

from flyaway import config
from flyaway.cli import terminal
from flyaway.cli.connecting import connect
from flyaway.errors import DaemonError
from flyaway_client import connection
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.errors import DaemonUnreachableError, VersionError
from flyaway_client.messages import StatusReply

if TYPE_CHECKING:
    import psutil

    from flyaway.cli import Commands

_STOP_S = 10.0


def add_to(commands: Commands) -> None:
    """Describe the group's commands."""
    group = commands.add_parser(
        "daemon",
        help="run, start, stop and look at the daemon",
        description="The daemon keeps engines warm for all clients. Any client starts it when needed.",
    )
    verbs = group.add_subparsers(metavar="VERB", required=True)
    for name, run, text in (
        ("run", run_here, "be the daemon, in this terminal"),
        ("start", start, "start it in the background"),
        ("stop", stop, "cancel its work and end it"),
        ("status", status, "say what it is doing"),
        ("logs", logs, "print the end of its log"),
    ):
        parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        parser.set_defaults(run=run)
        if run is logs:
            parser.add_argument("-n", "--lines", type=int, default=50, help="how many (default 50)")


def run_here(arguments: argparse.Namespace) -> int:
    """Be the daemon until stopped."""
    from flyaway.serving import lifetime

    exit_status = lifetime.run(config.load())
    if exit_status:
        terminal.write_remark("flyaway: Another daemon of yours is running already.")
    return exit_status


def start(arguments: argparse.Namespace) -> int:
    """Make sure that a daemon runs."""
    with connect() as client:
        terminal.write_result(
            f"The daemon is running: process {client.hello.pid}, {client.hello.daemon}."
        )
    return 0


def stop(arguments: argparse.Namespace) -> int:
    """End the daemon and wait until it has gone."""
    terminal.write_result(end())
    return 0


def end() -> str:
    """End the daemon, wait until it has gone, and say so.

    Raises:
        DaemonError: it does not end, or does not answer and cannot be found.
    """
    try:
        client = _running()
    except (DaemonError, VersionError):
        return _end_silent()
    if client is None:
        return "No daemon is running."
    with client:
        client.shutdown()
    deadline = time.monotonic() + _STOP_S
    while ConnectionFile.read(connection.home()) is not None:
        if time.monotonic() > deadline:
            raise DaemonError(
                f"The daemon, process {client.hello.pid}, has not ended after {_STOP_S:.0f} seconds. "
                "End that process by hand."
            )
        time.sleep(0.05)
    return "The daemon has stopped."


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
            return "The daemon, which did not answer, was ended."
    except psutil.Error as error:
        raise DaemonError(
            f"The daemon, process {pid}, does not answer and cannot be ended: {error}. End it by hand."
        ) from error
    raise DaemonError(
        "A daemon is running but does not answer, and its process is not known. End it by hand: it is a Python "
        "that runs `flyaway daemon run`."
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


def status(arguments: argparse.Namespace) -> int:
    """Print what the daemon is doing; exit status 1 if there is none."""
    client = _running()
    if client is None:
        terminal.write_result("No daemon is running.")
        return 1
    with client:
        terminal.write_result(_described(client.status()))
    return 0


def logs(arguments: argparse.Namespace) -> int:
    """Print the last lines of the log."""
    path = connection.home() / connection.LOG_NAME
    try:
        with path.open(encoding="utf-8", errors="backslashreplace") as log:
            lines = deque(log, maxlen=max(0, arguments.lines))
    except FileNotFoundError:
        raise DaemonError(f"There is no log yet; it will be {path}.") from None
    except OSError as error:
        raise DaemonError(f"{path} cannot be read: {error.strerror or error}.") from error
    for line in lines:
        terminal.write_result(line.rstrip("\n"))
    return 0


def _running() -> Client | None:
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
        which = f"The daemon, process {file.pid}," if file else "A daemon"
        raise DaemonError(
            f"{which} is running but does not answer. Try again in a moment; if that does not help, end "
            "its process by hand."
        ) from error


def _described(reply: StatusReply) -> str:
    return "\n".join(
        (
            f"daemon   {reply.daemon}, process {reply.pid}, up for {_duration(reply.uptime_s)}",
            f"engines  {', '.join(reply.warm) or 'none loaded'}",
            f"work     {reply.running} running, {reply.queued} waiting, {reply.done} done",
            f"memory   {reply.rss_bytes / 2**20:.0f} MiB",
        )
    )


def _duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 2:
        return f"{seconds:.0f} seconds"
    return f"{minutes:.0f} minutes" if hours < 2 else f"{hours:.1f} hours"
