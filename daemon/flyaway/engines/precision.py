"""In which precision networks work on a device: full, or half where a short measurement says that it pays."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import conv2d

from flyaway.engines.contract import AnyEngine, Inputs, Prompts
from flyaway.errors import FlyawayError
from flyaway.images.arrays import Alpha

Seconds = Callable[[torch.device, torch.dtype], float]

_WORTHWHILE = 1.2
"""Half precision must be so many times as fast: for less, no digit of an alpha is given away."""

_TOLERANCE = 1e-2
"""So far half precision may move an alpha unasked: two or three of 255 steps."""

_TRIAL_PX = 256

_SIDE_PX, _PASSES = 128, 10
_SIDE_PX_CPU, _PASSES_CPU = 32, 1
"""Of the measured convolutions. A processor without the instructions is 150 times slower, so it gets fewer."""


def trial_alpha(engine: AnyEngine) -> Alpha | None:
    """An engine's alpha of a small made-up picture of a disc; None if it can make nothing of it."""
    rows, columns = np.mgrid[:_TRIAL_PX, :_TRIAL_PX]
    distance_px = np.hypot(rows - _TRIAL_PX / 2, columns - _TRIAL_PX / 2)
    plate = np.random.default_rng(0).integers(0, 160, (_TRIAL_PX, _TRIAL_PX, 3), np.uint8)
    image = np.where(distance_px[..., None] < _TRIAL_PX / 4, np.uint8(220), plate)
    trimap = np.where(distance_px < _TRIAL_PX / 4, np.uint8(255), np.uint8(0))
    trimap[np.abs(distance_px - _TRIAL_PX / 4) < _TRIAL_PX / 8] = 128
    try:
        middle = Prompts(keep=((_TRIAL_PX / 2, _TRIAL_PX / 2),))
        return engine.extract(image, Inputs(trimap, plate=plate, prompts=middle)).alpha
    except FlyawayError:
        return None


def are_alike(full: Alpha | None, half: Alpha | None) -> bool:
    """Whether two trial alphas are there, and so alike that half precision may be taken unasked."""
    return full is not None and half is not None and bool(np.abs(full - half).max() <= _TOLERANCE)


def choose_dtype(device: torch.device, setting: str) -> torch.dtype:
    """The kind of number that networks shall work with on a device.

    On a graphics card that is float16 where it is faster; bfloat16, whose eight bits can show as steps in
    a soft edge, only if half precision was asked for. On a processor both must be asked for: there full
    precision is what results are held against, and memory is seldom short.

    Args:
        device: where they run.
        setting: "full"; "half" for half precision wherever it is faster; "auto" for that on anything but a
            processor.
    """
    wanted: tuple[torch.dtype, ...] = ()
    if setting == "half":
        wanted = (torch.float16, torch.bfloat16)
    elif setting == "auto" and device.type != "cpu":
        wanted = (torch.float16,)
    return next((dtype for dtype in wanted if pays(device, dtype)), torch.float32)


def seconds_of_convolutions(device: torch.device, dtype: torch.dtype) -> float:
    """How long a device takes for convolutions like those of the networks; the best of three tries."""
    is_cpu = device.type == "cpu"
    side_px, passes = (_SIDE_PX_CPU, _PASSES_CPU) if is_cpu else (_SIDE_PX, _PASSES)
    image = torch.ones(1, 64, side_px, side_px, device=device, dtype=dtype)
    kernel = torch.ones(64, 64, 3, 3, device=device, dtype=dtype)
    seconds = []
    with torch.inference_mode():
        for _ in range(4):  # the first one also finds the way to do it, and does not count
            started_s = time.perf_counter()
            for _ in range(passes):
                result = conv2d(image, kernel, padding=1)
            result[0, 0, 0, 0].item()  # waits until the device is done
            seconds.append(time.perf_counter() - started_s)
    return min(seconds[1:])


@functools.cache
def pays(
    device: torch.device, dtype: torch.dtype, seconds_of: Seconds = seconds_of_convolutions
) -> bool:
    """Whether a kind of number is worth it on a device; measured once in the life of the process."""
    return seconds_of(device, torch.float32) > _WORTHWHILE * seconds_of(device, dtype)
