"""How noisy a photo is, and whether JPEG kept its chroma at half the size, seen from its pixels alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.band import Pixels
from flyaway.engines.builtin.pyramid import Box
from flyaway.images.arrays import Image

TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
"""Luma and the two chromas that JPEG keeps (ITU-T T.871), without their offset."""

_LEAST = 1.0 / 255
"""Standard deviation below which a photo counts as clean."""

_LOOKED_AT_PX = 128
_LOOKED_AT = 8
"""Side of the squares that are looked at, and how many there are each way at most."""

_BLOCK_PX = 16
_QUIET_SHARE = 0.2
_QUIET_BIAS = 0.95
"""The quietest blocks show the noise rather than what is pictured; variance they have of the true one."""

_CLIPPED = 0.03
"""Luma this close to black or white, where noise is cut off."""

_HALVED_RATIO = 0.5
"""How much weaker third differences are between pixels of one chroma sample where chroma was halved."""

_STRONGEST_SHARE = 0.02
_OUT_OF_GAMUT = 1.5 / 255
"""Colours this close to the ends of a channel may be cut off, which undoes what is looked for."""

_JPEG_BLOCK_PX = 8
_FLAT = 2.0 / 255
_STEP_STANDS_OUT = 1.12
"""How much larger than others squared steps between JPEG's blocks are, in flat places, to be taken for such."""

_LEAST_STEP = 0.65 / 255

_BLOCK_SHARES = np.array([2.5, 6.0, 6.0], np.float32)
"""Variance that JPEG leaves in luma and chromas, for a variance of 1 of the steps between flat blocks."""

_FINE_KERNEL = np.array([0.25, 0.5, 0.25], np.float32)
"""About what halving does to chroma, along each axis: what luma loses by it is fine."""

_FINE_NOISE = 0.8
"""White noise's variance counted as fine: more than the 0.64 that is, for quiet blocks do not show all noise."""

_COARSE = (7, 7)
"""Windows whose variance of luma the fine one is held against."""

_SMALLEST_PX = 2 * _BLOCK_PX


@dataclass(frozen=True, slots=True)
class Noise:
    """What the camera and its files left in an image.

    Attributes:
        covariance: 3x3 float32, of luma and chromas, 0..1 each, at full size.
        chroma_rows: first row that shares its chroma samples with the next (0 or 1); None where each has its own.
        chroma_columns: the same for columns.
        fine_share: of luma's variance within 7x7 pixels, how much is finer than halved chroma; 0 where it is not.
    """

    covariance: NDArray[np.float32]
    chroma_rows: int | None = None
    chroma_columns: int | None = None
    fine_share: float = 0.0

    @property
    def has_halved_chroma(self) -> bool:
        """Whether chroma is blurred to half the size in one direction at least."""
        return self.chroma_rows is not None or self.chroma_columns is not None

    def at(self, factor: int) -> NDArray[np.float32] | None:
        """The covariance in means of `factor` x `factor` pixels, None where that is clean."""
        smaller = self.covariance / np.float32(factor**2)
        return smaller if smaller.diagonal().max() >= _LEAST**2 else None


def estimate(image: Image) -> Noise:
    """Look at up to 64 squares of an image, HxWx3."""
    if min(image.shape[:2]) < _SMALLEST_PX:
        return Noise(np.zeros((3, 3), np.float32))
    squares = [pyramid.pixels(image, 1, box) for box in _looked_at(image.shape)]
    # Squares start at multiples of JPEG's blocks, so a grid begins at one place in all of them.
    rows, columns = (_halved_from(squares, axis) for axis in (0, 1))
    seen = [each @ TO_YCC.T for each in squares]
    covariance = _quiet_covariance(seen)
    fine_share = 0.0
    if rows is not None or columns is not None:
        covariance = _with_chroma_of_half(covariance, seen)
        fine_share = _fine_share(seen, float(covariance[0, 0]))
    covariance += np.diag(_BLOCK_SHARES * np.float32(_block_step(seen)))
    return Noise(covariance, rows, columns, fine_share)


def _looked_at(shape: tuple[int, ...]) -> Iterator[Box]:
    tops, lefts = (_starts(size) for size in shape[:2])
    for top in tops:
        for left in lefts:
            yield Box(top, top + _LOOKED_AT_PX, left, left + _LOOKED_AT_PX).grown(0, shape)


