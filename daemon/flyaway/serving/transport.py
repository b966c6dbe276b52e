"""The daemon's sockets: the ROUTER clients speak to, who is let in, and messages in and out of frames."""

from __future__ import annotations

import contextlib
import dataclasses
import hmac
import logging
import threading
from collections.abc import Callable, Iterator, Sequence

import zmq

from flyaway.errors import DaemonError
from flyaway.serving.doorway import Doorway
from flyaway.serving.encrypted_door import EncryptedDoor, Listening
from flyaway.serving.languages import Languages
from flyaway.serving.unread import Unread
from flyaway_client import connection, messages, protocol
from flyaway_client.messages import Message

log = logging.getLogger(__name__)

_HANDSHAKE_MS = 3000
"""How long a peer may take to greet and log in (libzmq's own default is 30 s)."""

_MAX_UNREAD = 32
"""Messages of one peer that libzmq may hold while the desk is busy: 128 MiB of strips."""

_MAX_UNSENT = 1000
"""Messages to one peer that wait for it to read. Results wait outside (`has_room`); the largest other
answer has some 20 KiB."""

_NEAR, _FAR = b"n", b"f"
"""What peers of this computer and of others begin with; libzmq gives the rest at each of the two doors by itself."""

_ZAP_ADDRESS = "inproc://zeromq.zap.01"


Frame = zmq.Frame | memoryview
"""A piece of a message: as libzmq holds it, or unpacked from that."""


class PeerGoneError(Exception):
    """The client has closed its connection, or does not read what it is sent."""


class PeerFullError(PeerGoneError):
    """The client is there, and has yet to read what it was sent."""


