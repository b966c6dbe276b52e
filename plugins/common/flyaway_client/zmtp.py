"""A ZMTP 3.1 DEALER over loopback TCP with PLAIN: the part of ZeroMQ that the client needs.

The Pythons inside the hosts cannot be counted on to load pyzmq. Measured against it, this is as fast
from 12 megapixels up. It does not bind, route, reconnect or send heartbeats; it answers pings.
The specifications: rfc.zeromq.org 37 (ZMTP 3.1) and 24 (PLAIN).
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from . import protocol
from .errors import CancelledError, PeerClosedError, PeerSilentError, TransportError

Buffer = bytes | bytearray | memoryview
Place = Callable[[bytes, int], memoryview]
"""Given a message's first frame and the size of its second, where to put the second."""

POLL_S = 0.05
"""How long to wait for the socket before asking again whether to stop."""

CONNECT_S = 1.0
"""A listening loopback port accepts at once; only a hung or foreign one takes this long."""

ASLEEP_S = 5.0
"""Who has not asked for so long did not run: the computer slept, or the program was stopped."""

_MORE, _LONG, _COMMAND = 1, 2, 4
_MECHANISM = b"PLAIN".ljust(20, b"\0")
_GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x01" + _MECHANISM + bytes(32)
_MAX_COMMAND_BYTES = 4096
_AHEAD_BYTES = 16 * 1024
_SMALL_BYTES = 4096


class Patience:
    """How long to go on with one step: a deadline, and somebody who may ask to stop.

    Time in which this program did not run does not count: what came meanwhile waits to be read.

    Args:
        timeout_s: seconds from now.
        should_stop: asked at most every `POLL_S`.
    """

    def __init__(self, timeout_s: float, should_stop: Callable[[], bool] | None = None) -> None:
        self._timeout_s = timeout_s
        self._checked_s = time.monotonic()
        self._deadline = self._checked_s + timeout_s
        self._should_stop = should_stop
        self._next_question = 0.0

    def left_s(self) -> float:
        """Seconds until the deadline, never below zero."""
        return max(0.0, self._deadline - time.monotonic())

    def check(self) -> None:
        """Return if there is time left and nobody asked to stop.

        Raises:
            PeerSilentError: the deadline has passed.
            CancelledError: `should_stop` said so.
        """
        now = time.monotonic()
        if now - self._checked_s > ASLEEP_S:
            self._deadline += now - self._checked_s
        self._checked_s = now
        if self._should_stop is not None and now >= self._next_question:
            self._next_question = now + POLL_S
            if self._should_stop():
                raise CancelledError
        if now >= self._deadline:
            raise PeerSilentError(f"silent for {self._timeout_s:.0f} s")


class Line(Protocol):
    """One connection to a daemon, as a conversation needs it; `Dealer` says what each method does and raises."""

    is_between_messages: bool

    def close(self) -> None:
        """Hang up. What was sent still arrives."""

    def is_open(self) -> bool:
        """Whether the other side has not hung up."""

    def send(self, frames: Sequence[Buffer], patience: Patience) -> None:
        """Send one message."""

    def receive(
        self, patience: Patience, place: Place | None = None
    ) -> tuple[bytes, Buffer | None]:
        """Receive one message."""


