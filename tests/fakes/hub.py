"""A small model hub on a loopback port: speaks the part of the hub's protocol that a download uses.

Files are made up; `faults` makes it break off, refuse or send something else, once or always.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"

_PATIENCE_S = 30.0


@dataclass
class Hub:
    """What the hub holds and how it misbehaves.

    Attributes:
        files: "owner/name/path" -> content.
        break_after: bytes after which the next GET breaks off; 0 never.
        stall_after: bytes after which the next GET waits for `go_on`; 0 never.
        pause_s: how long each GET waits in the middle of what it sends: so long a download can be seen.
        silent_to: methods of requests that wait for `go_on` before they are answered.
        go_on: lets what waits send the rest.
        refusals: "owner/name" -> (status, the hub's error code).
        swapped: "owner/name/path" -> content sent instead of the recorded one.
        requests: every request line so far, with its Range.
    """

    endpoint: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    break_after: int = 0
    stall_after: int = 0
    pause_s: float = 0.0
    silent_to: frozenset[str] = frozenset()
    go_on: threading.Event = field(default_factory=threading.Event)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    swapped: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: some tests do."""


@contextmanager
def serve() -> Iterator[Hub]:
    """A running hub, stopped at the end."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_content=False)

        def do_GET(self) -> None:
            self._answer(with_content=True)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self, with_content: bool) -> None:
            hub.requests.append(f"{self.command} {self.path} {self.headers.get('Range', '')}")
            assert self.command not in hub.silent_to or hub.go_on.wait(_PATIENCE_S)
            match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
            if match is None:
                return self._refuse(404, "")
            repository, _, path = match.groups()
            if repository in hub.refusals:
                return self._refuse(*hub.refusals[repository])
            recorded = hub.files.get(f"{repository}/{path}")
            if recorded is None:
                return self._refuse(404, "EntryNotFound")
            sent = hub.swapped.get(f"{repository}/{path}", recorded)
            start = int((re.findall(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0])[0])
            digest = hashlib.sha256(recorded).hexdigest()
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{digest}"')
            self.send_header("X-Linked-Etag", f'"{digest}"')
            self.send_header("X-Linked-Size", str(len(recorded)))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(sent) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(sent) - 1}/{len(sent)}")
            self.end_headers()
            if with_content:
                self._send(sent[start:])

        def _send(self, content: bytes) -> None:
            first, hub.stall_after = hub.stall_after, 0
            if first:
                self.wfile.write(content[:first])
                assert hub.go_on.wait(_PATIENCE_S)
                content = content[first:]
            if hub.pause_s:
                half = len(content) // 2
                self.wfile.write(content[:half])
                time.sleep(hub.pause_s)
                content = content[half:]
            limit, hub.break_after = hub.break_after, 0
            self.wfile.write(content[: limit or len(content)])
            if limit:
                self.close_connection = True
                self.connection.close()

        def _refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = _Server(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()  # threads that still wait would outlive the test
        server.shutdown()
        server.server_close()
        thread.join()
