"""The encrypted line to another computer's daemon: CURVE (RFC 26) over TCP, a connection for each request.

To `flyaway_client.client.Client` it is what `zmtp.Dealer` is: the same messages travel, with pixels packed where that
is faster. Both sides prove by their keys who they are before the first message.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import zmq
from zmq.utils import z85

import flyaway
from flyaway.remote import packing
from flyaway.remote.packing import Packer
from flyaway.remote.records import KeyPair, Remote
from flyaway_client import messages, protocol
from flyaway_client.discovery import Greeted
from flyaway_client.errors import (
    CancelledError,
    DaemonUnreachableError,
    PeerClosedError,
    PeerSilentError,
    TransportError,
    VersionError,
)
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer, Patience, Place

MOST_FRAMES = protocol.MAX_FRAMES + 1
"""A header, how the payload is packed, and the payload."""

MAX_FRAME_BYTES = protocol.MAX_FRAME_BYTES + 1024
"""As on a local line, and what CURVE adds (RFC 26: 33 bytes a frame)."""

CONNECT_S = 5.0
"""How long another computer may take to answer; one that is awake and near needs milliseconds."""

HELLO_S = 5.0
_HEARTBEAT_MS, _DEAD_MS = 2000, 8000
"""A line on which nothing comes for so long is lost: a pulled cable says nothing."""

_MOST_UNSENT = 2
"""Messages libzmq may hold; more would hide how fast the line is, and all memory is ours to bound."""

_SEND_BUFFER_BYTES = 512 * 1024
"""Of the system: it must hold what is under way, and no more, for the same reason."""

_POLL_MS = 50
_LEAST_MEASURED_BYTES = 1024 * 1024

_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_CONNECTED
)


class NotLetInError(DaemonUnreachableError):
    """The other computer hung up before a message was said."""


class EncryptedDealer:
    """One encrypted connection that sends and receives messages; as `zmtp.Dealer`, made by `connect`."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], packer: Packer) -> None:
        self._packer = packer
        self._socket = context.socket(zmq.DEALER)
        self._events = self._socket.get_monitor_socket(_EVENTS)
        self._is_lost = False
        self._has_connected = False
        self._full_since_s: float | None = None
        self._sent_bytes = 0
        self.is_between_messages = True
        """Always: libzmq hands over whole messages."""

    @classmethod
    def connect(
        cls,
        context: zmq.Context[zmq.Socket[bytes]],
        remote: Remote,
        keys: KeyPair,
        packer: Packer,
        patience: Patience,
    ) -> EncryptedDealer:
        """Connect, and prove by the keys who is who.

        Raises:
            NotLetInError: somebody is there, but hangs up on this key, or does not have the remote's.
            DaemonUnreachableError: nobody is there.
            CancelledError: `patience` was asked to stop.
        """
        dealer = cls(context, packer)
        try:
            dealer._open(remote, keys, patience)
        except BaseException:
            dealer.close()
            raise
        return dealer

    def close(self) -> None:
        """Hang up. What was sent still arrives, if the line takes it within a second."""
        self._socket.disable_monitor()
        self._events.close(linger=0)
        self._socket.close(linger=1000)

    def is_open(self) -> bool:
        """Whether the other side has not hung up."""
        self._look()
        return not self._is_lost

    def send(self, frames: Sequence[Buffer], patience: Patience) -> None:
        """Send one message; its payload is packed where that is faster.

        Raises:
            PeerClosedError: the line is lost.
            PeerSilentError, CancelledError: `patience` ended.
        """
        header, *payloads = frames
        travelling = [header, *(part for one in payloads for part in self._packer.frames(one))]
        size = sum(memoryview(frame).nbytes for frame in travelling)
        asked_s = time.perf_counter()
        while True:
            can_send = self._socket.poll(_POLL_MS, zmq.POLLOUT)
            self._check(patience)
            now_s = time.perf_counter()
            if can_send and self._is_taken(travelling, size < packing.SMALLEST_BYTES):
                break
        self._measure(size, now_s, now_s - asked_s)

    def receive(
        self, patience: Patience, place: Place | None = None
    ) -> tuple[bytes, Buffer | None]:
        """Receive one message: its header, and the payload where there is one; see `zmtp.Dealer.receive`.

        Raises:
            TransportError: the line is lost, silent, or what came is no message.
            CancelledError: `patience` was asked to stop.
        """
        while not self._socket.poll(_POLL_MS):
            self._check(patience)
        header, *rest = self._socket.recv_multipart(copy=False)
        if len(rest) > MOST_FRAMES - 1:
            raise TransportError(f"a message of {len(rest) + 1} frames")
        if not rest:
            return header.bytes, None
        payload = rest[-1].buffer
        if len(rest) == 2:
            payload = packing.unpacked(rest[0].bytes, payload)
        if place is None:
            return header.bytes, payload
        room = place(header.bytes, payload.nbytes)
        room[:] = payload
        return header.bytes, room

    def _open(self, remote: Remote, keys: KeyPair, patience: Patience) -> None:
        socket = self._socket
        socket.curve_serverkey = _z85(remote.key)
        socket.curve_publickey, socket.curve_secretkey = _z85(keys.public), _z85(keys.secret)
        for option, value in (
            (zmq.IPV6, 1),
            (zmq.MAXMSGSIZE, MAX_FRAME_BYTES),
            (zmq.SNDHWM, _MOST_UNSENT),
            (zmq.SNDBUF, _SEND_BUFFER_BYTES),
            (zmq.IMMEDIATE, 1),
            (zmq.RECONNECT_IVL, -1),
            (zmq.CONNECT_TIMEOUT, round(CONNECT_S * 1000)),
            (
                zmq.HANDSHAKE_IVL,
                round(CONNECT_S * 2000),
            ),  # patience ends first: silence is no refusal
            (zmq.HEARTBEAT_IVL, _HEARTBEAT_MS),
            (zmq.HEARTBEAT_TIMEOUT, _DEAD_MS),
        ):
            socket.setsockopt(option, value)
        try:
            socket.connect(f"tcp://{remote.address}")
        except zmq.ZMQError as error:
            raise DaemonUnreachableError(f"{remote.address}: {error}") from error
        while not self._look():
            if self._is_lost and self._has_connected:
                raise NotLetInError(remote.address)
            if self._is_lost:
                raise DaemonUnreachableError(remote.address)
            try:
                patience.check()
            except PeerSilentError as error:
                raise DaemonUnreachableError(remote.address) from error
            self._events.poll(_POLL_MS)

    def _look(self) -> bool:
        """Take in what became of the connection; whether both sides have proved who they are."""
        is_proved = False
        with contextlib.suppress(zmq.Again):
            while True:
                event = struct.unpack("=Hi", self._events.recv_multipart(zmq.NOBLOCK)[0][:6])[0]
                if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    is_proved = True
                elif event == zmq.EVENT_CONNECTED:
                    self._has_connected = True
                else:
                    self._is_lost = True
        return is_proved

    def _is_taken(self, frames: Sequence[Buffer], copy: bool) -> bool:
        """Send, if the line was not lost since it was asked: libzmq has nowhere to put a message then."""
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK, copy=copy)
        except zmq.Again:
            return False
        return True

    def _check(self, patience: Patience) -> None:
        """Return if there is reason to go on waiting."""
        self._look()
        if self._is_lost and not self._socket.poll(0):  # what came before the end is read first
            raise PeerClosedError("the line is lost")
        patience.check()

    def _measure(self, size: int, now_s: float, waited_s: float) -> None:
        """Learn from how long the line made a message wait; what did not wait says nothing of the line."""
        if waited_s < 0.0005:
            self._full_since_s = None
            return
        if self._full_since_s is None:
            self._full_since_s, self._sent_bytes = now_s, size
            return
        if self._sent_bytes >= _LEAST_MEASURED_BYTES:
            self._packer.speed.note(self._sent_bytes, now_s - self._full_since_s)
            self._full_since_s, self._sent_bytes = now_s, 0
        self._sent_bytes += size


