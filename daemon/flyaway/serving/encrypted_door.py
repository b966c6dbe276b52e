"""The door for other computers: a ROUTER with CURVE (RFC 26) that lets in known keys alone and says nothing to others."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from flyaway.errors import DaemonError, RemoteError
from flyaway.remote import records
from flyaway.remote.line import MAX_FRAME_BYTES, MOST_FRAMES
from flyaway.remote.packing import SMALLEST_BYTES, LineSpeed, Packer, unpacked
from flyaway.remote.records import Clients, KeyPair
from flyaway.serving.doorway import Doorway
from flyaway_client.messages import MessageError
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

log = logging.getLogger(__name__)

ZAP_DOMAIN = b"flyaway.remote"

_MAX_UNREAD = 4
"""Messages of one connection that libzmq may hold while the desk is busy: 16 MiB of strips."""

_HEARTBEAT_MS, _DEAD_MS = 5000, 20000
"""A client whose computer fell asleep hangs up in no other way."""

_LOOK_EVERY_S = 0.2
_PACE_GAP_S = 2.0
_USER_ID = "User-Id"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where other computers are served, and what for.

    Attributes:
        address: host:port to listen at.
        home: the folder with the keys.
        keys: this computer's.
    """

    address: str
    home: Path
    keys: KeyPair

    @classmethod
    def at(cls, address: str, home: Path) -> Listening:
        """Listen at an address.

        Raises:
            RemoteError: there is no key yet, or nobody who is let in; without them nobody is served.
        """
        address = records.checked_address(address)
        keys = records.own_keys(home)
        if keys is None:
            raise RemoteError(
                _(
                    "The daemon listens to other computers with keys alone, and this one has none yet. Run "
                    "`flyaway remote key` here and on the others, then `flyaway remote allow NAME KEY` "
                    "here for each of them."
                )
            )
        if not records.clients(home).clients:
            raise RemoteError(
                _(
                    "The daemon listens to other computers with keys alone, and no key is let in yet. Run "
                    "`flyaway remote key` on each of them, and `flyaway remote allow NAME KEY` here with "
                    "what it prints."
                )
            )
        return cls(address, home, keys)


@dataclass(slots=True)
class _Pace:
    """How fast one client's pixels come in; what it is sent goes the same way."""

    speed: LineSpeed = field(default_factory=LineSpeed)
    heard_s: float = 0.0

    def note(self, size: int, now_s: float) -> None:
        if now_s - self.heard_s < _PACE_GAP_S:
            self.speed.note(size, now_s - self.heard_s)
        self.heard_s = now_s


