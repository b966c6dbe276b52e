"""How the commands reach the daemon, and how everybody else is told to start it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import flyaway
from flyaway.cli import terminal
from flyaway.errors import DaemonError
from flyaway_client import comparing, connection, launch
from flyaway_client.client import Client, Extracted
from flyaway_client.comparing import Entrant, Sheet
from flyaway_client.messages import EngineInfo, ExtractRequest
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

LAUNCH_ARGV = (sys.executable, "-m", "flyaway", "daemon", "run")


def connect(
    *,
    start: bool = True,
    should_stop: Callable[[], bool] | None = None,
    launch_argv: tuple[str, ...] = LAUNCH_ARGV,
) -> Client:
    """The daemon's client; starts the daemon by `launch_argv` if need be and if `start` allows it.

    Raises:
        ClientError: there is no daemon, or it cannot be reached.
    """
    if start:
        _mend_launch_record()
    return Client.connect(
        f"flyaway {flyaway.__version__}",
        start=start,
        launch_argv=launch_argv,
        should_stop=should_stop,
    )


def extract(request: ExtractRequest, parts: dict[str, Buffer]) -> Extracted:
    """Let the daemon do the work, with progress on the terminal; Ctrl-C cancels it."""
    line = terminal.ProgressLine()
    line.show(_("reaching the daemon"), 0)
    try:
        with (
            terminal.interruption() as pressed,
            connect(should_stop=pressed.is_set) as client,
        ):
            return client.extract(
                request,
                parts,
                report=lambda progress: line.show(progress.stage, progress.fraction),
                should_stop=pressed.is_set,
            )
    finally:
        line.clear()


def compare(
    request: ExtractRequest,
    parts: Mapping[str, Buffer],
    choose: Callable[[Sequence[EngineInfo]], Sequence[Entrant]],
    heading: str,
) -> Sheet:
    """Let the daemon compare engines, with progress on the terminal; Ctrl-C cancels it.

    Args:
        request: what is wanted of each engine.
        parts: its pixels.
        choose: picks the engines from those that there are.
        heading: of the sheet.
    """
    line = terminal.ProgressLine()
    line.show(_("reaching the daemon"), 0)
    try:
        with terminal.interruption() as pressed:
            with connect(should_stop=pressed.is_set) as client:
                entrants = choose(client.engines())
            return comparing.compare(
                lambda should_stop: connect(should_stop=should_stop),
                request,
                parts,
                entrants,
                heading,
                lambda progress: line.show(progress.stage, progress.fraction),
                pressed.is_set,
            )
    finally:
        line.clear()


def ask(
    request: ExtractRequest, parts: Mapping[str, Buffer], should_stop: Callable[[], bool]
) -> Extracted:
    """Let the daemon do the work without a word, in any thread.

    Raises:
        ClientError: it was not done.
    """
    with connect(should_stop=should_stop) as client:
        return client.extract(request, parts, should_stop=should_stop)


def record_launch() -> Path:
    """Write down how plugins start this installation's daemon; returns where.

    Raises:
        DaemonError: the home folder cannot be written, or others can write into it.
    """
    home = connection.home()
    untrusted = connection.refusal(home)
    if untrusted:
        raise DaemonError(untrusted)
    try:
        launch.write_launch(home, LAUNCH_ARGV)
    except OSError as error:
        raise DaemonError(connection.unusable(home, error)) from error
    return home / connection.LAUNCH_NAME


def forget_launch() -> None:
    """Take away what `record_launch` wrote, if it can be: nobody is left who would read it."""
    with suppress(OSError):
        (connection.home() / connection.LAUNCH_NAME).unlink()


def _mend_launch_record() -> None:
    """Record how to start the daemon where nothing is recorded, or a Python that is gone."""
    recorded = launch.read_launch(connection.home())
    if recorded is None or not Path(recorded[0]).exists():
        record_launch()
