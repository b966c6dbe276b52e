"""The built-in engine as its callers see it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from flyaway.engines.builtin import level, matting
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.builtin.solve import conjugate_gradients
from flyaway.engines.builtin.system import System
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Inputs, Report, silent
from flyaway.errors import CancelledError, EngineError, NoSubjectError, RequestError
from flyaway.images.rectangles import Window

ALONE = Workers(torch.device("cpu"))


def disc(height: int, width: int, soft_px: float = 4.0) -> np.ndarray:
    """A disc with a soft edge: HxW float32."""
    y, x = np.mgrid[:height, :width]
    radius = 0.3 * min(height, width)
    away = np.hypot(y - height / 2, x - width / 2)
    return ((radius - away) / soft_px + 0.5).clip(0, 1).astype(np.float32)


def scene(height: int = 90, width: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, trimap and true alpha of a red disc on a blue ground, both gently shaded."""
    alpha = disc(height, width)
    shade = np.linspace(0.0, 0.15, width, dtype=np.float32)[None, :, None]
    red = np.array([0.8, 0.2, 0.1], np.float32) + shade
    blue = np.array([0.1, 0.3, 0.7], np.float32) + shade
    image = alpha[..., None] * red + (1 - alpha[..., None]) * blue
    trimap = np.full(alpha.shape, 128, np.uint8)
    wide = disc(height, width, soft_px=16.0)
    trimap[wide == 0], trimap[wide == 1] = 0, 255
    return image, trimap, alpha


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two alphas cut at one half."""
    return float(((one > 0.5) & (other > 0.5)).sum() / ((one > 0.5) | (other > 0.5)).sum())


def test_finds_the_alpha_of_a_soft_edge() -> None:
    image, trimap, alpha = scene()
    found = BuiltinEngine().extract(image, Inputs(trimap)).alpha
    assert np.abs(found - alpha).max() < 0.03


def test_keeps_known_pixels_exactly() -> None:
    image, trimap, _ = scene()
    found = BuiltinEngine().extract(image, Inputs(trimap)).alpha
    assert (found[trimap == 255] == 1.0).all()
    assert (found[trimap == 0] == 0.0).all()
    assert found.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gives_integers_the_alpha_of_floats(dtype: type[np.uint8] | type[np.uint16]) -> None:
    image, trimap, _ = scene()
    integers: Any = (image * np.iinfo(dtype).max).round().astype(dtype)
    engine = BuiltinEngine()
    difference = (
        engine.extract(integers, Inputs(trimap)).alpha - engine.extract(image, Inputs(trimap)).alpha
    )
    assert np.abs(difference).max() < 0.03


@pytest.mark.parametrize(
    "name", ["constant", "noise", "nan", "island", "thin", "no foreground", "no background"]
)
def test_gives_numbers_for_any_image(name: str) -> None:
    image, trimap, _ = scene(48, 64)
    random = np.random.default_rng(0)
    if name == "constant":
        image = np.full_like(image, 0.5)
    elif name == "noise":
        image = random.random(image.shape, np.float32)
    elif name == "nan":
        image[20:24] = np.nan
        image[30, 3] = np.inf
    elif name == "island":
        trimap[:] = 0
        trimap[:8] = 255
        trimap[20:40, 20:40] = 128
    elif name == "thin":
        trimap[:, 32:] = 0
        trimap[:, :32] = 255
        trimap[:, 32] = 128
    elif name == "no foreground":
        trimap[trimap == 255] = 128
    else:
        trimap[trimap == 0] = 128
    extraction = BuiltinEngine().extract(image, Inputs(trimap))
    assert np.isfinite(extraction.alpha).all()
    assert extraction.alpha.min() >= 0.0
    assert extraction.alpha.max() <= 1.0
    assert bool(extraction.notes) == name.startswith("no ")


def test_a_solution_that_is_no_number_is_refused_in_a_sentence() -> None:
    rhs = torch.tensor([1.0, torch.nan])
    system = System((), torch.ones(2), rhs)
    with pytest.raises(EngineError, match=r"no numbers.*Choose another engine"):
        conjugate_gradients(system, torch.zeros(2), 1e-3, silent)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 1), (7, 5)])
def test_works_on_pictures_of_a_few_pixels(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    image = random.random((*shape, 3), np.float32)
    trimap = np.full(shape, 128, np.uint8)
    trimap[0, 0] = 255
    trimap[-1, -1] = 0
    assert BuiltinEngine().extract(image, Inputs(trimap)).alpha.shape == shape


def test_gives_a_trimap_without_unknown_back_at_once() -> None:
    image, trimap, _ = scene()
    trimap[trimap == 128] = 0
    found = BuiltinEngine().extract(image, Inputs(trimap))
    assert np.array_equal(found.alpha, (trimap == 255).astype(np.float32))
    assert found.confidence is None


def test_stops_within_half_a_second_of_a_cancel() -> None:
    image, trimap, _ = scene(1800, 2400)
    called_at = [time.monotonic()]
    longest = [0.0]

    def watch(fraction: float, preview: np.ndarray | None = None) -> None:
        longest[0] = max(longest[0], time.monotonic() - called_at[0])
        called_at[0] = time.monotonic()
        if fraction > 0.0:
            raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        BuiltinEngine().extract(image, Inputs(trimap), watch)
    assert time.monotonic() - called_at[0] < 0.5
    assert longest[0] < 0.5


def fractions_of(image: np.ndarray, trimap: np.ndarray) -> list[float]:
    """All fractions reported while a trimap is solved."""
    said: list[float] = []
    report: Report = lambda fraction, preview=None: said.append(fraction)  # noqa: E731
    BuiltinEngine().extract(image, Inputs(trimap), report)
    return said


def test_reports_never_fall_back() -> None:
    image, trimap, _ = scene(300, 400)
    said = fractions_of(image, trimap)
    assert said == sorted(said)
    assert said[0] == 0.0
    assert said[-1] <= 1.0


def test_shows_a_preview_before_the_tiles() -> None:
    image, trimap, alpha = scene(500, 700)
    shown: list[np.ndarray] = []

    def keep(fraction: float, preview: np.ndarray | None = None) -> None:
        if preview is not None:
            shown.append(preview)

    matting.extract(image, trimap, keep, ALONE, 2000)
    for each in shown:
        step = round(len(alpha) / len(each))
        assert each.shape == alpha[::step, ::step].shape
        assert np.abs(each - alpha[::step, ::step]).mean() < 0.02
    assert len({each.shape for each in shown}) == len(shown) > 1


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    image, trimap, _ = scene(500, 700)
    tiled = matting.extract(image, trimap, silent, ALONE, 2000)
    monkeypatch.setattr(level, "SIDE", 1024)
    whole = matting.extract(image, trimap, silent, ALONE, 2000)
    assert np.abs(tiled - whole).max() < 1 / 255
    assert not np.array_equal(tiled, whole)


def test_where_solving_would_take_long_alpha_follows_the_edges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image, trimap, alpha = scene(500, 700)
    solved = matting.extract(image, trimap, silent, ALONE, 2000)
    monkeypatch.setattr(matting, "_SOLVED_OPEN", 0)
    followed = matting.extract(image, trimap, silent, ALONE, 2000)
    unknown = trimap == 128
    errors = [np.abs(each - alpha)[unknown].mean() for each in (followed, solved)]
    assert errors[0] < 1.1 * errors[1]
    assert not np.array_equal(followed, solved)
    assert np.array_equal(followed[~unknown], solved[~unknown])


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_what_follows_edges_does_not_depend_on_tiles_or_threads(
    monkeypatch: pytest.MonkeyPatch, noise: float
) -> None:
    image, trimap, _ = scene(500, 700)
    image = image + np.random.default_rng(1).normal(0, noise, image.shape).astype(np.float32)
    image = image.clip(0, 1)
    monkeypatch.setattr(matting, "_SOLVED_OPEN", 0)
    once = matting.extract(image, trimap, silent, ALONE, 2000)
    monkeypatch.setattr(level, "SIDE", 128)
    again = matting.extract(image, trimap, silent, Workers(torch.device("cpu"), 3), 2000)
    assert np.abs(once - again).max() < 1 / 255


def test_finds_the_subject_in_a_region() -> None:
    image, _, alpha = scene(120, 160)
    region = np.zeros(alpha.shape, bool)
    region[15:105, 30:130] = True
    found = BuiltinEngine().extract(image, Inputs(region=region))
    assert overlap(found.alpha, alpha) > 0.94  # a pixel along the soft edge is 0.05
    assert (found.alpha[~region] == 0).all()
    assert found.confidence is not None


def test_finds_the_subject_of_a_picture() -> None:
    image, _, alpha = scene(120, 160)
    found = BuiltinEngine().extract(image)
    assert overlap(found.alpha, alpha) > 0.95


def test_says_what_to_do_about_a_rough_guess() -> None:
    noise = np.random.default_rng(2).random((80, 100, 3), np.float32)
    try:
        found = BuiltinEngine().extract(noise)
    except NoSubjectError as error:
        assert "region" in str(error)
    else:
        assert found.confidence is not None
        assert found.confidence < 0.7
        assert any("region" in note and "MB" in note for note in found.notes)


def test_refuses_a_trimap_of_another_size() -> None:
    image, trimap, _ = scene()
    with pytest.raises(RequestError, match="same size"):
        BuiltinEngine().extract(image, Inputs(trimap[1:]))


def test_settled_pixels_get_the_alpha_they_would_be_solved_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image, trimap, _ = scene(500, 700)
    settled = matting.extract(image, trimap, silent, ALONE, 2000)
    monkeypatch.setattr(level, "_SETTLED_REACH_PX", 400)
    solved = matting.extract(image, trimap, silent, ALONE, 2000)
    assert np.abs(settled - solved).max() < 1 / 255
    assert not np.array_equal(settled, solved)
    assert settled.max() <= 1.0


@pytest.mark.parametrize(
    "window", [(slice(60, 160), slice(250, 420)), (slice(0, 500), slice(0, 9))]
)
def test_a_window_gets_nearly_what_solving_all_gives_there(window: Window) -> None:
    image, trimap, _ = scene(500, 700)
    engine = BuiltinEngine()
    whole = engine.extract(image, Inputs(trimap)).alpha[window]
    part = engine.solve(engine.encode(image), Inputs(trimap), window).alpha
    assert part.shape == whole.shape
    assert np.abs(part - whole).max() < 0.02


def test_a_window_without_a_known_side_looks_farther() -> None:
    image, trimap, alpha = scene(500, 700)
    trimap[trimap == 255] = 128
    trimap[249:251, 349:351] = 255
    window = slice(100, 120), slice(200, 220)
    found = BuiltinEngine().solve(image, Inputs(trimap), window)
    assert not found.notes
    assert np.abs(found.alpha - alpha[window]).max() < 0.1


def test_a_window_of_a_guess_gets_its_part_of_it() -> None:
    image, _, _ = scene(120, 160)
    window = slice(20, 60), slice(50, 100)
    whole, part = (BuiltinEngine().solve(image, Inputs(), each) for each in (None, window))
    assert part.confidence == whole.confidence
    assert np.abs(part.alpha - whole.alpha[window]).max() < 0.05
