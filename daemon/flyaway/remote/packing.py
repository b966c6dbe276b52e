"""Pixels made smaller without loss, where that gets them over a line faster than as they are.

Samples become differences to the sample a pixel before, and those are coded by Deflate's run lengths and Huffman
codes alone (zlib's Z_RLE): about 140 MB/s a core and half the size for photos, 700 MB/s and a hundredth for masks.
Searching for longer matches (zlib's level 1) takes twice as long and saves nothing on photos.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flyaway_client import protocol
from flyaway_client.messages import MessageError
from flyaway_client.zmtp import Buffer

BLOCK_BYTES = 1024 * 1024
"""Packed by itself, so that several cores share one strip."""

SMALLEST_BYTES = 16 * 1024
"""What is smaller goes as it is: it takes less time on any line than thinking about it."""

DISTANCES = (0, 1, 3, 4, 6, 8)
"""Bytes from a sample to the same one of the pixel before: none, gray, rgb and rgba in 8 and 16 bits."""

_SAMPLE_BYTES = 32 * 1024
_GAIN = 0.9
"""Packing must promise to save a tenth of the time: the other side has work with it, too."""

_FRESH = 0.5
"""How much a new measurement counts beside those before."""

_FORGET = 0.05
"""How much of what was seen of the cores is forgotten with each payload that goes as it is."""

_LARGEST_FRAME_BYTES = 200


@dataclass(slots=True)
class LineSpeed:
    """How fast a line has been seen to be; None before anything was seen."""

    bytes_s: float | None = None

    def note(self, size: int, seconds: float) -> None:
        """Take in that so many bytes went over the line in so long."""
        if seconds <= 0:
            return
        seen = size / seconds
        self.bytes_s = seen if self.bytes_s is None else _FRESH * seen + (1 - _FRESH) * self.bytes_s


@dataclass(frozen=True, slots=True)
class Sample:
    """What a piece of the pixels says of all of them.

    Attributes:
        distance: of the differences that pack them best.
        ratio: packed size by size.
        bytes_s: how fast one core packs them.
    """

    distance: int
    ratio: float
    bytes_s: float


class Packer:
    """Packs for one line, on as many cores as the computer has; not for use from several threads at once.

    How much faster than one core they are together is seen from what is packed: others use them, too.

    Args:
        speed: how fast the line is; somebody else keeps it.
        cores: how many; None for all.
    """

    def __init__(self, speed: LineSpeed, cores: int | None = None) -> None:
        self.speed = speed
        self._cores = cores or os.cpu_count() or 1
        self._worth = float(self._cores)
        self._pool = ThreadPoolExecutor(self._cores, "flyaway-packer")

    def frames(self, payload: Buffer) -> list[Buffer]:
        """The frames that stand for a payload: itself alone, or how it is packed and the packed bytes."""
        content = memoryview(payload).cast("B")
        if self.speed.bytes_s is None or not SMALLEST_BYTES <= len(content) <= protocol.STRIP_BYTES:
            return [payload]
        sample = sampled(content)
        if not is_faster(sample, self.speed.bytes_s, self._worth):
            self._worth += _FORGET * (
                self._cores - self._worth
            )  # the computer may be less busy soon
            return [payload]
        began_s = time.perf_counter()
        blocks = list(self._pool.map(lambda block: _packed(block, sample.distance), _cut(content)))
        seen = len(content) / (time.perf_counter() - began_s) / sample.bytes_s
        self._worth += _FRESH * (min(seen, self._cores) - self._worth)
        sizes = ",".join(str(len(block)) for block in blocks)
        return [f"{sample.distance}:{len(content)}:{sizes}".encode(), b"".join(blocks)]

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False)


def is_faster(sample: Sample, line_bytes_s: float, cores: float) -> bool:
    """Whether packed pixels arrive sooner; packing and sending go on side by side, so that the slower one counts."""
    packed_s = max(1 / (sample.bytes_s * cores), sample.ratio / line_bytes_s)
    return packed_s < _GAIN / line_bytes_s


def sampled(content: memoryview) -> Sample:
    """What the middle of the content says of it."""
    start = max(0, len(content) - _SAMPLE_BYTES) // 2
    piece = content[start : start + _SAMPLE_BYTES]
    best = Sample(0, 1.0, 1.0)
    for distance in DISTANCES:
        began_s = time.perf_counter()
        ratio = len(_packed(piece, distance)) / len(piece)
        spent_s = max(1e-6, time.perf_counter() - began_s)
        if ratio < best.ratio:
            best = Sample(distance, ratio, len(piece) / spent_s)
    return best


def unpacked(how: bytes, content: memoryview) -> memoryview:
    """The payload that these two frames stand for.

    No more memory is used than the frames announce, which is at most a strip.

    Raises:
        MessageError: they stand for none.
    """
    import numpy as np  # deferred: hello must not wait for it

    try:
        distance, size, *sizes = map(
            int, how[:_LARGEST_FRAME_BYTES].replace(b",", b":").split(b":")
        )
    except ValueError as error:
        raise MessageError("the frame that says how pixels are packed makes no sense") from error
    is_sound = distance in DISTANCES and 0 < size <= protocol.STRIP_BYTES
    if not is_sound or min(sizes, default=0) < 1 or sum(sizes) != len(content):
        raise MessageError("the frame that says how pixels are packed does not fit them")
    result = np.empty(size, np.uint8)
    blocks = list(_cut(result.data))
    if len(blocks) != len(sizes):
        raise MessageError("packed pixels have as many blocks as their size says")
    offset = 0
    for block, packed_bytes in zip(blocks, sizes, strict=True):
        _unpack(content[offset : offset + packed_bytes], block, distance)
        offset += packed_bytes
    return result.data


def _cut(content: memoryview) -> Iterable[memoryview]:
    return (content[at : at + BLOCK_BYTES] for at in range(0, len(content), BLOCK_BYTES))


def _packed(block: memoryview, distance: int) -> bytes:
    import numpy as np  # deferred: hello must not wait for it

    samples = np.frombuffer(block, np.uint8)
    if distance:
        differences = samples.copy()
        differences[distance:] -= samples[:-distance]
        samples = differences
    coder = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return coder.compress(samples.data) + coder.flush()


def _unpack(packed: memoryview, block: memoryview, distance: int) -> None:
    """Write what a packed block holds into its place."""
    import numpy as np  # deferred: hello must not wait for it

    coder = zlib.decompressobj(-15)
    try:
        raw = coder.decompress(packed, len(block) + 1)
    except zlib.error as error:
        raise MessageError("packed pixels are damaged") from error
    if len(raw) != len(block) or not coder.eof or coder.unused_data:
        raise MessageError("packed pixels have another size than they say")
    samples = np.frombuffer(raw, np.uint8)
    if distance:
        whole = np.zeros(-(-len(samples) // distance) * distance, np.uint8)
        whole[: len(samples)] = samples
        sums = np.cumsum(whole.reshape(-1, distance), axis=0, dtype=np.uint8)
        samples = sums.reshape(-1)[: len(samples)]
    block[:] = samples.data
