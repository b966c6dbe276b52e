"""A line between two computers on one: of limited speed, and it can be cut or fall silent.

As a program, `python -m tests.fakes.paced_line HOST:PORT BYTES_S`, it prints where it listens, and ends with its standard input.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time


class PacedLine:
    """A line of limited speed between a laptop and a studio on one computer, which can be cut or fall silent.

    Args:
        address: host:port of the studio.
        bytes_s: how much goes each way in a second; None for as much as can.
    """

    _CHUNK_BYTES = 64 * 1024
    _LATE_S = 0.004
    """What a sleep that lasts too long may make good: a real line loses nothing by it."""

    def __init__(self, address: str, bytes_s: float | None = None) -> None:
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self._bytes_s = bytes_s
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.carried = {"up": 0, "down": 0}
        self._open: list[socket.socket] = []
        self._free_s = {"up": 0.0, "down": 0.0}
        self._pacing = threading.Lock()
        self._is_silent = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> PacedLine:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing wakes nobody
        self._thread.join()
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break all connections; new ones may come as long as the line is there."""
        for connected in self._open:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
            connected.close()
        self._open.clear()

    def fall_silent(self) -> None:
        """Carry nothing any more, without a word, as a pulled cable does."""
        self._is_silent.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target)
            except OSError:  # the studio is not there, as yet
                near.close()
                continue
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
            self._open += [near, far]
            for source, target, way in ((near, far, "up"), (far, near, "down")):
                threading.Thread(
                    target=self._carry, args=(source, target, way), daemon=True
                ).start()

    def _carry(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(self._CHUNK_BYTES):
                if self._is_silent.is_set():
                    continue
                self._wait(len(content), way)
                target.sendall(content)
                self.carried[way] += len(content)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _wait(self, size: int, way: str) -> None:
        """Take the time that so many bytes need; all connections share the line."""
        if self._bytes_s is None:
            return
        with self._pacing:
            now_s = time.perf_counter()
            self._free_s[way] = max(self._free_s[way], now_s - self._LATE_S) + size / self._bytes_s
            wait_s = self._free_s[way] - now_s
        if wait_s > 0.002:  # shorter sleeps are not kept
            time.sleep(wait_s)


def main() -> None:
    """Be a line until nobody needs it."""
    address, bytes_s = sys.argv[1:]
    with PacedLine(address, float(bytes_s)) as line:
        sys.stdout.write(f"{line.address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
