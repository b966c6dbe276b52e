"""How the pixels of Krita's layers are laid out, in the words of the wire."""

from __future__ import annotations

from krita import Node

from .flyaway_client.messages import CHANNELS, DTYPES, ImageHeader
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .qt import QtCore

LAYOUTS = {
    ("RGBA", "U8"): ("bgra", "u8"),
    ("RGBA", "U16"): ("bgra", "u16"),
    ("RGBA", "F16"): ("rgba", "f16"),
    ("RGBA", "F32"): ("rgba", "f32"),
    ("GRAYA", "U8"): ("graya", "u8"),
    ("GRAYA", "U16"): ("graya", "u16"),
    ("GRAYA", "F16"): ("graya", "f16"),
    ("GRAYA", "F32"): ("graya", "f32"),
}
"""Krita's colour model and depth -> the wire's channels and dtype. Only integers have blue first."""

RGB = {
    "U8": ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc"),
    "U16": ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc"),
    "F16": ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    "F32": ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
}
"""What pixels become, by their depth, whose colour model the wire does not know."""

_SAMPLES = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}
_SAMPLE_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}

MAX_ARRAY_BYTES = 2**31 - 64
"""Qt 5 cannot hold more in one array."""


def image_header(layer: Node, place: QtCore.QRect) -> ImageHeader:
    """What the layer's own pixels at a place of the image will be.

    Raises:
        DocumentError: they cannot be sent as they are.
    """
    model, depth = layer.colorModel(), layer.colorDepth()
    if (model, depth) not in LAYOUTS:
        raise DocumentError(
            _(
                "“{layer}” is in the colour model {model}. Convert the layer to RGB first: "
                "Layer > Convert > Convert Layer Color Space."
            ).format(layer=layer.name(), model=model.removesuffix("A"))
        )
    return header(layer.name(), (model, depth, ""), place)


def header(name: str, space: tuple[str, str, str], place: QtCore.QRect) -> ImageHeader:
    """What pixels of a colour space that the wire knows will be, of a layer of that name.

    Raises:
        DocumentError: there are too many.
    """
    channels, dtype = LAYOUTS[space[:2]]
    found = ImageHeader(place.width(), place.height(), channels, dtype)
    if found.bytes > MAX_ARRAY_BYTES:
        most = MAX_ARRAY_BYTES // (CHANNELS[channels] * DTYPES[dtype]) // 1_000_000
        raise DocumentError(
            _(
                "“{layer}” has {megapixels} megapixels; at this depth Krita hands over at most {most}. "
                "Scale the image down, or convert it to 8 or 16 bits."
            ).format(layer=name, megapixels=found.pixels // 1_000_000, most=most)
        )
    return found


def samples(space: tuple[str, str, str]) -> tuple[int, int]:
    """How many samples a pixel of a colour space of Krita's has, and of how many bytes each is."""
    return _SAMPLES[space[0]], _SAMPLE_BYTES[space[1]]