class Dealer:
    """One authenticated connection that sends and receives messages of one or two frames."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(POLL_S)
        self._outgoing: list[Buffer] = []
        self._ahead = memoryview(bytearray(_AHEAD_BYTES))
        self._unread = self._ahead[:0]
        self._write = getattr(connected, "sendmsg", None) or self._write_first  # not on Windows
        self.is_between_messages = True
        """False after a `receive` that was given up with a message half read."""

    @classmethod
    def connect(cls, address: str, username: str, password: str, patience: Patience) -> Dealer:
        """Connect to a ROUTER at "tcp://127.0.0.1:PORT" and authenticate.

        Raises:
            TransportError: nobody there, not ZeroMQ, or the password is wrong.
            CancelledError: `patience` was asked to stop.
        """
        patience.check()
        where = ("127.0.0.1", _port(address))
        try:
            connected = socket.create_connection(where, min(CONNECT_S, patience.left_s() + POLL_S))
        except OSError as error:
            raise PeerClosedError(f"no connection to {address}: {error}") from error
        dealer = cls(connected)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dealer._handshake(username, password, patience)
        except BaseException:
            dealer.close()
            raise
        return dealer

    def close(self) -> None:
        """Hang up. What was sent still arrives."""
        self._socket.close()

    def is_open(self) -> bool:
        """Whether the other side has not hung up; meant for a connection that was left idle."""
        try:
            self._socket.setblocking(False)
            return self._socket.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            if self._socket.fileno() >= 0:
                self._socket.settimeout(POLL_S)

    def send(self, frames: Sequence[Buffer], patience: Patience) -> None:
        """Send one message. What an earlier interrupted `send` left over goes first.

        Raises:
            PeerClosedError: the other side hung up.
            PeerSilentError, CancelledError: `patience` ended.
        """
        last = len(frames) - 1
        for index, frame in enumerate(frames):
            self._queue(_MORE if index < last else 0, memoryview(frame).cast("B"))
        self._flush(patience)

    def receive(
        self, patience: Patience, place: Place | None = None
    ) -> tuple[bytes, Buffer | None]:
        """Receive one message: its first frame, and the second where there is one.

        `place` says where the second goes; without it a new buffer is made.

        Raises:
            TransportError: hung up, silent or not ZMTP, or over the limits of protocol.py.
            CancelledError: `patience` was asked to stop.
        """
        flags, size = self._frame_head(patience)
        while flags & _COMMAND:  # allowed between messages, not inside one
            self._obey(bytes(self._read(size, patience)), patience)
            self.is_between_messages = True
            flags, size = self._frame_head(patience)
        if size > protocol.MAX_HEADER_BYTES:
            raise TransportError(f"a header of {size} bytes")
        header = bytes(self._read(size, patience))
        payload: memoryview | None = None
        if flags & _MORE:
            flags, size = self._frame_head(patience)
            if flags & (_MORE | _COMMAND):
                raise TransportError("a message of more than two frames")
            payload = place(header, size) if place else memoryview(bytearray(size))
            self._fill(payload, patience)
        self.is_between_messages = True
        return header, payload

    def _handshake(self, username: str, password: str, patience: Patience) -> None:
        """Exchange greetings, then PLAIN's HELLO, WELCOME, INITIATE and READY."""
        self._outgoing.append(_GREETING)
        self._flush(patience)
        signature = bytes(self._read(10, patience))  # an older or foreign peer may send no more
        if signature[0] != 0xFF or signature[9] != 0x7F:
            raise TransportError("not a ZeroMQ port")
        rest = bytes(self._read(54, patience))
        if rest[0] < 3:
            raise TransportError(f"ZMTP version {rest[0]}")
        if rest[2:22] != _MECHANISM:  # before the password leaves
            raise TransportError("it does not ask for a password")
        self._send_command(b"HELLO", _short(username) + _short(password), patience)
        if self._read_command(b"WELCOME", patience):
            raise TransportError("a WELCOME with a body")
        properties = _property("Socket-Type", b"DEALER") + _property("Identity", b"")
        self._send_command(b"INITIATE", properties, patience)
        metadata = _metadata(self._read_command(b"READY", patience))
        if metadata.get(b"socket-type") != b"ROUTER":
            raise TransportError("its socket is no ROUTER")
        self.is_between_messages = True

    def _send_command(self, name: bytes, body: bytes, patience: Patience) -> None:
        self._queue(_COMMAND, memoryview(bytes([len(name)]) + name + body))
        self._flush(patience)

    def _read_command(self, expected: bytes, patience: Patience) -> bytes:
        """The body of the next command, which must have this name."""
        flags, size = self._frame_head(patience)
        if not flags & _COMMAND:
            raise TransportError(f"a message before {expected.decode()}")
        name, body = _named(bytes(self._read(size, patience)))
        if name != expected:
            raise TransportError(f"{name!r} instead of {expected.decode()}")
        return body

    def _obey(self, command: bytes, patience: Patience) -> None:
        """Answer a PING; other commands mean nothing to a DEALER."""
        name, body = _named(command)
        if name == b"PING":  # 2 bytes of time to live, then a context to give back
            self._send_command(b"PONG", body[2:], patience)

    def _frame_head(self, patience: Patience) -> tuple[int, int]:
        """Flags and size of the next frame of any kind, checked against the limits."""
        flags = self._read(1, patience)[0]
        self.is_between_messages = False
        if flags > 7 or (flags & _COMMAND and flags & _MORE):
            raise TransportError(f"a frame with flags {flags:#x}")
        size = int.from_bytes(self._read(8 if flags & _LONG else 1, patience), "big")
        if size > (_MAX_COMMAND_BYTES if flags & _COMMAND else protocol.MAX_FRAME_BYTES):
            raise TransportError(f"a frame of {size} bytes")
        return flags, size

    def _queue(self, flags: int, body: memoryview) -> None:
        """Add one frame to what goes out; small ones are joined, large ones are not copied."""
        if len(body) > 255:
            head = struct.pack(">BQ", flags | _LONG, len(body))
        else:
            head = bytes((flags, len(body)))
        if len(body) <= _SMALL_BYTES:
            head, body = head + body.tobytes(), body[:0]
        if self._outgoing and isinstance(last := self._outgoing[-1], bytes):
            self._outgoing[-1] = last + head
        else:
            self._outgoing.append(head)
        if body:
            self._outgoing.append(body)

    def _flush(self, patience: Patience) -> None:
        """Write out what is queued; what is left when patience ends stays queued."""
        while self._outgoing:
            patience.check()
            try:
                written = self._write(self._outgoing)
            except TimeoutError:
                continue
            except OSError as error:
                raise PeerClosedError(f"hung up while we sent: {error}") from error
            self._drop_written(written)

    def _write_first(self, buffers: Sequence[Buffer]) -> int:
        return self._socket.send(buffers[0])

    def _drop_written(self, written: int) -> None:
        while self._outgoing and written >= len(self._outgoing[0]):
            written -= len(self._outgoing.pop(0))
        if written:
            self._outgoing[0] = memoryview(self._outgoing[0])[written:]

    def _read(self, size: int, patience: Patience) -> memoryview:
        """The next `size` bytes."""
        view = memoryview(bytearray(size))
        self._fill(view, patience)
        return view

    def _fill(self, view: memoryview, patience: Patience) -> None:
        """Fill `view` from the socket: large ones directly, small ones from what was read ahead."""
        done = 0
        while done < len(view):
            if self._unread:
                taken = min(len(self._unread), len(view) - done)
                view[done : done + taken] = self._unread[:taken]
                self._unread = self._unread[taken:]
                done += taken
            elif len(view) - done >= _AHEAD_BYTES:
                done += self._receive_into(view[done:], patience)
            else:
                self._unread = self._ahead[: self._receive_into(self._ahead, patience)]

    def _receive_into(self, view: memoryview, patience: Patience) -> int:
        """Wait for bytes; how many came."""
        while True:
            patience.check()
            try:
                received = self._socket.recv_into(view)
            except TimeoutError:
                continue
            except OSError as error:
                raise PeerClosedError(f"hung up: {error}") from error
            if received == 0:
                raise PeerClosedError("hung up")
            return received


