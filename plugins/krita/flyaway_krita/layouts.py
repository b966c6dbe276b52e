"""How the pixels of Krita's layers are laid out, in the words of the wire."""

from __future__ import annotations

from krita import Node

from .flyaway_client.messages import CHANNELS, DTYPES, ImageHeader
from .flyaway_client.refusals import DocumentError
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

MAX_ARRAY_BYTES = 2**31 - 64
"""Qt 5 cannot hold more in one array."""


def image_header(layer: Node, place: QtCore.QRect) -> ImageHeader:
    """What the layer's pixels at a place of the image will be.

    Raises:
        DocumentError: they cannot be sent.
    """
    model, depth = layer.colorModel(), layer.colorDepth()
    if (model, depth) not in LAYOUTS:
        raise DocumentError(
            f"“{layer.name()}” is in the colour model {model.removesuffix('A')}. Convert the image to "
            "RGB first: Image > Convert Image Color Space."
        )
    channels, dtype = LAYOUTS[model, depth]
    header = ImageHeader(place.width(), place.height(), channels, dtype)
    if header.bytes > MAX_ARRAY_BYTES:
        most = MAX_ARRAY_BYTES // (CHANNELS[channels] * DTYPES[dtype]) // 1_000_000
        raise DocumentError(
            f"“{layer.name()}” has {header.pixels // 1_000_000} megapixels; at this depth Krita hands "
            f"over at most {most}. Scale the image down, or convert it to 8 or 16 bits."
        )
    return header
