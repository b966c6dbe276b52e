"""A real server on real sockets whose work a test decides, and peers that speak to it frame by frame."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from flyaway.config import Settings
from flyaway.engines.contract import (
    AnyEngine,
    Engine,
    Extraction,
    Inputs,
    Report,
    silent,
)
from flyaway.extraction.keeper import Keeper
from flyaway.extraction.pipeline import Outcome
from flyaway.images.arrays import UNKNOWN, Image
from flyaway.images.rectangles import Window
from flyaway.remote.workplace import Workplace
from flyaway.serving.encrypted_door import Listening
from flyaway.serving.engine_service import EngineService
from flyaway.serving.server import Server
from flyaway.serving.tasks import EngineTask, ExtractionTask
from flyaway.serving.transport import Transport
from flyaway.serving.work_queue import Station
from flyaway_client import connection, messages, protocol
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.messages import ExtractRequest, ImageHeader, Message

PATIENCE_S = 30.0
"""How long a test waits for what must come; only a failing test waits this long."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class MadeUpEngine(Engine[Image]):
    """Finds alpha one half wherever a trimap does not say it; loaded in no time, works nowhere."""

    device = "test bench"

    def encode(self, image: Image, report: Report = silent) -> Image:
        return image

    def solve(
        self,
        features: Image,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        alpha = np.full(features.shape[:2], 0.5, np.float32)
        if inputs.trimap is not None:
            known = inputs.trimap != UNKNOWN
            alpha[known] = inputs.trimap[known] / 255
        return Extraction(alpha if window is None else np.ascontiguousarray(alpha[window]))


def copy_selection(task: ExtractionTask) -> Outcome:
    """Work that answers at once: the selection, or the image's first channel, is the alpha."""
    image = task.request.image
    part = task.parts.get("selection")
    if part is not None:
        alpha = np.frombuffer(part, np.uint8).reshape(image.height, image.width)
    else:
        pixels = np.frombuffer(task.parts["image"], np.uint8)
        alpha = np.ascontiguousarray(pixels.reshape(image.height, image.width, -1)[..., 0])
    return Outcome(alpha, "copy", "test bench", ("A note.",))


@dataclass
class Gate:
    """Work that waits in a task until it is let through, reporting like an engine all the while."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ids: list[str] = field(default_factory=list)

    def __call__(self, task: ExtractionTask) -> Outcome:
        self.ids.append(task.request.id)
        self.begun.release()
        try:
            while not self.opened.wait(0.01):
                task.report("Solving", 0.5)
            return copy_selection(task)
        finally:
            self.ended.release()

    def wait_until_begun(self) -> None:
        """Return when one more task is being worked on."""
        assert self.begun.acquire(timeout=PATIENCE_S)

    def wait_until_ended(self) -> None:
        """Return when one more task's work is over, however it ended."""
        assert self.ended.acquire(timeout=PATIENCE_S)


@dataclass
class Loading:
    """A keeper's loader that a test decides."""

    engine: Callable[[str], AnyEngine] = lambda name: MadeUpEngine()
    sizes: dict[str, int] = field(default_factory=dict)
    free: int = 1 << 40
    releases: int = 0

    def load(self, name: str, is_last_try: bool = False) -> AnyEngine:
        return self.engine(name)

    def needed_bytes(self, name: str) -> int:
        return self.sizes.get(name, 0)

    def free_bytes(self) -> int:
        return self.free

    def release(self) -> None:
        self.releases += 1


class Peer:
    """A client that sends exactly the frames it is told to: a DEALER of libzmq."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], address: str, password: str | None
    ) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        if password is not None:
            self.socket.plain_username = connection.USERNAME.encode()
            self.socket.plain_password = password.encode()
            self.socket.zap_domain = protocol.ZAP_DOMAIN.encode()
        self.socket.connect(address)

    def close(self) -> None:
        """Hang up, with everything that was sent still on its way."""
        self.socket.close(linger=1000)

    def send(self, message: Message | dict[str, Any] | bytes, *payload: bytes) -> None:
        """Send a header, as a record, a dict or raw bytes, and payload frames."""
        if isinstance(message, Message):
            message = messages.encode(message)
        elif isinstance(message, dict):
            message = json.dumps(message).encode()
        self.socket.send_multipart([message, *payload])

    def offer(self, message: Message) -> None:
        """Send a header if the daemon has not hung up on this stranger already: then nothing can be sent."""
        with contextlib.suppress(zmq.Again):
            self.socket.send(messages.encode(message), zmq.NOBLOCK)

    def receive(self) -> tuple[Message, bytes]:
        """The next message, whatever it is, and its payload (b"" if it has none)."""
        assert self.socket.poll(round(PATIENCE_S * 1000)), "the daemon does not answer"
        header, *payload = self.socket.recv_multipart()
        return messages.decode(header), b"".join(payload)

    def answer(self) -> Message:
        """The next message that is no progress."""
        while isinstance(message := self.receive()[0], messages.Progress):
            pass
        return message

    def refusal(self) -> messages.ErrorReply:
        """The next message that is no progress, which must be an error."""
        message = self.answer()
        assert isinstance(message, messages.ErrorReply), message
        return message

    def hello(self, language: str = "") -> messages.HelloReply:
        """Say hello, and which language is read here; give the answer."""
        self.send(messages.Hello(protocol.VERSION, "a test", "00" * 32, language))
        reply = self.answer()
        assert isinstance(reply, messages.HelloReply), reply
        return reply

    def status(self) -> messages.StatusReply:
        """Ask for the status and give the answer."""
        self.send(messages.StatusRequest("status"))
        reply = self.answer()
        assert isinstance(reply, messages.StatusReply), reply
        return reply

    def begin(self, request: ExtractRequest) -> None:
        """Send a request's header, which must be accepted."""
        self.send(request)
        assert self.answer() == messages.Ready(request.id)

    def upload(self, request: ExtractRequest) -> None:
        """Send a request with all its pixels, all of them 7, each part in one strip."""
        self.begin(request)
        for part, size in request.parts().items():
            self.send(messages.Strip(request.id, part, 0), b"\x07" * size)

    def alpha(self, request: ExtractRequest) -> bytes:
        """Receive the result of a request and all its strips."""
        result = self.answer()
        assert isinstance(result, messages.ExtractResult), result
        assert result.id == request.id
        content = bytearray()
        while len(content) < result.alpha.bytes:
            strip, payload = self.receive()
            assert strip == messages.Strip(request.id, "alpha", len(content))
            content += payload
        return bytes(content)


class Daemon:
    """A server running in a thread, and peers that are connected to it."""

    def __init__(self, server: Server, file: ConnectionFile, far_address: str = "") -> None:
        self.server = server
        self.file = file
        self.far_address = far_address
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._peers: list[Peer] = []
        self._thread = threading.Thread(target=server.run)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.file.address.rpartition(":")[2])

    def peer(self) -> Peer:
        """A peer that knows the password and has not said hello."""
        return self.stranger(self.file.password)

    def stranger(self, password: str | None) -> Peer:
        """A peer with a password of its own, or one that offers no login at all."""
        self._peers.append(Peer(self._context, self.file.address, password))
        return self._peers[-1]

    def join(self) -> None:
        """Wait for the server to end by itself."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def end(self) -> None:
        """Stop the server and hang up all peers."""
        self.server.stop()
        self.peer().send(messages.Shutdown("end"))  # wakes it
        self.join()
        self._context.destroy(linger=0)


@contextmanager
def serving(
    work: Callable[[ExtractionTask], Outcome] = copy_selection,
    settings: Settings | None = None,
    clock: Callable[[], float] = time.monotonic,
    keeper: Keeper | None = None,
    engines: EngineService | None = None,
    listening: Listening | None = None,
    workplace: Workplace | None = None,
) -> Iterator[Daemon]:
    """A running daemon for the length of a `with`; it does `work`, or what `engines` makes of it.

    It serves other computers where it is `listening`, and sends work to that of `workplace`.
    """
    settings = settings or Settings()
    transport = Transport(listening)
    engines = engines or _WithoutEngines(settings, work, keeper)
    server = Server(settings, engines, transport, clock, workplace=workplace)
    daemon = Daemon(server, transport.connection_file, transport.far_address)
    try:
        yield daemon
    finally:
        daemon.end()


def request(id: str = "r", width: int = 4, height: int = 3, **changes: Any) -> ExtractRequest:
    """A small request: RGB and a hard selection, both 8 bits."""
    fields: dict[str, Any] = {
        "image": ImageHeader(width, height, "rgb", "u8"),
        "selection": ImageHeader(width, height, "gray", "u8"),
    }
    return ExtractRequest(id, **(fields | changes))


def wait_until(is_so: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Return when something has come true."""
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.01)


class _WithoutEngines(EngineService):
    """The real choice of engines, but a test's own work; loads none."""

    def __init__(
        self,
        settings: Settings,
        work: Callable[[ExtractionTask], Outcome],
        keeper: Keeper | None,
    ) -> None:
        super().__init__(settings)
        self._work = work
        self._keeper = keeper or self._keeper

    @property
    def extraction_stations(self) -> tuple[Station[EngineTask], ...]:
        return (Station("worker", "Preparing", self._do),)

    def _do(self, task: EngineTask) -> None:
        assert isinstance(task, ExtractionTask)
        task.outcome = self._work(task)


def connect(daemon: Daemon, home: Path) -> Client:
    """A client of the library that finds this daemon by its file."""
    daemon.file.write(home)
    return Client.connect("a test", start=False)