def _port(address: str) -> int:
    """The port of a loopback address; any other host is refused, pixels stay on this machine."""
    prefix, _, port = address.rpartition(":")
    is_number = port.isascii() and port.isdecimal() and len(port) <= 5
    if prefix != "tcp://127.0.0.1" or not is_number:
        raise TransportError(f"the address {address[:60]!r}")
    if not 0 < int(port) < 65536:
        raise TransportError(f"the address {address!r}")
    return int(port)


def _short(text: str) -> bytes:
    """A string behind its length in one byte."""
    encoded = text.encode()
    if len(encoded) > 255:
        raise TransportError("a user name or password over 255 bytes")
    return bytes([len(encoded)]) + encoded


def _property(name: str, value: bytes) -> bytes:
    return _short(name) + len(value).to_bytes(4, "big") + value


def _named(command: bytes) -> tuple[bytes, bytes]:
    """A command's name and body.

    Raises:
        TransportError: it has none, or is the peer's ERROR.
    """
    # libzmq 4.3.5 as shipped with pyzmq 27 writes "^RROR" for PLAIN: its C source says "\x5ERROR",
    # where the hex escape swallows the E. Without this a wrong password reads as a broken wire.
    if command.startswith(b"^RROR"):
        command = b"\x05ERROR" + command[5:]
    end = 1 + command[0] if command else 0
    if not 1 < end <= len(command):
        raise TransportError("a command without a name")
    name, body = command[1:end], command[end:]
    if name == b"ERROR":  # its body is a reason behind its length
        raise TransportError(f"it refuses us: {body[1:].decode('ascii', 'replace')}")
    return name, body


def _metadata(body: bytes) -> dict[bytes, bytes]:
    """The properties of a READY command, names in lower case."""
    properties = {}
    while body:
        name_end = 1 + body[0]
        value_start = name_end + 4
        if len(body) < value_start:
            raise TransportError("metadata cut short")
        value_end = value_start + int.from_bytes(body[name_end:value_start], "big")
        if len(body) < value_end:
            raise TransportError("metadata cut short")
        properties[body[1:name_end].lower()] = body[value_start:value_end]
        body = body[value_end:]
    return properties
