"""A layer's mask refined inside the selection: from what a host has read to the whole mask again."""

from __future__ import annotations

from dataclasses import dataclass

from . import protocol
from .client import Extracted
from .conversation import Report, ShouldStop
from .layer import LayerPixels
from .messages import DTYPES
from .options import Options
from .retouching import Connect, Image, Patch, Retouch
from .zmtp import Buffer


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle of an image, in pixels."""

    left: int
    top: int
    width: int
    height: int


def refine(
    connect: Connect,
    pixels: LayerPixels,
    options: Options,
    report: Report,
    should_stop: ShouldStop | None = None,
) -> Extracted:
    """Have a mask solved again inside the selection; the alpha is the whole mask, elsewhere as it was.

    The daemon keeps the image for a while: the next refinement sends but a patch.

    Args:
        connect: finds the daemon.
        pixels: with a mask and a selection, part of which is selected.
        options: the engine to take.
        report: called with how far it is.
        should_stop: asked at least every 0.1 s.

    Raises:
        ClientError: any of errors.py.
    """
    mask, selection = pixels.mask, pixels.selection_u8
    assert mask is not None and selection is not None
    image = Image(pixels.image.header, pixels.image.data, pixels.icc, pixels.colour)
    width, height = mask.header.width, mask.header.height
    box = _around(selection, width, height)
    size = DTYPES[mask.header.dtype]
    patch = Patch(
        box.left,
        box.top,
        box.width,
        box.height,
        _cropped(mask.data, width, box, size),
        mask.header.dtype,
        inside=_cropped(selection, width, box, 1),
    )
    retouch = Retouch(connect, image, options.engine, paid_work_only=options.paid_work_only)
    refined = retouch.refine(patch, report, should_stop)
    return Extracted(refined.result, _pasted(mask.data, width, box, size, refined.alpha))


def _around(selection_u8: bytes, width: int, height: int) -> _Box:
    """The box of what is selected, with the margin that a patch should have."""
    rows = [selection_u8[start : start + width] for start in range(0, width * height, width)]
    drawn = [number for number, row in enumerate(rows) if row.strip(b"\0")]
    left = min(width - len(rows[number].lstrip(b"\0")) for number in drawn)
    right = max(len(rows[number].rstrip(b"\0")) for number in drawn)
    margin = protocol.REFINE_MARGIN_PX
    left, right = max(left - margin, 0), min(right + margin, width)
    top, bottom = max(drawn[0] - margin, 0), min(drawn[-1] + 1 + margin, height)
    return _Box(left, top, right - left, bottom - top)


def _cropped(plane: Buffer, width: int, box: _Box, sample_bytes: int) -> bytes:
    """What of a plane of samples lies in the box."""
    view = memoryview(plane).cast("B")
    return b"".join(view[place] for place in _rows(width, box, sample_bytes))


def _pasted(plane: Buffer, width: int, box: _Box, sample_bytes: int, patch: Buffer) -> bytearray:
    """The plane with a patch in the box."""
    whole, view = bytearray(plane), memoryview(patch).cast("B")
    row_bytes = box.width * sample_bytes
    for number, place in enumerate(_rows(width, box, sample_bytes)):
        whole[place] = view[number * row_bytes : (number + 1) * row_bytes]
    return whole


def _rows(width: int, box: _Box, sample_bytes: int) -> list[slice]:
    """Where the box's rows lie in a plane, in bytes."""
    starts = [
        (row * width + box.left) * sample_bytes for row in range(box.top, box.top + box.height)
    ]
    return [slice(start, start + box.width * sample_bytes) for start in starts]
