"""Bring a plate (the scene without the subject) to where the camera stood for the image."""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines import pixels, progress
from flyaway.errors import RequestError
from flyaway.images.arrays import Image
from flyaway.images.encoding import as_float
from flyaway_client.wording import _

LOOK_PX = 1600
"""Longer side of the copies in which landmarks are sought; more pixels find more noise."""

LANDMARKS, BEST_SHARE, FEWEST = 4000, 0.15, 12
"""Landmarks sought, the share of their matches that is trusted, and how many must agree."""

AGREEING_SHARE = 0.3
STILL_PX = 0.5
"""A shift below this is measuring noise: the plate stays as it is."""

FARTHEST_SHARE = 0.2
"""Of the diagonal; a corner that moved farther is a wrong guess or another view."""

SAME_SCENE, SEEN_SHARE = 0.04, 0.4
"""Four tenths of a still scene's pixels differ by less (measured: .01, and .07 once it is shifted)."""

PLAIN_SHARE = 0.1
"""So much of a plain wall is enough: a shift does not show on it, and a face may fill the rest."""

MOVED = _(
    "The plate does not fit the image: the camera seems to have moved and too few "
    "landmarks agree to align them. Use a plate taken from the same place with the same "
    "lens."
)


def aligned(plate: Image, image: Image) -> Image:
    """The plate as seen from where the image was taken.

    Where the plate does not reach, the image itself is taken for the scene, as upstream does.

    Args:
        plate: HxWx3, of the image's size.
        image: HxWx3.

    Raises:
        RequestError: of another size, or the camera moved and no alignment is found.
    """
    if plate.shape != image.shape:
        raise RequestError(
            _(
                "The plate is {width}×{height} pixels and the image {image_width}×{image_height}. Give the "
                "plate the image's size."
            ).format(
                width=plate.shape[1],
                height=plate.shape[0],
                image_width=image.shape[1],
                image_height=image.shape[0],
            )
        )
    found = _homography(plate, image)
    progress.check()
    if found is not None:
        if _farthest_move(found, plate.shape) < STILL_PX:
            return plate
        moved = _warped(plate, image, found)
        progress.check()
        if _mismatch(moved, image) < _mismatch(plate, image):
            return moved
    # A plain wall has no landmarks and needs none; noise makes some that lead astray.
    if _mismatch(plate, image, PLAIN_SHARE if _is_plain(plate) else SEEN_SHARE) < SAME_SCENE:
        return plate
    raise RequestError(MOVED)


def _homography(plate: Image, image: Image) -> NDArray[np.float64] | None:
    """From the plate's pixels to the image's; None where too few landmarks agree."""
    scale = _look_scale(image)
    detector = cv2.ORB.create(LANDMARKS)
    seen = []
    for picture in (plate, image):
        seen.append(detector.detectAndCompute(_grey(picture, scale), None))
        progress.check()
    (here, about_here), (there, about_there) = seen
    if not here or not there:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(about_here, about_there)
    progress.check()
    best = sorted(matches, key=lambda match: match.distance)
    best = best[: max(FEWEST * 2, int(BEST_SHARE * len(best)))]
    if len(best) < FEWEST:
        return None
    source = np.array([here[match.queryIdx].pt for match in best])
    target = np.array([there[match.trainIdx].pt for match in best])
    small, agreeing = cv2.findHomography(source, target, cv2.RANSAC, 3.0)
    if small is None or agreeing.sum() < max(FEWEST, AGREEING_SHARE * len(best)):
        return None
    zoom = np.diag([scale, scale, 1.0])
    full = np.asarray(np.linalg.inv(zoom) @ small @ zoom, np.float64)
    return full if _farthest_move(full, plate.shape) <= _limit(plate.shape) else None


def _is_plain(plate: Image) -> bool:
    """Whether a plate has too few landmarks to tell where it was taken."""
    found = cv2.ORB.create(LANDMARKS).detect(_grey(plate, _look_scale(plate)), None)
    return len(found) < FEWEST


def _look_scale(picture: Image) -> float:
    return min(1.0, LOOK_PX / max(picture.shape[:2]))


def _grey(picture: Image, scale: float) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    small = pixels.resized_antialiased(
        picture, max(1, round(width * scale)), max(1, round(height * scale))
    )
    luma = np.dot(as_float(small), np.array([0.299, 0.587, 0.114], np.float32))
    return np.rint(luma * 255).astype(np.uint8)


def _farthest_move(homography: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """How far a corner moves, in pixels."""
    height, width = shape[:2]
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    moved = np.asarray(cv2.perspectiveTransform(corners, homography))
    return float(np.linalg.norm(moved - corners, axis=-1).max())


def _limit(shape: tuple[int, ...]) -> float:
    return FARTHEST_SHARE * math.hypot(shape[0], shape[1])


def _mismatch(plate: Image, image: Image, share: float = SEEN_SHARE) -> float:
    """How far image and plate differ, 0..1, in the `share` of the picture where they differ least."""
    height, width = image.shape[:2]
    scale = min(1.0, 256 / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = [as_float(pixels.resized_antialiased(picture, *size)) for picture in (plate, image)]
    return float(np.quantile(np.abs(small[0] - small[1]).max(axis=2), share))


def _warped(plate: Image, image: Image, homography: NDArray[np.float64]) -> Image:
    size = image.shape[1], image.shape[0]
    seen = cv2.warpPerspective(plate, homography, size, flags=cv2.INTER_LINEAR)
    reach = cv2.warpPerspective(np.full(plate.shape[:2], 255, np.uint8), homography, size)
    seen[reach < 255] = image[reach < 255]
    return cast(Image, seen)
