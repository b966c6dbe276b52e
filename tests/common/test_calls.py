"""calls.py: what the plugins ask, each call with a connection of its own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.fakes import daemon

from flyaway_client import calls, miniature, request, texts
from flyaway_client.adjustments import Adjustments
from flyaway_client.errors import CancelledError, DaemonUnreachableError
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import (
    AdjustRequest,
    Description,
    ExtractRequest,
    ExtractResult,
    ImageHeader,
    Message,
    Preview,
    Progress,
)
from flyaway_client.miniature import Miniature
from flyaway_client.options import Options

IMAGE = Picture(ImageHeader(2, 1, "rgba", "u8"), bytes(8))


def test_extracts_and_reports_from_the_first_moment_on(home: Path) -> None:
    asked, parts = request.build(LayerPixels(IMAGE, selection_u8=b"\7\x09"), Options(), "u8")
    heard: list[Progress] = []
    with daemon.running(home) as fake:
        extracted = calls.extract("test 1", asked, parts, heard.append)
        assert extracted.alpha == b"\7\x09"
        assert asked in fake.received
    assert heard[0] == Progress(asked.id, texts.STARTING, 0.0)
    assert heard[-1].stage == "Thinking"


def test_hands_on_early_results(home: Path) -> None:
    asked, parts = request.build(LayerPixels(IMAGE), Options(), "u8")
    seen: list[bytes] = []

    def answer(fake: daemon.FakeDaemon, peer: daemon.Peer, message: Message) -> None:
        fake.send(peer, Preview(asked.id, ImageHeader(2, 1, "gray", "u8")), b"ab")
        daemon.finish_when_complete(fake, peer, message)

    with daemon.running(home, {"strip": answer}):
        calls.extract(
            "test 1", asked, parts, lambda _: None, on_preview=lambda _, pixels: seen.append(pixels)
        )
    assert seen == [b"ab"]


def test_asks_what_a_selection_would_be_taken_for(home: Path) -> None:
    small = Miniature(40, 20, ImageHeader(2, 1, "gray", "u8"), b"ab", b"cd")
    asked, pixels = miniature.request(small, Options())
    with daemon.running(home) as fake:
        told = calls.describe("test 1", asked, pixels, lambda _: None, threading.Event().is_set)
        assert asked in fake.received
    assert told == Description(asked.id, "outline", "Outline, edge up to 7 px", 7)


def test_an_extraction_stops_when_asked_to(home: Path) -> None:
    asked, parts = request.build(LayerPixels(IMAGE), Options(), "u8")
    with daemon.running(home, {"strip": daemon.ignore}), pytest.raises(CancelledError):
        calls.extract("test 1", asked, parts, lambda _: None, lambda: True)


def test_adjusts_a_mask(home: Path) -> None:
    mask = Picture(ImageHeader(2, 1, "gray", "u8"), b"ab")

    def answer(fake: daemon.FakeDaemon, peer: daemon.Peer, message: Message) -> None:
        asked = peer.request
        assert isinstance(asked, AdjustRequest)
        assert not asked.adjustments.are_neutral
        fake.send(peer, ExtractResult(asked.id, asked.mask, "none", "", 0.1))
        daemon.send_part(fake, peer, "alpha", bytes(peer.parts["mask"][::-1]))

    with daemon.running(home, {"strip": answer}):
        assert calls.adjust("test 1", mask, Adjustments(contrast=20)) == b"ba"


def test_finds_the_colours_under_a_mask(home: Path) -> None:
    mask = Picture(ImageHeader(2, 1, "gray", "u8"), b"ab")
    with daemon.running(home) as fake:
        extracted = calls.decontaminate(
            "test 1", LayerPixels(IMAGE, mask=mask), 0.5, lambda _: None
        )
        (asked,) = (one for one in fake.received if isinstance(one, ExtractRequest))
    assert (asked.colours_alone, asked.foreground_amount) == (True, 0.5)
    assert extracted.foreground is not None


def test_fetches_the_engines_of_a_daemon_that_runs(home: Path) -> None:
    with daemon.running(home):
        engines = calls.fetch_engines("test 1", lambda _: None, threading.Event().is_set)
    assert [info.name for info in engines] == ["fake"]


def test_starts_no_daemon_where_it_should_only_look(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError):
        calls.fetch_engines("test 1", lambda _: None, threading.Event().is_set, start=False)


def test_downloads_an_engine_and_reports(home: Path) -> None:
    heard: list[Progress] = []
    with daemon.running(home) as fake:
        calls.download("test 1", "fake", heard.append, threading.Event().is_set)
    assert any(getattr(message, "engine", "") == "fake" for message in fake.received)
