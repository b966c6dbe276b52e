"""Pixels from one of Krita's colour spaces to another, by Krita's own hand, in documents that nobody sees."""

from __future__ import annotations

from krita import Krita

from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _

Space = tuple[str, str, str]
"""Colour model, depth and profile, as Krita names them."""

_AT_ONCE = 4_000_000
"""Pixels of one document: what the conversion takes beside the pixels themselves is bounded by it."""


def convert(pixels: bytes, width: int, height: int, source: Space, target: Space) -> bytes:
    """Pixels in another colour space; what they hold of opacity stays.

    Args:
        pixels: HxW, laid out as Krita has them.
        width: in pixels.
        height: in pixels.
        source: their space.
        target: the space wanted.

    Raises:
        DocumentError: Krita does not know the profile they are in.
    """
    rows = max(1, _AT_ONCE // width)
    row_bytes = len(pixels) // height
    strips = []
    for top in range(0, height, rows):
        count = min(rows, height - top)
        strip = pixels[top * row_bytes : (top + count) * row_bytes]
        strips.append(_converted(strip, width, count, source, target))
    return b"".join(strips)


def _converted(pixels: bytes, width: int, height: int, source: Space, target: Space) -> bytes:
    document = Krita.instance().createDocument(width, height, "Flyaway", *source, 72.0)
    try:
        # Krita takes its default for a profile that came with an image and is none of its own.
        if document.colorProfile() != source[2]:
            raise DocumentError(
                _(
                    "Krita does not hand over the colour profile “{profile}”. Convert the image to RGB "
                    "first: Image > Convert Image Color Space."
                ).format(profile=source[2])
            )
        document.topLevelNodes()[0].setPixelData(pixels, 0, 0, width, height)
        document.setColorSpace(*target)
        document.waitForDone()
        # Asked for anew: in Krita 5.3 the node of before is no more.
        return document.topLevelNodes()[0].pixelData(0, 0, width, height).data()
    finally:
        document.setModified(False)
        document.close()
