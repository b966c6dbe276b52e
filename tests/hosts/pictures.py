"""Pictures for the editors to open: none may make them ask about a colour profile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms


def write_png(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """Write 8-bit pixels, HxW, HxWx3 or HxWx4, as a PNG with an sRGB profile; Krita 5.3 asks without."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(path, icc_profile=profile)
    return path


def portrait(width: int, height: int) -> NDArray[np.uint8]:
    """A bright disc with a ragged edge before a dark, textured ground: HxWx3 uint8 sRGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.arctan2(y - height / 2, x - width / 2)
    distance = np.hypot(x - width / 2, y - height / 2)
    edge = min(width, height) * (0.3 + 0.02 * np.sin(23 * angle))
    alpha = np.clip((edge - distance) / 4 + 0.5, 0, 1)[..., None]
    subject = np.stack([200 + 0 * x, 160 + 20 * np.sin(x / 9), 120 + 0 * y], axis=-1)
    mixed = alpha * subject + (1 - alpha) * _ground(y, x)
    return np.asarray(np.round(mixed), np.uint8)


def ground(width: int, height: int) -> NDArray[np.uint8]:
    """What `portrait` has behind the disc, without the disc: HxWx3 uint8 sRGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.round(_ground(y, x)).astype(np.uint8)


def _ground(y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([40 + 20 * np.sin(y / 7), 60 + 0 * x, 90 + 15 * np.sin(x / 11)], axis=-1)
