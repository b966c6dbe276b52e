"""The tools that draw, how wide they are, and the way back."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import GdkPixbuf, Gtk
from icon_button import icon_button
from pen import ERASER
from sliders import Slider

from flyaway_client import brush, texts
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN
from flyaway_client.views import STROKE_COLOURS
from flyaway_client.wording import _

_TOOLS = (
    (UNKNOWN, _("Find _hair"), f"{texts.UNKNOWN_ABOUT} (H or U)"),
    (KEEP, _("_Keep"), f"{texts.KEEP_ABOUT} (K)"),
    (REMOVE, _("_Remove"), f"{texts.REMOVE_ABOUT} (R)"),
    (ERASER, _("_Eraser"), f"{texts.ERASER_ABOUT} (E)"),
)

_SWATCH_PX = 12


class ToolRow:
    """A row of buttons.

    Args:
        width_px: of the brush at first.
        chosen: called with the level and the width when either has changed.
        back: called to take a stroke back.
        forward: called to take it again.
    """

    def __init__(
        self,
        width_px: int,
        chosen: Callable[[int, int], object],
        back: Callable[[], object],
        forward: Callable[[], object],
    ) -> None:
        self._chosen = chosen
        self._level = UNKNOWN
        self.row = Gtk.Box(spacing=6)
        self._tools: dict[int, Gtk.RadioButton] = {}
        first = None
        for level, label, about in _TOOLS:
            tool = Gtk.RadioButton(
                label=label,
                use_underline=True,
                draw_indicator=False,
                group=first,
                tooltip_text=about,
                focus_on_click=False,
                always_show_image=True,
            )
            first = first or tool
            if level != ERASER:
                tool.set_image(_swatch(level))
            tool.connect("toggled", self._pick, level)
            self._tools[level] = tool
            self.row.pack_start(tool, False, False, 0)
        self._width = Slider(
            _("Si_ze"),
            _("{about} ([ and ])").format(about=texts.BRUSH_ABOUT),
            brush.LEAST_PX,
            brush.MOST_PX,
            width_px,
            self._tell,
        )
        for widget in (self._width.label, self._width.slider, self._width.digits):
            self.row.pack_start(widget, widget is self._width.slider, True, 0)
        self._back = icon_button("edit-undo", _("Take the last stroke back (Ctrl+Z)"), back)
        self._forward = icon_button("edit-redo", _("Take it again (Ctrl+Shift+Z)"), forward)
        for button in (self._back, self._forward):
            self.row.pack_start(button, False, False, 0)

    @property
    def width_px(self) -> int:
        """How wide the brush is."""
        return round(self._width.value)

    def choose(self, level: int) -> None:
        """Take the tool of that level."""
        self._tools[level].set_active(True)

    def widen(self, steps: int) -> None:
        """Make the brush wider, or narrower where negative."""
        self._width.set(brush.wider(self.width_px, steps))

    def allow(self, back: bool, forward: bool) -> None:
        """Say which way there is to go."""
        self._back.set_sensitive(back)
        self._forward.set_sensitive(forward)

    def _pick(self, tool: Gtk.RadioButton, level: int) -> None:
        if tool.get_active():
            self._level = level
            self._tell()

    def _tell(self) -> None:
        self._chosen(self._level, self.width_px)


def _swatch(level: int) -> Gtk.Image:
    """The colour in which strokes of a level are shown."""
    picture = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, _SWATCH_PX, _SWATCH_PX)
    red, green, blue = STROKE_COLOURS[level]
    picture.fill(red << 24 | green << 16 | blue << 8 | 255)
    return Gtk.Image.new_from_pixbuf(picture)
