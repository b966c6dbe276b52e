"""Let an engine work that may run out of memory: try again with less of it, and say so."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from flyaway.engines.contract import AnyEngine, Extraction
from flyaway.errors import DeviceError, DeviceLostError

log = logging.getLogger(__name__)

Result = TypeVar("Result")


def run(
    engine: AnyEngine, work: Callable[[], Extraction], picture_px: int, may_use_cpu: bool
) -> Extraction:
    """Do work as `attempt` does; what it gave, with a sentence for each kind of change.

    Raises:
        DeviceError: memory ran out and nothing is left to save.
    """
    extraction, changes = attempt(engine, work, picture_px, may_use_cpu)
    return replace(extraction, notes=(*changes, *extraction.notes))


def attempt(
    engine: AnyEngine, work: Callable[[], Result], picture_px: int, may_use_cpu: bool
) -> tuple[Result, tuple[str, ...]]:
    """Do work with an engine; each time memory runs out, make it need less and begin again.

    What was changed for one picture is undone after it: the next one may be smaller.

    Args:
        engine: held by the caller.
        work: calls it.
        picture_px: how many pixels the picture has.
        may_use_cpu: whether the work may move to the processor in the end.

    Returns:
        What `work` gave, and a sentence for each kind of change.

    Raises:
        DeviceLostError: the device is gone, and the engine with it: it will not be lent again.
        DeviceError: memory ran out and nothing is left to save.
    """
    from flyaway.engines import device  # deferred: brings torch, which a known trimap does without

    changes: list[str] = []
    try:
        while True:
            try:
                with device.memory_errors():
                    return work(), tuple(dict.fromkeys(changes))
            except DeviceLostError:
                engine.is_makeshift = True
                changes.clear()  # nothing can be undone
                raise
            except DeviceError as error:
                # anew, because the traceback of the first one keeps alive what filled the memory
                shortage = DeviceError(str(error))
            device.release()
            change = engine.economise(picture_px, may_use_cpu)
            if change is None:
                raise shortage
            log.warning("out of memory: %s", change)
            changes.append(change)
    finally:
        if changes:
            with contextlib.suppress(DeviceError):
                engine.restore()
