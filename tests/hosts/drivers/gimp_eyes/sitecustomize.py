"""Looks at our dialogs from within: GIMP runs its plug-ins as processes of their own, which a script in GIMP does not see.

Python imports this at the start of each where its folder is on PYTHONPATH. What is read in a dialog, and what of it has
less room than it asks for, is written as note-words again and again into the folder of the talk.
"""

import os
import sys
from pathlib import Path

if os.environ.get("FLYAWAY_TALK") and any("flyaway_gimp" in word for word in sys.orig_argv):
    from gi.repository import GLib

    EVERY_MS = 500

    def is_seen(widget):
        """Whether it has a place: what is inside a closed expander has none."""
        return (
            widget.get_mapped() and widget.get_child_visible() and widget.get_allocated_width() > 1
        )

    def labels(widget, Gtk):  # noqa: N803 - as the module is called
        if isinstance(widget, Gtk.Label) and is_seen(widget) and widget.get_text().strip():
            yield widget
        if isinstance(widget, Gtk.Container):
            children = []
            widget.forall(children.append)
            for child in children:
                yield from labels(child, Gtk)

    def is_cut(label):
        width, height = label.get_allocated_width(), label.get_allocated_height()
        if label.get_layout().is_ellipsized():
            return True
        if label.get_line_wrap():
            return label.get_preferred_height_for_width(width)[0] > height
        # What its words take, not what it asks for: labels in a column ask for as much as the widest.
        return label.get_layout().get_pixel_size()[0] > width

    def look():
        Gtk = getattr(sys.modules.get("gi.repository"), "Gtk", None)  # noqa: N806 - as the module is called
        if Gtk is None or "flyaway_client" not in sys.modules:
            return True
        for window in Gtk.Window.list_toplevels():
            title = window.get_title() or ""
            if title.startswith("Flyaway") and window.get_mapped():
                found = list(labels(window, Gtk))
                size, screen = window.get_size(), window.get_screen()
                tell(
                    {
                        "title": title,
                        "read": [label.get_text() for label in found],
                        "cut": [label.get_text() for label in found if is_cut(label)],
                        "fits": size[0] <= screen.get_width() and size[1] <= screen.get_height(),
                    }
                )
        return True

    def tell(value):
        sys.path.append(str(Path(__file__).parents[1]))
        from talk import Talk

        sys.path.pop()
        Talk(os.environ["FLYAWAY_TALK"]).put("note-words", value)

    GLib.timeout_add(EVERY_MS, look)
