"""A number as a slider and as digits, side by side: one row of a grid."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk

SLIDER_WIDTH_PX = 110


class Slider:
    """One row.

    Args:
        label: with an underscore before the letter that is its key.
        about: its tooltip.
        least: the least value.
        most: the most.
        value: the first value.
        changed: called when the user has changed it.
        digits: behind the point.
    """

    def __init__(
        self,
        label: str,
        about: str,
        least: float,
        most: float,
        value: float,
        changed: Callable[[], object],
        digits: int = 0,
    ) -> None:
        step = 10.0**-digits
        self._range = Gtk.Adjustment(
            value=value, lower=least, upper=most, step_increment=step, page_increment=10 * step
        )
        self.digits = Gtk.SpinButton(
            adjustment=self._range, digits=digits, activates_default=True, tooltip_text=about
        )
        self.slider = Gtk.Scale(
            adjustment=self._range,
            draw_value=False,
            hexpand=True,
            width_request=SLIDER_WIDTH_PX,
            tooltip_text=about,
        )
        self.label = Gtk.Label(label=label, use_underline=True, xalign=0, tooltip_text=about)
        self.label.set_mnemonic_widget(self.digits)
        self._range.connect("value-changed", lambda *_: changed())

    @property
    def value(self) -> float:
        """What is set."""
        return float(self._range.get_value())

    def set(self, value: float) -> None:
        """Set another value."""
        self._range.set_value(value)

    def attach_to(self, grid: Gtk.Grid, row: int) -> None:
        """Become a row of a grid."""
        for column, widget in enumerate((self.label, self.slider, self.digits)):
            grid.attach(widget, column, row, 1, 1)
