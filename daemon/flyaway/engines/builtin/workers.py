"""Where the engine's tensors are, and the threads that work on them.

On a processor work is cut into chunks that fit a core's cache and handed to threads of ours, each of
which computes alone; a graphics card gets one thread and chunks that fill it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

_GPU_CHUNK = 1 << 17
"""Pixels worked on at once on a graphics card: up to 81 pairs of colours each."""


@dataclass(frozen=True, slots=True)
class Workers:
    """A device and how many threads may feed it; neither changes the result beyond rounding.

    Attributes:
        device: where tensors are made.
        threads: that work at once on a processor.
    """

    device: torch.device
    threads: int = 1

    def tensor(self, array: NDArray[Any]) -> torch.Tensor:
        """An array on the device; on a processor it shares the array's memory."""
        return torch.from_numpy(array).to(self.device)

    def chunk(self, in_cache: int) -> int:
        """How many pixels to work on at once where `in_cache` of them fit a core's cache."""
        return in_cache if self.device.type == "cpu" else max(in_cache, _GPU_CHUNK)

    def spans(self, count: int, in_cache: int) -> list[slice]:
        """`count` pixels in chunks."""
        size = self.chunk(in_cache)
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]

    @contextmanager
    def pool(self) -> Iterator[Executor]:
        """Threads that compute on one core each, as the caller's does meanwhile: more would crowd the cores."""
        count = self.threads if self.device.type == "cpu" else 1
        before = torch.get_num_threads()
        torch.set_num_threads(1)  # for this thread, and those that start from now on
        try:
            with ThreadPoolExecutor(count) as pool:
                yield pool
        finally:
            torch.set_num_threads(before)
