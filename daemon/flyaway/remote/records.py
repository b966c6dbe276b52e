"""The files of the home folder that say who this computer is, whom it lets in, and where it sends work.

All are read anew at each use, so that a key that was taken away opens nothing from then on, and a choice of the
command line holds at once. A damaged file lets nobody in and sends nothing away.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import zmq
from zmq.utils import z85

from flyaway.errors import RemoteError
from flyaway_client import connection
from flyaway_client.headers import Message, MessageError
from flyaway_client.wording import _

KEY_NAME = "remote-key.json"
CLIENTS_NAME = "remote-clients.json"
REMOTES_NAME = "remotes.json"

HERE = "local"
"""What stands for this computer where a remote is named."""

_MAX_BYTES = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_KEY = re.compile(r"[0-9a-f]{64}")

R = TypeVar("R", bound=Message)


@dataclass(frozen=True)
class KeyPair(Message):
    """A computer's pair of Curve25519 keys, each 32 bytes in hex."""

    public: str
    secret: str


@dataclass(frozen=True)
class Known(Message):
    """A client that is let in: what it is called here, and its public key in hex."""

    name: str
    key: str


@dataclass(frozen=True)
class Clients(Message):
    """All that are let in."""

    clients: tuple[Known, ...] = ()

    def name_of(self, key: str) -> str | None:
        """What the client with this key is called; None for a stranger."""
        return next((one.name for one in self.clients if one.key == key), None)


@dataclass(frozen=True)
class Remote(Message):
    """Another computer's daemon: what it is called here, host:port, and its public key in hex."""

    name: str
    address: str
    key: str


@dataclass(frozen=True)
class Remotes(Message):
    """All that are known; `used` is the name of the one that works for this computer, "" where it works itself."""

    remotes: tuple[Remote, ...] = ()
    used: str = ""

    @property
    def chosen(self) -> Remote | None:
        """The one that is used."""
        return next((one for one in self.remotes if one.name == self.used), None)


def own_keys(home: Path, make: bool = False) -> KeyPair | None:
    """This computer's pair; None where there is none and none shall be made.

    Raises:
        RemoteError: the file is damaged, or cannot be written.
    """
    found = _read(home / KEY_NAME, KeyPair)
    if found is not None:
        if not (_KEY.fullmatch(found.public) and _KEY.fullmatch(found.secret)):
            raise RemoteError(_damaged(home / KEY_NAME))
        return found
    if not make:
        return None
    public, secret = (z85.decode(key).hex() for key in zmq.curve_keypair())
    pair = KeyPair(public, secret)
    _write(home / KEY_NAME, pair)
    return pair


def clients(home: Path) -> Clients:
    """Who is let in.

    Raises:
        RemoteError: the file is damaged.
    """
    return _read(home / CLIENTS_NAME, Clients) or Clients()


def allow(home: Path, name: str, key: str) -> None:
    """Let a client in from now on; one of that name has its key replaced.

    Raises:
        RemoteError: it cannot be called so, or that is no key, or another's.
    """
    known, key = clients(home), checked_key(key)
    owner = known.name_of(key)
    if owner not in (None, name):
        raise RemoteError(
            _("That is the key of {owner}. Run `flyaway remote revoke {owner}` first.").format(
                owner=owner
            )
        )
    others = tuple(one for one in known.clients if one.name != name)
    _write(home / CLIENTS_NAME, Clients((*others, Known(checked_name(name), key))))


def revoke(home: Path, name: str) -> None:
    """Let a client in no more; its connections end at once.

    Raises:
        RemoteError: nobody is called so.
    """
    known = clients(home)
    others = tuple(one for one in known.clients if one.name != name)
    if len(others) == len(known.clients):
        names = ", ".join(one.name for one in known.clients) or _("nobody")
        raise RemoteError(
            _("No client is called {name}. Let in are: {names}.").format(name=name, names=names)
        )
    _write(home / CLIENTS_NAME, Clients(others))


