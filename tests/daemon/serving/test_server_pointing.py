"""Pointing over real sockets: clicks in a session's image, what they may mean, and the cut-out of what was meant."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.daemon.servers import PATIENCE_S, Clock, Daemon, Loading, MadeUpEngine, serving
from tests.parity import checkpoints

from flyaway import engines
from flyaway.config import Settings
from flyaway.engines.contract import (
    AnyEngine,
    Candidate,
    Extraction,
    Inputs,
    PointingEngine,
    Prompts,
    Report,
    silent,
)
from flyaway.engines.records import EngineRecord
from flyaway.images.arrays import Image
from flyaway.images.rectangles import Window
from flyaway.serving.engine_service import EngineService
from flyaway.weights.store import Store
from flyaway_client import messages, prompts, protocol
from flyaway_client.client import Client, PointedAt, new_request_id
from flyaway_client.errors import RefusedError
from flyaway_client.messages import ExtractRequest, ImageHeader, OpenSession, PointRequest
from flyaway_client.prompts import Box, Point

PARITY = Path(__file__).parents[2] / "data" / "parity" / "mobile_sam"

WIDTH, HEIGHT = 80, 60
RGB = ImageHeader(WIDTH, HEIGHT, "rgb", "u8")
SESSION = "0123456789abcdef"
CLICK = prompts.Prompts((Point(20, 30),))


def photo() -> Any:
    """A bright rectangle, 20 pixels from the frame, on dark noise."""
    pixels = np.random.default_rng(2).integers(0, 60, (HEIGHT, WIDTH, 3), np.uint8)
    pixels[20:40, 20:60] += 150
    return pixels


PIXELS = photo().tobytes()


@dataclass
class Bench:
    """What the engine that is pointed with was asked, and whether it may answer."""

    opened: threading.Event = field(default_factory=threading.Event)
    looking: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    encoded: int = 0
    asked: list[Prompts] = field(default_factory=list)


class _Pointed(PointingEngine[Image]):
    """Takes a click for the bright rectangle, its left half, or all of it and more."""

    device = "test bench"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def encode(self, image: Image, report: Report = silent) -> Image:
        self._bench.encoded += 1
        if not self._bench.looking.is_set():
            self._bench.begun.release()
        while not self._bench.looking.wait(0.01):
            report(0.1)
        return image

    def solve(
        self,
        features: Image,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        assert inputs.prompts is not None
        self._bench.asked.append(inputs.prompts)
        mask = (features.max(axis=2) > 100).astype(np.float32)
        if inputs.prompts.size == "part":
            mask[:, WIDTH // 2 :] = 0
        return Extraction(mask, confidence=0.9)

    def candidates(
        self, features: Image, prompts: Prompts, report: Report = silent
    ) -> tuple[Candidate, ...]:
        self._bench.asked.append(prompts)
        self._bench.begun.release()
        while not self._bench.opened.wait(0.01):
            report(0.5)
        if prompts.keep == ((0.0, 0.0),):
            return ()
        part = np.zeros((HEIGHT // 2, WIDTH // 2), np.float32)
        part[10:20, 10:20] = 1
        whole = part.copy()
        whole[10:20, 20:30] = 1
        return Candidate(part, 0.25, "part"), Candidate(whole, 0.75, "whole")


@pytest.fixture
def bench() -> Bench:
    """An engine that does not wait unless a test closes it."""
    bench = Bench()
    bench.opened.set()
    bench.looking.set()
    return bench


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """MobileSAM's weights are here, and nobody else's."""

    def holds(store: Store, record: EngineRecord) -> bool:
        return record.name == "mobile-sam"

    monkeypatch.setattr(Store, "holds", holds)


@pytest.fixture
def daemon(bench: Bench, home: Path, store: Path) -> Iterator[Daemon]:
    """A daemon with that engine and the built-in one, found by clients."""

    def load(name: str) -> AnyEngine:
        return engines.load(name) if name == "builtin" else _Pointed(bench)

    service = EngineService(Settings(), Loading(load), Clock())
    with serving(engines=service) as running:
        running.file.write(home)
        yield running


def open_session() -> None:
    wish = OpenSession(new_request_id(), SESSION, "", RGB)
    request = OpenSession(wish.id, SESSION, wish.digest_of({"image": PIXELS}), RGB)
    with Client.connect("a test", start=False) as client:
        client.open_session(request, {"image": PIXELS})


def point(what: prompts.Prompts = CLICK, **changes: Any) -> PointedAt:
    with Client.connect("a test", start=False) as client:
        return client.point(PointRequest(new_request_id(), SESSION, what, **changes))


def extract(**changes: Any) -> tuple[messages.ExtractResult, Any]:
    request = ExtractRequest(new_request_id(), RGB, **changes)
    parts: dict[str, Any] = {"image": PIXELS}
    if request.selection is not None:
        selection = np.zeros((HEIGHT, WIDTH), np.uint8)
        selection[10:50, 10:70] = 255
        parts["selection"] = selection.data.cast("B")
    with Client.connect("a test", start=False) as client:
        extracted = client.extract(request, parts)
    return extracted.result, np.frombuffer(extracted.alpha, np.uint8).reshape(HEIGHT, WIDTH)


@pytest.mark.usefixtures("daemon", "installed")
class TestPoint:
    """Clicks in a session's image."""

    def test_gives_candidates_with_masks_and_boxes_in_the_images_pixels(self) -> None:
        open_session()
        found = point()
        assert found.answer.engine == "mobile-sam"
        part, whole = found.answer.candidates
        assert (part.size, part.score, part.box) == ("part", 0.25, Box(20, 20, 39, 39))
        assert (whole.size, whole.score, whole.box) == ("whole", 0.75, Box(20, 20, 59, 39))
        assert found.answer.mask == ImageHeader(WIDTH // 2, HEIGHT // 2, "gray", "u8")
        mask = np.frombuffer(found.masks[1], np.uint8).reshape(HEIGHT // 2, WIDTH // 2)
        assert (mask[10:20, 10:30] == 255).all()
        assert int((mask > 0).sum()) == 200

    def test_looks_at_the_image_once(self, bench: Bench) -> None:
        open_session()
        assert point(prompts.Prompts()).answer.candidates == ()
        assert (bench.encoded, bench.asked) == (1, [])
        for _ in range(2):
            point()
        assert bench.encoded == 1
        assert bench.asked == [Prompts(keep=((20.0, 30.0),))] * 2

    def test_that_shows_nothing_has_no_candidates(self) -> None:
        open_session()
        found = point(prompts.Prompts((Point(0, 0),)))
        assert (found.answer.candidates, found.answer.mask, found.masks) == ((), None, ())

    def test_carries_all_clicks_and_boxes(self, bench: Bench) -> None:
        open_session()
        many = prompts.Prompts((Point(1, 2), Point(3, 4, False)), (Box(5, 6, 7.5, 8),), "object")
        point(many)
        assert bench.asked == [
            Prompts(((1.0, 2.0),), ((3.0, 4.0),), ((5.0, 6.0, 7.5, 8.0),), "object")
        ]

    def test_beside_the_image_is_refused(self) -> None:
        open_session()
        with pytest.raises(RefusedError, match="80, 0 does not lie in the image of 80 x 60"):
            point(prompts.Prompts((Point(80, 0),)))

    def test_without_a_session_says_so(self) -> None:
        with pytest.raises(RefusedError) as refused:
            point()
        assert refused.value.code == protocol.UNKNOWN_SESSION

    def test_with_an_engine_that_cannot_says_which_can(self) -> None:
        open_session()
        with pytest.raises(RefusedError, match=r"cannot be pointed with.*MobileSAM"):
            point(engine="builtin")

    def test_newest_wins(self, bench: Bench) -> None:
        open_session()
        bench.opened.clear()
        refused: list[str] = []

        def ask() -> None:
            try:
                point()
            except RefusedError as error:
                refused.append(error.code)

        first = threading.Thread(target=ask)
        first.start()
        assert bench.begun.acquire(timeout=PATIENCE_S)
        second = threading.Thread(target=ask)
        second.start()
        first.join(PATIENCE_S)
        assert refused == [protocol.CANCELLED]
        bench.opened.set()
        second.join(PATIENCE_S)
        assert refused == [protocol.CANCELLED]

    def test_a_first_look_gives_way_to_whatever_is_asked_for(self, bench: Bench) -> None:
        open_session()
        bench.looking.clear()
        refused: list[str] = []

        def look() -> None:
            try:
                point(prompts.Prompts())
            except RefusedError as error:
                refused.append(error.code)

        ahead = threading.Thread(target=look)
        ahead.start()
        assert bench.begun.acquire(timeout=PATIENCE_S)
        result, _ = extract(engine="builtin")
        assert result.engine == "builtin"
        ahead.join(PATIENCE_S)
        assert refused == [protocol.CANCELLED]
        bench.looking.set()
        assert point().answer.candidates

    def test_closing_the_session_ends_it(self, bench: Bench) -> None:
        open_session()
        bench.opened.clear()
        refused: list[str] = []

        def ask() -> None:
            with pytest.raises(RefusedError) as error:
                point()
            refused.append(error.value.code)

        asking = threading.Thread(target=ask)
        asking.start()
        assert bench.begun.acquire(timeout=PATIENCE_S)
        with Client.connect("a test", start=False) as client:
            client.close_session(SESSION)
        asking.join(PATIENCE_S)
        assert refused == [protocol.CANCELLED]


@pytest.mark.usefixtures("daemon")
def test_without_weights_the_sentence_names_the_download_and_its_size() -> None:
    open_session()
    for ask in (point, lambda: extract(prompts=CLICK)):
        with pytest.raises(RefusedError) as refused:
            ask()
        assert refused.value.code == protocol.WEIGHTS_MISSING
        assert "(41 MB) with `flyaway models download mobile-sam`" in str(refused.value)


@pytest.mark.usefixtures("daemon", "installed")
class TestExtract:
    """The cut-out of what was pointed at."""

    def test_solves_the_edge_of_what_was_found(self, bench: Bench) -> None:
        result, alpha = extract(prompts=CLICK)
        assert result.engine == "mobile-sam + builtin"
        assert result.understood == "What was pointed at"
        assert result.confidence == pytest.approx(0.9)
        assert (alpha[24:36, 24:56] == 255).all()
        assert (alpha[:12] == 0).all()
        assert bench.asked == [Prompts(keep=((20.0, 30.0),))]

    def test_takes_the_size_that_was_meant(self) -> None:
        meant = prompts.Prompts(CLICK.points, size="part")
        _, alpha = extract(prompts=meant)
        assert (alpha[24:36, 24:30] == 255).all()
        assert (alpha[:, 56:] == 0).all()

    def test_in_a_session_the_image_need_not_be_looked_at_again(self, bench: Bench) -> None:
        open_session()
        point()
        extract(prompts=CLICK, session=SESSION)
        assert bench.encoded == 1
        extract(prompts=CLICK)
        assert bench.encoded == 2

    def test_a_session_on_another_image_does_not_count(self, bench: Bench) -> None:
        other = bytes(len(PIXELS))
        wish = OpenSession(new_request_id(), SESSION, "", RGB)
        request = OpenSession(wish.id, SESSION, wish.digest_of({"image": other}), RGB)
        with Client.connect("a test", start=False) as client:
            client.open_session(request, {"image": other})
        point()
        extract(prompts=CLICK, session=SESSION)
        assert bench.encoded == 2

    def test_a_session_that_is_gone_is_no_error(self, bench: Bench) -> None:
        result, _ = extract(prompts=CLICK, session="gone")
        assert result.engine == "mobile-sam + builtin"

    def test_the_rough_mask_is_never_the_result(self) -> None:
        with pytest.raises(RefusedError, match="its edge must be solved"):
            extract(prompts=CLICK, fine_engine="none")

    def test_a_rectangle_is_a_box_for_the_engine_that_is_here(self, bench: Bench) -> None:
        rectangle = ImageHeader(WIDTH, HEIGHT, "gray", "u8")
        result, _ = extract(selection=rectangle)
        assert result.engine == "mobile-sam + builtin"
        assert result.understood == "Rough region, because it is a rectangle"
        assert bench.asked == [Prompts(boxes=((10.0, 10.0, 69.0, 49.0),))]
        result, _ = extract(selection=rectangle, engine="builtin")
        assert result.engine == "builtin"


@pytest.mark.usefixtures("daemon")
def test_without_weights_a_rectangle_is_solved_as_before() -> None:
    result, _ = extract(selection=ImageHeader(WIDTH, HEIGHT, "gray", "u8"))
    assert result.engine == "builtin"


@pytest.mark.usefixtures("daemon", "installed")
def test_an_engine_that_cannot_be_pointed_with_is_an_error_of_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_Pointed, "__new__", lambda *_: MadeUpEngine())
    open_session()
    with pytest.raises(RefusedError, match="cannot be pointed with"):
        point()


def test_a_real_network_answers_clicks_through_its_own_weights_file(
    home: Path, store: Path, tmp_path: Path
) -> None:
    torch.save(checkpoints.as_published(PARITY), tmp_path / "mobile_sam.pt")
    Store().adopt(engines.record("mobile-sam"), tmp_path / "mobile_sam.pt")
    with serving(engines=EngineService(Settings())) as running:
        running.file.write(home)
        open_session()
        found = point()
        assert found.answer.candidates
        assert found.answer.mask == ImageHeader(WIDTH, HEIGHT, "gray", "u8")
        box = Box(20, 20, 59, 39)
        result, alpha = extract(prompts=prompts.Prompts((), (box,)), session=SESSION)
    assert result.engine == "mobile-sam + builtin"
    assert alpha.shape == (HEIGHT, WIDTH)
