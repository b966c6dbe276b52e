"""The subject's own colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flyaway.engines.builtin.foreground import Layer, estimate
from flyaway.errors import CancelledError
from flyaway.images.arrays import Alpha


def composite(height: int = 150, width: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, alpha and true foreground of soft stripes over another shade."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    alpha = (0.5 + 0.7 * np.sin(x / 9) * np.cos(y / 23)).clip(0, 1).astype(np.float32)
    foreground = np.dstack([0.8 - 0.3 * x / width, 0.2 + 0.2 * y / height, np.full_like(x, 0.1)])
    background = np.dstack([np.full_like(x, 0.1), 0.5 + 0.3 * x / width, 0.9 - 0.4 * y / height])
    image = alpha[..., None] * foreground + (1 - alpha[..., None]) * background
    return image.astype(np.float32), alpha, foreground.astype(np.float32)


def test_takes_the_background_out_of_mixed_pixels() -> None:
    image, alpha, truth = composite()
    mixed = (alpha > 0.1) & (alpha < 1)
    found = estimate(image, alpha)
    assert np.abs(found - truth)[mixed].mean() < 0.03
    assert np.abs(found - truth)[mixed].mean() < 0.1 * np.abs(image - truth)[mixed].mean()


def test_leaves_opaque_areas_as_they_are() -> None:
    image, alpha, _ = composite()
    alpha[40:110, 40:150] = 1.0
    found = estimate(image, alpha)
    assert np.abs(found - image)[50:100, 50:140].max() < 0.01


def test_carries_the_subject_colours_into_the_background() -> None:
    image = np.zeros((64, 300, 3), np.float32)
    image[:, :20] = (0.9, 0.3, 0.1)
    alpha = np.zeros((64, 300), np.float32)
    alpha[:, :20] = 1.0
    assert np.abs(estimate(image, alpha)[:, 25:40] - (0.9, 0.3, 0.1)).max() < 0.1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_takes_integers(dtype: type[np.uint8] | type[np.uint16]) -> None:
    image, alpha, _ = composite()
    integers: Any = (image * np.iinfo(dtype).max).round().astype(dtype)
    found = estimate(integers, alpha)
    assert found.dtype == np.float32
    assert np.abs(found - estimate(image, alpha)).mean() < 0.01


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 3), (65, 1), (129, 257)])
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_gives_numbers_for_any_size(shape: tuple[int, int], level: float) -> None:
    image = np.random.default_rng(0).random((*shape, 3), np.float32)
    found = estimate(image, np.full(shape, level, np.float32))
    assert found.shape == image.shape
    assert np.isfinite(found).all()
    assert found.min() >= 0.0
    assert found.max() <= 1.0


def test_does_not_depend_on_the_number_of_threads() -> None:
    image, alpha, _ = composite(300, 400)
    assert np.array_equal(estimate(image, alpha, threads=1), estimate(image, alpha, threads=3))


def test_stops_when_cancelled() -> None:
    image, alpha, _ = composite()

    def cancel(fraction: float, preview: np.ndarray | None = None) -> None:
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        estimate(image, alpha, cancel)


def test_takes_light_beyond_white() -> None:
    image, alpha, front = scene_of_light()
    found = estimate(image, alpha)
    mixed = (alpha > 0.3) & (alpha < 1)
    assert np.abs(found - front)[mixed].mean() < 0.03 * front.max()
    assert np.array_equal(found[alpha == 1], image[alpha == 1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_spoils_no_other_pixel(value: float) -> None:
    image, alpha, _ = scene_of_light()
    image[3, 3] = value
    assert np.isfinite(estimate(image, alpha)).all()


def scene_of_light() -> tuple[Layer, Alpha, Layer]:
    """Image, alpha and the subject's colours: a lamp of 50 times white, red below black, before a dim wall."""
    y, x = np.mgrid[:60, :80].astype(np.float32)
    alpha = ((20 - np.hypot(y - 30, x - 40)) / 6).clip(0, 1)
    front = np.empty((60, 80, 3), np.float32)
    front[:] = (-2.0, 50.0, 10.0)
    image = alpha[..., None] * front + (1 - alpha[..., None]) * np.float32(0.1)
    return image.astype(np.float32), alpha, front