def remotes(home: Path) -> Remotes:
    """Which other computers are known, and which is used.

    Raises:
        RemoteError: the file is damaged.
    """
    return _read(home / REMOTES_NAME, Remotes) or Remotes()


def add(home: Path, remote: Remote) -> None:
    """Know another computer, in the place of one of that name.

    Raises:
        RemoteError: its name, address or key is none.
    """
    if remote.name == HERE:
        raise RemoteError(
            _("{here} stands for this computer. Call the other one something else.").format(
                here=HERE
            )
        )
    checked = Remote(
        checked_name(remote.name), checked_address(remote.address), checked_key(remote.key)
    )
    known = remotes(home)
    others = tuple(one for one in known.remotes if one.name != remote.name)
    _write(home / REMOTES_NAME, replace(known, remotes=(*others, checked)))


def remove(home: Path, name: str) -> None:
    """Forget another computer; where it was used, this one works itself from now on.

    Raises:
        RemoteError: none is called so.
    """
    known = remotes(home)
    _find(known, name)
    others = tuple(one for one in known.remotes if one.name != name)
    _write(home / REMOTES_NAME, Remotes(others, "" if known.used == name else known.used))


def use(home: Path, name: str) -> Remote | None:
    """Send work to another computer from now on, or, with `HERE`, to none.

    Raises:
        RemoteError: none is called so.
    """
    known = remotes(home)
    chosen = None if name == HERE else _find(known, name)
    _write(home / REMOTES_NAME, replace(known, used="" if chosen is None else name))
    return chosen


def checked_name(name: str) -> str:
    """A name that can stand in a log and in a sentence.

    Raises:
        RemoteError: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise RemoteError(
            _(
                "{name!r} is no name for a computer: up to 40 letters, digits, dots, dashes and "
                "underscores."
            ).format(name=name)
        )
    return name


def checked_key(key: str) -> str:
    """A public key in hex.

    Raises:
        RemoteError: it is none.
    """
    key = key.strip().lower()
    if not _KEY.fullmatch(key):
        raise RemoteError(
            _(
                "That is no key: a key has 64 characters, 0 to 9 and a to f. `flyaway remote key` "
                "prints that of the computer it is run on."
            )
        )
    return key


def checked_address(address: str) -> str:
    """A host and a port, as `host:port`; an IPv6 host in brackets.

    Raises:
        RemoteError: it is none.
    """
    host, colon, port = address.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    is_bare_ipv6 = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not (host and colon and is_port) or is_bare_ipv6 or not re.fullmatch(r"[\w.:%\[\]-]+", host):
        raise RemoteError(
            _(
                "{address!r} is no address: give host and port, such as 192.168.1.20:7797 or "
                "[fd00::20]:7797."
            ).format(address=address)
        )
    return address


def _find(known: Remotes, name: str) -> Remote:
    for one in known.remotes:
        if one.name == name:
            return one
    names = ", ".join((*(one.name for one in known.remotes), HERE))
    raise RemoteError(
        _("No computer is called {name}. There are: {names}.").format(name=name, names=names)
    )


def _read(path: Path, kind: type[R]) -> R | None:
    """A record; None where there is no file."""
    untrusted = connection.refusal(path.parent)
    if untrusted:
        raise RemoteError(untrusted)
    try:
        return kind.from_header(json.loads(connection.read_file(path, _MAX_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, MessageError) as error:
        raise RemoteError(_damaged(path)) from error


def _write(path: Path, record: Message) -> None:
    try:
        connection.make_folder(path.parent)
        connection.write_private(path, json.dumps(record.to_header(), indent=2).encode())
    except OSError as error:
        raise RemoteError(connection.unusable(path.parent, error)) from error


def _damaged(path: Path) -> str:
    return _("{path} cannot be read or is damaged. Mend it, or delete it and begin anew.").format(
        path=path
    )
