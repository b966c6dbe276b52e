"""The daemon's sockets: the ROUTER clients speak to, who is let in, and messages in and out of frames."""

from __future__ import annotations

import contextlib
import dataclasses
import hmac
import logging
import threading
from collections.abc import Iterator

import zmq

from flyaway.serving.doorway import Doorway
from flyaway_client import connection, messages, protocol
from flyaway_client.messages import Message

log = logging.getLogger(__name__)

_HANDSHAKE_MS = 3000
"""How long a peer may take to greet and log in (libzmq's own default is 30 s)."""

_MAX_UNREAD = 32
"""Messages of one peer that libzmq may hold while the desk is busy: 128 MiB of strips."""

_MAX_UNSENT = 8000
"""Messages to one peer that wait for it to read: more than the strips of the largest result, 2000 megapixels."""

_ZAP_ADDRESS = "inproc://zeromq.zap.01"


class PeerGoneError(Exception):
    """The client has closed its connection, or does not read what it is sent."""


class Transport:
    """A ROUTER on a random loopback port that lets in whoever has the password of its connection file.

    `connection_file` says how it is found and proved; it is not written here. The ZAP handler (RFC 27) is served by `receive` itself: pyzmq's own
    authenticator brings a thread with an event loop, and compares passwords in non-constant time.
    """

    def __init__(self) -> None:
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

    @property
    def arrivals(self) -> int:
        """How many have connected so far, let in or not."""
        return self._doorway.arrivals

    def receive(self, timeout_ms: int) -> Iterator[tuple[bytes, list[zmq.Frame]]]:
        """What came within the timeout: who sent it and its frames; logins are answered on the way."""
        ready = dict(self._poller.poll(timeout_ms))
        self._doorway.look()
        if self._zap in ready:
            self._answer_login()
        if self._wake_in in ready:
            self._wake_in.recv()
        if self._router in ready:
            identity, *frames = self._router.recv_multipart(copy=False)
            self._doorway.recognise(frames[0] if frames else identity)
            yield identity.bytes, frames

    def wake(self) -> None:
        """Make `receive` return at once. The only call that other threads may make."""
        # A socket is for one thread at a time: libzmq aborts the process where two meet in one.
        with self._waking, contextlib.suppress(zmq.ZMQError):  # closed: nobody waits any more
            self._wake_out.send(b"", zmq.NOBLOCK)

    def send(self, peer: bytes, message: Message, payload: memoryview | None = None) -> None:
        """Send a message; the payload is not copied and must not change any more.

        Raises:
            PeerGoneError: the peer is gone or has stopped reading.
        """
        frames: list[bytes | memoryview] = [peer, messages.encode(message)]
        if payload is not None:
            frames.append(payload)
        try:
            self._router.send_multipart(frames, zmq.NOBLOCK, copy=payload is None)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise PeerGoneError(str(error)) from error
            raise

    def close(self) -> None:
        """Close all sockets, sending what is on its way for up to a second."""
        self._doorway.close()
        self._router.linger = 1000
        self._context.destroy(linger=None)

    def _answer_login(self) -> None:
        """Let a peer in or not (RFC 27): version, id, domain, address, identity, mechanism, credentials."""
        frames = self._zap.recv_multipart()
        version, request_id, domain, address, _, mechanism, *credentials = frames
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
