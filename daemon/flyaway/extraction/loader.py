"""How the daemon loads an engine: which device, how many threads, which weights. Imports torch when called."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flyaway.config import Settings
from flyaway.errors import DamagedWeightsError, DeviceError
from flyaway_client.wording import _

if TYPE_CHECKING:
    import torch

    from flyaway.engines.contract import AnyEngine
    from flyaway.engines.records import EngineRecord

log = logging.getLogger(__name__)

_PER_WEIGHT_BYTE = 2.0
"""Memory of a loaded engine as a share of its file: half-precision files are widened on a CPU."""


class EngineLoader:
    """Loads engines as the settings say; the keeper's `Loader`.

    Args:
        settings: device, precision and threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def needed_bytes(self, name: str) -> int:
        """About how much memory an engine takes once loaded, by its record or the size of its file."""
        record = _record(name)
        return record.loaded_bytes or round(record.weights_bytes * _PER_WEIGHT_BYTE)

    def free_bytes(self) -> int:
        """How much memory of the chosen device is free now."""
        from flyaway.engines import device

        return device.free_bytes(device.choose(self._settings.device))

    def load(self, name: str, is_last_try: bool = False) -> AnyEngine:
        """Load one engine; at the last try on the processor, if the device is full and the settings allow it.

        Raises:
            DeviceError: the device of the settings is not here, its memory is full, or it was lost and the settings
                allow no other.
            WeightsError: its checkpoint is missing or damaged.
        """
        from flyaway.engines import device

        device.use_threads(self._settings.engine_threads)
        chosen = device.choose(self._settings.device)
        if device.is_lost() and not self._settings.cpu_fallback:
            raise device.lost()
        record = _record(name)
        try:
            with device.memory_errors(_no_room(record)):
                return _loaded(record, chosen, self._settings.precision)
        except DeviceError:
            if not is_last_try or not self._settings.cpu_fallback or chosen.type == "cpu":
                raise
        log.warning("%s does not fit on %s: the processor does its work", name, chosen)
        processor = device.choose("cpu")
        with device.memory_errors(_no_room(record)):
            engine = _loaded(record, processor, self._settings.precision)
        engine.is_makeshift = True
        return engine

    def release(self) -> None:
        """Give memory of engines that were let go back to the device."""
        from flyaway.engines import device

        device.release()


def _loaded(record: EngineRecord, device: torch.device, precision: str) -> AnyEngine:
    """An engine from its checked files; one that proves to be none counts as damaged from now on."""
    from flyaway import engines
    from flyaway.weights.store import Store

    if record.weights is None:
        return engines.load(record.name, None, device, precision)
    store = Store()
    file = store.locate(record)
    beside = store.locate(record.companion) if record.companion else None
    try:
        return engines.load(record.name, file, device, precision, beside)
    except DamagedWeightsError:
        store.reject(record, file)
        raise


def _no_room(record: EngineRecord) -> DeviceError:
    return DeviceError(
        _(
            "There is not enough memory to load {title}. Close other programs, or choose a smaller "
            "engine."
        ).format(title=record.title)
    )


def _record(name: str) -> EngineRecord:
    from flyaway import engines  # deferred: brings numpy

    return engines.record(name)
