"""What the built-in engine sees of a photo's noise and JPEG's traces, and how it cleans its own copy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.benchmarks import metrics
from tests.benchmarks.degraded import Harm

from flyaway.engines.builtin import matting, noise
from flyaway.engines.builtin.cleaning import cleaned
from flyaway.engines.builtin.noise import TO_YCC, Noise
from flyaway.engines.builtin.sharpening import sharpened
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import silent

ALONE = Workers(torch.device("cpu"))


def scene(
    height: int, width: int, softness_px: float = 1.0
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """A warm wavy blob before a cool, faintly shaded ground; its alpha and a trimap around its edge."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    y, x = rows - height / 2, columns - width / 2
    away = np.hypot(y, x) - min(height, width) * (0.3 + 0.03 * np.sin(24 * np.arctan2(y, x)))
    alpha = (0.5 - away / (2 * softness_px)).clip(0, 1).astype(np.float32)
    trimap = np.where(away < -14, 255, np.where(away > 14, 0, 128)).astype(np.uint8)
    shade = 12 * np.sin(rows / 37) * np.cos(columns / 41)
    front, back = np.array([165.0, 90.0, 70.0]), np.array([70.0, 100.0, 130.0])
    image = back + shade[..., None] + alpha[..., None] * (front - back)
    return np.rint(image).clip(0, 255).astype(np.uint8), alpha, trimap


