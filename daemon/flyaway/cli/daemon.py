"""`flyaway daemon …`: run, start, stop and look at the daemon."""

from __future__ import annotations

import argparse
import dataclasses
from collections import deque
from typing import TYPE_CHECKING

from flyaway import config
from flyaway.cli import autostart, running, terminal
from flyaway.cli.connecting import LAUNCH_ARGV, connect
from flyaway.errors import DaemonError
from flyaway_client import connection
from flyaway_client.messages import StatusReply

if TYPE_CHECKING:
    from flyaway.cli import Commands


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
        if run in (run_here, start):
            parser.add_argument(
                "--stay", action="store_true", help="do not end it for being unused"
            )
        if run is run_here:
            parser.add_argument(
                "--listen",
                metavar="HOST:PORT",
                default="",
                help="also serve other computers whose keys are let in (see `flyaway remote`), such as 0.0.0.0:7797",
            )
    autostart.add_to(verbs)


def run_here(arguments: argparse.Namespace) -> int:
    """Be the daemon until stopped."""
    from flyaway.serving import lifetime

    settings = config.load()
    if arguments.stay or arguments.listen:  # others cannot start it
        settings = dataclasses.replace(settings, idle_exit_minutes=0.0)
    exit_status = lifetime.run(settings, arguments.listen)
    if exit_status:
        advice = (
            " To serve others, end it first: `flyaway daemon stop`." if arguments.listen else ""
        )
        terminal.write_remark(f"flyaway: Another daemon of yours is running already.{advice}")
    return exit_status


def start(arguments: argparse.Namespace) -> int:
    """Make sure that a daemon runs."""
    launch_argv = (*LAUNCH_ARGV, "--stay") if arguments.stay else LAUNCH_ARGV
    with connect(launch_argv=launch_argv) as client:
        terminal.write_result(
            f"The daemon is running: process {client.hello.pid}, {client.hello.daemon}."
        )
    return 0


def stop(arguments: argparse.Namespace) -> int:
    """End the daemon and wait until it has gone."""
    terminal.write_result(running.end())
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Print what the daemon is doing; exit status 1 if there is none."""
    client = running.connected()
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
