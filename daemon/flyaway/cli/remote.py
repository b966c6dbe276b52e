"""`flyaway remote …`: let another computer work for this one, or this one for others."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from flyaway.cli import terminal
from flyaway.cli.statuses import FAILED
from flyaway.errors import FlyawayError
from flyaway.remote import records
from flyaway.remote.records import HERE, Remote
from flyaway_client import connection

if TYPE_CHECKING:
    from flyaway.cli import Commands


def add_to(commands: Commands) -> None:
    """Describe the group's commands."""
    group = commands.add_parser(
        "remote",
        help="let another computer do the work, or this one do it for others",
        description="The editors here, the graphics card in another room. Both computers prove by their keys who they "
        "are, and what travels between them is encrypted.",
    )
    verbs = group.add_subparsers(metavar="VERB", required=True)
    key_parser = verbs.add_parser("key", help="print this computer's public key; made at first use")
    key_parser.set_defaults(run=key)
    _with_name(
        verbs, "allow", allow, "let the computer with this key have its work done here"
    ).add_argument("key", metavar="KEY", help="what `flyaway remote key` prints there")
    _with_name(verbs, "revoke", revoke, "let it in no more, from this moment on")
    added = _with_name(verbs, "add", add, "know a computer that can work for this one")
    added.add_argument("address", metavar="HOST:PORT", help="where its daemon listens")
    added.add_argument(
        "--key", required=True, metavar="KEY", help="what `flyaway remote key` prints there"
    )
    _with_name(verbs, "remove", remove, "forget it")
    _with_name(verbs, "use", use, f"have the work done there from now on; `{HERE}` for here")
    status_parser = verbs.add_parser(
        "status", help="say where work is done, and how those computers are"
    )
    status_parser.set_defaults(run=status)


def key(arguments: argparse.Namespace) -> int:
    """Print the public key, alone, so that it can be copied or piped."""
    pair = records.own_keys(connection.home(), make=True)
    assert pair is not None  # it was made
    terminal.write_result(pair.public)
    return 0


def allow(arguments: argparse.Namespace) -> int:
    """Let a key in."""
    records.allow(connection.home(), arguments.name, arguments.key)
    terminal.write_result(
        f"{arguments.name} is let in wherever `flyaway daemon run --listen HOST:PORT` runs here."
    )
    return 0


def revoke(arguments: argparse.Namespace) -> int:
    """Let a key in no more."""
    records.revoke(connection.home(), arguments.name)
    terminal.write_result(f"{arguments.name} is let in no more.")
    return 0


def add(arguments: argparse.Namespace) -> int:
    """Know another computer."""
    records.add(connection.home(), Remote(arguments.name, arguments.address, arguments.key))
    terminal.write_result(
        f"{arguments.name} is known. `flyaway remote use {arguments.name}` has it work from then on."
    )
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Forget another computer."""
    records.remove(connection.home(), arguments.name)
    terminal.write_result(f"{arguments.name} is forgotten.")
    return 0


def use(arguments: argparse.Namespace) -> int:
    """Choose who works; a chosen computer that does not answer is said, and stays chosen."""
    chosen = records.use(connection.home(), arguments.name)
    if chosen is None:
        terminal.write_result("Work is done on this computer from now on.")
        return 0
    terminal.write_result(f"Work is done at {chosen.name} from now on.")
    return _tell(chosen)


def status(arguments: argparse.Namespace) -> int:
    """Print who works, who could, and who is let in; exit status 1 if the one that is used does not answer."""
    home = connection.home()
    known = records.remotes(home)
    terminal.write_result(
        f"work is done {f'at {known.used}' if known.used else 'on this computer'}"
    )
    result = 0
    for remote in known.remotes:
        failed = _tell(remote)
        if remote == known.chosen:
            result = failed
    allowed = ", ".join(one.name for one in records.clients(home).clients)
    if allowed:
        terminal.write_result(f"let in here: {allowed}")
    return result


def _tell(remote: Remote) -> int:
    """Say how a computer is."""
    from flyaway.remote.workplace import Workplace

    workplace = Workplace(connection.home())
    try:
        version, reply = workplace.status(remote)
    except FlyawayError as error:
        terminal.write_remark(f"flyaway: {error}")
        return FAILED
    finally:
        workplace.close()
    terminal.write_result(
        f"{remote.name} ({remote.address}) answers: Flyaway {version}, {reply.running} running, {reply.queued} "
        f"waiting, engines loaded: {', '.join(reply.warm) or 'none'}"
    )
    return 0


def _with_name(verbs: Commands, verb: str, run: object, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("name", metavar="NAME", help="what the computer is called here")
    parser.set_defaults(run=run)
    return parser
