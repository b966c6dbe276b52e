"""Where a cut-out stands: trimmed to what is seen of it, with room around it, on a background."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageCms

from flyaway.files import photos
from flyaway.files.photos import Photo, Pixels

_BAND_ROWS = 256
_SEEN_FROM = 0.01
"""Of wholly opaque; less is a haze that no trimming should stop at."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle in a photo's pixels, which may reach beyond it; lower and right sides are not in it."""

    top: int
    left: int
    bottom: int
    right: int

    def padded(self, pixels: int) -> Frame:
        """The frame with so much room on all sides."""
        return Frame(
            self.top - pixels, self.left - pixels, self.bottom + pixels, self.right + pixels
        )

    @property
    def longer_side(self) -> int:
        """In pixels."""
        return max(self.bottom - self.top, self.right - self.left)


def whole(pixels: Pixels) -> Frame:
    """The frame of a picture as it is."""
    return Frame(0, 0, *pixels.shape[:2])


def seen(alpha: Pixels) -> Frame | None:
    """The frame of what is seen of an alpha, HxW; None where nothing is."""
    is_seen = alpha >= _SEEN_FROM * np.iinfo(alpha.dtype).max
    left, top, width, height = cv2.boundingRect(is_seen.view(np.uint8))
    return Frame(top, left, top + height, left + width) if width else None


def framed(pixels: Pixels, frame: Frame) -> Pixels:
    """A picture or mask, HxWxC or HxW, in another frame; 0 where it was not before."""
    if frame == whole(pixels):
        return pixels
    height, width = pixels.shape[:2]
    shape = frame.bottom - frame.top, frame.right - frame.left, *pixels.shape[2:]
    result = np.zeros(shape, pixels.dtype)
    top, left = max(frame.top, 0), max(frame.left, 0)
    inside = pixels[top : min(frame.bottom, height), left : min(frame.right, width)]
    row, column = top - frame.top, left - frame.left
    result[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    return result


def on_background(pixels: Pixels, photo: Photo, background: Photo) -> tuple[Pixels, Photo]:
    """A cut-out, HxWx2 or HxWx4, in front of a picture, which covers it: HxWx3, and the photo for its file.

    A grey cut-out becomes RGB, which a grey profile does not fit.

    Args:
        pixels: the cut-out.
        photo: what it was made of; the result is in its profile.
        background: 8 bits, opaque; as small as one pixel.
    """
    if pixels.shape[2] == 2:
        pixels = pixels[..., [0, 0, 0, 1]]
        photo = replace(photo, icc=b"")
    height, width = pixels.shape[:2]
    behind = _converted(_covering(background, width, height), background.icc, photo.icc)
    full = int(np.iinfo(pixels.dtype).max)
    result = np.empty((height, width, 3), pixels.dtype)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        opacity = pixels[rows, :, 3:].astype(np.uint32)
        beneath = behind[rows].astype(np.uint32) * (full // 255)
        mixed = pixels[rows, :, :3] * opacity + beneath * (full - opacity)
        result[rows] = (mixed + full // 2) // full
    return result, photo


def _covering(background: Photo, width: int, height: int) -> Pixels:
    """The middle of a picture, enlarged or made smaller to this size without distortion: HxWx3 uint8."""
    picture = background.pixels[..., :3]
    if picture.shape[2] < 3:
        picture = picture[..., [0, 0, 0]]
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    own_height, own_width = picture.shape[:2]
    scale = max(width / own_width, height / own_height)
    used_width = min(own_width, max(1, round(width / scale)))
    used_height = min(own_height, max(1, round(height / scale)))
    top, left = (own_height - used_height) // 2, (own_width - used_width) // 2
    used = np.ascontiguousarray(picture[top : top + used_height, left : left + used_width])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    covering: Pixels = cv2.resize(used, (width, height), interpolation=way)
    return covering


def _converted(pixels: Pixels, source: bytes, target: bytes) -> Pixels:
    """HxWx3 uint8 in another profile; as it is where the two are one, or one of them cannot be used."""
    if source == target:
        return pixels
    try:
        converted = ImageCms.profileToProfile(
            Image.fromarray(pixels),
            ImageCms.ImageCmsProfile(io.BytesIO(source or photos.srgb_profile())),
            ImageCms.ImageCmsProfile(io.BytesIO(target or photos.srgb_profile())),
        )
        return np.asarray(converted)
    except (ImageCms.PyCMSError, OSError):
        return pixels
