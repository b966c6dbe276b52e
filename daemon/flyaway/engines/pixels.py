"""Pictures to network input and back: windows, sizes, normalisation, known pixels. One place for all engines."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage
from torch.nn import functional as F

from flyaway.images import rectangles
from flyaway.images.arrays import BACKGROUND, FOREGROUND, Alpha, Image, Trimap
from flyaway.images.encoding import as_float
from flyaway.images.rectangles import Window

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_planes(image: Image) -> torch.Tensor:
    """HxWx3 of any depth to 1x3xHxW float32 0..1 in main memory."""
    return torch.from_numpy(np.ascontiguousarray(as_float(image))).permute(2, 0, 1)[None]


def normalised(
    planes: torch.Tensor,
    mean: tuple[float, ...] = IMAGENET_MEAN,
    std: tuple[float, ...] = IMAGENET_STD,
) -> torch.Tensor:
    """1x3xHxW 0..1 to what a network was trained on."""
    shape = (1, 3, 1, 1)
    return (planes - planes.new_tensor(mean).view(shape)) / planes.new_tensor(std).view(shape)


LEAST_SPREAD = 0.1
"""Between the least and the most of a map of the subject; one that differs less shows none, and stays as it is."""


def stretched(found: torch.Tensor) -> torch.Tensor:
    """A map of the subject with its least and most values at 0 and 1, as upstream's scripts write it."""
    least, most = found.min(), found.max()
    if most - least < LEAST_SPREAD:
        return found
    return (found - least) / (most - least)


def to_alpha(plane: torch.Tensor) -> Alpha:
    """1x1xHxW of any device and precision to HxW float32 0..1."""
    alpha = plane[0, 0].float().clamp(0, 1).cpu().numpy()
    return cast(Alpha, np.ascontiguousarray(alpha))


def resized_antialiased(
    image: Image,
    width: int,
    height: int,
    kernel: Pillow.Resampling = Pillow.Resampling.BILINEAR,
) -> Image:
    """Resize as Pillow does (antialiased); 8-bit stays 8-bit, the rest becomes float32 0..1 and may overshoot."""
    if image.shape[:2] == (height, width):
        return image
    if image.dtype == np.uint8:
        picture = Pillow.fromarray(np.ascontiguousarray(image))
        return np.asarray(picture.resize((width, height), kernel))
    planes = [
        np.asarray(Pillow.fromarray(plane).resize((width, height), kernel))
        for plane in np.ascontiguousarray(np.moveaxis(as_float(image), 2, 0))
    ]
    return np.stack(planes, axis=2).astype(np.float32, copy=False)


def sampled_bilinear(image: Image, width: int, height: int) -> torch.Tensor:
    """What bilinear interpolation without antialiasing makes of an image: 1x3xheightxwidth float32 0..1.

    Touches only the pixels it needs, so that a coarse look at a large image costs no memory.
    """
    top, bottom, down = _neighbours(image.shape[0], height)
    left, right, across = _neighbours(image.shape[1], width)
    rows = [
        _between(
            as_float(image[row][:, left]), as_float(image[row][:, right]), across[None, :, None]
        )
        for row in (top, bottom)
    ]
    pixels = _between(rows[0], rows[1], down[:, None, None])
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def resized_plainly(values: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """What OpenCV makes of an image or a plane: bilinear, not antialiased, 8 bits stay 8 bits."""
    if values.shape[:2] == (height, width):
        return values
    return cv2.resize(np.ascontiguousarray(values), (width, height), interpolation=cv2.INTER_LINEAR)


def resized_blurred(plane: NDArray[np.floating], height: int, width: int) -> NDArray[np.floating]:
    """What scikit-image's `resize` makes of a plane: bilinear, blurred before where it is shrunk.

    Beyond its frame a picture is mirrored, the outermost pixels not twice.
    """
    scales = [have / want for have, want in zip(plane.shape, (height, width), strict=True)]
    blurred = plane
    if max(scales) > 1:
        deviations = [max(0.0, (scale - 1) / 2) for scale in scales]
        blurred = ndimage.gaussian_filter(plane, deviations, mode="mirror")
    factors = [1 / scale for scale in scales]
    resized = ndimage.zoom(blurred, factors, order=1, mode="mirror", grid_mode=True)
    return np.clip(resized, plane.min(), plane.max(), out=resized)


def upsampled_rows(
    planes: torch.Tensor, size: tuple[int, int], first: int, last: int
) -> torch.Tensor:
    """Rows `first` to `last` of `planes` bilinearly interpolated to `size` (height, width)."""
    top, bottom, down = (
        torch.from_numpy(a) for a in _neighbours(planes.shape[2], size[0], first, last)
    )
    share = down.view(1, 1, -1, 1).to(planes)
    upper, lower = planes[:, :, top.to(planes.device)], planes[:, :, bottom.to(planes.device)]
    rows = upper + (lower - upper) * share
    return F.interpolate(rows, (last - first, size[1]), mode="bilinear", align_corners=False)


def keep_known(alpha: Alpha, trimap: Trimap | None) -> Alpha:
    """Put the trimap's certain pixels back over `alpha`, in place."""
    if trimap is not None:
        alpha[trimap == BACKGROUND] = 0
        alpha[trimap == FOREGROUND] = 1
    return alpha


def window_around(found: NDArray[np.bool_], margin: float = 0.1) -> Window:
    """The rectangle of `found` with a margin (a share of its longer side) as rows and columns."""
    if not found.any():
        return rectangles.whole(found.shape)
    around = rectangles.around(found)
    longest = max(span.stop - span.start for span in around) - 1
    return rectangles.grown(around, int(margin * longest) + 1, found.shape)


def _neighbours(
    have: int, want: int, first: int = 0, last: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For `want` samples over `have`: the two source indices of each and the second one's share."""
    # torch computes these in float32 and the parity cases with it
    scale = np.float32(have) / np.float32(want)
    place = (
        np.arange(first, want if last is None else last, dtype=np.float32) + np.float32(0.5)
    ) * scale
    place = np.maximum(place - np.float32(0.5), 0)
    low = np.minimum(place.astype(np.int64), have - 1)
    share = np.clip(place - low, 0, 1).astype(np.float32)
    return low, np.minimum(low + 1, have - 1), share


def _between(
    one: NDArray[np.float32], other: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    return cast(NDArray[np.float32], one + (other - one) * share)
