"""Requests whose pixels are still arriving: one buffer a part, filled strip by strip, checked as they come."""

from __future__ import annotations

import contextlib
import mmap
from dataclasses import dataclass, field

from flyaway.errors import out_of_memory
from flyaway_client.messages import (
    AdjustRequest,
    DrawRow,
    ExtractRequest,
    MessageError,
    OpenSession,
    RefineRequest,
    Strip,
)

_HUGE_PAGE_BYTES = 2 * 1024 * 1024

_SILENCE_S = 30.0
"""An upload of which nothing was heard for so long is dropped."""

_LEAST_S, _SLOWEST_BYTES_A_S = 120.0, 1_000_000
"""What any upload may take, and a tenth of a slow network's speed; who takes longer only holds a place."""


Uploaded = ExtractRequest | OpenSession | RefineRequest | AdjustRequest | DrawRow
"""A message whose pixels follow as strips."""


def allocate(size: int) -> mmap.mmap:
    """Anonymous memory of `size` bytes, untouched until written and given back to the system when freed.

    Private and in huge pages where the system has them: faulting in 120 MB costs 50 to 70 ms in small
    or shared pages, 15 ms in these, and copying it 7 ms.

    Raises:
        DeviceError: the system does not give that much.
    """
    try:
        if not hasattr(mmap, "MAP_PRIVATE"):  # Windows
            return mmap.mmap(-1, size)
        block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise out_of_memory() from error
    if size >= _HUGE_PAGE_BYTES and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel built without them
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


@dataclass(slots=True)
class Upload:
    """One request and the pixels that came for it so far.

    Parts come in the order of `request.parts()`, each from its first byte to its last without gaps;
    anything else raises `MessageError` and the upload is to be dropped.
    """

    request: Uploaded
    begun_s: float
    last_heard_s: float = field(init=False)
    parts: dict[str, mmap.mmap] = field(init=False)
    _awaited: list[str] = field(init=False)
    _filled: int = 0

    def __post_init__(self) -> None:
        """Reserve the memory that the header announced."""
        self.last_heard_s = self.begun_s
        self.parts = {name: allocate(size) for name, size in self.request.parts().items()}
        self._awaited = list(self.parts)

    def is_late(self, now_s: float) -> bool:
        """Whether it has been silent for too long, or has taken longer than any honest line would."""
        expected_s = _LEAST_S + sum(self.request.parts().values()) / _SLOWEST_BYTES_A_S
        return now_s - self.last_heard_s > _SILENCE_S or now_s - self.begun_s > expected_s

    @property
    def is_complete(self) -> bool:
        """Whether every part is there."""
        return not self._awaited

    def add(self, strip: Strip, payload: memoryview, now_s: float) -> None:
        """Put one strip at its place.

        Raises:
            MessageError: it is not the next piece of the part that is awaited.
        """
        if self.is_complete:
            raise MessageError("all pixels of this request are here already")
        part = self._awaited[0]
        if strip.part != part:
            raise MessageError(f"the next strip must be of the part {part!r}, not {strip.part!r}")
        if strip.offset != self._filled:
            raise MessageError(f"the next strip must start at {self._filled}, not {strip.offset}")
        block = self.parts[part]
        end = self._filled + payload.nbytes
        if payload.nbytes == 0 or end > len(block):
            raise MessageError(f"a strip of {payload.nbytes} bytes does not fit the part {part!r}")
        block[self._filled : end] = payload
        self._filled = end
        self.last_heard_s = now_s
        if end == len(block):
            del self._awaited[0]
            self._filled = 0