def _starts(size: int) -> list[int]:
    count = max(1, min(_LOOKED_AT, size // _LOOKED_AT_PX))
    step = max(size - _LOOKED_AT_PX, 0) / max(count - 1, 1)
    return sorted({int(step * each) // _JPEG_BLOCK_PX * _JPEG_BLOCK_PX for each in range(count)})


def _quiet_covariance(seen: list[Pixels]) -> NDArray[np.float32]:
    """The covariance of what is left of the quietest blocks without all that is smooth in them."""
    blocks = np.concatenate([_block_covariances(each) for each in seen])
    if not len(blocks):
        return np.zeros((3, 3), np.float32)
    loudness = np.trace(blocks, axis1=1, axis2=2)
    quiet = blocks[loudness <= np.quantile(loudness, _QUIET_SHARE)]
    return np.asarray(quiet.mean(axis=0) / _QUIET_BIAS, np.float32)


def _block_covariances(ycc: Pixels) -> NDArray[np.float32]:
    """One 3x3 covariance for each whole block that is not clipped, white noise keeping its own."""
    # Second differences both ways (Immerkaer 1996): planes and straight edges along an axis vanish.
    kernel = np.array([1.0, -2.0, 1.0], np.float32) / np.sqrt(6.0).astype(np.float32)
    rough = cv2.sepFilter2D(ycc, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
    height, width = (size // _BLOCK_PX * _BLOCK_PX for size in ycc.shape[:2])
    shape = (height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX, 3)
    rough, luma = rough[:height, :width].reshape(shape), ycc[:height, :width].reshape(shape)[..., 0]
    is_whole = (luma > _CLIPPED).all(axis=(1, 3)) & (luma < 1.0 - _CLIPPED).all(axis=(1, 3))
    rough = rough.transpose(0, 2, 1, 3, 4)[is_whole].reshape(-1, _BLOCK_PX**2, 3)
    return np.asarray(rough.transpose(0, 2, 1) @ rough / np.float32(_BLOCK_PX**2), np.float32)


def _with_chroma_of_half(
    covariance: NDArray[np.float32], seen: list[Pixels]
) -> NDArray[np.float32]:
    """A covariance whose chroma is what is seen at half the size: at full size it is blurred."""
    half = [cv2.resize(each, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for each in seen]
    joined = np.zeros((3, 3), np.float32)
    joined[0, 0] = covariance[0, 0]
    joined[1:, 1:] = _quiet_covariance([np.asarray(each, np.float32) for each in half])[1:, 1:]
    return joined


def _fine_share(seen: list[Pixels], noise_variance: float) -> float:
    """How much of luma's variance in windows is finer than chroma samples, without the noise in both."""
    fine = coarse = 0.0
    for each in seen:
        luma = np.ascontiguousarray(each[..., 0])
        rough = luma - cv2.sepFilter2D(luma, -1, _FINE_KERNEL, _FINE_KERNEL)
        fine += float(np.square(rough).sum() - rough.size * _FINE_NOISE * noise_variance)
        mean, of_squares = (cv2.blur(values, _COARSE) for values in (luma, luma * luma))
        coarse += float((of_squares - mean * mean).sum() - luma.size * noise_variance)
    return fine / coarse if 0.0 < fine < coarse else 0.0


def _halved_from(seen: list[Pixels], axis: int) -> int | None:
    """Where pairs of pixels that share a chroma sample begin along an axis; None if there are none.

    Decoders bring chroma back to size with weights of 3/4 and 1/4, so -p + 3q - 3r + s is 0 for any
    four pixels of which q and r share a sample, and is not for those one further. Only where chroma
    changes most does that stand out from rounding.
    """
    energy = np.concatenate(
        [_third_differences(np.moveaxis(each, axis, 0)) for each in seen], axis=1
    )
    both = energy.sum(axis=0)
    even, odd = energy[:, both >= np.quantile(both, 1.0 - _STRONGEST_SHARE)].sum(axis=1)
    if not min(even, odd) < _HALVED_RATIO * max(even, odd):
        return None
    return 1 if even < odd else 0


def _third_differences(rgb: Pixels) -> NDArray[np.float32]:
    """Squared third differences of chroma down the rows, 2xM: those from even rows, and from odd ones."""
    is_clipped = (rgb <= _OUT_OF_GAMUT) | (rgb >= 1.0 - _OUT_OF_GAMUT)
    chroma = rgb @ TO_YCC[1:].T
    last = (len(rgb) - 3) // 2 * 2
    p, q, r, s = (chroma[start : start + last] for start in range(4))
    third = np.square(3.0 * (q - r) + s - p).sum(axis=-1)
    inside = np.asarray(~is_clipped.any(axis=-1))
    for start in range(4):
        third *= inside[start : start + last]
    return np.asarray(third.reshape(last // 2, 2, -1).swapaxes(0, 1).reshape(2, -1), np.float32)


def _block_step(seen: list[Pixels]) -> float:
    """Variance of the steps of luma from one of JPEG's blocks to the next; 0 where there are none."""
    found = []
    for axis in (0, 1):
        energy, count = np.zeros(_JPEG_BLOCK_PX), np.zeros(_JPEG_BLOCK_PX)
        for each in seen:
            slope = np.diff(np.moveaxis(each[..., 0], axis, 0), axis=0)
            # Flat on both sides: what is pictured has no step there, or has one at all places alike.
            is_flat = (np.abs(slope[:-2]) < _FLAT) & (np.abs(slope[2:]) < _FLAT)
            step = np.abs(slope[1:-1] - 0.5 * (slope[:-2] + slope[2:])).clip(max=4 * _FLAT)
            for place in range(_JPEG_BLOCK_PX):
                every = slice(place, None, _JPEG_BLOCK_PX)
                energy[place] += np.square(step[every])[is_flat[every]].sum()
                count[place] += is_flat[every].sum()
        means = energy / count.clip(min=1.0)
        border = int(means.argmax())
        within = np.delete(means, border)
        if not means[border] > _STEP_STANDS_OUT * within.max():
            return 0.0
        found.append(means[border] - within.mean())
    variance = float(np.mean(found))
    return variance if variance >= _LEAST_STEP**2 else 0.0