class Transport:
    """A ROUTER on a random loopback port that lets in whoever has the password of its connection file.

    `connection_file` says how it is found and proved; it is not written here. The ZAP handler (RFC 27) is served by `receive` itself: pyzmq's own
    authenticator brings a thread with an event loop, and compares passwords in non-constant time.

    Args:
        listening: where other computers are let in by their keys; None for nowhere.

    Raises:
        DaemonError: the address for other computers cannot be had.
    """

    def __init__(self, listening: Listening | None = None) -> None:
        secrets = connection.ConnectionFile.create(address="")
        self._password = secrets.password.encode()
        self._context = zmq.Context()
        self._zap = self._context.socket(zmq.REP)
        self._zap.bind(_ZAP_ADDRESS)  # before the ROUTER: libzmq looks for it at each login
        self._router = self._context.socket(zmq.ROUTER)
        self._wake_in = self._context.socket(zmq.PULL)
        self._wake_in.bind("inproc://flyaway.wake")
        self._wake_out = self._context.socket(zmq.PUSH)
        self._wake_out.connect("inproc://flyaway.wake")
        self._waking = threading.Lock()
        for socket in (self._zap, self._router, self._wake_in, self._wake_out):
            socket.linger = 0
        router = self._router
        router.plain_server = True
        router.zap_domain = protocol.ZAP_DOMAIN.encode()
        router.setsockopt(zmq.MAXMSGSIZE, protocol.MAX_FRAME_BYTES)
        router.setsockopt(zmq.SNDHWM, _MAX_UNSENT)
        router.setsockopt(zmq.RCVHWM, _MAX_UNREAD)
        router.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)  # a client that is gone is an error, not silence
        router.bind("tcp://127.0.0.1:*")
        address = router.getsockopt_string(zmq.LAST_ENDPOINT)
        self.connection_file = dataclasses.replace(secrets, address=address)
        self._doorway = Doorway(router, int(address.rpartition(":")[2]))
        self._poller = zmq.Poller()
        for socket in (self._zap, self._router, self._wake_in, self._doorway.events):
            self._poller.register(socket, zmq.POLLIN)
        self._languages = Languages()
        self._unread = Unread()
        self._far: EncryptedDoor | None = None
        if listening is not None:
            self._open_far(listening)

    def _open_far(self, listening: Listening) -> None:
        door = EncryptedDoor(self._context, listening)
        try:
            door.open(_HANDSHAKE_MS, _MAX_UNSENT)
        except DaemonError:
            self.close()
            raise
        self._far = door
        for socket in (door.socket, door.doorway.events):
            self._poller.register(socket, zmq.POLLIN)

    @property
    def far_address(self) -> str:
        """host:port where other computers are served; "" for nowhere."""
        return self._far.address if self._far is not None else ""

    def client_of(self, peer: bytes) -> str:
        """The name of the other computer that a peer is on; "" for this one."""
        is_far = self._far is not None and peer.startswith(_FAR)
        return self._far.client_of(peer[1:]) if self._far is not None and is_far else ""

    def speak_to(self, peer: bytes, language: str) -> None:
        """Tell a peer sentences for people in its language from now on, English where there is no catalogue."""
        self._languages.learn(peer, language)

    def language_of(self, peer: bytes) -> str:
        """The language that a peer is spoken to in; "" for English."""
        return self._languages.of(peer)

    @property
    def arrivals(self) -> int:
        """How many have connected so far, let in or not."""
        far = self._far.doorway.arrivals if self._far is not None else 0
        return self._doorway.arrivals + far

    def proof(self, nonce: str) -> str:
        """What shows a client of this computer that the connection file is ours."""
        return connection.proof(self.connection_file.secret, nonce)

    def receive(self, timeout_ms: int) -> Iterator[tuple[bytes, Sequence[Frame]]]:
        """What came within the timeout: who sent it and its frames; logins are answered on the way."""
        ready = dict(self._poller.poll(timeout_ms))
        self._doorway.look()
        if self._zap in ready:
            self._answer_login()
        if self._wake_in in ready:
            self._wake_in.recv()
        if self._router in ready:
            identity, *frames = self._router.recv_multipart(copy=False)
            self._doorway.recognise(frames[0] if frames else identity, peer=identity.bytes)
            yield _NEAR + identity.bytes, frames
        if self._far is None:
            return
        self._far.look()
        if self._far.socket in ready:
            received = self._far.receive()
            if received is not None:
                yield _FAR + received[0], received[1]

    def wake(self) -> None:
        """Make `receive` return at once. The only call that other threads may make."""
        # A socket is for one thread at a time: libzmq aborts the process where two meet in one.
        with self._waking, contextlib.suppress(zmq.ZMQError):  # closed: nobody waits any more
            self._wake_out.send(b"", zmq.NOBLOCK)

    def send(self, peer: bytes, message: Message, payload: memoryview | None = None) -> None:
        """Send a message in the peer's language; the payload is not copied and must not change any more.

        Raises:
            PeerFullError: the peer has stopped reading.
            PeerGoneError: the peer is gone.
        """
        header = messages.encode(message, self._languages.of(peer))
        frames: list[bytes | memoryview] = [peer[1:], header]
        if payload is not None:
            frames.append(payload)
        try:
            if self._far is not None and peer.startswith(_FAR):
                tracker = self._far.send(peer[1:], header, payload)
            else:
                tracker = self._router.send_multipart(
                    frames, zmq.NOBLOCK, copy=payload is None, track=payload is not None
                )
        except zmq.ZMQError as error:
            if error.errno == zmq.EAGAIN:
                raise PeerFullError(str(error)) from error
            if error.errno == zmq.EHOSTUNREACH:
                self._languages.forget(peer)
                raise PeerGoneError(str(error)) from error
            raise
        if payload is not None and tracker is not None:
            self._unread.note(peer, tracker, payload.nbytes)

    def has_room(self, peer: bytes) -> bool:
        """Whether more payloads may be sent to a peer: it reads those that it was sent."""
        return self._unread.has_room(peer)

    def bound(self, is_busy: Callable[[bytes], bool]) -> None:
        """Hang up on those of this computer that have connected and want nothing, where there are too many.

        Args:
            is_busy: whether something is done for a peer.
        """
        self._doorway.bound(lambda peer: is_busy(_NEAR + peer))

    @property
    def peers(self) -> set[bytes]:
        """Those of this computer that are connected and were heard."""
        return {_NEAR + peer for peer in self._doorway.heard}

    def close(self) -> None:
        """Close all sockets, sending what is on its way for up to a second."""
        self._doorway.close()
        if self._far is not None:
            self._far.close()
            self._far.socket.linger = 1000
        self._router.linger = 1000
        self._context.destroy(linger=None)

    def _answer_login(self) -> None:
        """Let a peer in or not (RFC 27): version, id, domain, address, identity, mechanism, credentials."""
        frames = self._zap.recv_multipart()
        version, request_id, domain, address, _, mechanism, *credentials = frames
        if mechanism == b"CURVE":
            self._answer_key(version, request_id, domain, address, credentials)
            return
        expected = [connection.USERNAME.encode(), self._password]
        is_known = (
            mechanism == b"PLAIN"
            and domain == protocol.ZAP_DOMAIN.encode()
            and len(credentials) == 2
            and all(map(hmac.compare_digest, credentials, expected))
        )
        if not is_known:
            log.warning("refused a login from %s", address.decode(errors="replace"))
        status = [b"200", b"OK"] if is_known else [b"400", b"wrong password"]
        self._zap.send_multipart([version, request_id, *status, b"", b""])

    def _answer_key(
        self, version: bytes, request_id: bytes, domain: bytes, address: bytes, keys: list[bytes]
    ) -> None:
        """Let another computer in or not. To a stranger nothing is said: 300 makes libzmq hang up without a word."""
        where = address.decode(errors="replace")
        key = self._far.admits(domain, where, keys) if self._far is not None else None
        status = [b"200", b"OK", key.encode()] if key else [b"300", b"", b""]
        self._zap.send_multipart([version, request_id, *status, b""])
