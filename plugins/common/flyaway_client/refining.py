"""A layer's mask refined inside the selection: from what a host has read to the whole mask again."""

from __future__ import annotations

from . import planes, protocol
from .client import Extracted
from .conversation import Report, ShouldStop
from .layer import LayerPixels
from .messages import DTYPES
from .options import Options
from .planes import Plane
from .retouching import Connect, Image, Patch, Retouch


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
        options: the engine to take, and what it is told.
        report: called with how far it is.
        should_stop: asked at least every 0.1 s.

    Raises:
        ClientError: any of errors.py.
    """
    mask, selection = pixels.mask, pixels.selection_u8
    assert mask is not None and selection is not None
    image = Image(pixels.image.header, pixels.image.data, pixels.icc, pixels.colour)
    plane = Plane(mask.header.width, mask.header.height, DTYPES[mask.header.dtype], mask.data)
    drawn = planes.around(selection, plane.width)
    assert drawn is not None
    box = drawn.grown(protocol.REFINE_MARGIN_PX, plane.width, plane.height)
    patch = Patch(
        box.left,
        box.top,
        box.width,
        box.height,
        plane.cropped(box),
        mask.header.dtype,
        inside=Plane(plane.width, plane.height, 1, selection).cropped(box),
    )
    retouch = Retouch(
        connect,
        image,
        options.engine,
        paid_work=options.paid_work,
        transparent=options.transparent,
    )
    refined = retouch.refine(patch, report, should_stop)
    plane.paste(box, refined.alpha)
    return Extracted(refined.result, plane.data)
