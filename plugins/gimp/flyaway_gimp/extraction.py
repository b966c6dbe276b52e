"""One extraction as the daemon is asked for it: from a layer's pixels and the user's settings. No GIMP here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flyaway_client.client import new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader

LAYER_MASK = "layer-mask"
NEW_LAYER = "new-layer"
"""Where the result goes: a mask for the layer, or a new layer with a mask and the subject's own colours."""


@dataclass(frozen=True)
class Settings:
    """What the user chose; `edge_width_px` is 0 to scale with the image."""

    engine: str
    paid_work_only: bool
    selection_is: str
    edge_width_px: int
    output: str

    @property
    def uses_selection(self) -> bool:
        """Whether the selection says anything about the subject."""
        return self.selection_is != "automatic"

    @property
    def wants_foreground(self) -> bool:
        """Whether the output shows the subject's own colours, free of the background's."""
        return self.output == NEW_LAYER


@dataclass(frozen=True)
class Depth:
    """How an image's pixels travel: babl's names of the formats, the wire's of their samples.

    Colours are fetched as sRGB. Masks are written as linear grey ("Y"), in which GIMP keeps them: the
    perceptual "Y'" would turn 64 into 137.
    """

    image_format: str
    image_dtype: str
    mask_format: str
    mask_dtype: str


EIGHT_BITS = Depth("R'G'B'A u8", "u8", "Y u8", "u8")
SIXTEEN_BITS = Depth("R'G'B'A u16", "u16", "Y u16", "u16")
DEEPER = Depth("R'G'B'A u16", "u16", "Y float", "f32")
"""Floats and 32-bit integers: no engine sees more than 16 bits of colour, but masks keep all of alpha."""


def depth_of(precision: str) -> Depth:
    """The depth for one of GIMP's precisions by its nickname, such as "u8-non-linear"."""
    sample = precision.partition("-")[0]
    return {"u8": EIGHT_BITS, "u16": SIXTEEN_BITS}.get(sample, DEEPER)


@dataclass(frozen=True)
class LayerPixels:
    """A layer as the daemon gets it.

    Attributes:
        image_rgba: HxWx4 sRGB in the depth's image_dtype, alpha straight.
        selection_u8: HxW, the selection where it lies over the layer; None where it is not to be used.
        plate_rgba: the empty scene, where it lies over the layer and laid out like it; None without one.
    """

    width: int
    height: int
    depth: Depth
    image_rgba: bytes
    selection_u8: bytes | None
    plate_rgba: bytes | None = None


def decontaminated(layer: LayerPixels, foreground_rgb: bytes) -> bytes:
    """The layer's pixels with other colours and its own alpha.

    Args:
        layer: HxWx4 in its depth's image_dtype.
        foreground_rgb: HxWx3 sRGB of the same dtype.
    """
    samples: Literal["B", "H"] = "B" if layer.depth.image_dtype == "u8" else "H"
    image_rgba = bytearray(layer.image_rgba)
    pixels, colours = memoryview(image_rgba).cast(samples), memoryview(foreground_rgb).cast(samples)
    for channel in range(3):
        pixels[channel::4] = colours[channel::3]
    return bytes(image_rgba)


def build_request(
    layer: LayerPixels, settings: Settings
) -> tuple[ExtractRequest, Mapping[str, bytes]]:
    """The request for a layer's alpha, and the parts to upload with it."""
    image = ImageHeader(layer.width, layer.height, "rgba", layer.depth.image_dtype)
    parts = {"image": layer.image_rgba}
    selection = None
    if layer.selection_u8 is not None:
        selection = ImageHeader(layer.width, layer.height, "gray", "u8")
        parts["selection"] = layer.selection_u8
    if layer.plate_rgba is not None:
        parts["plate"] = layer.plate_rgba
    request = ExtractRequest(
        id=new_request_id(),
        image=image,
        selection=selection,
        selection_is=settings.selection_is if selection else "automatic",
        edge_width_px=settings.edge_width_px or None,
        plate=image if "plate" in parts else None,
        engine=settings.engine,
        paid_work_only=settings.paid_work_only,
        output_dtype=layer.depth.mask_dtype,
        wants_foreground=settings.wants_foreground,
    )
    return request, parts
