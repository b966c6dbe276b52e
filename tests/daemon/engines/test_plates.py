"""A plate is brought to where the camera stood, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from flyaway.engines import plates
from flyaway.errors import RequestError

SHAPE = (300, 400)


def scene(seed: int = 0) -> np.ndarray:
    """A wall with many corners to hold on to."""
    rng = np.random.default_rng(seed)
    picture = np.full((*SHAPE, 3), 120, np.uint8)
    for _ in range(250):
        x, y = rng.integers(0, SHAPE[1]), rng.integers(0, SHAPE[0])
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        far = int(x + rng.integers(5, 40)), int(y + rng.integers(5, 40))
        cv2.rectangle(picture, (int(x), int(y)), far, colour, -1)
    return picture


def with_subject(picture: np.ndarray) -> np.ndarray:
    picture = picture.copy()
    cv2.ellipse(picture, (200, 180), (60, 110), 0, 0, 360, (200, 150, 130), -1)
    return picture


def moved(picture: np.ndarray, pixels: float) -> np.ndarray:
    """The picture as a camera sees it that shook a little."""
    shake = np.array([[1.004, 0.003, pixels], [-0.002, 1.003, -pixels], [1e-6, 0, 1]])
    return cv2.warpPerspective(picture, shake, SHAPE[::-1], borderMode=cv2.BORDER_REFLECT)


def middle(picture: np.ndarray) -> np.ndarray:
    return picture[30:-30, 30:-30].astype(np.float64)


def test_a_plate_that_fits_stays_as_it_is() -> None:
    plate = scene()
    assert np.array_equal(plates.aligned(plate, with_subject(plate)), plate)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_plate_from_a_shaken_camera_is_aligned(dtype: Any) -> None:
    factor = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    plate = (moved(scene(), 9) * np.float64(factor)).astype(dtype)
    image = (with_subject(scene()) * np.float64(factor)).astype(dtype)
    aligned = plates.aligned(plate, image)
    assert aligned.dtype == dtype
    before = np.abs(middle(plate / factor) - middle(scene())).mean()
    after = np.abs(middle(aligned / factor) - middle(scene())).mean()
    assert after < before / 3


def test_where_the_plate_does_not_reach_the_image_stands_in() -> None:
    image = with_subject(scene())
    plate: Any = cv2.warpPerspective(
        scene(), np.array([[1, 0, 20], [0, 1, 0], [0, 0, 1.0]]), SHAPE[::-1]
    )
    aligned = plates.aligned(plate, image)
    assert np.array_equal(aligned[:, -15:], image[:, -15:])


def test_a_plain_wall_needs_no_landmarks() -> None:
    wall = np.full((*SHAPE, 3), 90, np.uint8)
    image = wall.copy()
    image[100:200, 150:250] = (30, 60, 200)
    assert np.array_equal(plates.aligned(wall, image), wall)


def test_a_face_may_fill_the_picture_before_a_plain_wall() -> None:
    wall = np.full((*SHAPE, 3), 90, np.uint8)
    image = wall.copy()
    image[40:, 20:-20] = scene()[40:, 20:-20]
    assert np.array_equal(plates.aligned(wall, image), wall)


def test_a_plate_that_fits_is_not_refused_for_landmarks_that_lead_astray(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    astray = np.array([[1, 0, 3], [0, 1, -2], [0, 0, 1.0]])
    monkeypatch.setattr(plates, "_homography", lambda plate, image: astray)
    plate = scene()
    assert np.array_equal(plates.aligned(plate, with_subject(plate)), plate)


@pytest.mark.parametrize(
    "plate",
    [scene(1), scene()[:, ::-1].copy(), np.full((*SHAPE, 3), 250, np.uint8)],
    ids=["another place", "mirrored", "another wall"],
)
def test_a_plate_of_another_view_is_refused_with_advice(plate: np.ndarray) -> None:
    with pytest.raises(RequestError, match="Use a plate taken from the same place"):
        plates.aligned(plate, with_subject(scene()))


def test_a_plate_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(RequestError, match="400×299 pixels and the image 400×300"):
        plates.aligned(scene()[:-1], scene())
