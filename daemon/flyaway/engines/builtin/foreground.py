"""The subject's own colours, free of the background that shines through at its edge.

From a picture of one pixel up, as Germer et al. (2020) do, both layers are carried to twice the size. At
each size they are smoothed as Forte (2021) does, each weighted by how much of it is seen, and what then
does not mix to the image is shared out between them: the least change of both that makes up for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.contract import Report, silent
from flyaway.images import rectangles
from flyaway.images.arrays import Alpha, Image

Layer = NDArray[np.float32]
"""HxWx3 in the image's own space: 0..1, beyond that as far as the image goes."""

_RADII = (2, 1, 1)
"""Of the smoothings at each size but the last."""

_LAST_RADII = (0,)
"""At full size: none. A radius of 1 there takes a hundredth off the error, and a third more time."""

_STIFFNESS = 1e-3
"""What a layer's change costs against a wrong mixture."""

_LEAST_SEEN = 1e-5

_SIDE = 128
"""Pixels of a tile; tiles without an edge in them are not worked on."""


@dataclass(frozen=True, slots=True)
class _View:
    """The image and alpha at one size, the radii of the smoothings there, and the range of the image's values."""

    image: Image
    alpha: Alpha
    radii: tuple[int, ...]
    limits: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        return self.alpha.shape[0], self.alpha.shape[1]


@dataclass(frozen=True, slots=True)
class _Layers:
    """Both layers of one size; at full size nobody asks for the background."""

    foreground: Layer
    background: Layer | None


def estimate(image: Image, alpha: Alpha, report: Report = silent, threads: int = 2) -> Layer:
    """Estimate the colours of the subject.

    Args:
        image: HxWx3, in any space; floats may leave 0..1.
        alpha: HxW, 0..1.
        report: told how far it is; may raise CancelledError.
        threads: tiles worked on at once; does not change the result.

    Returns:
        HxWx3 float32 within the range of the image, at least 0..1; where alpha is 0, the colours of the subject nearby.
    """
    limits = (0.0, 1.0)
    if image.dtype == np.float32:
        image, limits = _numbers(image)
    views = [_View(image, alpha, _LAST_RADII, limits)]
    while max(views[-1].shape) > 1:
        views.append(_halved(views[-1]))
        report(0.0)
    pixel = _colours(views[-1], Box(0, 1, 0, 1))
    layers = _Layers(pixel, pixel)
    with ThreadPoolExecutor(threads) as pool:
        while views:
            view = views.pop()
            size = (*view.shape, 3)
            background = np.empty(size, np.float32) if views else None
            finer = _Layers(np.empty(size, np.float32), background)
            for done, tiles in _rows_of_tiles(view.shape):
                list(pool.map(_solve_tile, repeat(view), repeat(layers), repeat(finer), tiles))
                report((0.25 + 0.75 * done) / 4 ** len(views))
            layers = finer
    return layers.foreground


def _numbers(image: Image) -> tuple[Image, tuple[float, float]]:
    """Floats with what is no number or endless brought into the range of the others, and that range."""
    is_finite = np.isfinite(image)
    lowest = float(image.min(initial=0.0, where=is_finite))
    highest = float(image.max(initial=1.0, where=is_finite))
    if not is_finite.all():
        clean = np.nan_to_num(image, nan=0.0, posinf=highest, neginf=lowest)
        image = np.asarray(clean, np.float32)
    return image, (lowest, highest)


def _colours(view: _View, box: Box) -> Layer:
    """A window of a view's colours; those of floats are its own memory."""
    if view.image.dtype == np.float32:
        return np.asarray(view.image[box.slices], np.float32)
    return pyramid.pixels(view.image, 1, box)


def _halved(view: _View) -> _View:
    """A view at half the size, as floats."""
    height, width = pyramid.level_shape(view.shape, 2)
    whole = Box(0, height, 0, width)
    if view.image.dtype == np.float32:
        colours = pyramid.means(np.asarray(view.image, np.float32), 2, whole)
    else:
        colours = pyramid.pixels(view.image, 2, whole)
    return _View(colours, pyramid.means(view.alpha, 2, whole), _RADII, view.limits)


def _rows_of_tiles(shape: tuple[int, int]) -> Iterator[tuple[float, list[Box]]]:
    """Tiles of a size, row by row, with the part of the height that is done after each row."""
    for top in range(0, shape[0], _SIDE):
        bottom = min(top + _SIDE, shape[0])
        lefts = range(0, shape[1], _SIDE)
        tiles = [Box(top, bottom, left, min(left + _SIDE, shape[1])) for left in lefts]
        yield bottom / shape[0], tiles


def _solve_tile(view: _View, coarse: _Layers, finer: _Layers, tile: Box) -> None:
    """Fill a tile of the `finer` layers from the `coarse` ones."""
    # What is smoothed reaches this far; with it, tiles leave no seam.
    window = tile.grown(sum(view.radii), view.shape)
    alpha = view.alpha[window.slices]
    lowest, highest = alpha.min(), alpha.max()
    if lowest == highest and lowest in (0.0, 1.0):
        _copy_tile(view, coarse, finer, tile, bool(lowest))
        return
    colours = _colours(view, window)
    # As three equal channels: numpy is slow where it must repeat one number three times.
    cover = np.asarray(cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR), np.float32)
    foreground, background = (
        pyramid.enlarged(layer, window, cv2.INTER_LINEAR)
        for layer in (coarse.foreground, coarse.background)
        if layer is not None
    )
    for radius in view.radii:
        foreground, background = _mixed(colours, cover, foreground, background, radius, view.limits)
    inner = rectangles.inside(tile.slices, window.slices)
    finer.foreground[tile.slices] = foreground[inner]
    if finer.background is not None:
        finer.background[tile.slices] = background[inner]


def _copy_tile(view: _View, coarse: _Layers, finer: _Layers, tile: Box, is_subject: bool) -> None:
    """Fill a tile that shows one layer only: that one is the image, the other as it was."""
    for layer, below, is_seen in (
        (finer.foreground, coarse.foreground, is_subject),
        (finer.background, coarse.background, not is_subject),
    ):
        if layer is None or below is None:
            continue
        if is_seen:
            layer[tile.slices] = _colours(view, tile)
        else:
            layer[tile.slices] = pyramid.enlarged(below, tile, cv2.INTER_LINEAR)


def _mixed(
    colours: Layer,
    cover: Layer,
    foreground: Layer,
    background: Layer,
    radius: int,
    limits: tuple[float, float],
) -> tuple[Layer, Layer]:
    """Both layers smoothed, then changed as little as makes them mix to the image.

    Of all F and B, those that make |aF + (1-a)B - I|^2 + s|F - F0|^2 + s|B - B0|^2 least, with F0 and
    B0 the smoothed layers, a the cover and s the stiffness.
    """
    rest = 1.0 - cover
    if radius:
        foreground = _smoothed(foreground, cover, radius)
        background = _smoothed(background, rest, radius)
    missing = colours - cover * foreground
    missing -= rest * background
    missing /= cover * cover + rest * rest + _STIFFNESS
    foreground = foreground + cover * missing
    background = background + rest * missing
    return foreground.clip(*limits, out=foreground), background.clip(*limits, out=background)


def _smoothed(layer: Layer, seen: Layer, radius: int) -> Layer:
    """Means of a layer around each pixel, weighted by how much of it is `seen`."""
    seen = seen + _LEAST_SEEN
    size = (2 * radius + 1, 2 * radius + 1)
    mean = np.asarray(cv2.blur(layer * seen, size), np.float32)
    mean /= np.asarray(cv2.blur(seen, size), np.float32)
    return mean
