"""The command `flyaway`: reads the arguments, runs one of the commands beside it, turns errors into sentences.

Importing it loads neither numpy nor torch, so that `flyaway daemon status` answers at once.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

import flyaway
from flyaway.cli import (
    batch,
    compare,
    daemon,
    doctor,
    extract,
    models,
    plugins,
    refine,
    remote,
    terminal,
    update,
    usage,
)
from flyaway.cli.statuses import ASKED_WRONGLY, FAILED, INTERRUPTED
from flyaway.errors import FlyawayError, RequestError
from flyaway_client import protocol, wording
from flyaway_client.errors import CancelledError, ClientError, RefusedError
from flyaway_client.wording import _
from flyaway_installer.assemble import AssemblyError
from flyaway_installer.install import InstallError

_CALLERS_FAULT = {
    protocol.BAD_REQUEST,
    protocol.TOO_LARGE,
    protocol.UNKNOWN_ENGINE,
    protocol.NO_SUBJECT,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status.

    Args:
        argv: the arguments after the program's name; None takes the process's own.
    """
    # What the daemon logs, a command says: without this Python would write warnings in between.
    logging.getLogger("flyaway").addHandler(logging.NullHandler())
    wording.add_catalogues(flyaway.CATALOGUES)
    wording.speak(wording.of_environment())
    usage.translate()
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        terminal.flush()
        return status
    except (CancelledError, KeyboardInterrupt):
        return _complain(_("Cancelled."), INTERRUPTED)
    except RefusedError as error:
        return _complain(error.message, ASKED_WRONGLY if error.code in _CALLERS_FAULT else FAILED)
    except RequestError as error:
        return _complain(str(error), ASKED_WRONGLY)
    except (FlyawayError, ClientError, InstallError, AssemblyError) as error:
        return _complain(str(error), FAILED)
    except BrokenPipeError:
        terminal.stop_writing()
        return FAILED


def _complain(sentence: str, status: int) -> int:
    terminal.write_remark(f"flyaway: {sentence}")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flyaway",
        description=_("Cut a subject out of a photo, hair and all; here, in Krita or in GIMP."),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"flyaway {flyaway.__version__}",
        help=_("show program's version number and exit"),
    )
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND", required=True)
    for group in (extract, compare, batch, refine, models, daemon, remote, plugins, doctor, update):
        group.add_to(commands)
    return parser
