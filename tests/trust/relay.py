"""A door between a client and its daemon that counts the messages which pass, and can do something at one of them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

_GREETING_BYTES = 64
_MORE, _LONG, _COMMAND = 1, 2, 4
"""Flags of ZMTP frames (rfc.zeromq.org 37)."""

OnMoment = Callable[[Sequence[str]], None]
"""Told of each moment, the last of those that have passed, in the thread of its message, which goes on after that."""


class Relay:
    """Listens on loopback and passes all on to a daemon and back; a moment is before or after a message passes.

    Greetings and commands, which are no messages, are not counted. Used as a context manager.

    Args:
        daemon: the address that it passes on to, "tcp://127.0.0.1:PORT".
    """

    def __init__(self, daemon: str) -> None:
        self._daemon = int(daemon.rpartition(":")[2])
        self._lock = threading.Lock()
        self._moments: list[str] = []
        self._on_moment: OnMoment = lambda passed: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def count_anew(self, on_moment: OnMoment) -> None:
        """Forget what has passed; from now on tell of each moment."""
        with self._lock:
            self._moments, self._on_moment = [], on_moment

    @property
    def moments(self) -> list[str]:
        """Those since then, such as "before extract" and "after progress"."""
        with self._lock:
            return list(self._moments)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                threading.Thread(
                    target=self._serve, args=(self._listener.accept()[0],), daemon=True
                ).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            daemon = socket.create_connection(("127.0.0.1", self._daemon))
            with daemon:
                for end in (client, daemon):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                back = threading.Thread(target=self._pass, args=(daemon, client), daemon=True)
                back.start()
                self._pass(client, daemon)
                back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        """Pass on what comes until one side hangs up, then have the other hang up, too."""
        with contextlib.suppress(OSError):
            left = _GREETING_BYTES  # it comes in pieces, each of which the other side waits for
            while left and (piece := source.recv(left)):
                target.sendall(piece)
                left -= len(piece)
            for name, content in _messages(source):
                if name:
                    self._tell(f"before {name}")
                target.sendall(content)
                if name:
                    self._tell(f"after {name}")
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _tell(self, name: str) -> None:
        """One moment after the other: of two connections, one waits."""
        with self._lock:
            self._moments.append(name)
            self._on_moment(self._moments)


def _messages(source: socket.socket) -> Iterator[tuple[str, bytes]]:
    """What each message is called by its header, and its bytes; commands have no name. Ends where the other side does."""
    stream = source.makefile("rb")
    whole, name = b"", ""
    while head := stream.read(1):
        flags, size = head[0], stream.read(8 if head[0] & _LONG else 1)
        body = stream.read(int.from_bytes(size, "big"))
        if not whole and not flags & _COMMAND:
            name = json.loads(body)["type"]
        whole += head + size + body
        if not flags & _MORE:
            yield name, whole
            whole, name = b"", ""
