"""The package indexes that uv asks, played by this machine: a proxy that answers for every host itself, over TLS.

uv has the addresses of torch's builds built in, so nothing less shows which of them it chooses.
"""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(
    folder: Path, name: str, version: str, files: dict[str, str] | None = None, needs: str = ""
) -> Path:
    """A package without code but `files`, for every system; `needs` names another one."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = {
        **(files or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(text)},{len(text)}\n" for path, text in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
    return wheel


class Index:
    """What the indexes hold, and what was asked of them.

    Attributes:
        wheels: the wheels of the usual index.
        builds: name of a torch build -> its wheels.
        pages: path -> what else lies there.
        asked: every path so far.
        address: of the proxy.
        authority: the file with the certificate to trust.
    """

    def __init__(self, folder: Path) -> None:
        self.wheels: list[Path] = []
        self.builds: dict[str, list[Path]] = {}
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.address = ""
        self.authority = folder / "authority.pem"
        self._folder = folder
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        _certify(self.authority, "authority", "-addext", "basicConstraints=critical,CA:TRUE")

    def context(self, host: str) -> ssl.SSLContext:
        """What speaks TLS as `host`."""
        with self._lock:
            if host not in self._contexts:
                pem = self._folder / f"{host}.pem"
                signed = ("-CA", str(self.authority), "-CAkey", str(self.authority))
                _certify(pem, host, *signed, "-addext", f"subjectAltName=DNS:{host}")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(pem)
                self._contexts[host] = context
            return self._contexts[host]

    def answer(self, path: str) -> bytes | None:
        """What lies at a path of any host; None for nothing."""
        self.asked.append(path)
        if path in self.pages:
            return self.pages[path]
        listing = re.fullmatch(r"(?:/whl/([^/]+)|/simple)/([^/]+)/", path)
        if listing:
            build, name = listing.groups()
            found = self.builds.get(build, []) if build else self.wheels
            stem = f"{name.replace('-', '_')}-"
            links = [wheel.name for wheel in found if wheel.name.startswith(stem)]
            page = "".join(f'<a href="/files/{link}">{link}</a>' for link in links)
            return page.encode() if links else None
        every = [*self.wheels, *(wheel for wheels in self.builds.values() for wheel in wheels)]
        name = path.removeprefix("/files/").replace("%2B", "+")
        return next((wheel.read_bytes() for wheel in every if wheel.name == name), None)


@contextmanager
def serve(folder: Path) -> Iterator[Index]:
    """Running indexes that hold nothing yet, stopped at the end."""
    index = Index(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            context = index.context(self.path.split(":")[0])
            self.close_connection = True
            with (
                suppress(OSError),  # whoever asks may be killed by a test
                context.wrap_socket(self.connection, server_side=True) as secured,
            ):
                type(self)(secured, self.client_address, self.server)

        def do_HEAD(self) -> None:
            self._answer(with_content=False)

        def do_GET(self) -> None:
            self._answer(with_content=True)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self, with_content: bool) -> None:
            content = index.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if with_content and content:
                self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        index.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()


def _certify(pem: Path, name: str, *options: str) -> None:
    """Put a key and its certificate into one file."""
    settings, key = pem.with_suffix(".cnf"), pem.with_suffix(".key")
    settings.write_text("[req]\ndistinguished_name = name\n[name]\n")  # no extensions of its own
    command = ["openssl", "req", "-x509", "-config", str(settings), "-subj", f"/CN={name}"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-keyout", str(key), "-out", str(pem)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + key.read_bytes())


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
