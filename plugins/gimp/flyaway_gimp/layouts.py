"""How pixels travel between GIMP's layers and the daemon: babl's names of the formats, the wire's of their samples."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """The formats for one depth.

    Colours are fetched as sRGB. Masks are written as linear grey ("Y"), in which GIMP keeps them: the
    perceptual "Y'" would turn 64 into 137.
    """

    image_format: str
    image_dtype: str
    mask_format: str
    mask_dtype: str


EIGHT_BITS = Layout("R'G'B'A u8", "u8", "Y u8", "u8")
SIXTEEN_BITS = Layout("R'G'B'A u16", "u16", "Y u16", "u16")
DEEPER = Layout("R'G'B'A u16", "u16", "Y float", "f32")
"""Floats and 32-bit integers: no engine sees more than 16 bits of colour, but masks keep all of alpha."""

CHANNELS = "rgba"
"""The wire's name for the channels of `image_format`."""

SELECTION_FORMAT = "Y u8"

LOSSLESS_FORMAT, LOSSLESS_DTYPE = "R'G'B'A float", "f32"
"""How colours travel that shall come back and may not be sRGB of 0 to 1."""


_COLOURS = {"linear": "RGB", "non-linear": "R'G'B'", "perceptual": "R~G~B~"}
_GREYS = {"linear": "Y", "non-linear": "Y'", "perceptual": "Y~"}
"""How babl calls a precision's encoding of light."""


def layout_of(precision: str) -> Layout:
    """The layout for one of GIMP's precisions by its nickname, such as "u8-non-linear"."""
    sample = precision.partition("-")[0]
    return {"u8": EIGHT_BITS, "u16": SIXTEEN_BITS}.get(sample, DEEPER)


def native_format(precision: str, *, is_grey: bool, has_alpha: bool) -> str:
    """What GIMP keeps a layer as that is not indexed, but for the image's colour profile."""
    sample, _, encoding = precision.partition("-")
    model = (_GREYS if is_grey else _COLOURS)[encoding]
    return f"{model}{'A' if has_alpha else ''} {sample}"


def channel_format(precision: str, layout: Layout) -> str:
    """What to write an alpha into a new channel as, so that the selection made of it has the same levels.

    A selection takes a channel's levels as they are kept: as seen in images of 8 bits as seen, else as linear grey.
    """
    grey = _GREYS["non-linear" if precision == "u8-non-linear" else "linear"]
    return f"{grey} {layout.mask_format.split()[1]}"
