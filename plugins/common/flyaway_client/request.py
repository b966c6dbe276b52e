"""One extraction as the daemon is asked for it, made of a layer's pixels and the user's options."""

from __future__ import annotations

from .client import new_request_id
from .layer import LayerPixels
from .messages import ExtractRequest, ImageHeader
from .options import Options
from .zmtp import Buffer


def build(
    pixels: LayerPixels, options: Options, output_dtype: str
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """The request for a layer's alpha, and the parts to upload with it.

    Args:
        pixels: what to cut the subject out of.
        options: how.
        output_dtype: the alpha's, one of messages.OUTPUT_DTYPES: as deep as the host keeps masks.
    """
    image = pixels.image.header
    parts = {"image": pixels.image.data}
    selection = None
    if pixels.icc:
        parts["icc"] = pixels.icc
    if pixels.selection_u8 is not None:
        selection = ImageHeader(image.width, image.height, "gray", "u8")
        parts["selection"] = pixels.selection_u8
    if pixels.plate is not None:
        parts["plate"] = pixels.plate.data
    request = ExtractRequest(
        id=new_request_id(),
        image=image,
        colour=pixels.colour,
        icc_bytes=len(pixels.icc),
        selection=selection,
        selection_is=options.selection_is if selection else "automatic",
        edge_width_px=options.edge_width_px or None,
        plate=pixels.plate.header if pixels.plate else None,
        engine=options.engine,
        paid_work_only=options.paid_work_only,
        output_dtype=output_dtype,
        wants_foreground=options.wants_foreground,
        wants_preview=True,
    )
    return request, parts
