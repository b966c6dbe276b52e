"""One extraction as the daemon is asked for it, made of a layer's pixels and the user's options."""

from __future__ import annotations

from .client import new_request_id
from .layer import LayerPixels
from .messages import ExtractRequest, ImageHeader
from .options import AUTO, Options
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
    parts = _image_parts(pixels)
    selection = None
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
        # Only few can be pointed with: the user's choice is one of the others.
        engine=options.engine if pixels.prompts is None else AUTO,
        paid_work_only=options.paid_work.weights,
        paid_training_only=options.paid_work.training,
        transparent=options.transparent,
        output_dtype=output_dtype,
        wants_foreground=options.wants_foreground,
        wants_preview=True,
        foreground_amount=options.decontaminate_percent / 100,
        prompts=pixels.prompts,
        session=pixels.session,
    )
    return request, parts


def build_colours(pixels: LayerPixels, amount: float) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """The request for the subject's own colours under a layer's mask, and the parts to upload with it.

    Args:
        pixels: with a mask.
        amount: how far they take the place of the image's, 0..1.
    """
    assert pixels.mask is not None
    request = ExtractRequest(
        id=new_request_id(),
        image=pixels.image.header,
        colour=pixels.colour,
        icc_bytes=len(pixels.icc),
        output_dtype=pixels.mask.header.dtype,
        wants_foreground=True,
        mask=pixels.mask.header,
        foreground_amount=amount,
    )
    return request, {**_image_parts(pixels), "mask": pixels.mask.data}


def _image_parts(pixels: LayerPixels) -> dict[str, Buffer]:
    """The image, and its profile if it has one."""
    parts = {"image": pixels.image.data}
    return {**parts, "icc": pixels.icc} if pixels.icc else parts
