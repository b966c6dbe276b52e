"""What can be adjusted of the mask as a whole, folded away until somebody wants it."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk
from sliders import Slider

from flyaway_client import adjustments, texts
from flyaway_client.adjustments import Adjustments
from flyaway_client.wording import _

_KEYS = {
    "smooth_px": "m",
    "feather_px": "F",
    "shift_edge": "i",
    "contrast": "s",
    "black_clip": "B",
    "white_clip": "W",
}
"""Letters of the labels that are no other label's key."""

_DIGITS = {"smooth_px": 1, "feather_px": 1}


class AdjustmentRows:
    """An expander with a slider for each.

    Args:
        changed: called with the new adjustments when the user has changed one.
    """

    def __init__(self, changed: Callable[[Adjustments], object]) -> None:
        self._changed = changed
        self._is_setting = False
        neutral = Adjustments()
        self._sliders = {
            name: Slider(
                _label(name),
                texts.ADJUSTMENTS[name][1],
                least,
                most,
                getattr(neutral, name),
                self._change,
                _DIGITS.get(name, 0),
            )
            for name, (least, most) in adjustments.LIMITS.items()
        }
        self.expander = Gtk.Expander(
            label=_("A_djustments"), use_underline=True, tooltip_text=texts.ADJUSTMENTS_ABOUT
        )
        grid = Gtk.Grid(column_spacing=6, row_spacing=2)
        for row, slider in enumerate(self._sliders.values()):
            slider.attach_to(grid, row)
        reset = Gtk.Button(
            label=_("_None"), use_underline=True, tooltip_text=_("Leave the mask as it was solved")
        )
        reset.connect("clicked", lambda *_: self._reset())
        grid.attach(reset, 2, len(self._sliders), 1, 1)
        self.expander.add(grid)

    @property
    def value(self) -> Adjustments:
        """What is set."""
        return Adjustments(**{name: slider.value for name, slider in self._sliders.items()})

    def _reset(self) -> None:
        self._is_setting = True
        for name, slider in self._sliders.items():
            slider.set(getattr(Adjustments(), name))
        self._is_setting = False
        self._change()

    def _change(self) -> None:
        if self._is_setting:
            return
        black, white = self._sliders["black_clip"], self._sliders["white_clip"]
        if black.value >= white.value:
            # Each pushes the other before it, as far as there is room.
            white.set(black.value + 1)
            return
        self._changed(self.value)


def _label(name: str) -> str:
    """What an adjustment is called, with an underscore before its key."""
    label, key = texts.ADJUSTMENTS[name][0], _KEYS.get(name)
    return label.replace(key, f"_{key}", 1) if key else label
