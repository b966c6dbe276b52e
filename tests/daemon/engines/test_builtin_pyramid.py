"""Levels of a large photo, and what of it is solved at each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from flyaway.engines.builtin import matting, pyramid
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import silent

ALONE = Workers(torch.device("cpu"))


def ribbon() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, trimap and alpha of a ball and a ribbon as green as the ground below it.

    Only a known stroke of 2 pixels along its middle says that the ribbon belongs to the subject.
    """
    y, x = np.mgrid[:480, :640].astype(np.float32)
    from_ball = np.hypot(y - 120, x - 160)
    from_middle = np.abs(y - 330 - 10 * np.sin(x / 60))
    ends = ((x - 60) / 4).clip(0, 1) * ((580 - x) / 4).clip(0, 1)
    strip = ((14 - from_middle) / 4 + 0.5).clip(0, 1) * ends
    alpha = np.maximum(((100 - from_ball) / 4 + 0.5).clip(0, 1), strip)
    red, green, blue = np.eye(3, dtype=np.float32) * 0.6 + 0.1
    front = np.where((y > 230)[..., None], green, red)
    ground = np.where((y > 430)[..., None], green, blue)
    image = alpha[..., None] * front + (1 - alpha[..., None]) * ground
    image += np.random.default_rng(0).normal(0, 0.01, image.shape)
    trimap = np.full(alpha.shape, 128, np.uint8)
    trimap[((from_ball > 120) & (y < 250)) | (y > 410)] = 0
    trimap[(from_ball < 80) | ((from_middle < 1) & (x > 80) & (x < 560))] = 255
    return image.clip(0, 1).astype(np.float32), trimap, alpha


@pytest.mark.parametrize("whole_unknown", [20_000, 5_000, 1_000])
def test_a_known_strip_thinner_than_a_coarse_pixel_is_not_lost(whole_unknown: int) -> None:
    image, trimap, alpha = ribbon()
    found = matting.extract(image, trimap, silent, ALONE, whole_unknown)
    assert ((found - alpha)[250:] ** 2).mean() < 5e-5


@pytest.mark.parametrize("factor", [2, 8, 64])
def test_a_thin_strip_is_known_at_a_level_in_its_own_colour(factor: int) -> None:
    image = np.full((256, 192, 3), 0.25, np.float32)
    trimap = np.full(image.shape[:2], 128, np.uint8)
    image[:, 65], trimap[:, 65] = (1.0, 0.5, 0.0), 255
    trimap[:, 130] = 0
    colours, known = pyramid.whole(image, trimap, factor)
    assert (known[:, 65 // factor] == 255).all()
    assert (known[:, 130 // factor] == 0).all()
    assert np.abs(colours[:, 65 // factor] - (1.0, 0.5, 0.0)).max() < 1e-5
    assert (known == 128).sum() == known.size - 2 * known.shape[0]


def test_a_pixel_that_holds_both_sides_stays_unknown() -> None:
    trimap = np.full((32, 32), 128, np.uint8)
    trimap[8:10, 8:12], trimap[10, 8] = 255, 0
    _, known = pyramid.whole(np.zeros((32, 32, 3), np.uint8), trimap, 8)
    assert (known == 128).all()


def test_the_rim_of_a_known_area_stays_unknown() -> None:
    trimap = np.full((64, 64), 128, np.uint8)
    trimap[:, :20], trimap[:, 45:] = 255, 0
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    colours, known = pyramid.whole(image, trimap, 8)
    whole = Box(0, 8, 0, 8)
    assert np.array_equal(known, pyramid.trimap(trimap, 8, whole))
    assert np.array_equal(colours, pyramid.pixels(image, 8, whole))


@pytest.mark.parametrize("shape", [(17, 9), (1, 1), (40, 3)])
def test_levels_of_odd_sizes_repeat_the_edge(shape: tuple[int, int]) -> None:
    trimap = np.full(shape, 128, np.uint8)
    trimap[-1, -1] = 255
    colours, known = pyramid.whole(np.ones((*shape, 3), np.float32), trimap, 8)
    assert known[-1, -1] == 255
    assert (colours == 1.0).all()


@pytest.mark.parametrize("factor", [2, 8])
def test_enlarges_a_window_as_the_whole(factor: int) -> None:
    coarse = np.random.default_rng(0).random((20, 30), np.float32)
    size = (30 * factor, 20 * factor)
    whole = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    window = Box(3, 14 * factor + 1, 5, 17 * factor)
    part = pyramid.enlarged(coarse, window, cv2.INTER_LINEAR, factor)
    assert np.abs(part - whole[window.slices]).max() < 1e-6


@pytest.mark.parametrize("shape", [(3, 100), (100, 3), (5, 7), (64, 20)])
@pytest.mark.parametrize("factor", [2, 8, 64])
def test_a_side_shorter_than_a_block_is_averaged_as_if_its_edge_went_on(
    shape: tuple[int, int], factor: int
) -> None:
    image = np.random.default_rng(0).random((*shape, 3), np.float32)
    height, width = pyramid.level_shape(shape, factor)
    room = ((0, height * factor - shape[0]), (0, width * factor - shape[1]), (0, 0))
    blocks = np.pad(image.astype(float), room, "edge").reshape(height, factor, width, factor, 3)
    found = pyramid.pixels(image, factor, Box(0, height, 0, width))
    assert np.abs(found - blocks.mean(axis=(1, 3))).max() < 1e-5


def test_a_level_is_the_same_however_few_pixels_are_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)
    box = Box(1, 7, 2, 9)
    at_once = pyramid.pixels(image, 8, box)
    for pixels in (64, 8 * 8 * 3, 8 * 8 * 14):
        monkeypatch.setattr(pyramid, "_STRIP_PIXELS", pixels)
        assert np.abs(pyramid.pixels(image, 8, box) - at_once).max() < 1e-6


@pytest.mark.skipif(sys.platform != "linux", reason="needs the limits of Linux")
def test_memory_is_bounded_by_the_pixels_whatever_the_shape() -> None:
    script = Path(__file__).with_name("thin_pictures.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
