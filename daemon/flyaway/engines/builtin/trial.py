"""Whether a device can be trusted with the edge: a small made-up one is solved there and on the processor.

Torch lacks operations on some devices, and on some has had them wrong; only trying tells.
"""

from __future__ import annotations

import logging

import numpy as np
import torch

from flyaway.engines.builtin import matting
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import silent
from flyaway.images.arrays import UNKNOWN, Image, Trimap

log = logging.getLogger(__name__)

_PROCESSOR = torch.device("cpu")

_SIDE_PX = 96
_WHOLE_UNKNOWN = 1000
"""Few enough for the picture to be solved coarsely first and then in tiles, as large ones are."""

_MOST = 1 / 255
"""Mean difference of the unknown alphas. Rounding makes single pixels choose other samples; that is less."""


def trusted(device: torch.device) -> torch.device:
    """The device itself if it finds what a processor does, else the processor.

    Raises:
        torch.OutOfMemoryError: the device is full, which says nothing about what it can do.
    """
    if device.type == "cpu":
        return device
    image, trimap = _scene()
    usual = matting.extract(image, trimap, silent, Workers(_PROCESSOR), _WHOLE_UNKNOWN)
    try:
        found = matting.extract(image, trimap, silent, Workers(device), _WHOLE_UNKNOWN)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # NotImplementedError is one
        log.warning("edges are solved on the processor, %s cannot: %s", device, error)
        return _PROCESSOR
    difference = float(np.abs(found - usual)[trimap == UNKNOWN].mean())
    if not difference <= _MOST:
        log.warning("edges are solved on the processor, %s is %.3f off", device, difference)
        return _PROCESSOR
    return device


def _scene() -> tuple[Image, Trimap]:
    """A grainy disc with a soft edge."""
    rows, columns = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    away = np.hypot(rows - _SIDE_PX / 2, columns - _SIDE_PX / 2) / _SIDE_PX
    alpha = ((0.3 - away) / 0.1 + 0.5).clip(0, 1)[..., None]
    grain = np.random.default_rng(0).normal(0, 0.02, (_SIDE_PX, _SIDE_PX, 3))
    image = alpha * [0.8, 0.3, 0.2] + (1 - alpha) * [0.1, 0.4, 0.7] + grain
    trimap = np.where(away < 0.2, 255, np.where(away > 0.4, 0, UNKNOWN)).astype(np.uint8)
    return image.clip(0, 1).astype(np.float32), trimap
