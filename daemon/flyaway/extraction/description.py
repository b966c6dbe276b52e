"""What a selection would be taken for, told from small copies before any work: what dialogs show while people draw."""

from __future__ import annotations

from dataclasses import replace

from flyaway.extraction import planning
from flyaway.extraction.selections import Whole
from flyaway.images import encoding
from flyaway_client.messages import DescribeRequest, Description


def describe(request: DescribeRequest, pixels: memoryview) -> Description:
    """Plan the small copies, and say it in pixels of the layer.

    Args:
        request: what the copies are of.
        pixels: the image's, then the selection's.

    Raises:
        NoSubjectError: the selection leaves nothing to cut out, or nothing to cut it out of.
    """
    image_pixels = pixels[: request.image.bytes]
    selection = encoding.samples(request.selection, pixels[request.image.bytes :])[..., 0]
    scale = max(request.width / request.image.width, request.height / request.image.height)
    limit_px = request.edge_width_px
    whole = None
    if request.partly_px is not None and scale > 1:
        whole = Whole(request.partly_px, scale)
    plan = planning.plan(
        encoding.read(request.image, image_pixels, "srgb"),
        selection,
        request.selection_is,
        None if limit_px is None else max(1, round(limit_px / scale)),
        encoding.clear_pixels(request.image, image_pixels),
        whole=whole,
    )
    if plan.edge_width_px is None:
        return Description(request.id, plan.kind, plan.sentence)
    width_px = round(plan.edge_width_px * scale)
    if limit_px is not None:
        width_px = min(width_px, limit_px)
    return Description(
        request.id, plan.kind, replace(plan, edge_width_px=width_px).sentence, width_px
    )
