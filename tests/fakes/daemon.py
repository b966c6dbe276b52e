"""A daemon that does what a test tells it to, on a real ROUTER with ZAP PLAIN, in a thread."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.sockets import Router

from flyaway_client import connection, messages, protocol
from flyaway_client.messages import Message, Strip
from flyaway_client.prompts import Box, Candidate

Part = Callable[["FakeDaemon", "Peer", Message], None]
"""What the fake does about one kind of message."""


Uploaded = (
    messages.ExtractRequest
    | messages.OpenSession
    | messages.RefineRequest
    | messages.AdjustRequest
    | messages.DrawRow
)


@dataclass
class Peer:
    """A connected client and what it has uploaded so far."""

    identity: bytes
    request: Uploaded | None = None
    parts: dict[str, bytearray] = field(default_factory=dict)


class FakeDaemon:
    """Speaks PROTOCOL.md rightly, except where `script` says otherwise.

    Args:
        folder: the home folder; the connection file is written there.
        script: message type -> what to do instead of the right thing.
        version: what its connection file says that it speaks.
    """

    def __init__(
        self,
        folder: Path,
        script: dict[str, Part] | None = None,
        version: tuple[int, ...] = protocol.VERSION,
    ) -> None:
        self.folder = folder
        self.script = script or {}
        self.received: list[Message] = []
        self._peers: dict[bytes, Peer] = {}
        self.is_over = threading.Event()
        """Set once it does not serve any more."""
        self._router = Router(secrets.token_hex(16))
        fresh = connection.ConnectionFile.create(self._router.bind(), version)
        self.file = dataclasses.replace(fresh, password=self._router.password)
        self.file.write(folder)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, peer: Peer, message: Message, payload: bytes | None = None) -> None:
        """Send a message, whatever it is."""
        self.send_raw(peer, messages.encode(message), *([] if payload is None else [payload]))

    def send_raw(self, peer: Peer, *frames: bytes) -> None:
        """Send frames, whatever they are."""
        self._router.socket.send_multipart([peer.identity, *frames])

    def hang_up(self, linger_ms: int = 0) -> None:
        """Close the socket, by default at once as a dying process would; only from within a script."""
        self.is_over.set()
        self._router.socket.close(linger_ms)

    def close(self) -> None:
        """Stop serving and take the connection file away."""
        self.is_over.set()
        self._thread.join(10)
        self._router.close()
        self.file.remove(self.folder)

    def _serve(self) -> None:
        while not self.is_over.is_set():
            if not self._router.socket.poll(20):
                continue
            identity, header, *payload = self._router.socket.recv_multipart()
            peer = self._peers.setdefault(identity, Peer(identity))
            message = messages.decode(header)
            self.received.append(message)
            if isinstance(message, Strip):
                peer.parts.setdefault(message.part, bytearray()).extend(payload[0])
            act = self.script.get(message.TYPE, DEFAULT_SCRIPT[message.TYPE])
            act(self, peer, message)


@contextlib.contextmanager
def running(
    folder: Path,
    script: dict[str, Part] | None = None,
    version: tuple[int, ...] = protocol.VERSION,
) -> Iterator[FakeDaemon]:
    """A fake daemon for the length of a with-block."""
    daemon = FakeDaemon(folder, script, version)
    try:
        yield daemon
    finally:
        daemon.close()


def ignore(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Do nothing at all."""