@dataclass(frozen=True)
class RemoteFinder:
    """How this computer finds the daemon of another one.

    Attributes:
        remote: which.
        keys: this computer's.
        context: for the sockets.
        packer: for the line.
        language: in which the other daemon shall say what is for people; "" for English.
    """

    remote: Remote
    keys: KeyPair
    context: zmq.Context[zmq.Socket[bytes]]
    packer: Packer
    language: str = ""

    def find(self, should_stop: Callable[[], bool] | None = None) -> Greeted:
        """Connect and say hello.

        Raises:
            DaemonUnreachableError: it cannot be reached, or does not let this computer in.
            VersionError: it speaks another major version.
            CancelledError: `should_stop` said so.
        """
        patience = Patience(CONNECT_S, should_stop)
        dealer = EncryptedDealer.connect(
            self.context, self.remote, self.keys, self.packer, patience
        )
        try:
            return Greeted(dealer, _greeted(dealer, Patience(HELLO_S, should_stop), self.language))
        except CancelledError:
            dealer.close()
            raise
        except (TransportError, messages.MessageError) as error:
            dealer.close()
            raise NotLetInError(self.remote.address) from error
        except BaseException:
            dealer.close()
            raise


def _greeted(dealer: EncryptedDealer, patience: Patience, language: str) -> messages.HelloReply:
    """Say hello; the keys have proved already who answers, so that no nonce has to be signed."""
    hello = messages.Hello(protocol.VERSION, f"flyaway {flyaway.__version__}", "", language)
    dealer.send([messages.encode(hello)], patience)
    reply = messages.decode(dealer.receive(patience)[0])
    if isinstance(reply, messages.ErrorReply):
        raise VersionError(reply.message)
    if not isinstance(reply, messages.HelloReply):
        raise TransportError(f"{reply.TYPE} instead of an answer to hello")
    if reply.protocol[:1] != protocol.VERSION[:1]:
        raise VersionError(
            _("it is Flyaway {theirs}, this one is {ours}").format(
                theirs=reply.daemon, ours=flyaway.__version__
            )
        )
    return reply


def _z85(key: str) -> bytes:
    """A key of our files as ZeroMQ writes it."""
    return z85.encode(bytes.fromhex(key))