class EncryptedDoor:
    """A ROUTER that other computers reach; used in the desk's thread alone.

    A client is a key: its connections, its speed and its limits go by that, and a key that is taken from the list is
    turned out within the second.

    Args:
        context: of the desk, whose ZAP handler asks `admits`.
        listening: where, with which keys.

    Raises:
        DaemonError: the address cannot be listened at.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], listening: Listening) -> None:
        self._listening = listening
        self._clients = Clients()
        self._signature: object = None
        self._looked_s = 0.0
        self._keys: dict[bytes, str] = {}  # of the peers that were heard
        self._paces: dict[str, _Pace] = {}
        self._packers: dict[str, Packer] = {}
        self.socket = context.socket(zmq.ROUTER)
        socket = self.socket
        socket.linger = 0
        socket.curve_server = True
        socket.curve_secretkey = z85.encode(bytes.fromhex(listening.keys.secret))
        socket.curve_publickey = z85.encode(bytes.fromhex(listening.keys.public))
        socket.zap_domain = ZAP_DOMAIN
        for option, value in (
            (zmq.IPV6, int(listening.address.startswith("["))),
            (zmq.MAXMSGSIZE, MAX_FRAME_BYTES),
            (zmq.RCVHWM, _MAX_UNREAD),
            (zmq.ROUTER_MANDATORY, 1),
            (zmq.HEARTBEAT_IVL, _HEARTBEAT_MS),
            (zmq.HEARTBEAT_TIMEOUT, _DEAD_MS),
        ):
            socket.setsockopt(option, value)

    def open(self, handshake_ms: int, most_unsent: int) -> None:
        """Begin to listen, with the limits of the desk's other door.

        Raises:
            DaemonError: the address cannot be listened at.
        """
        self.socket.setsockopt(zmq.HANDSHAKE_IVL, handshake_ms)
        self.socket.setsockopt(zmq.SNDHWM, most_unsent)
        address = self._listening.address
        try:
            self.socket.bind(f"tcp://{address}")
        except zmq.ZMQError as error:
            self.socket.close()
            raise DaemonError(
                _(
                    "The daemon cannot listen at {address}: {why}. Give an address of this computer and a "
                    "port that nothing else has."
                ).format(address=address, why=os.strerror(error.errno or 0))
            ) from error
        bound = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.address = bound.removeprefix("tcp://")
        self.doorway = Doorway(self.socket, int(bound.rpartition(":")[2]))

    def admits(self, domain: bytes, address: str, credentials: Sequence[bytes]) -> str | None:
        """Whether a key is let in, and if so which it is, in hex; the log names it."""
        if domain != ZAP_DOMAIN or len(credentials) != 1 or len(credentials[0]) != 32:
            return None
        key = credentials[0].hex()
        name = self._known().name_of(key)
        if name is None:
            log.warning("refused the key %s… from %s", key[:16], address)
            return None
        return key

    def receive(self) -> tuple[bytes, list[zmq.Frame | memoryview]] | None:
        """The next message of a client: who sent it and its frames, unpacked; None where it is nobody's any more."""
        identity, *frames = self.socket.recv_multipart(copy=False)
        key = str(frames[0].get(_USER_ID)) if frames else ""
        if self._known().name_of(key) is None:
            self.turn_out_unknown()
            return None
        self.doorway.recognise(frames[0], key)
        self._keys[identity.bytes] = key
        if len(frames) > 1:
            self._note_pace(key, sum(len(frame) for frame in frames))
        if len(frames) != MOST_FRAMES:
            return identity.bytes, list(frames)
        try:
            return identity.bytes, [frames[0], unpacked(frames[1].bytes, frames[2].buffer)]
        except MessageError:  # the desk refuses what has too many frames
            return identity.bytes, list(frames)

    def send(
        self, identity: bytes, header: bytes, payload: memoryview | None
    ) -> zmq.MessageTracker | None:
        """Send a message; the payload is packed where that is faster on this client's line.

        Returns:
            Whether libzmq has still a large payload; None for others.

        Raises:
            zmq.ZMQError: as libzmq; EHOSTUNREACH also where the client is let in no more.
        """
        key = self._keys.get(identity, "")
        if self._known().name_of(key) is None:
            raise zmq.ZMQError(zmq.EHOSTUNREACH)
        frames: list[Buffer] = [identity, header]
        if payload is not None:
            frames += self._packer(key).frames(payload)
        size = sum(memoryview(frame).nbytes for frame in frames)
        is_small = size < SMALLEST_BYTES
        return self.socket.send_multipart(frames, zmq.NOBLOCK, copy=is_small, track=not is_small)

    def client_of(self, identity: bytes) -> str:
        """What the client of a peer that was heard is called."""
        return self._known().name_of(self._keys.get(identity, "")) or "unknown"

    def look(self, now_s: float | None = None) -> None:
        """Take in who came and went; turn out who is let in no more."""
        self.doorway.look()
        now_s = time.monotonic() if now_s is None else now_s
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            self.turn_out_unknown()
            if len(self._keys) > 1000:  # identities of connections long gone
                self._keys = dict(list(self._keys.items())[-500:])

    def turn_out_unknown(self) -> None:
        """Hang up on those whose key is in the list no more."""
        known = {one.key for one in self._known().clients}
        for key in self.doorway.guests - known:
            log.warning("the key %s… is let in no more", key[:16])
            self.doorway.turn_out(key)

    def close(self) -> None:
        """Let go of what is not the context's."""
        self.doorway.close()
        for packer in self._packers.values():
            packer.close()

    def _known(self) -> Clients:
        """Who is let in, by the file as it is now; nobody where it is damaged."""
        signature = _signature(self._listening.home / records.CLIENTS_NAME)
        if signature != self._signature:
            self._signature = signature
            try:
                self._clients = records.clients(self._listening.home)
            except RemoteError as error:
                log.warning("nobody is let in: %s", error)
                self._clients = Clients()
        return self._clients

    def _note_pace(self, key: str, size: int) -> None:
        self._paces.setdefault(key, _Pace()).note(size, time.monotonic())

    def _packer(self, key: str) -> Packer:
        if key not in self._packers:
            self._packers[key] = Packer(self._paces.setdefault(key, _Pace()).speed)
        return self._packers[key]


def _signature(path: Path) -> object:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return None