def greet(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Answer hello with the right proof."""
    assert isinstance(message, messages.Hello)
    proof = connection.proof(daemon.file.secret, message.nonce)
    daemon.send(peer, messages.HelloReply(protocol.VERSION, "fake 1.0", proof, 4711, 1_000_000))


def accept(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Say that the strips may come."""
    assert isinstance(message, Uploaded)
    peer.request, peer.parts = message, {}
    daemon.send(peer, messages.Ready(message.id))


def finish_when_complete(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Once all strips are there, give back the selection (or 255s) as alpha, and colours if wanted.

    A session is open then; masks to be refined or adjusted come back as they are.
    """
    if not is_complete(peer):
        return
    request = peer.request
    if isinstance(request, messages.OpenSession):
        daemon.send(peer, messages.SessionOpened(request.id, request.session, "fake"))
    elif isinstance(request, messages.DrawRow):
        _send_row(daemon, peer, request)
    elif isinstance(request, (messages.RefineRequest, messages.AdjustRequest)):
        daemon.send(peer, messages.ExtractResult(request.id, request.mask, "fake", "cpu", 0.25))
        send_part(daemon, peer, "alpha", bytes(peer.parts["mask"]))
    else:
        announce(daemon, peer)
        send_alpha(daemon, peer)
        send_foreground(daemon, peer)


def draw_row(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Say that a row's pixels may come; one of words alone is drawn at once."""
    assert isinstance(message, messages.DrawRow)
    if message.parts():
        accept(daemon, peer, message)
    else:
        peer.request = message
        _send_row(daemon, peer, message)


def _send_row(daemon: FakeDaemon, peer: Peer, request: messages.DrawRow) -> None:
    """A row two pixels wide, all of the alpha's first level; a line high for words, two for pictures."""
    header = messages.ImageHeader(2, 2 if request.parts() else 1, "rgb", "u8")
    daemon.send(peer, messages.DrawnRow(request.id, header))
    level = bytes(peer.parts["alpha"][:1]) if request.parts() else b"\0"
    send_part(daemon, peer, "row", level * header.bytes)


SOLVED = 77
"""What `solve` makes of a mask inside of what it is to solve."""


def solve(fake: FakeDaemon, peer: Peer, message: Message) -> None:
    """Once a patch is there, make the mask `SOLVED` where it is to be solved; a mask to be adjusted becomes all 9."""
    request = peer.request
    if not isinstance(request, (messages.RefineRequest, messages.AdjustRequest)):
        finish_when_complete(fake, peer, message)
    elif is_complete(peer):
        mask, inside = peer.parts["mask"], peer.parts.get("inside")
        alpha = bytes(9 for _ in mask) if inside is None else _solved(mask, inside)
        fake.send(peer, messages.ExtractResult(request.id, request.mask, "fake", "CPU", 0.2))
        send_part(fake, peer, "alpha", alpha)


def _solved(mask: bytearray, inside: bytearray) -> bytes:
    return bytes(SOLVED if place else level for level, place in zip(mask, inside, strict=True))


def is_complete(peer: Peer) -> bool:
    """Whether everything the request announced has come."""
    assert peer.request is not None
    sizes = {name: len(content) for name, content in peer.parts.items()}
    return sizes == peer.request.parts()


def announce(daemon: FakeDaemon, peer: Peer) -> None:
    """Send one progress message and the result's header."""
    assert isinstance(peer.request, messages.ExtractRequest)
    request = peer.request
    image = request.image
    alpha = messages.ImageHeader(image.width, image.height, "gray", request.output_dtype)
    daemon.send(peer, messages.Progress(request.id, "Thinking", 0.5))
    result = messages.ExtractResult(
        request.id, alpha, "fake", "cpu", 0.25, foreground=request.foreground
    )
    daemon.send(peer, result)


def send_alpha(daemon: FakeDaemon, peer: Peer) -> None:
    """Send the alpha's strips: the mask or selection where there is one of the right size, else 255s."""
    assert isinstance(peer.request, messages.ExtractRequest)
    image = peer.request.image
    size = image.pixels * messages.DTYPES[peer.request.output_dtype]
    selection = bytes(peer.parts.get("mask") or peer.parts.get("selection") or b"")
    alpha = selection if len(selection) == size else b"\xff" * size
    send_part(daemon, peer, "alpha", alpha)


def send_foreground(daemon: FakeDaemon, peer: Peer) -> None:
    """Send the colours' strips if they are wanted: bytes that count to 250, again and again."""
    assert isinstance(peer.request, messages.ExtractRequest)
    header = peer.request.foreground
    if header is not None:
        send_part(
            daemon,
            peer,
            "foreground",
            bytes(itertools.islice(itertools.cycle(range(251)), header.bytes)),
        )


def send_part(daemon: FakeDaemon, peer: Peer, part: str, content: bytes) -> None:
    """Send a part of the result in strips."""
    assert peer.request is not None
    for offset in range(0, len(content), protocol.STRIP_BYTES):
        piece = content[offset : offset + protocol.STRIP_BYTES]
        daemon.send(peer, Strip(peer.request.id, part, offset), piece)


def acknowledge_cancel(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Confirm that the work has stopped."""
    assert isinstance(message, messages.Cancel)
    daemon.send(peer, messages.ErrorReply(message.id, protocol.CANCELLED, "Cancelled."))


def forget_session(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Say that the session is closed."""
    assert isinstance(message, messages.CloseSession)
    daemon.send(peer, messages.SessionClosed(message.id))


def find_pointed(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Find a part and the whole where there is a prompt, in masks of two pixels."""
    assert isinstance(message, messages.PointRequest)
    if not message.prompts.have_subject:
        daemon.send(peer, messages.Pointed(message.id, message.session, "fake"))
        return
    found = tuple(
        Candidate(size, score, Box(0, 0, right, 1))
        for size, score, right in (("part", 0.5, 1), ("whole", 0.75, 3))
    )
    mask = messages.ImageHeader(2, 1, "gray", "u8")
    answer = messages.Pointed(message.id, message.session, "fake", found, mask)
    daemon.send(peer, answer, b"abcd")


def describe_selection(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Take every selection for an outline."""
    assert isinstance(message, messages.DescribeRequest)
    daemon.send(peer, messages.Description(message.id, "outline", "Outline, edge up to 7 px", 7))


def tell_status(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Answer status."""
    assert isinstance(message, messages.StatusRequest)
    reply = messages.StatusReply(
        id=message.id,
        daemon="fake 1.0",
        pid=4711,
        uptime_s=1.5,
        warm=("fake",),
        running=0,
        queued=0,
        done=3,
        rss_bytes=1000,
    )
    daemon.send(peer, reply)


def tell_engines(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Answer engines with one that is installed."""
    offer(messages.EngineInfo("fake", "Fake", "tests", (), True, 0, "Apache-2.0", ""))(
        daemon, peer, message
    )


def offer(*engines: messages.EngineInfo) -> Part:
    """An answer to engines."""

    def act(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, messages.EnginesRequest)
        daemon.send(peer, messages.EnginesReply(message.id, engines))

    return act


def fetch_weights(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Say that the weights are on their way, then that they are here."""
    assert isinstance(message, messages.DownloadRequest)
    daemon.send(peer, messages.Progress(message.id, "Downloading", 0.5))
    daemon.send(peer, messages.DownloadReply(message.id, message.engine))


def offer_missing(
    missing: messages.EngineInfo, proceed: threading.Event, *others: messages.EngineInfo
) -> dict[str, Part]:
    """What a daemon does that has the engine `missing` once it was downloaded.

    Args:
        missing: not installed.
        proceed: the download stands at one half until it is set.
        others: further engines, offered before it.
    """
    is_here = threading.Event()

    def list_engines(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        offer(*others, dataclasses.replace(missing, installed=is_here.is_set()))(
            daemon, peer, message
        )

    def fetch(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, messages.DownloadRequest)
        daemon.send(peer, messages.Progress(message.id, "Downloading", 0.5))
        while not proceed.wait(0.05):
            if daemon.is_over.is_set():  # the test is, and nobody waits for it any more
                return
        is_here.set()
        daemon.send(peer, messages.DownloadReply(message.id, message.engine))

    return {"engines": list_engines, "download": fetch}


def use_remote(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Agree to have work done wherever that is wanted."""
    assert isinstance(message, messages.UseRemote)
    daemon.send(peer, messages.RemoteUsed(message.id, message.name))


def lose_remote(sentence: str) -> dict[str, Part]:
    """What a daemon does whose other computer is lost, until it is told to do the work itself."""
    is_here = threading.Event()

    def take(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        if is_here.is_set():
            accept(daemon, peer, message)
        else:
            refuse(protocol.REMOTE_LOST, sentence)(daemon, peer, message)

    def use(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        is_here.set()
        use_remote(daemon, peer, message)

    def find(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        if is_here.is_set():
            find_pointed(daemon, peer, message)
        else:
            refuse(protocol.REMOTE_LOST, sentence)(daemon, peer, message)

    sent = dict.fromkeys(("extract", "open-session", "refine"), take)
    return {**sent, "point": find, "use-remote": use}


def agree_to_shutdown(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    """Agree to exit, and hang up once the answer is on its way."""
    assert isinstance(message, messages.Shutdown)
    daemon.send(peer, messages.ShutdownReply(message.id))
    daemon.hang_up(linger_ms=1000)


def refuse(code: str, sentence: str) -> Part:
    """An answer that says no."""

    def act(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        daemon.send(peer, messages.ErrorReply(getattr(message, "id", ""), code, sentence))

    return act


DEFAULT_SCRIPT: dict[str, Part] = {
    "hello": greet,
    "extract": accept,
    "draw-row": draw_row,
    "open-session": accept,
    "refine": accept,
    "adjust": accept,
    "close-session": forget_session,
    "point": find_pointed,
    "strip": finish_when_complete,
    "describe": describe_selection,
    "cancel": acknowledge_cancel,
    "status": tell_status,
    "engines": tell_engines,
    "download": fetch_weights,
    "use-remote": use_remote,
    "shutdown": agree_to_shutdown,
}
