"""Rows of a comparison, drawn by a real server over real sockets; and what results tell for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.daemon.servers import Daemon, Loading, connect, request, serving

from flyaway.config import Settings
from flyaway.images import sheet
from flyaway.serving.engine_service import EngineService
from flyaway_client import protocol
from flyaway_client.client import Client, Extracted
from flyaway_client.errors import RefusedError
from flyaway_client.messages import DrawRow, ImageHeader

WIDTH, HEIGHT = 40, 30
IMAGE = ImageHeader(WIDTH, HEIGHT, "rgb", "u8")
GREY = ImageHeader(WIDTH, HEIGHT, "gray", "u8")
PIXELS = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
ALPHA = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH), np.uint8)


@pytest.fixture
def client(daemon: Daemon, home: Path) -> Iterator[Client]:
    with connect(daemon, home) as client:
        yield client


def test_a_row_is_drawn_as_the_sheet_has_it(client: Client) -> None:
    asked = DrawRow("r", IMAGE, 5, "An engine", ("1 s", "2 MB"), "写真", alpha=GREY)
    drawn = client.draw_row(asked, {"image": PIXELS.tobytes(), "alpha": ALPHA.tobytes()})
    pictures = sheet.pictures(PIXELS, ALPHA, None, 5)
    captions = ("Alpha", "Over black", "Over white", "Over green")
    expected = sheet.row(
        (WIDTH, HEIGHT), 5, pictures, "An engine", ("1 s", "2 MB"), "写真", captions
    )
    height, width, _ = expected.shape
    assert drawn.header == ImageHeader(width, height, "rgb", "u8")
    assert bytes(drawn.pixels) == expected.tobytes()


def test_the_subjects_own_colours_are_drawn(client: Client) -> None:
    asked = DrawRow("r", IMAGE, 1, "An engine", captions=("",) * 4, alpha=GREY, foreground=IMAGE)
    parts = {
        "image": PIXELS.tobytes(),
        "alpha": ALPHA.tobytes(),
        "foreground": bytes(PIXELS.nbytes),
    }
    drawn = client.draw_row(asked, parts)
    own = sheet.pictures(PIXELS, ALPHA, np.zeros_like(PIXELS), 1)
    expected = sheet.row((WIDTH, HEIGHT), 1, own, "An engine")
    assert bytes(drawn.pixels) == expected.tobytes()


def test_a_row_of_words_needs_no_pixels(client: Client) -> None:
    drawn = client.draw_row(DrawRow("r", IMAGE, 5, "An engine", ("It failed.",)), {})
    assert drawn.header.width == sheet.layout(WIDTH, HEIGHT, 5).row_width
    assert len(drawn.pixels) == drawn.header.bytes


def test_a_profile_that_is_none_is_refused_with_a_sentence(client: Client) -> None:
    asked = DrawRow("r", IMAGE, 1, "An engine", colour="icc", icc_bytes=4, alpha=GREY)
    parts = {"image": PIXELS.tobytes(), "icc": b"none", "alpha": ALPHA.tobytes()}
    with pytest.raises(RefusedError, match="profile") as refused:
        client.draw_row(asked, parts)
    assert refused.value.code == protocol.BAD_REQUEST


def test_a_picture_over_the_limit_is_refused_before_its_pixels(home: Path) -> None:
    with (
        serving(settings=Settings(max_megapixels=0.01)) as running,
        connect(running, home) as client,
        pytest.raises(RefusedError) as refused,
    ):
        client.draw_row(DrawRow("r", ImageHeader(400, 300, "rgb", "u8"), 1, "An engine"), {})
    assert refused.value.code == protocol.TOO_LARGE


@pytest.fixture
def engines_client(home: Path, store: Path) -> Iterator[Client]:
    """A client of a daemon whose engines are made up, and loaded as real ones are."""
    engines = EngineService(Settings(), Loading())
    with serving(engines=engines) as running, connect(running, home) as client:
        yield client


def extracted(client: Client, id: str, **changes: object) -> Extracted:
    asked = request(id, 4, 3, selection_is="soft", **changes)
    return client.extract(asked, {"image": bytes(36), "selection": bytes([0, 100, 255] * 4)})


def test_a_result_tells_loading_from_work(engines_client: Client) -> None:
    cold = extracted(engines_client, "cold").result
    warm = extracted(engines_client, "warm").result
    assert cold.loading_s is not None
    assert 0 < cold.loading_s <= cold.seconds
    assert warm.loading_s == 0


def test_memory_is_told_to_who_asks(engines_client: Client) -> None:
    assert extracted(engines_client, "a").result.memory_bytes is None
    told = extracted(engines_client, "b", wants_memory=True).result.memory_bytes
    assert told is not None
    assert told >= 0
