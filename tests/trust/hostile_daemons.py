"""A daemon that proves itself and then says almost the right thing, and our client that must bear it."""

from __future__ import annotations

import contextlib
import json
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.daemon import FakeDaemon, Part, Peer, finish_when_complete
from tests.trust import grammar, mutants

from flyaway_client import messages, protocol
from flyaway_client.client import Client
from flyaway_client.errors import ClientError
from flyaway_client.messages import Message


class LyingDaemon(FakeDaemon):
    """Changes some of what it sends; behind each change comes a refusal, so that no client waits for the rest."""

    def __init__(self, folder: Path) -> None:
        self.chance = random.Random(0)
        self.sent: Counter[str] = Counter()
        self.lies = 0
        self._answered_id = ""
        script: dict[str, Part] = {"shutdown": self._refuse_to_end, "strip": self._take_strip}
        super().__init__(folder, script)

    def send_raw(self, peer: Peer, *frames: bytes) -> None:
        """Send frames, or something like them."""
        header = json.loads(frames[0])
        self.sent[header["type"]] += 1
        lies = 0.1 if header["type"] == messages.HelloReply.TYPE else 0.4
        if self.chance.random() >= lies:
            super().send_raw(peer, *frames)
            return
        self.lies += 1
        super().send_raw(peer, *self._changed(header, frames))
        sentence = messages.ErrorReply(header.get("id", ""), protocol.INTERNAL, "That is all.")
        super().send_raw(peer, messages.encode(sentence))

    def _changed(self, header: dict[str, Any], frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
        chance = self.chance
        if len(frames) > 1 and chance.random() < 0.4:
            return (frames[0], *mutants.payload_instead(frames[1], chance))
        if chance.random() < 0.3:
            other = grammar.small(chance.choice(grammar.EXAMPLES), header.get("id") or "r")
            payload = grammar.payload_of(messages.decode(json.dumps(other).encode()))
            self.sent[other["type"]] += 1
            frame = json.dumps(other).encode()
            if chance.random() < 0.5:
                frame = mutants.changed(other, chance)
            return (frame, *([] if payload is None else [payload]), *frames[1:])[:3]
        return (mutants.changed(header, chance), *frames[1:])

    def _refuse_to_end(self, daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, messages.Shutdown)
        self.send(peer, messages.ErrorReply(message.id, protocol.INTERNAL, "Not now."))

    def _take_strip(self, daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        """Take what is expected; one of a request before may still be on its way."""
        if peer.request is not None:
            finish_when_complete(daemon, peer, message)


@dataclass
class Ordeal:
    """What our client was told so far, and what it made of it."""

    daemon: LyingDaemon
    seed: int
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def messages(self) -> int:
        """How many messages the daemon has sent."""
        return self.daemon.sent.total()

    def go_on(self, most: int, until_s: float) -> None:
        """Ask until so many messages have come, or `time.monotonic()` is past `until_s`."""
        while self.messages < most and time.monotonic() < until_s and len(self.failures) < 20:
            chance = random.Random(f"{self.seed}/{self.requests}")
            self.daemon.chance = random.Random(f"{self.seed}/{self.requests}/daemon")
            self.daemon.received.clear()
            self.daemon._peers.clear()
            self.requests += 1
            self.outcomes[self._ask(chance)] += 1

    def _ask(self, chance: random.Random) -> str:
        """Ask for one thing: "an answer", or the name of the error."""
        try:
            with Client.connect("ordeal", start=False, timeout_s=5) as client:
                chance.choice(_questions(client))()
        except ClientError as error:
            if not error.message or len(error.message) > 3000:
                self.failures.append(f"request {self.requests}: no sentence: {error.message[:200]}")
            return type(error).__name__
        except Exception:  # noqa: BLE001  (it is what this looks for)
            self.failures.append(f"request {self.requests}: {traceback.format_exc()[-3000:]}")
            return "a failure"
        return "an answer"


def _questions(client: Client) -> list[Callable[[], object]]:
    """Everything that can be asked, as PROTOCOL.md shows it."""
    asked: list[Callable[[], object]] = [client.status, client.engines, client.shutdown]
    asked += [lambda: client.download("fake"), lambda: client.close_session("one session")]
    for example in grammar.EXAMPLES:
        asked += _question(
            client, messages.decode(json.dumps(grammar.small(example, "r")).encode())
        )
    return asked


def _question(client: Client, message: Message) -> list[Callable[[], object]]:
    parts = grammar.pixels_of(message)
    if isinstance(message, messages.ExtractRequest):
        return [lambda: client.extract(message, parts, on_preview=_look)]
    if isinstance(message, messages.OpenSession):
        return [lambda: client.open_session(message, parts)]
    if isinstance(message, messages.RefineRequest):
        return [lambda: client.refine(message, parts, on_preview=_look)]
    if isinstance(message, messages.AdjustRequest):
        return [lambda: client.adjust(message, parts)]
    if isinstance(message, messages.DrawRow):
        return [lambda: client.draw_row(message, parts)]
    if isinstance(message, messages.PointRequest):
        return [lambda: client.point(message)]
    if isinstance(message, messages.DescribeRequest):
        return [lambda: client.describe(message, grammar.payload_of(message) or b"")]
    return []


def _look(preview: messages.Preview, pixels: bytes) -> None:
    assert preview.image.bytes == len(pixels)


@contextlib.contextmanager
def lying_daemon(home: Path) -> Iterator[LyingDaemon]:
    """Such a daemon for the length of a `with`; `FLYAWAY_HOME` must be `home`."""
    daemon = LyingDaemon(home)
    try:
        yield daemon
    finally:
        daemon.close()
