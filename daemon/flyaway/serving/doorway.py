"""Who has connected and not yet been heard: each can make libzmq hold a whole frame, so there are only so many."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Callable

import zmq

MOST_STRANGERS = 64
"""Enough for all clients of one user that start at once; with a frame each they hold 272 MiB."""

MOST_HEARD = 128
"""Of this computer's: far more than all its editors have, and with the strangers fewer than the 256 files that macOS gives a process."""

MOST_CONNECTIONS = 16
"""Of one guest: a client has one for each request, and may have no more than half as many of those."""


class Doorway:
    """Watches the connections of a ROUTER and hangs up on the longest waiting where too many wait.

    libzmq has no limit of its own for what comes before the login but that of all frames, nor for the number of
    connections; it says which descriptors it accepts, and from which each message came.

    Args:
        router: bound to a TCP port.
        port: which.
    """

    def __init__(self, router: zmq.Socket[bytes], port: int) -> None:
        self.events = router.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self.arrivals = 0
        self._router = router
        self._port = port
        self._strangers: dict[int, None] = {}  # descriptors in the order they came
        self._guests: dict[int, str] = {}  # whose connection each is that was heard
        self._heard: dict[int, bytes] = {}  # which peer each is; the longest silent first

    def look(self) -> None:
        """Take in who came and went."""
        with contextlib.suppress(zmq.Again):
            while True:
                event = self.events.recv_multipart(zmq.NOBLOCK)[0]
                number, descriptor = _parsed(event)
                self._strangers.pop(descriptor, None)
                self._guests.pop(descriptor, None)
                self._heard.pop(descriptor, None)
                if number == zmq.EVENT_ACCEPTED:
                    self.arrivals += 1
                    self._strangers[descriptor] = None
        while len(self._strangers) > MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            self._hang_up(oldest)

    def recognise(self, frame: zmq.Frame, guest: str = "", peer: bytes = b"") -> None:
        """Count who sent this no longer among the strangers: libzmq passes on nothing from before a login.

        Args:
            frame: of a message.
            guest: who that is, where guests are to be told apart.
            peer: how libzmq calls the connection.
        """
        self.look()  # that they came may not have been seen yet
        descriptor = int(frame.get(zmq.SRCFD))
        self._strangers.pop(descriptor, None)
        self._heard.pop(descriptor, None)
        self._heard[descriptor] = peer
        if guest:
            self._guests[descriptor] = guest
            self._bound(guest)

    @property
    def heard(self) -> list[bytes]:
        """The peers that are connected and were heard, the longest silent first."""
        return list(self._heard.values())

    def bound(self, is_busy: Callable[[bytes], bool]) -> None:
        """Hang up on the longest silent of those that were heard where there are too many, but for the busy."""
        excess = len(self._heard) - MOST_HEARD
        if excess <= 0:
            return
        idle = [descriptor for descriptor, peer in self._heard.items() if not is_busy(peer)]
        for descriptor in idle[:excess]:
            del self._heard[descriptor]
            self._hang_up(descriptor)

    def turn_out(self, guest: str) -> None:
        """Hang up on all connections of a guest."""
        for descriptor in [one for one, whose in self._guests.items() if whose == guest]:
            del self._guests[descriptor]
            self._hang_up(descriptor)

    @property
    def guests(self) -> set[str]:
        """Who is connected and was heard."""
        return set(self._guests.values())

    def close(self) -> None:
        """Watch no longer."""
        self._router.disable_monitor()

    def _bound(self, guest: str) -> None:
        """Hang up on a guest's oldest connections beyond the limit; each can make libzmq hold messages."""
        own = [descriptor for descriptor, whose in self._guests.items() if whose == guest]
        for descriptor in own[:-MOST_CONNECTIONS]:
            del self._guests[descriptor]
            self._hang_up(descriptor)

    def _hang_up(self, descriptor: int) -> None:
        """End a connection that libzmq holds; libzmq notices and closes it."""
        if os.name != "posix":
            return
        with (
            contextlib.suppress(OSError),  # closed meanwhile, or something else by now
            socket.socket(fileno=os.dup(descriptor)) as connected,
        ):
            if connected.getsockname()[1:2] == (self._port,):
                connected.shutdown(socket.SHUT_RDWR)


def _parsed(event: bytes) -> tuple[int, int]:
    """The number of an event and the descriptor it is about (zmq_socket_monitor(3))."""
    number, descriptor = struct.unpack("=Hi", event[:6])
    return number, descriptor
