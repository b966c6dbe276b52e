"""The work on one request, with engines that do what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from tests.daemon.servers import Loading, MadeUpEngine

from flyaway.engines.contract import AnyEngine, Extraction, Inputs, Prompts, Report, silent
from flyaway.engines.records import EngineRecord, Input, Role, WeightsRecord
from flyaway.errors import CancelledError, DeviceLostError, EngineError, NoSubjectError
from flyaway.extraction import pipeline
from flyaway.extraction.keeper import Keeper
from flyaway.extraction.pipeline import NO_ENGINE, Outcome
from flyaway.extraction.request import Output, ResolvedRequest, Step
from flyaway.extraction.sessions import Encoding
from flyaway.images.arrays import UNKNOWN, Image, Trimap
from flyaway.images.rectangles import Window

HEIGHT, WIDTH = 20, 30
FULL = {"u8": 255, "u16": 65535, "f32": 1}
DTYPES = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}

Work = Callable[[Image, Inputs, Report], Extraction]


def step(name: str, role: Role, *accepts: Input) -> Step:
    record = EngineRecord(
        name,
        "nowhere",
        name.title(),
        "",
        {role: 1},
        frozenset(accepts),
        frozenset(),
        "MIT",
        "",
        True,
    )
    return Step(record, role)


FIND = step("finder", Role.FIND, Input.TRIMAP, Input.REGION)
SOFT = Step(replace(FIND.record, has_soft_edges=True), Role.FIND)
SOLVE = step("solver", Role.SOLVE, Input.TRIMAP)
COMPARE = step("comparer", Role.COMPARE, Input.PLATE)
POINT = step("pointer", Role.POINT, Input.PROMPTS, Input.REGION)


def right_half(image: Image, inputs: Inputs, report: Report) -> Extraction:
    """The subject is on the right, its edge two pixels wide."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, WIDTH // 2 :] = 1
    alpha[:, WIDTH // 2] = 0.5
    return Extraction(alpha, confidence=0.7, notes=("Found it.",))


def quarter(image: Image, inputs: Inputs, report: Report) -> Extraction:
    """What is unknown is a quarter there."""
    assert inputs.trimap is not None
    alpha = np.where(inputs.trimap == 128, 0.25, inputs.trimap / 255).astype(np.float32)
    return Extraction(alpha, notes=("Solved it.",))


class Working(MadeUpEngine):
    """An engine that does a test's work and notes what it was asked."""

    def __init__(self, name: str, work: Work, asked: list[tuple[str, Inputs]]) -> None:
        self.device = f"device of {name}"
        self._name, self._work, self._asked = name, work, asked

    def solve(
        self,
        features: Image,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        self._asked.append((self._name, inputs))
        return self._work(features, inputs, report)


@dataclass
class Engines:
    """A lender of two engines, and what they were asked."""

    find: Work = right_half
    solve: Work = quarter
    asked: list[tuple[str, Inputs]] = field(default_factory=list)
    lent: list[str] = field(default_factory=list)

    @contextmanager
    def lend(self, name: str) -> Iterator[AnyEngine]:
        self.lent.append(name)
        yield Working(name, self.solve if name == "solver" else self.find, self.asked)
        self.lent.remove(name)

    def run(self, request: ResolvedRequest, **options: Any) -> Outcome:
        return pipeline.extract(request, self, **options)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


def image(value: int = 100) -> Image:
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


def square() -> Trimap:
    trimap = np.zeros((HEIGHT, WIDTH), np.uint8)
    trimap[5:15, 5:15] = 255
    return trimap


def with_edge() -> Trimap:
    trimap = square()
    trimap[4:6] = 128
    return trimap


def asked(*steps: Step, **changes: Any) -> ResolvedRequest:
    fields: dict[str, Any] = {"inputs": Inputs(), "steps": steps}
    return ResolvedRequest(image(), **(fields | changes))


class TestNothingUnknown:
    """A trimap that says all is answered with itself."""

    @pytest.mark.parametrize("dtype", ["u8", "u16", "f32"])
    def test_in_every_depth_without_an_engine(self, dtype: str) -> None:
        engines = Engines()
        outcome = engines.run(asked(inputs=Inputs(square()), output=Output(dtype)))
        assert outcome.alpha.dtype == DTYPES[dtype]
        np.testing.assert_array_equal(outcome.alpha, square() / 255 * FULL[dtype])
        assert outcome.alpha.flags.c_contiguous
        assert (outcome.engine, outcome.device) == (NO_ENGINE, "")
        assert "nothing to solve" in outcome.notes[0]
        assert not engines.asked

    def test_with_the_subjects_colours_if_they_are_wanted(self) -> None:
        outcome = Engines().run(asked(inputs=Inputs(square()), output=Output("u8", "u8")))
        assert outcome.foreground is not None
        np.testing.assert_allclose(outcome.foreground[5:15, 5:15], 100, atol=1)


class TestOneEngine:
    """A selection that draws the edge, or an engine that finds the subject."""

    @pytest.mark.parametrize("dtype", ["u8", "u16", "f32"])
    def test_gets_the_trimap_and_gives_the_alpha(self, dtype: str) -> None:
        engines = Engines()
        outcome = engines.run(asked(SOLVE, inputs=Inputs(with_edge()), output=Output(dtype)))
        expected = np.where(with_edge() == 128, 0.25, with_edge() / 255) * FULL[dtype]
        np.testing.assert_allclose(outcome.alpha, expected, atol=0.51 if dtype != "f32" else 0)
        assert outcome.alpha.dtype == DTYPES[dtype]
        assert (outcome.engine, outcome.device) == ("solver", "device of solver")
        assert outcome.notes == ("Solved it.",)
        assert (outcome.foreground, outcome.confidence) == (None, None)

    def test_gets_no_more_than_it_accepts(self) -> None:
        engines = Engines()
        region = square() > 0
        engines.run(asked(FIND, inputs=Inputs(region=region, plate=image())))
        ((_, inputs),) = engines.asked
        assert inputs.region is region
        assert (inputs.trimap, inputs.plate) == (None, None)

    def test_gets_the_plate(self) -> None:
        engines = Engines()
        engines.run(asked(COMPARE, inputs=Inputs(plate=image(7))))
        assert engines.asked[0][1].plate is not None

    def test_gives_nothing_where_the_layer_is_transparent(self) -> None:
        is_clear = np.zeros((HEIGHT, WIDTH), np.bool_)
        is_clear[:, 20:] = True
        outcome = Engines().run(asked(FIND, is_clear=is_clear))
        assert not outcome.alpha[:, 20:].any()
        assert (outcome.alpha[:, 16:20] == 255).all()

    @pytest.mark.parametrize("only", [FIND, COMPARE])
    def test_that_finds_nothing_says_what_to_do(self, only: Step) -> None:
        def nothing(image: Image, inputs: Inputs, report: Report) -> Extraction:
            return Extraction(np.zeros(image.shape[:2], np.float32))

        engines = Engines(find=nothing)
        with pytest.raises(NoSubjectError, match=r"found no subject\. Draw a rough region"):
            engines.run(asked(only, SOLVE))
        assert engines.names == [only.record.name]

    def test_may_find_its_trimap_to_be_all_background(self) -> None:
        def nothing(image: Image, inputs: Inputs, report: Report) -> Extraction:
            return Extraction(np.zeros(image.shape[:2], np.float32))

        outcome = Engines(solve=nothing).run(asked(SOLVE, inputs=Inputs(with_edge())))
        assert not outcome.alpha.any()

    @pytest.mark.parametrize("are_colours", [False, True])
    def test_that_gives_no_numbers_is_an_error_and_no_hole(self, are_colours: bool) -> None:
        def broken(image: Image, inputs: Inputs, report: Report) -> Extraction:
            alpha = np.ones(image.shape[:2], np.float32)
            foreground = np.ones(image.shape, np.float32)
            (foreground if are_colours else alpha)[3, 4] = np.nan
            return Extraction(alpha, foreground)

        with pytest.raises(EngineError, match=r"Finder gave values that are no numbers"):
            Engines(find=broken).run(asked(FIND))

    def test_adds_to_what_was_noted_before(self) -> None:
        outcome = Engines().run(asked(FIND, notes=("A region.",)))
        assert outcome.notes == ("A region.", "Found it.")
        assert outcome.confidence == 0.7


class TestTwoEngines:
    """One finds the subject, one solves its edge."""

    def test_work_one_after_the_other(self) -> None:
        engines = Engines()
        outcome = engines.run(asked(FIND, SOLVE))
        assert engines.names == ["finder", "solver"]
        trimap = engines.asked[1][1].trimap
        assert trimap is not None
        assert (trimap[:, 14:17] == 128).all()
        assert (trimap[:, :10] == 0).all()
        assert (trimap[:, 20:] == 255).all()
        assert (outcome.alpha[trimap == 128] == 64).all()
        assert outcome.engine == "finder + solver"
        assert outcome.device == "device of finder, device of solver"
        assert outcome.notes == ("Found it.", "Solved it.")
        assert outcome.confidence == 0.7

    def test_a_soft_edge_seen_whole_needs_no_second_engine(self) -> None:
        engines = Engines()
        outcome = engines.run(asked(SOFT, SOLVE))
        assert engines.names == ["finder"] and outcome.engine == "finder"
        assert outcome.alpha[0, WIDTH // 2] == 128

    def test_a_soft_edge_seen_from_afar_keeps_its_amount(self) -> None:
        def from_afar(image: Image, inputs: Inputs, report: Report) -> Extraction:
            return replace(right_half(image, inputs, report), spread=2.0)

        engines = Engines(find=from_afar)
        soft = engines.run(asked(SOFT, SOLVE)).alpha
        firm = engines.run(asked(FIND, SOLVE)).alpha
        assert engines.names == ["finder", "solver"] * 2
        found = right_half(image(), Inputs(), silent).alpha
        gap = [abs(float(alpha.mean()) / 255 - float(found.mean())) for alpha in (soft, firm)]
        assert gap[0] < gap[1] / 2

    def test_what_was_solved_from_afar_is_solved_finer_where_it_is_unknown(self) -> None:
        def from_afar(image: Image, inputs: Inputs, report: Report) -> Extraction:
            assert inputs.trimap is not None
            solved = np.where(inputs.trimap == 128, 0.6, inputs.trimap / 255)
            return Extraction(solved.astype(np.float32), spread=3.0)

        seen = Step(replace(FIND.record, has_soft_edges=True), Role.SOLVE)
        engines = Engines(find=from_afar)
        alpha = engines.run(asked(seen, SOLVE, inputs=Inputs(with_edge()))).alpha
        assert engines.names == ["finder", "solver"]
        finer = engines.asked[1][1].trimap
        assert finer is not None
        unknown, known = with_edge() == 128, with_edge() != 128
        assert (finer[known] == with_edge()[known]).all()
        assert (finer[unknown] == 128).all()
        assert float(alpha[unknown].mean()) / 255 > 0.4  # more of the amount than of the quarter

    def test_a_third_engine_adds_to_the_second(self) -> None:
        def from_afar(image: Image, inputs: Inputs, report: Report) -> Extraction:
            return replace(right_half(image, inputs, report), spread=2.0)

        second = Step(replace(FIND.record, has_soft_edges=True), Role.SOLVE)
        engines, reported = Engines(find=from_afar), []
        engines.run(
            asked(POINT, second, SOLVE, inputs=Inputs(prompts=Prompts(keep=((20.0, 9.0),)))),
            report=lambda stage, fraction, preview=None: reported.append(fraction),
        )
        assert engines.names == ["pointer", "finder", "solver"]
        assert reported == sorted(reported)

    def test_what_is_pointed_at_by_one_with_soft_edges_keeps_them(self) -> None:
        soft = Step(replace(POINT.record, has_soft_edges=True), Role.POINT)
        engines = Engines()
        inputs = Inputs(prompts=Prompts(keep=((20.0, 9.0),)))
        outcome = engines.run(asked(soft, SOLVE, inputs=inputs))
        assert engines.names == ["pointer"]
        assert outcome.alpha[0, WIDTH // 2] == 128

    def test_one_with_trained_weights_solves_soft_edges_as_it_sees_them(self) -> None:
        trained = Step(replace(SOLVE.record, weights=WeightsRecord("", "", "", 0, "")), Role.SOLVE)
        engines = Engines()
        engines.run(asked(SOFT, trained))
        assert engines.names == ["finder", "solver"]

    def test_are_not_needed_at_the_same_time(self) -> None:
        def alone(image: Image, inputs: Inputs, report: Report) -> Extraction:
            assert len(engines.lent) == 1
            return (quarter if inputs.trimap is not None else right_half)(image, inputs, report)

        engines = Engines(alone, alone)
        engines.run(asked(FIND, SOLVE))
        assert engines.names == ["finder", "solver"]

    def test_leave_what_the_selection_says_for_certain(self) -> None:
        engines = Engines()
        engines.run(asked(FIND, SOLVE, inputs=Inputs(with_edge())))
        given, refined = (inputs.trimap for _, inputs in engines.asked)
        assert given is not None
        assert refined is not None
        known = given != 128
        assert (refined[known] == given[known]).all()

    def test_find_nothing_outside_of_the_region(self) -> None:
        region = np.zeros((HEIGHT, WIDTH), np.bool_)
        region[:, 18:] = True
        outcome = Engines().run(asked(FIND, SOLVE, inputs=Inputs(region=region)))
        assert not outcome.alpha[:, :18].any()

    def test_keep_the_colours_of_the_first_where_the_second_has_none(self) -> None:
        def with_foreground(image: Image, inputs: Inputs, report: Report) -> Extraction:
            found = right_half(image, inputs, report)
            return Extraction(found.alpha, np.full(image.shape, 0.2, np.float32))

        engines = Engines(find=with_foreground)
        outcome = engines.run(asked(COMPARE, SOLVE, output=Output("u8", "u8")))
        assert engines.names == ["comparer", "solver"]
        assert outcome.foreground is not None
        assert (outcome.foreground == 51).all()

    def test_share_one_progress_that_only_grows(self) -> None:
        reports: list[tuple[str, float]] = []

        def reporting(image: Image, inputs: Inputs, report: Report) -> Extraction:
            for fraction in (-1, 0, 0.5, 1, 2):
                report(fraction)
            return (quarter if inputs.trimap is not None else right_half)(image, inputs, report)

        Engines(reporting, reporting).run(
            asked(FIND, SOLVE),
            report=lambda stage, fraction, preview=None: reports.append((stage, fraction)),
        )
        assert [stage for stage, _ in reports] == ["Finding the subject"] * 5 + [
            "Solving the edge"
        ] * 5
        fractions = [fraction for _, fraction in reports]
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] < fractions[-1] <= 1

    def test_show_what_is_known_before_any_work(self) -> None:
        shown: list[Any] = []

        def solve(image: Image, inputs: Inputs, report: Report) -> Extraction:
            assert len(shown) == 1, "the work has begun before"
            return quarter(image, inputs, report)

        def see(stage: str, fraction: float, preview: Any = None) -> None:
            shown.append(preview)

        trimap = with_edge()
        Engines(solve=solve).run(asked(SOLVE, inputs=Inputs(trimap)), report=see)
        assert np.allclose(shown[0], trimap / 255)

    def test_stop_at_the_next_report_of_a_cancelled_request(self) -> None:
        def working(image: Image, inputs: Inputs, report: Report) -> Extraction:
            report(0.5)
            raise AssertionError("it went on")

        def cancel(stage: str, fraction: float, preview: object = None) -> None:
            raise CancelledError("no more")

        engines = Engines(find=working)
        with pytest.raises(CancelledError):
            engines.run(asked(FIND, SOLVE), report=cancel)
        assert engines.names == ["finder"]


class TestForeground:
    """The subject's own colours, where they are wanted."""

    @pytest.mark.parametrize(("dtype", "expected"), [("u8", 51), ("u16", 13107)])
    def test_is_the_engines(self, dtype: str, expected: int) -> None:
        def with_foreground(image: Image, inputs: Inputs, report: Report) -> Extraction:
            alpha = np.ones(image.shape[:2], np.float32)
            return Extraction(alpha, np.full(image.shape, 0.2, np.float32))

        outcome = Engines(find=with_foreground).run(asked(FIND, output=Output("u8", dtype)))
        assert outcome.foreground is not None
        assert outcome.foreground.shape == (HEIGHT, WIDTH, 3)
        assert (outcome.foreground == expected).all()
        assert outcome.foreground.flags.c_contiguous

    def test_is_estimated_otherwise(self) -> None:
        outcome = Engines().run(asked(FIND, output=Output("u8", "u8")))
        assert outcome.foreground is not None
        assert outcome.foreground.dtype == np.uint8
        np.testing.assert_allclose(outcome.foreground[:, 20:], 100, atol=1)

    @pytest.mark.parametrize("dtype", ["u8", "u16", "f16", "f32"])
    def test_is_in_the_photos_own_space_and_sample_type(self, dtype: str) -> None:
        """Engines saw another picture of it."""
        kind = DTYPES.get(dtype, np.float32)
        own = np.full((HEIGHT, WIDTH, 3), 0.75 * FULL.get(dtype, 1), kind)
        outcome = Engines().run(asked(FIND, output=Output("u8", dtype), colours=own))
        assert outcome.foreground is not None
        assert outcome.foreground.dtype == (np.float16 if dtype == "f16" else kind)
        np.testing.assert_allclose(outcome.foreground[:, 20:], own[:, 20:], rtol=0.01)
        assert outcome.foreground.flags.c_contiguous

    def test_keeps_light_beyond_white_and_below_black(self) -> None:
        own = np.full((HEIGHT, WIDTH, 3), (40.0, 1.0, -0.5), np.float32)
        own[:, : WIDTH // 2] = 0
        own[:, WIDTH // 2] /= 2
        outcome = Engines().run(asked(FIND, output=Output("u8", "f32"), colours=own))
        assert outcome.foreground is not None
        np.testing.assert_allclose(outcome.foreground[:, 15], [[40, 1, -0.5]] * HEIGHT, rtol=0.05)

    def test_is_grey_where_the_photo_is(self) -> None:
        own = np.full((HEIGHT, WIDTH, 1), 100, np.uint8)
        outcome = Engines().run(asked(FIND, output=Output("u8", "u8"), colours=own))
        assert outcome.foreground is not None
        assert outcome.foreground.shape == (HEIGHT, WIDTH, 1)

    @pytest.mark.parametrize(("level", "is_taken"), [(100, True), (101, True), (140, False)])
    def test_is_the_engines_only_where_the_photo_is_srgb_by_whatever_name(
        self, level: int, is_taken: bool
    ) -> None:
        def with_foreground(image: Image, inputs: Inputs, report: Report) -> Extraction:
            found = right_half(image, inputs, report)
            return Extraction(found.alpha, np.full(image.shape, 0.2, np.float32))

        request = asked(FIND, output=Output("u8", "u8"), colours=image(level))
        outcome = Engines(find=with_foreground).run(request)
        assert outcome.foreground is not None
        assert set(outcome.foreground.flat) == {51 if is_taken else level}


def test_an_engine_that_had_to_go_to_the_processor_is_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Working, "is_makeshift", True)
    notes = Engines().run(asked(SOLVE, inputs=Inputs(with_edge()))).notes
    assert notes == (
        "The graphics card had no room for Solver, so the processor did its work.",
        "Solved it.",
    )


class TestALostCard:
    """A driver that fails in the middle of the work, as torch words it."""

    @pytest.fixture(autouse=True)
    def _one_loss(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("flyaway.engines.device._is_lost", False)
        self.faults = [RuntimeError("CUDA error: unspecified launch failure")]

    def solve(self, image: Image, inputs: Inputs, report: Report) -> Extraction:
        if self.faults:
            raise self.faults.pop()
        return quarter(image, inputs, report)

    def engine(self, name: str) -> AnyEngine:
        self.loaded.append(Working(name, self.solve, []))
        return self.loaded[-1]

    def test_is_a_note_and_work_for_another_engine(self) -> None:
        self.loaded: list[Working] = []
        keeper = Keeper(Loading(self.engine), idle_s=0)
        outcome = pipeline.extract(asked(SOLVE, inputs=Inputs(with_edge())), keeper)
        assert "graphics card stopped working" in outcome.notes[0]
        assert outcome.notes[1:] == ("Solved it.",)
        assert len(self.loaded) == 2
        assert not self.loaded[1].is_makeshift
        pipeline.extract(asked(SOLVE, inputs=Inputs(with_edge())), keeper)
        assert len(self.loaded) == 2  # the second one is warm

    def test_is_a_sentence_where_the_settings_allow_no_processor(self) -> None:
        engines = Engines(solve=self.solve)
        with pytest.raises(DeviceLostError, match="flyaway daemon stop"):
            engines.run(asked(SOLVE, inputs=Inputs(with_edge())), may_use_cpu=False)


class TestPointedAt:
    """A rough mask of what was pointed at, whose edge is solved."""

    def test_its_own_edge_is_never_the_result(self) -> None:
        engines = Engines(find=right_half)
        inputs = Inputs(prompts=Prompts(keep=((20, 10),)))
        outcome = engines.run(asked(POINT, SOLVE, inputs=inputs, output=Output("f32")))
        assert engines.names == ["pointer", "solver"]
        assert engines.asked[0][1] == inputs
        trimap = engines.asked[1][1].trimap
        assert trimap is not None
        assert (trimap[:, WIDTH // 2] == UNKNOWN).all()
        assert set(np.unique(outcome.alpha)) == {0, np.float32(0.25), 1}
        assert (outcome.confidence, outcome.engine) == (0.7, "pointer + solver")

    def test_a_mask_of_everything_leaves_nothing_to_solve(self) -> None:
        def everything(image: Image, inputs: Inputs, report: Report) -> Extraction:
            return Extraction(np.full(image.shape[:2], 0.99, np.float32))

        engines = Engines(find=everything)
        inputs = Inputs(prompts=Prompts(keep=((20, 10),)))
        outcome = engines.run(asked(POINT, SOLVE, inputs=inputs))
        assert engines.names == ["pointer"]
        assert (outcome.alpha == 255).all()

    def test_what_lies_outside_of_the_region_stays_background(self) -> None:
        region = np.ones((HEIGHT, WIDTH), np.bool_)
        region[:3] = False
        inputs = Inputs(region=region, prompts=Prompts(boxes=((1, 3, 20, 15),)))
        outcome = Engines().run(asked(POINT, SOLVE, inputs=inputs))
        assert (outcome.alpha[:3] == 0).all()

    def test_an_image_that_was_looked_at_is_not_again(self) -> None:
        kept = Encoding()
        inputs = Inputs(prompts=Prompts(keep=((20, 10),)))
        engine = Working("pointer", right_half, [])
        seen = image(7)
        kept.made(engine, seen, silent)

        class Lending(Engines):
            @contextmanager
            def lend(self, name: str) -> Iterator[AnyEngine]:
                yield engine if name == "pointer" else Working(name, self.solve, self.asked)

        looked: list[int] = []

        def note(image: Image, inputs: Inputs, report: Report) -> Extraction:
            looked.append(int(image[0, 0, 0]))
            return right_half(image, inputs, report)

        engine._work = note
        Lending().run(asked(POINT, SOLVE, inputs=inputs, pointed=kept))
        assert looked == [7]
