"""Servers for the client to meet: a real ROUTER with ZAP PLAIN, and one that sends any bytes at all."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import zmq
import zmq.auth.thread

from flyaway_client import connection, protocol

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"PLAIN".ljust(20, b"\0") + b"\x01" + bytes(31)
WELCOME = b"\x04\x08\x07WELCOME"
READY = b"\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER\x08Identity\x00\x00\x00\x00"
HANDSHAKE = GREETING + WELCOME + READY
"""What a ROUTER sends until messages may flow."""

Act = Callable[[socket.socket], None]


class Router:
    """A ROUTER on a random loopback port that asks for a password."""

    def __init__(self, password: str = "open sesame") -> None:
        self.password = password
        self._context = zmq.Context()
        self.socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.plain_server = True
        self.socket.zap_domain = protocol.ZAP_DOMAIN.encode()
        self.socket.maxmsgsize = protocol.MAX_FRAME_BYTES
        self._guard = zmq.auth.thread.ThreadAuthenticator(self._context)
        self._guard.start()
        self._guard.configure_plain(
            domain=protocol.ZAP_DOMAIN, passwords={connection.USERNAME: password}
        )

    def bind(self) -> str:
        """Listen; the address."""
        return f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"

    def close(self) -> None:
        """Stop listening and end the guard's thread."""
        self.socket.close(linger=0)
        self._guard.stop()
        self._context.term()


@contextlib.contextmanager
def raw_server(act: Act) -> Iterator[str]:
    """A TCP server that does `act` with each connection, one after the other; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError):  # the client may hang up in the middle of it
                accepted, _ = listener.accept()
                with accepted:
                    accepted.settimeout(10)
                    if not is_over.is_set():
                        act(accepted)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        is_over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname(), 1).close()  # ends a waiting accept
        thread.join(10)
        listener.close()


def say(stream: bytes) -> Act:
    """Send these bytes, then no more; what the client sends is read, else closing would reset."""

    def act(client: socket.socket) -> None:
        client.sendall(stream)
        client.shutdown(socket.SHUT_WR)
        wait_for_hangup(client)

    return act


def wait_for_hangup(connected: socket.socket) -> None:
    """Read and throw away until the client closes."""
    while connected.recv(1 << 20):
        pass
