"""The canvas: shows a part of the layer, zooms and pans, and tells what is drawn upon it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk
from painter import Painter

from flyaway_client import brush, views
from flyaway_client.brush import Point
from flyaway_client.planes import Box
from flyaway_client.viewport import Viewport

LEAST_SIDE_PX = 320
WIDEST_RING_PX = 800
"""No larger circle is drawn around the mouse; it would be seen no more anyway."""

_SWAPS = Gdk.ModifierType.MOD1_MASK | Gdk.ModifierType.CONTROL_MASK
"""Keys that turn Keep into Remove; the window manager may keep one of them to itself."""


_DRAWS = (Gdk.BUTTON_PRIMARY, Gdk.BUTTON_SECONDARY)
"""The right button does what the left one does with such a key."""


class Pen(Protocol):
    """What is drawn with."""

    width_px: int

    def begin(self, place: Point, is_swapped: bool) -> None:
        """Go down at a place of the image."""

    def go(self, place: Point) -> None:
        """Draw on to a place."""

    def lift(self) -> None:
        """Go up again."""


class Canvas(Gtk.Grid):
    """A piece of the screen with scroll bars. `scaled` is called with each new scale.

    Args:
        width: of the layer.
        height: of the layer.
        painter: paints the layer.
        pen: what the mouse draws with.
    """

    def __init__(self, width: int, height: int, painter: Painter, pen: Pen) -> None:
        super().__init__()
        self._painter, self._pen = painter, pen
        self.scaled: Callable[[float], object] = lambda _: None
        self._viewport = Viewport(width, height, LEAST_SIDE_PX, LEAST_SIDE_PX)
        self._is_fitted = True
        self._view = views.view(views.OVERLAY)
        self._picture: GdkPixbuf.Pixbuf | None = None
        self._stale: Box | None = None
        self._is_waiting = False
        self._drawing_button = 0
        self._is_panning_by_key = False
        self._grip: Point | None = None
        self._mouse: Point | None = None
        self._ring_px = 0
        self._build()

    def refresh(self, box: Box) -> None:
        """Paint anew, soon, what a box of the layer has an effect on."""
        self._stale = box.united(self._stale)
        if not self._is_waiting:
            self._is_waiting = True
            GLib.idle_add(self._paint, priority=GLib.PRIORITY_HIGH_IDLE)

    def show_view(self, view: views.View) -> None:
        """Look at the layer in that way."""
        self._view = view
        self._refresh_all()

    def fit(self) -> None:
        """Show all of the layer."""
        self._is_fitted = True
        self._look(self._viewport.fitted())

    def zoom(self, scale: float) -> None:
        """Show the middle at a scale."""
        self._is_fitted = False
        self._look(self._viewport.zoomed(scale, *self._middle))

    def step(self, steps: int) -> None:
        """Zoom some steps in, or out where negative, around the mouse where that is over the canvas."""
        self._is_fitted = False
        self._look(self._viewport.stepped(steps, *(self._mouse or self._middle)))

    def pan_by_key(self, is_held: bool) -> None:
        """Let the left button move the layer as long as a key is held."""
        self._is_panning_by_key = is_held
        self._show_pointer()

    def show_brush(self) -> None:
        """Show how wide the pen is now."""
        diameter = max(round(self._pen.width_px * self._viewport.scale), 4)
        if diameter != self._ring_px:
            self._ring_px = diameter
            if diameter <= WIDEST_RING_PX:
                self._ring.set_from_pixbuf(_ring_picture(diameter))
        self._place_ring()

    @property
    def _middle(self) -> Point:
        return self._viewport.room_width / 2, self._viewport.room_height / 2

    def _build(self) -> None:
        self._room = Gtk.Layout(
            hexpand=True,
            vexpand=True,
            can_focus=True,
            width_request=LEAST_SIDE_PX,
            height_request=LEAST_SIDE_PX,
        )
        self._image, self._ring = Gtk.Image(), Gtk.Image()
        for shown in (self._image, self._ring):
            self._room.put(shown, 0, 0)
        self._bars = {
            orientation: Gtk.Scrollbar(orientation=orientation, adjustment=Gtk.Adjustment())
            for orientation in (Gtk.Orientation.HORIZONTAL, Gtk.Orientation.VERTICAL)
        }
        for bar in self._bars.values():
            bar.get_adjustment().connect("value-changed", lambda *_: self._scroll())
        self.attach(self._room, 0, 0, 1, 1)
        self.attach(self._bars[Gtk.Orientation.VERTICAL], 1, 0, 1, 1)
        self.attach(self._bars[Gtk.Orientation.HORIZONTAL], 0, 1, 1, 1)
        mask = Gdk.EventMask
        self._room.add_events(
            mask.BUTTON_PRESS_MASK
            | mask.BUTTON_RELEASE_MASK
            | mask.POINTER_MOTION_MASK
            | mask.LEAVE_NOTIFY_MASK
            | mask.SCROLL_MASK
        )
        for signal, handler in (
            ("realize", self._take_every_move),
            ("size-allocate", self._resize),
            ("button-press-event", self._press),
            ("button-release-event", self._release),
            ("motion-notify-event", self._move),
            ("leave-notify-event", self._leave),
            ("scroll-event", self._turn_wheel),
        ):
            self._room.connect(signal, handler)

    def _take_every_move(self, room: Gtk.Layout) -> None:
        """A stroke has all the corners of the hand; else GTK leaves out what comes between two pictures."""
        room.get_bin_window().set_event_compression(False)
        self._show_pointer()

    def _show_pointer(self) -> None:
        window = self._room.get_bin_window()
        if window is not None:
            is_panning = self._is_panning_by_key or self._grip is not None
            name = "grabbing" if is_panning else "crosshair"
            window.set_cursor(Gdk.Cursor.new_from_name(window.get_display(), name))

    # --- what is seen ----------------------------------------------------------------------------

    def _resize(self, _room: Gtk.Layout, place: Gdk.Rectangle) -> None:
        viewport = self._viewport
        if (place.width, place.height) != (viewport.room_width, viewport.room_height):
            resized = viewport.resized(place.width, place.height)
            self._look(resized.fitted() if self._is_fitted else resized)

    def _look(self, viewport: Viewport) -> None:
        """Show that part."""
        self._viewport = viewport
        for orientation, start, size, room in (
            (
                Gtk.Orientation.HORIZONTAL,
                viewport.left,
                viewport.scaled_width,
                viewport.room_width,
            ),
            (
                Gtk.Orientation.VERTICAL,
                viewport.top,
                viewport.scaled_height,
                viewport.room_height,
            ),
        ):
            bar = self._bars[orientation]
            bar.get_adjustment().configure(
                max(start, 0), 0, max(size, room), room / 20, room / 2, room
            )
            bar.set_sensitive(size > room)
        self._refresh_all()
        self.show_brush()
        self.scaled(viewport.scale)

    def _scroll(self) -> None:
        """A scroll bar was moved, perhaps by `_look` itself."""
        across = self._bars[Gtk.Orientation.HORIZONTAL].get_adjustment().get_value()
        down = self._bars[Gtk.Orientation.VERTICAL].get_adjustment().get_value()
        viewport = self._viewport
        by_x, by_y = across - max(viewport.left, 0), down - max(viewport.top, 0)
        moved = viewport.moved(by_x, by_y)
        if moved != viewport:
            self._is_fitted = False
            self._look(moved)

    def _refresh_all(self) -> None:
        self._picture = None
        self.refresh(Box(0, 0, self._viewport.width, self._viewport.height))

    def _paint(self) -> bool:
        box, self._stale, self._is_waiting = self._stale, None, False
        viewport = self._viewport
        shown, by = viewport.shown, viewport.magnification
        samples = None if box is None else viewport.samples_of(box)
        if self._picture is None:
            samples = shown
            self._picture = GdkPixbuf.Pixbuf.new(
                GdkPixbuf.Colorspace.RGB, False, 8, shown.width * by, shown.height * by
            )
        if samples is not None:
            self._painter.paint(self._picture, viewport, samples, self._view)
            self._image.set_from_pixbuf(self._picture)
            self._room.move(self._image, *viewport.corner)
        return GLib.SOURCE_REMOVE

    def _place_ring(self) -> None:
        is_seen = self._mouse is not None and self._ring_px <= WIDEST_RING_PX
        self._ring.set_visible(is_seen)
        if self._mouse is not None:
            x, y = (round(one - self._ring_px / 2) for one in self._mouse)
            self._room.move(self._ring, x, y)

    # --- what the hand does ----------------------------------------------------------------------

    def _press(self, room: Gtk.Layout, event: Gdk.EventButton) -> bool:
        room.grab_focus()
        if event.button == Gdk.BUTTON_MIDDLE or (
            event.button == Gdk.BUTTON_PRIMARY and self._is_panning_by_key
        ):
            self._grip = (event.x, event.y)
            self._show_pointer()
        elif event.button in _DRAWS and not self._drawing_button:
            self._drawing_button = event.button
            is_swapped = event.button == Gdk.BUTTON_SECONDARY or bool(event.state & _SWAPS)
            self._pen.begin(self._viewport.to_image(event.x, event.y), is_swapped)
        return True

    def _move(self, _room: Gtk.Layout, event: Gdk.EventMotion) -> bool:
        self._mouse = (event.x, event.y)
        if self._grip is not None:
            (x, y), self._grip = self._grip, self._mouse
            self._is_fitted = False
            self._look(self._viewport.moved(x - event.x, y - event.y))
        elif self._drawing_button:
            self._pen.go(self._viewport.to_image(event.x, event.y))
        self._place_ring()
        return True

    def _release(self, _room: Gtk.Layout, event: Gdk.EventButton) -> bool:
        if self._grip is not None:
            self._grip = None
            self._show_pointer()
        elif event.button == self._drawing_button:
            self._drawing_button = 0
            self._pen.lift()
        return True

    def _leave(self, *_: object) -> bool:
        self._mouse = None
        self._place_ring()
        return False

    def _turn_wheel(self, _room: Gtk.Layout, event: Gdk.EventScroll) -> bool:
        steps = {Gdk.ScrollDirection.UP: 1, Gdk.ScrollDirection.DOWN: -1}.get(event.direction, 0)
        if steps:
            self._mouse = (event.x, event.y)
            self.step(steps)
        return True


def _ring_picture(diameter_px: int) -> GdkPixbuf.Pixbuf:
    content = GLib.Bytes.new(bytes(brush.ring(diameter_px)))
    size = diameter_px
    return GdkPixbuf.Pixbuf.new_from_bytes(
        content, GdkPixbuf.Colorspace.RGB, True, 8, size, size, 4 * size
    )
