"""`flyaway daemon …`: run, start, stop and look at the daemon."""

from __future__ import annotations

import argparse
import dataclasses
from collections import deque
from typing import TYPE_CHECKING

from flyaway import config
from flyaway.cli import autostart, running, terminal
from flyaway.cli.connecting import LAUNCH_ARGV, connect
from flyaway.cli.usage import as_sentence
from flyaway.errors import DaemonError
from flyaway_client import connection, wording
from flyaway_client.messages import StatusReply
from flyaway_client.wording import _

if TYPE_CHECKING:
    from flyaway.cli import Commands


def add_to(commands: Commands) -> None:
    """Describe the group's commands."""
    group = commands.add_parser(
        "daemon",
        help=_("run, start, stop and look at the daemon"),
        description=_(
            "The daemon keeps engines warm for all clients. Any client starts it when needed."
        ),
    )
    verbs = group.add_subparsers(metavar="VERB", required=True)
    for name, run, text in (
        ("run", run_here, _("be the daemon, in this terminal")),
        ("start", start, _("start it in the background")),
        ("stop", stop, _("cancel its work and end it")),
        ("status", status, _("say what it is doing")),
        ("logs", logs, _("print the end of its log")),
    ):
        parser = verbs.add_parser(name, help=text, description=as_sentence(text))
        parser.set_defaults(run=run)
        if run is logs:
            parser.add_argument(
                "-n", "--lines", type=int, default=50, help=_("how many (default 50)")
            )
        if run in (run_here, start):
            parser.add_argument(
                "--stay", action="store_true", help=_("do not end it for being unused")
            )
        if run is run_here:
            parser.add_argument(
                "--listen",
                metavar="HOST:PORT",
                default="",
                help=_(
                    "also serve other computers whose keys are let in (see `flyaway remote`), such as "
                    "0.0.0.0:7797"
                ),
            )
    autostart.add_to(verbs)


def run_here(arguments: argparse.Namespace) -> int:
    """Be the daemon until stopped. Its log is English: it is for whoever mends things, and clients have languages of their own."""
    wording.speak(())
    from flyaway.serving import lifetime

    settings = config.load()
    if arguments.stay or arguments.listen:  # others cannot start it
        settings = dataclasses.replace(settings, idle_exit_minutes=0.0)
    exit_status = lifetime.run(settings, arguments.listen)
    if exit_status:
        advice = (
            _(" To serve others, end it first: `flyaway daemon stop`.") if arguments.listen else ""
        )
        terminal.write_remark(
            _("flyaway: Another daemon of yours is running already.{advice}").format(advice=advice)
        )
    return exit_status


def start(arguments: argparse.Namespace) -> int:
    """Make sure that a daemon runs."""
    launch_argv = (*LAUNCH_ARGV, "--stay") if arguments.stay else LAUNCH_ARGV
    with connect(launch_argv=launch_argv) as client:
        terminal.write_result(
            _("The daemon is running: process {pid}, {daemon}.").format(
                pid=client.hello.pid, daemon=client.hello.daemon
            )
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
        terminal.write_result(_("No daemon is running."))
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
        raise DaemonError(_("There is no log yet; it will be {path}.").format(path=path)) from None
    except OSError as error:
        raise DaemonError(
            _("{path} cannot be read: {why}.").format(path=path, why=error.strerror or error)
        ) from error
    for line in lines:
        terminal.write_result(line.rstrip("\n"))
    return 0


def _described(reply: StatusReply) -> str:
    return "\n".join(
        (
            _("daemon   {daemon}, process {pid}, up for {duration}").format(
                daemon=reply.daemon, pid=reply.pid, duration=_duration(reply.uptime_s)
            ),
            _("engines  {names}").format(names=", ".join(reply.warm) or _("none loaded")),
            _("work     {running} running, {queued} waiting, {done} done").format(
                running=reply.running, queued=reply.queued, done=reply.done
            ),
            _("memory   {size:.0f} MiB").format(size=reply.rss_bytes / 2**20),
        )
    )


def _duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 2:
        return _("{count:.0f} seconds").format(count=seconds)
    if hours < 2:
        return _("{count:.0f} minutes").format(count=minutes)
    return _("{count:.1f} hours").format(count=hours)
