"""One request from pixels to alpha, with engines that do what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from tests.daemon.servers import Loading

from flyaway.engines.base import EngineRecord, Extraction
from flyaway.errors import CancelledError, NoSubjectError
from flyaway.extraction import pipeline
from flyaway.extraction.catalogue import Choice
from flyaway.extraction.keeper import Keeper
from flyaway.extraction.pipeline import NO_ENGINE, Outcome
from flyaway.serving.jobs import Job
from flyaway_client.messages import ExtractRequest, ImageHeader

HEIGHT, WIDTH = 20, 30
FULL = {"u8": 255, "u16": 65535, "f32": 1}


def record(name: str, *jobs: Any) -> EngineRecord:
    return EngineRecord(name, "nowhere", name.title(), "", frozenset(jobs), "MIT", "", True)


FINDER = record("finder", "automatic")
SOLVER = record("solver", "fine")
COMPARER = record("comparer", "plate")


def right_half(image: Any, **_: Any) -> Extraction:
    """The subject is on the right, its edge two pixels wide."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, WIDTH // 2 :] = 1
    alpha[:, WIDTH // 2] = 0.5
    return Extraction(alpha, notes=("Found it.",))


def quarter(image: Any, trimap: Any = None, **_: Any) -> Extraction:
    """What is unknown is a quarter there."""
    alpha = np.where(trimap == 128, 0.25, trimap / 255).astype(np.float32)
    return Extraction(alpha, notes=("Solved it.",))


@dataclass
class Bench:
    """A keeper of two engines, and what they were asked."""

    find: Callable[..., Extraction] = right_half
    solve: Callable[..., Extraction] = quarter
    asked: list[dict[str, Any]] = field(default_factory=list)

    network = None

    def keeper(self) -> Keeper:
        return Keeper(Loading(lambda name: (_Engine(self, name), f"device of {name}")), 0)

    def run(self, job: Job, coarse: EngineRecord | None, fine: EngineRecord | None) -> Outcome:
        return pipeline.extract(job, Choice(coarse, fine), self.keeper())


@dataclass
class _Engine:
    bench: Bench
    name: str
    network: Any = None

    def extract(self, image: Any, **given: Any) -> Extraction:
        self.bench.asked.append({"name": self.name, "image": image, **given})
        return (self.bench.solve if self.name == "solver" else self.bench.find)(image, **given)


def image(value: int = 100) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


def square() -> np.ndarray[Any, np.dtype[np.uint8]]:
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    selection[5:15, 5:15] = 255
    return selection


def job(selection: Any = None, pixels: Any = None, **changes: Any) -> Job:
    """A job of an RGB or RGBA image and perhaps a selection, both 8 bits."""
    pixels = image() if pixels is None else pixels
    channels = "rgba" if pixels.shape[2] == 4 else "rgb"
    parts = {"image": pixels.tobytes()}
    fields: dict[str, Any] = {"image": ImageHeader(WIDTH, HEIGHT, channels, "u8")}
    if selection is not None:
        fields["selection"] = ImageHeader(WIDTH, HEIGHT, "gray", "u8")
        parts["selection"] = selection.tobytes()
    for name in ("icc", "plate"):
        if name in changes:
            parts[name] = changes.pop(name)
    return Job(b"peer", ExtractRequest("r", **(fields | changes)), parts)


class TestNothingUnknown:
    """A trimap that says all is answered with itself."""

    @pytest.mark.parametrize("output_dtype", ["u8", "u16", "f32"])
    def test_in_every_depth_without_an_engine(self, output_dtype: str) -> None:
        bench = Bench()
        asked = job(square(), selection_is="trimap", output_dtype=output_dtype)
        assert pipeline.is_settled(asked)
        outcome = bench.run(asked, None, SOLVER)
        full = FULL[output_dtype]
        assert (
            outcome.alpha.dtype
            == {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}[output_dtype]
        )
        np.testing.assert_array_equal(outcome.alpha, square() / 255 * full)
        assert outcome.alpha.flags.c_contiguous
        assert (outcome.engine, outcome.device) == (NO_ENGINE, "")
        assert "nothing to solve" in outcome.notes[0]
        assert not bench.asked

    def test_with_its_transparent_pixels_taken_out(self) -> None:
        pixels = np.dstack([image(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
        pixels[:10, :, 3] = 0
        outcome = Bench().run(job(square(), pixels, selection_is="trimap"), None, SOLVER)
        assert not outcome.alpha[:10].any()
        assert (outcome.alpha[10:] == square()[10:]).all()

    @pytest.mark.parametrize(("selection", "kind"), [(None, "automatic"), (square(), "outline")])
    def test_is_not_so_otherwise(self, selection: Any, kind: str) -> None:
        assert not pipeline.is_settled(job(selection, selection_is=kind))


class TestOneEngine:
    """A selection that draws the edge, or an engine that finds the subject."""

    @pytest.mark.parametrize("output_dtype", ["u8", "u16", "f32"])
    def test_gets_image_and_trimap_and_gives_the_alpha(self, output_dtype: str) -> None:
        bench = Bench()
        asked = job(square(), selection_is="outline", edge_width_px=2, output_dtype=output_dtype)
        outcome = bench.run(asked, None, SOLVER)
        (call,) = bench.asked
        assert (call["image"] == image()).all()
        assert set(np.unique(call["trimap"])) == {0, 128, 255}
        expected = np.where(call["trimap"] == 128, 0.25, call["trimap"] / 255) * FULL[output_dtype]
        np.testing.assert_allclose(
            outcome.alpha, expected, atol=0.51 if FULL[output_dtype] > 1 else 0
        )
        assert (outcome.engine, outcome.device) == ("solver", "device of solver")
        assert outcome.notes == ("Solved it.",)
        assert outcome.foreground is None

    def test_gets_a_region(self) -> None:
        bench = Bench()
        bench.run(job(square(), selection_is="region"), FINDER, None)
        assert (bench.asked[0]["region"] == (square() > 0)).all()
        assert bench.asked[0]["trimap"] is None

    def test_gets_the_plate_in_the_same_colours(self) -> None:
        bench = Bench()
        plate = ImageHeader(WIDTH, HEIGHT, "bgr", "u8")
        asked = job(plate=np.full((HEIGHT, WIDTH, 3), [1, 2, 3], np.uint8).tobytes())
        request = ExtractRequest("r", asked.request.image, plate=plate)
        asked.request = request
        bench.run(asked, COMPARER, None)
        assert bench.asked[0]["plate"][0, 0].tolist() == [3, 2, 1]

    def test_gives_nothing_where_the_layer_is_transparent(self) -> None:
        pixels = np.dstack([image(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
        pixels[:, 20:, 3] = 0
        outcome = Bench().run(job(None, pixels), FINDER, None)
        assert not outcome.alpha[:, 20:].any()
        assert (outcome.alpha[:, 16:20] == 255).all()

    def test_that_finds_nothing_says_what_to_do(self) -> None:
        def nothing(image: Any, **_: Any) -> Extraction:
            return Extraction(np.zeros(image.shape[:2], np.float32))

        with pytest.raises(NoSubjectError, match=r"Finder found no subject\. Draw a rough region"):
            Bench(find=nothing).run(job(), FINDER, SOLVER)


class TestTwoEngines:
    """One finds the subject, one solves its edge."""

    def test_work_one_after_the_other(self) -> None:
        bench = Bench()
        outcome = bench.run(job(), FINDER, SOLVER)
        assert [call["name"] for call in bench.asked] == ["finder", "solver"]
        trimap = bench.asked[1]["trimap"]
        assert (trimap[:, 14:17] == 128).all()
        assert (trimap[:, :10] == 0).all()
        assert (trimap[:, 20:] == 255).all()
        assert (outcome.alpha[trimap == 128] == 64).all()
        assert outcome.engine == "finder + solver"
        assert outcome.device == "device of finder, device of solver"
        assert outcome.notes == ("Found it.", "Solved it.")

    def test_leave_what_the_selection_says_for_certain(self) -> None:
        bench = Bench()
        bench.run(job(square(), selection_is="outline", edge_width_px=2), FINDER, SOLVER)
        given, refined = (call["trimap"] for call in bench.asked)
        known = given != 128
        assert (refined[known] == given[known]).all()

    def test_share_one_progress_that_only_grows(self) -> None:
        told: list[tuple[str, float]] = []

        def reporting(image: Any, report: Any, **given: Any) -> Extraction:
            for fraction in (-1, 0, 0.5, 1, 2):
                report(fraction)
                told.append((asked.stage, asked.fraction))
            return (quarter if given["trimap"] is not None else right_half)(image, **given)

        asked = job()
        Bench(reporting, reporting).run(asked, FINDER, SOLVER)
        assert [stage for stage, _ in told] == ["Finding the subject"] * 5 + [
            "Solving the edge"
        ] * 5
        fractions = [fraction for _, fraction in told]
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] < fractions[-1] <= 1

    def test_stop_at_the_next_report_of_a_cancelled_job(self) -> None:
        def cancelled(image: Any, report: Any, **_: Any) -> Extraction:
            asked.is_cancelled.set()
            report(0.5)
            raise AssertionError("it went on")

        asked = job()
        bench = Bench(find=cancelled)
        with pytest.raises(CancelledError):
            bench.run(asked, FINDER, SOLVER)
        assert len(bench.asked) == 1


class TestForeground:
    """The subject's own colours, where they are wanted."""

    @pytest.mark.parametrize(("dtype", "expected"), [("u8", 51), ("u16", 13107)])
    def test_is_the_engines(self, dtype: str, expected: int) -> None:
        def with_foreground(image: Any, **_: Any) -> Extraction:
            alpha = np.ones(image.shape[:2], np.float32)
            return Extraction(alpha, np.full(image.shape, 0.2, np.float32))

        asked = job(wants_foreground=True)
        if dtype == "u16":
            header = ImageHeader(WIDTH, HEIGHT, "rgb", "u16")
            asked.request = ExtractRequest("r", header, wants_foreground=True)
            asked.parts = {"image": bytes(header.bytes)}  # type: ignore[dict-item]
        outcome = Bench(find=with_foreground).run(asked, FINDER, None)
        assert outcome.foreground is not None
        assert outcome.foreground.shape == (HEIGHT, WIDTH, 3)
        assert (outcome.foreground == expected).all()
        assert outcome.foreground.flags.c_contiguous

    def test_is_estimated_otherwise(self) -> None:
        outcome = Bench().run(job(wants_foreground=True), FINDER, None)
        assert outcome.foreground is not None
        assert outcome.foreground.dtype == np.uint8
        np.testing.assert_allclose(outcome.foreground[:, 20:], 100, atol=1)
