"""How a mask that is retouched is looked at: the views by name, and the tables that make pictures of its levels."""

from __future__ import annotations

from dataclasses import dataclass

from .menu_entries import MenuEntry
from .messages import KEEP, REMOVE, UNKNOWN
from .wording import _

Colour = tuple[int, int, int]
"""R, G and B, 0..255."""

OVERLAY, ON_BLACK, ON_WHITE, ON_GREEN = "overlay", "on-black", "on-white", "on-green"
BLACK_AND_WHITE, TRIMAP, ORIGINAL = "black-and-white", "trimap", "original"

ENTRIES = (
    MenuEntry(OVERLAY, _("Overlay"), _("What is masked out lies under a colour; strokes are seen")),
    MenuEntry(ON_BLACK, _("On black"), _("The cutout before black")),
    MenuEntry(ON_WHITE, _("On white"), _("The cutout before white")),
    MenuEntry(ON_GREEN, _("On green"), _("The cutout before green, where what is left of the scene stands out")),
    MenuEntry(BLACK_AND_WHITE, _("Black and white"), _("The mask itself")),
    MenuEntry(TRIMAP, _("Strokes on the mask"), _("What was drawn: to keep, to remove, to find out")),
    MenuEntry(ORIGINAL, _("Original"), _("The layer without the mask")),
)  # fmt: skip
"""In the order of the key that goes through them."""

OVERLAY_COLOUR: Colour = (230, 30, 30)

STROKE_COLOURS: dict[int, Colour] = {
    KEEP: (40, 200, 90),
    REMOVE: (240, 60, 60),
    UNKNOWN: (60, 150, 255),
}

_BLACK, _WHITE, _GREEN = (0, 0, 0), (255, 255, 255), (0, 177, 64)

_OVERLAY_SHARE = 0.55
"""How far the overlay's colour hides what is wholly masked out."""


@dataclass(frozen=True, slots=True)
class View:
    """How one view is made.

    Attributes:
        ground: what is behind the layer or the mask; None: what shows that there is nothing.
        beneath: what is seen through the layer's own transparency; None as above.
        opacity: the opacity of the layer, or of white, for each level of the mask.
        is_mask: whether white is shown in place of the layer.
        stroke_alpha: how far strokes cover it, 0..255.
    """

    ground: Colour | None
    beneath: Colour | None
    opacity: bytes
    is_mask: bool = False
    stroke_alpha: int = 0


_AS_MASKED = bytes(range(256))
_OPAQUE = bytes([255]) * 256


def view(name: str, overlay: Colour = OVERLAY_COLOUR) -> View:
    """The view of that name; `overlay` is the overlay's colour."""
    return {
        OVERLAY: View(
            overlay,
            None,
            bytes(round(255 - (255 - level) * _OVERLAY_SHARE) for level in range(256)),
            stroke_alpha=90,
        ),
        ON_BLACK: View(_BLACK, _BLACK, _AS_MASKED),
        ON_WHITE: View(_WHITE, _WHITE, _AS_MASKED),
        ON_GREEN: View(_GREEN, _GREEN, _AS_MASKED),
        BLACK_AND_WHITE: View(_BLACK, _BLACK, _AS_MASKED, is_mask=True),
        TRIMAP: View(_BLACK, _BLACK, _AS_MASKED, is_mask=True, stroke_alpha=200),
        ORIGINAL: View(None, None, _OPAQUE),
    }[name]


def following(name: str) -> str:
    """The view after that one; the first comes after the last."""
    names = [entry.name for entry in ENTRIES]
    return names[(names.index(name) + 1) % len(names)]


def nearest_stroke(level: int) -> int:
    """The level of messages.py that a stroke's level counts as, 0 for none."""
    return min((0, REMOVE, UNKNOWN, KEEP), key=lambda one: abs(one - level))


SETTLED_STROKES = bytes(map(nearest_stroke, range(256)))
"""What each level counts as."""

_STROKE_CHANNELS = tuple(
    bytes(STROKE_COLOURS.get(level, (0, 0, 0))[channel] for level in SETTLED_STROKES)
    for channel in range(3)
)


def tinted(levels: bytes, alpha: int) -> bytearray:
    """Strokes as pixels of R, G, B and A.

    Args:
        levels: a byte a pixel.
        alpha: of each stroke, 0..255; there is none elsewhere.
    """
    rgba = bytearray(4 * len(levels))
    for channel, table in enumerate(_STROKE_CHANNELS):
        rgba[channel::4] = levels.translate(table)
    is_drawn = bytes(alpha if SETTLED_STROKES[level] else 0 for level in range(256))
    rgba[3::4] = levels.translate(is_drawn)
    return rgba
