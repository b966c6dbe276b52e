"""`flyaway remote …`: let another computer work for this one, or this one for others."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from flyaway.cli import terminal
from flyaway.cli.statuses import FAILED
from flyaway.cli.usage import as_sentence
from flyaway.errors import FlyawayError
from flyaway.remote import records
from flyaway.remote.records import HERE, Remote
from flyaway_client import connection
from flyaway_client.wording import _

if TYPE_CHECKING:
    from flyaway.cli import Commands


def add_to(commands: Commands) -> None:
    """Describe the group's commands."""
    group = commands.add_parser(
        "remote",
        help=_("let another computer do the work, or this one do it for others"),
        description=_(
            "The editors here, the graphics card in another room. Both computers prove by their "
            "keys who they are, and what travels between them is encrypted."
        ),
    )
    verbs = group.add_subparsers(metavar="VERB", required=True)
    key_parser = verbs.add_parser(
        "key", help=_("print this computer's public key; made at first use")
    )
    key_parser.set_defaults(run=key)
    _with_name(
        verbs, "allow", allow, _("let the computer with this key have its work done here")
    ).add_argument("key", metavar="KEY", help=_("what `flyaway remote key` prints there"))
    _with_name(verbs, "revoke", revoke, _("let it in no more, from this moment on"))
    added = _with_name(verbs, "add", add, _("know a computer that can work for this one"))
    added.add_argument("address", metavar="HOST:PORT", help=_("where its daemon listens"))
    added.add_argument(
        "--key",
        required=True,
        metavar="KEY",
        help=_("what `flyaway remote key` prints there"),
    )
    _with_name(verbs, "remove", remove, _("forget it"))
    _with_name(
        verbs,
        "use",
        use,
        _("have the work done there from now on; `{here}` for here").format(here=HERE),
    )
    status_parser = verbs.add_parser(
        "status", help=_("say where work is done, and how those computers are")
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
        _("{name} is let in wherever `flyaway daemon run --listen HOST:PORT` runs here.").format(
            name=arguments.name
        )
    )
    return 0


def revoke(arguments: argparse.Namespace) -> int:
    """Let a key in no more."""
    records.revoke(connection.home(), arguments.name)
    terminal.write_result(_("{name} is let in no more.").format(name=arguments.name))
    return 0


def add(arguments: argparse.Namespace) -> int:
    """Know another computer."""
    records.add(connection.home(), Remote(arguments.name, arguments.address, arguments.key))
    terminal.write_result(
        _("{name} is known. `flyaway remote use {name}` has it work from then on.").format(
            name=arguments.name
        )
    )
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Forget another computer."""
    records.remove(connection.home(), arguments.name)
    terminal.write_result(_("{name} is forgotten.").format(name=arguments.name))
    return 0


def use(arguments: argparse.Namespace) -> int:
    """Choose who works; a chosen computer that does not answer is said, and stays chosen."""
    chosen = records.use(connection.home(), arguments.name)
    if chosen is None:
        terminal.write_result(_("Work is done on this computer from now on."))
        return 0
    terminal.write_result(_("Work is done at {name} from now on.").format(name=chosen.name))
    return _tell(chosen)


def status(arguments: argparse.Namespace) -> int:
    """Print who works, who could, and who is let in; exit status 1 if the one that is used does not answer."""
    home = connection.home()
    known = records.remotes(home)
    terminal.write_result(
        _("work is done at {name}").format(name=known.used)
        if known.used
        else _("work is done on this computer")
    )
    result = 0
    for remote in known.remotes:
        failed = _tell(remote)
        if remote == known.chosen:
            result = failed
    allowed = ", ".join(one.name for one in records.clients(home).clients)
    if allowed:
        terminal.write_result(_("let in here: {allowed}").format(allowed=allowed))
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
        _(
            "{name} ({address}) answers: Flyaway {version}, {running} running, {queued} waiting, "
            "engines loaded: {names}"
        ).format(
            name=remote.name,
            address=remote.address,
            version=version,
            running=reply.running,
            queued=reply.queued,
            names=", ".join(reply.warm) or _("none"),
        )
    )
    return 0


def _with_name(verbs: Commands, verb: str, run: object, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(verb, help=text, description=as_sentence(text))
    parser.add_argument("name", metavar="NAME", help=_("what the computer is called here"))
    parser.set_defaults(run=run)
    return parser