def floats(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels as 0..1."""
    return np.asarray(image / np.float32(255), np.float32)


@pytest.mark.parametrize("sigma", [2.0, 5.0, 10.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_sees_how_strong_noise_is_in_luma_and_chroma(sigma: float, seed: int) -> None:
    seen = noise.estimate(Harm(noise=sigma, noise_seed=seed).done_to(scene(300, 400)[0]))
    true = np.sqrt((TO_YCC @ TO_YCC.T).diagonal()) * sigma / 255
    assert np.sqrt(seen.covariance.diagonal()) == pytest.approx(true, rel=0.15)
    assert not seen.has_halved_chroma


@pytest.mark.parametrize("levels", [1, 257])
def test_takes_edges_and_textures_for_no_noise(levels: int) -> None:
    image, _, _ = scene(300, 400)
    image[::3, :200] //= 2
    harmed = image if levels == 1 else image.astype(np.uint16) * np.uint16(levels)
    seen = noise.estimate(harmed)
    assert seen.at(1) is None
    assert not seen.has_halved_chroma


@pytest.mark.parametrize("start", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("quality", [75, 92])
def test_sees_chroma_of_half_the_size_and_where_its_pairs_begin(
    start: tuple[int, int], quality: int
) -> None:
    saved = Harm(jpeg=quality).done_to(scene(300, 400)[0])[start[0] :, start[1] :]
    seen = noise.estimate(saved)
    assert (seen.chroma_rows, seen.chroma_columns) == start


def test_sees_no_halved_chroma_where_jpeg_kept_it_whole() -> None:
    saved = Harm(jpeg=95, subsampling="444").done_to(scene(300, 400)[0])
    assert not noise.estimate(saved).has_halved_chroma


def test_says_nothing_of_a_picture_too_small_to_tell() -> None:
    seen = noise.estimate(np.zeros((5, 400, 3), np.uint8))
    assert seen.at(1) is None
    assert not seen.has_halved_chroma


@pytest.mark.parametrize("harm", [Harm(jpeg=75), Harm(jpeg=92), Harm(noise=2, jpeg=95)])
def test_tells_a_sharp_photo_from_one_whose_edges_are_as_wide_as_chroma(harm: Harm) -> None:
    small, _, _ = scene(200, 240)
    small[:, :120:6] //= 2
    large = np.asarray(cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    assert noise.estimate(harm.done_to(small)).fine_share > 0.05
    assert noise.estimate(harm.done_to(large)).fine_share < 0.03


def test_leaves_a_clean_picture_as_it_is() -> None:
    image, _, trimap = scene(200, 240)
    colours = floats(image)
    assert cleaned(colours, trimap == 128, noise.estimate(image)) is colours


@pytest.mark.parametrize(
    ("harm", "share"), [(Harm(noise=5), 0.6), (Harm(jpeg=92), 0.85), (Harm(jpeg=75), 0.95)]
)
def test_brings_chroma_nearer_to_what_it_was(harm: Harm, share: float) -> None:
    image, _, trimap = scene(300, 400)
    harmed = harm.done_to(image)
    colours, true = floats(harmed), floats(image)
    found = cleaned(colours, trimap == 128, noise.estimate(harmed))
    near = trimap == 128

    def error(of: NDArray[np.float32]) -> float:
        return float(np.square(((of - true) @ TO_YCC.T)[near][:, 1:]).mean() ** 0.5)

    assert error(found) < share * error(colours)
    assert np.array_equal(found[:8, :8], colours[:8, :8])  # far from the edge


@pytest.mark.parametrize("harm", [Harm(noise=5), Harm(jpeg=85), Harm(noise=3, jpeg=92)])
def test_a_window_becomes_what_it_does_in_the_whole(harm: Harm) -> None:
    harmed = harm.done_to(scene(300, 400)[0])
    seen, colours = noise.estimate(harmed), floats(harmed)
    everywhere = np.ones((300, 400), bool)
    whole = cleaned(colours, everywhere, seen)
    top, left = 61, 94
    part = cleaned(colours[top:, left:], everywhere[top:, left:], seen, origin=(top, left))
    difference = np.abs(part - whole[top:, left:])[12:, 12:]
    assert difference.max() < 1e-4


NOISY = np.diag([1e-4, 1e-4, 1e-4]).astype(np.float32)
CLEAN = np.zeros((3, 3), np.float32)


def smeared_edge() -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """An upright edge as halved chroma leaves it, in 24x24 pixels, and which were solved."""
    row = np.array([0.0] * 10 + [0.1, 0.35, 0.65, 0.9] + [1.0] * 10, np.float32)
    is_unknown = np.zeros((24, 24), bool)
    is_unknown[:, 8:16] = True
    return np.tile(row, (24, 1)), is_unknown


def test_a_smeared_edge_becomes_steeper_where_chroma_was_halved_in_a_sharp_photo() -> None:
    alpha, is_unknown = smeared_edge()
    found = sharpened(alpha, is_unknown, Noise(CLEAN, 0, 0, 0.1), 1)
    assert np.ptp(found[:, 11:13]) > 1.3 * np.ptp(alpha[:, 11:13])
    half = sharpened(alpha, is_unknown, Noise(CLEAN, 0, 0, 0.04), 1)
    assert np.ptp(alpha[:, 11:13]) < np.ptp(half[:, 11:13]) < np.ptp(found[:, 11:13])


@pytest.mark.parametrize(
    ("seen", "factor"),
    [
        (Noise(CLEAN, None, None, 0.1), 1),
        (Noise(CLEAN, 0, 0, 0.02), 1),
        (Noise(CLEAN, 0, 0, 0.1), 2),
    ],
)
def test_an_edge_that_chroma_did_not_smear_stays(seen: Noise, factor: int) -> None:
    alpha, is_unknown = smeared_edge()
    assert sharpened(alpha, is_unknown, seen, factor) is alpha


def test_a_hair_keeps_its_alpha_and_a_wide_ramp_its_slope() -> None:
    hair = np.zeros((24, 24), np.float32)
    hair[:, 12] = 0.3
    ramp = np.tile(np.linspace(0.0, 1.0, 24, dtype=np.float32), (24, 1))
    everywhere = np.ones((24, 24), bool)
    seen = Noise(CLEAN, 0, 0, 0.1)
    assert np.allclose(sharpened(hair, everywhere, seen, 1), hair)
    found = sharpened(ramp, everywhere, seen, 1)
    assert np.abs(found - ramp)[:, 3:-3].max() < 1e-3


def test_noise_takes_its_haze_along_but_known_pixels_stay() -> None:
    alpha, is_unknown = smeared_edge()
    alpha[:, 8:10], alpha[:, 14:16] = 0.02, 0.98
    found = sharpened(alpha, is_unknown, Noise(NOISY), 1)
    assert (found[:, 8:10] == 0).all()
    assert (found[:, 14:16] == 1).all()
    assert np.array_equal(found[~is_unknown], alpha[~is_unknown])


@pytest.mark.parametrize(
    ("harm", "whole_unknown"),
    [
        (Harm(noise=5), matting.WHOLE_UNKNOWN),
        (Harm(jpeg=92), matting.WHOLE_UNKNOWN),
        (Harm(jpeg=92), 2000),
    ],
)
def test_harm_costs_less_than_it_does_without_cleaning(
    harm: Harm, whole_unknown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, alpha, trimap = scene(200, 240)
    harmed = harm.done_to(image)

    def error() -> float:
        found = matting.extract(harmed, trimap, silent, ALONE, whole_unknown)
        return metrics.sad(found, alpha, trimap == 128)

    with_cleaning = error()
    nothing = noise.Noise(np.zeros((3, 3), np.float32))
    monkeypatch.setattr(noise, "estimate", lambda image: nothing)
    assert with_cleaning < 0.95 * error()


@pytest.mark.parametrize(("quality", "least_step"), [(75, 1.7), (92, 1.3)])
def test_jpeg_blocks_show_less_in_a_dark_smooth_edge(
    quality: int, least_step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, alpha, trimap = scene(320, 320, 6.0)
    front, back = np.array([34.0, 26.0, 22.0]), np.array([62.0, 58.0, 60.0])
    shade = np.linspace(-6, 6, 320)[:, None, None]
    dark = back + shade + alpha[..., None] * (front - back)
    dark = Harm(noise=0.7).done_to(np.rint(dark).astype(np.uint8))
    saved = Harm(jpeg=quality).done_to(dark)

    def step() -> float:
        error = matting.extract(saved, trimap, silent, ALONE) - alpha
        return max(block_step(error, trimap == 128, axis) for axis in (0, 1))

    with_cleaning = step()
    nothing = noise.Noise(np.zeros((3, 3), np.float32))
    monkeypatch.setattr(noise, "estimate", lambda image: nothing)
    assert step() > least_step  # without cleaning there is something to take away
    assert with_cleaning - 1 < 0.7 * (step() - 1)


def block_step(error: NDArray[np.float32], unknown: NDArray[np.bool_], axis: int) -> float:
    """Mean step of an error across borders of 8-pixel blocks, against that within them."""
    steps = np.abs(np.diff(error, axis=axis))
    both = cv2.erode(unknown.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    steps, both = np.moveaxis(steps, axis, 0), np.moveaxis(both, axis, 0)[:-1]
    place = np.arange(len(steps)) % 8
    across = steps[place == 7][both[place == 7]].mean()
    within = steps[place != 7][both[place != 7]].mean()
    return float(across / max(within, 1e-6))
