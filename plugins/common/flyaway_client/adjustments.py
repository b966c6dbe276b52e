"""What can be adjusted of a mask without solving it again: the same record in dialogs and on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from .headers import Message, MessageError

MAX_FEATHER_PX, MAX_SMOOTH_PX = 250.0, 100.0

LIMITS = {
    "smooth_px": (0.0, MAX_SMOOTH_PX),
    "feather_px": (0.0, MAX_FEATHER_PX),
    "shift_edge": (-100.0, 100.0),
    "contrast": (0.0, 100.0),
    "sharpness": (-100.0, 100.0),
    "black_clip": (0.0, 99.0),
    "white_clip": (1.0, 100.0),
}
"""The least and the most of each."""


@dataclass(frozen=True)
class Adjustments(Message):
    """In the order in which they are made; as they stand here, a mask stays bit for bit as it is.

    Attributes:
        smooth_px: how far corners of the outline are rounded.
        feather_px: how far the edge is blurred (the standard deviation).
        shift_edge: how far soft pixels count more (to 100) or less (to -100) as the subject; clear ones stay.
        contrast: how steep the edge becomes, in percent.
        sharpness: soft pixels nearer to the ends (to 100) or to the middle (to -100); none is clipped.
        black_clip: up to which alpha a pixel is background, in percent.
        white_clip: from which alpha on it is wholly subject, in percent.
    """

    smooth_px: float = 0.0
    feather_px: float = 0.0
    shift_edge: float = 0.0
    contrast: float = 0.0
    sharpness: float = 0.0
    black_clip: float = 0.0
    white_clip: float = 100.0

    def __post_init__(self) -> None:
        """Refuse what is beyond `LIMITS`, and clips that leave nothing between them."""
        for name, (least, most) in LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise MessageError(f"{name} must be {least:g} to {most:g}")
        if self.black_clip >= self.white_clip:
            raise MessageError("black_clip must be below white_clip")

    @property
    def are_neutral(self) -> bool:
        """Whether they change nothing."""
        return self == Adjustments()
