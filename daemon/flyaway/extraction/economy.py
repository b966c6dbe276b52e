"""Run an engine that may run out of memory: try again with less of it, and say so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from flyaway.engines import device
from flyaway.errors import DeviceError
from flyaway.extraction.keeper import WarmEngine

log = logging.getLogger(__name__)

R = TypeVar("R")


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
        saved = warm.engine.economise(picture_px, may_use_cpu)
        if saved is None:
            raise shortage
        log.warning("out of memory on %s: %s", warm.device, saved)
        warm.device = warm.engine.device
        notes.append(saved)
