"""Run an engine that may run out of memory: try again with less of it, and say so."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

import torch

from flyaway.engines import device
from flyaway.engines.base import Placed
from flyaway.errors import DeviceError
from flyaway.extraction.keeper import WarmEngine

log = logging.getLogger(__name__)

_SMALLEST_SIDE_PX = 384
"""Of a window: with less around a pixel an engine no longer sees what it belongs to."""

_MULTIPLE_PX = 32

_PROCESSOR = torch.device("cpu")

R = TypeVar("R")


@runtime_checkable
class InWindows(Protocol):
    """An engine that solves pictures of more than `whole_px` pixels in windows `window_px` wide and high."""

    whole_px: int
    window_px: int


def run(
    warm: WarmEngine, work: Callable[[], R], may_use_cpu: bool, picture_px: int
) -> tuple[R, tuple[str, ...]]:
    """Do work with a warm engine; each time memory runs out, make the engine need less and begin again.

    First its windows are halved (where it works in windows), then its numbers become half precision,
    last it moves to the processor. What was changed stays until the engine is let go.

    Args:
        warm: the engine, held by the caller; its `device` is kept true.
        work: calls the engine.
        may_use_cpu: whether the last step is allowed.
        picture_px: how many pixels the picture has.

    Returns:
        What `work` gave, and a sentence for each kind of change.

    Raises:
        DeviceError: memory ran out and nothing is left to save.
    """
    notes: list[str] = []
    while True:
        try:
            with device.memory_errors():
                return work(), tuple(dict.fromkeys(notes))
        except DeviceError as error:
            # anew, because the traceback of the first one keeps alive what filled the memory
            shortage = DeviceError(str(error))
        device.release()
        saved = _save(warm, may_use_cpu, picture_px)
        if saved is None:
            raise shortage
        log.warning("out of memory on %s: %s", warm.device, saved)
        notes.append(saved)


def _save(warm: WarmEngine, may_use_cpu: bool, picture_px: int) -> str | None:
    """Make an engine need less memory; a sentence on how, None if there is no way left."""
    engine = warm.engine
    if isinstance(engine, InWindows) and _halve_windows(engine, picture_px):
        return "Memory was short, so the photo was solved in smaller windows."
    network = engine.network
    if network is None:
        if not isinstance(engine, Placed) or engine.device.type == "cpu" or not may_use_cpu:
            return None
        engine.device = _PROCESSOR
        return _moved(warm)
    parameter = next(iter(network.parameters()))
    if parameter.device.type == "cpu":
        return None
    if parameter.dtype == torch.float32:
        network.half()
        return "Memory was short, so the engine worked in half precision."
    if not may_use_cpu:
        return None
    network.to(_PROCESSOR, torch.float32)
    return _moved(warm)


def _moved(warm: WarmEngine) -> str:
    """Note that an engine works on the processor from now on; the sentence that says so."""
    where = warm.device
    warm.device = device.describe(_PROCESSOR)
    return f"There was not enough memory on {where}, so the processor did the work."


def _halve_windows(engine: InWindows, picture_px: int) -> bool:
    """Give an engine half as many pixels at a time as it had; False if that would be too few."""
    piece_px = picture_px if picture_px <= engine.whole_px else engine.window_px**2
    side_px = math.isqrt(piece_px // 2) // _MULTIPLE_PX * _MULTIPLE_PX
    if side_px < _SMALLEST_SIDE_PX:
        return False
    engine.whole_px = min(engine.whole_px, side_px**2)
    engine.window_px = min(engine.window_px, side_px)
    return True
