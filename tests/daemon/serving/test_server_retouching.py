"""Retouching over real sockets: sessions that outlive connections, patches, and who goes before whom."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.daemon.servers import (
    PATIENCE_S,
    Clock,
    Daemon,
    Loading,
    MadeUpEngine,
    request,
    serving,
    wait_until,
)

from flyaway.config import Settings
from flyaway.engines.contract import Extraction, Inputs, Report, silent
from flyaway.images.arrays import UNKNOWN, Image
from flyaway.images.rectangles import Window
from flyaway.serving.engine_service import EngineService
from flyaway_client import messages, protocol, retouching
from flyaway_client.adjustments import Adjustments
from flyaway_client.client import Client, Extracted
from flyaway_client.conversation import ShouldStop
from flyaway_client.errors import CancelledError, RefusedError
from flyaway_client.layer import Picture
from flyaway_client.messages import ImageHeader, OpenSession, RefineRequest
from flyaway_client.retouching import Patch, Retouch

WIDTH, HEIGHT = 40, 30
PIXELS = bytes(range(200)) * 18
IMAGE = retouching.Image(ImageHeader(WIDTH, HEIGHT, "rgb", "u8"), PIXELS)
SIZE = WIDTH * HEIGHT


@dataclass
class Bench:
    """An engine that says one half wherever it is asked, waiting for the test before it does."""

    opened: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    encoded: list[tuple[int, ...]] = field(default_factory=list)
    solved: list[tuple[int, ...]] = field(default_factory=list)
    pauses: int | None = None
    """After so many solutions it waits for `seen`; None: never."""
    seen: threading.Event = field(default_factory=threading.Event)


class _WaitingEngine(MadeUpEngine):
    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def encode(self, image: Image, report: Report = silent) -> Image:
        self._bench.encoded.append(image.shape)
        return image

    def solve(
        self,
        features: Image,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        assert inputs.trimap is not None
        window = window or (slice(0, features.shape[0]), slice(0, features.shape[1]))
        known = inputs.trimap[window]
        if len(self._bench.solved) == self._bench.pauses:
            assert self._bench.seen.wait(PATIENCE_S)
        self._bench.solved.append(known.shape)
        self._bench.begun.release()
        while not self._bench.opened.wait(0.01):
            report(0.5)
        return Extraction(np.where(known == UNKNOWN, 0.5, known / 255).astype(np.float32))


@pytest.fixture
def bench() -> Bench:
    """An engine that does not wait unless a test closes it."""
    bench = Bench()
    bench.opened.set()
    return bench


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def daemon(bench: Bench, clock: Clock, home: Path) -> Iterator[Daemon]:
    """A daemon with that engine, found by clients."""
    loading = Loading(lambda name: _WaitingEngine(bench))
    service = EngineService(Settings(idle_unload_minutes=10), loading, clock)
    with serving(engines=service) as running:
        running.file.write(home)
        yield running


def connector(should_stop: ShouldStop | None) -> Client:
    return Client.connect("a test", start=False, should_stop=should_stop)


def plane(value: int = 0, at: tuple[slice, slice] | None = None, within: int = 255) -> bytes:
    """A plane of one value, and of another in a rectangle."""
    levels = np.full((HEIGHT, WIDTH), value, np.uint8)
    if at is not None:
        levels[at] = within
    return levels.tobytes()


MIDDLE = slice(5, 25), slice(5, 35)
PATCH = Patch(0, 0, WIDTH, HEIGHT, plane(0, (slice(0, 30), slice(20, 40))), inside=plane(0, MIDDLE))


def array(extracted: Extracted, dtype: str = "u1") -> Any:
    header = extracted.result.alpha
    return np.frombuffer(extracted.alpha, f"<{dtype}").reshape(header.height, header.width)


class TestSession:
    """Images that stay."""

    def test_takes_the_image_once_however_many_patches(self, daemon: Daemon, bench: Bench) -> None:
        retouch = Retouch(connector, IMAGE)
        for _ in range(3):
            extracted = retouch.refine(PATCH)
        assert extracted.result.engine == "builtin"
        assert bench.encoded == [(HEIGHT, WIDTH, 3)]
        assert len(bench.solved) == 1  # the same again is known

    def test_of_a_picture_that_is_here_needs_no_pixels(self, daemon: Daemon) -> None:
        Retouch(connector, IMAGE).open()
        peer = daemon.peer()
        asked = OpenSession("o", "another", "-", IMAGE.header)
        digest = asked.digest_of({"image": PIXELS})
        peer.send(OpenSession("o", "another", digest, IMAGE.header))
        assert peer.answer() == messages.SessionOpened("o", "another", "builtin")

    def test_with_other_pixels_than_announced_is_refused(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        asked = OpenSession("o", "s", "0" * 64, IMAGE.header)
        peer.send(asked)
        assert peer.answer() == messages.Ready("o")
        peer.send(messages.Strip("o", "image", 0), PIXELS)
        assert peer.refusal().code == protocol.BAD_REQUEST

    def test_that_is_told_of_glass_says_so_where_its_engine_makes_nothing_of_it(
        self, daemon: Daemon
    ) -> None:
        told, untold = Retouch(connector, IMAGE, transparent=True), Retouch(connector, IMAGE)
        (note,) = told.refine(PATCH).result.notes
        assert "can make nothing of the hint that light shines through" in note
        assert untold.refine(PATCH).result.notes == ()  # of the same picture

    def test_that_expired_is_opened_anew_unseen(
        self, daemon: Daemon, bench: Bench, clock: Clock
    ) -> None:
        retouch = Retouch(connector, IMAGE)
        first = retouch.refine(PATCH).alpha
        clock.now_s += 601
        wait_until(lambda: daemon.peer().status().warm == ())
        assert retouch.refine(PATCH).alpha == first
        assert len(bench.encoded) == 2

    def test_that_was_closed_is_known_no_more(self, daemon: Daemon) -> None:
        retouch = Retouch(connector, IMAGE)
        retouch.open()
        retouch.close()
        peer = daemon.peer()
        peer.send(RefineRequest("r", "nobody", 0, 0, ImageHeader(1, 1, "gray", "u8")))
        refusal = peer.refusal()
        assert refusal.code == protocol.UNKNOWN_SESSION
        peer.send(messages.CloseSession("c", "nobody"))
        assert peer.answer() == messages.SessionClosed("c")

    def test_over_the_limit_of_pixels_is_refused(self, home: Path) -> None:
        with serving(settings=Settings(max_megapixels=0.01)) as daemon:
            peer = daemon.peer()
            peer.send(OpenSession("o", "s", "0" * 64, ImageHeader(200, 100, "rgb", "u8")))
            assert peer.refusal().code == protocol.TOO_LARGE

    @pytest.mark.parametrize(
        ("engine", "code"),
        [("modnet-photographic", protocol.BAD_REQUEST), ("nobody", protocol.UNKNOWN_ENGINE)],
    )
    def test_with_an_engine_that_solves_no_edge_is_refused(
        self, daemon: Daemon, engine: str, code: str
    ) -> None:
        with pytest.raises(RefusedError) as caught:
            Retouch(connector, IMAGE, engine).open()
        assert caught.value.code == code

    def test_for_a_job_takes_the_best_solver(self, daemon: Daemon) -> None:
        assert Retouch(connector, IMAGE, "portrait").refine(PATCH).result.engine == "builtin"


class TestAdjusting:
    """Masks without their image."""

    @pytest.mark.parametrize(("dtype", "kind"), [("u8", np.uint8), ("u16", np.uint16)])
    def test_gives_the_mask_back_adjusted(self, daemon: Daemon, dtype: str, kind: type) -> None:
        most = np.iinfo(kind).max
        mask: Any = np.linspace(0, most, SIZE).astype(kind)
        picture = Picture(ImageHeader(WIDTH, HEIGHT, "gray", dtype), mask.tobytes())
        with Client.connect("test") as client:
            asked = messages.AdjustRequest("a", picture.header, Adjustments(white_clip=50))
            extracted = client.adjust(asked, {"mask": picture.data})
        changed: Any = np.frombuffer(extracted.alpha, kind)
        assert (changed[SIZE // 2 + 2 :] == most).all()
        assert 0 < changed[SIZE // 4] < most
        assert (extracted.result.engine, extracted.result.worker) == ("none", "")

    def test_over_the_limit_of_pixels_is_refused(self, home: Path) -> None:
        with serving(settings=Settings(max_megapixels=0.01)) as daemon:
            peer = daemon.peer()
            mask = ImageHeader(200, 100, "gray", "u8")
            peer.send(messages.AdjustRequest("a", mask, Adjustments()))
            assert peer.refusal().code == protocol.TOO_LARGE


class TestPatch:
    """Masks of rectangles."""

    def test_changes_nothing_outside(self, daemon: Daemon) -> None:
        mask = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        patch = Patch(0, 0, WIDTH, HEIGHT, mask.tobytes(), inside=plane(0, MIDDLE))
        alpha = array(Retouch(connector, IMAGE).refine(patch))
        outside = np.frombuffer(plane(0, MIDDLE), np.uint8).reshape(HEIGHT, WIDTH) == 0
        assert (alpha[outside] == mask[outside]).all()
        assert (alpha[~outside] != mask[~outside]).any()

    @pytest.mark.parametrize(("dtype", "kind"), [("u16", "u2"), ("f32", "f4")])
    def test_keeps_the_depth_of_the_mask(self, daemon: Daemon, dtype: str, kind: str) -> None:
        values = np.random.default_rng(2).random((HEIGHT, WIDTH))
        mask = (values * 65535 if dtype == "u16" else values).astype(f"<{kind}")
        patch = Patch(0, 0, WIDTH, HEIGHT, mask.tobytes(), dtype, inside=plane(0, MIDDLE))
        alpha = array(Retouch(connector, IMAGE).refine(patch), kind)
        assert alpha.dtype == mask.dtype
        assert (alpha[:5] == mask[:5]).all()
        assert (alpha[MIDDLE] != mask[MIDDLE]).any()

    def test_takes_strokes_as_the_page_says(self, daemon: Daemon) -> None:
        strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
        strokes[10:14, 4:8] = messages.KEEP
        strokes[10:14, 30:34] = messages.REMOVE
        strokes[20:26, 4:16] = messages.UNKNOWN
        patch = Patch(0, 0, WIDTH, HEIGHT, PATCH.mask, strokes=strokes.tobytes())
        alpha = array(Retouch(connector, IMAGE).refine(patch))
        assert (alpha[10:14, 4:8] == 255).all()
        assert (alpha[10:14, 30:34] == 0).all()
        assert 120 <= alpha[23, 10] <= 128

    def test_lies_where_it_is_said_to(self, daemon: Daemon, bench: Bench) -> None:
        patch = Patch(30, 20, 10, 10, bytes([128] * 100), inside=b"\xff" * 100)
        Retouch(connector, IMAGE).refine(patch)
        assert bench.solved == [(8, 8)]  # the outermost pixels are the border

    def test_outside_of_the_image_is_refused(self, daemon: Daemon) -> None:
        patch = Patch(31, 20, 10, 10, bytes(100), inside=b"\xff" * 100)
        with pytest.raises(RefusedError, match="does not lie in the image of 40 x 30"):
            Retouch(connector, IMAGE).refine(patch)

    def test_with_nothing_to_find_out_comes_back_as_it_is(
        self, daemon: Daemon, bench: Bench
    ) -> None:
        patch = Patch(0, 0, WIDTH, HEIGHT, plane(255), inside=plane(0, MIDDLE))
        extracted = Retouch(connector, IMAGE).refine(patch)
        assert extracted.result.engine == "none"
        assert bytes(extracted.alpha) == patch.mask
        assert bench.solved == []

    def test_with_nothing_chosen_and_nothing_drawn_is_refused(self, daemon: Daemon) -> None:
        with pytest.raises(RefusedError, match="Nothing is selected") as caught:
            Retouch(connector, IMAGE).refine(Patch(0, 0, WIDTH, HEIGHT, plane(255)))
        assert caught.value.code == protocol.NO_SUBJECT


class TestOrder:
    """Newest wins, and strokes go before photos."""

    def test_a_newer_stroke_takes_the_place_of_the_one_that_runs(
        self, daemon: Daemon, bench: Bench
    ) -> None:
        retouch, ends = Retouch(connector, IMAGE), list[BaseException]()
        retouch.open()
        bench.opened.clear()

        def older() -> None:
            try:
                retouch.refine(PATCH)
            except CancelledError as error:
                ends.append(error)
                bench.opened.set()

        thread = threading.Thread(target=older)
        thread.start()
        assert bench.begun.acquire(timeout=PATIENCE_S)
        assert retouch.refine(PATCH).result.engine == "builtin"
        thread.join(PATIENCE_S)
        assert "newer stroke" in str(ends[0])

    def test_a_newer_stroke_takes_the_place_of_one_whose_pixels_are_on_their_way(
        self, daemon: Daemon
    ) -> None:
        Retouch(connector, IMAGE).open()
        peer = daemon.peer()
        digest = OpenSession("-", "-", "-", IMAGE.header).digest_of({"image": PIXELS})
        peer.send(OpenSession("o", "s", digest, IMAGE.header))
        peer.answer()
        mask = ImageHeader(2, 2, "gray", "u8")
        peer.send(RefineRequest("first", "s", 0, 0, mask))
        assert peer.answer() == messages.Ready("first")
        peer.send(RefineRequest("second", "s", 0, 0, mask))
        refusal = peer.refusal()
        assert (refusal.id, refusal.code) == ("first", protocol.CANCELLED)
        assert peer.answer() == messages.Ready("second")

    def test_strokes_of_another_session_are_left_alone(self, daemon: Daemon, bench: Bench) -> None:
        one, other = Retouch(connector, IMAGE), Retouch(connector, IMAGE)
        one.open()
        other.open()
        bench.opened.clear()
        results = list[Extracted]()
        threads = [
            threading.Thread(target=lambda each=each: results.append(each.refine(PATCH)))
            for each in (one, other)
        ]
        for thread in threads:
            thread.start()
        assert bench.begun.acquire(timeout=PATIENCE_S)
        wait_until(lambda: daemon.peer().status().queued == 1)
        bench.opened.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert len(results) == 2

    def test_a_session_that_is_closed_ends_its_stroke(self, daemon: Daemon, bench: Bench) -> None:
        retouch, ends = Retouch(connector, IMAGE), list[BaseException]()
        retouch.open()
        bench.opened.clear()

        def stroke() -> None:
            with pytest.raises(CancelledError) as caught:
                retouch.refine(PATCH)
            ends.append(caught.value)

        thread = threading.Thread(target=stroke)
        thread.start()
        assert bench.begun.acquire(timeout=PATIENCE_S)
        retouch.close()
        thread.join(PATIENCE_S)
        assert len(ends) == 1

    def test_a_waiting_stroke_goes_before_a_waiting_photo(
        self, daemon: Daemon, bench: Bench
    ) -> None:
        retouch = Retouch(connector, IMAGE)
        retouch.open()
        bench.opened.clear()
        peer = daemon.peer()
        first, second = (request(id, 8, 8, selection_is="trimap") for id in ("first", "second"))
        peer.upload(first)
        assert bench.begun.acquire(timeout=PATIENCE_S)
        peer.upload(second)
        wait_until(lambda: daemon.peer().status().queued == 1)
        thread = threading.Thread(target=retouch.refine, args=(PATCH,))
        thread.start()
        wait_until(lambda: daemon.peer().status().queued == 2)
        bench.opened.set()
        thread.join(PATIENCE_S)
        wait_until(lambda: len(bench.solved) == 3)
        assert [shape[0] for shape in bench.solved] == [8, 18, 8]


def test_a_coarse_result_comes_while_the_engine_still_works(daemon: Daemon, bench: Bench) -> None:
    side = 400
    image = retouching.Image(ImageHeader(side, side, "gray", "u8"), bytes(side * side))
    patch = Patch(0, 0, side, side, b"d" * (side * side), inside=b"\xff" * (side * side))
    seen = list[tuple[messages.Preview, bytes]]()
    bench.pauses = 1

    def show(preview: messages.Preview, pixels: bytes) -> None:
        seen.append((preview, pixels))
        bench.seen.set()  # without this, the solution would never come

    Retouch(connector, image).refine(patch, on_preview=show)
    assert [preview.image for preview, _ in seen] == [ImageHeader(side, side, "gray", "u8")]
    assert seen[0][1][side * side // 2] in (127, 128)
