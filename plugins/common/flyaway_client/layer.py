"""A layer's pixels as the daemon gets them: what each host fills, and what both do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .messages import CHANNELS, ImageHeader
from .zmtp import Buffer


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels, HxW, laid out as `header` says."""

    header: ImageHeader
    data: Buffer


@dataclass(frozen=True, slots=True)
class LayerPixels:
    """A piece of a layer, and what lies over the same piece.

    Attributes:
        image: the layer's own pixels, straight alpha last.
        colour: how colour values are encoded: one of messages.COLOURS.
        icc: the profile where `colour` is "icc".
        selection_u8: HxW, the selection; None where there is none or it is not to be used.
        plate: the same scene without the subject, its colours encoded the same; None where none is needed.
    """

    image: Picture
    colour: str = "srgb"
    icc: bytes = b""
    selection_u8: bytes | None = None
    plate: Picture | None = None


def decontaminated(image: Picture, foreground_rgb: Buffer) -> bytes:
    """The pixels with the subject's own colours and their own alpha.

    Args:
        image: "rgba" or "bgra" of integers.
        foreground_rgb: HxWx3 of the same dtype.
    """
    samples: Literal["B", "H"] = "B" if image.header.dtype == "u8" else "H"
    pixels = bytearray(image.data)
    to = memoryview(pixels).cast(samples)
    colours = memoryview(foreground_rgb).cast("B").cast(samples)
    step = CHANNELS[image.header.channels]
    for number, channel in enumerate("rgb"):
        to[image.header.channels.index(channel) :: step] = colours[number::3]
    return bytes(pixels)
