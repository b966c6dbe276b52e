"""Runs Refine Edge once: in its dialog, or without one inside the selection."""

from __future__ import annotations

import finishing
import host
import refine_options
import strokes_channel
import subject
from extraction import Watch
from gi.repository import Gimp

from flyaway_client import calls
from flyaway_client.errors import CancelledError
from flyaway_client.messages import DTYPES
from flyaway_client.planes import Plane
from flyaway_client.wording import _


def refine_in_dialog(config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> None:
    """Let the user retouch the layer's mask.

    Raises:
        CancelledError: the user wants none of it.
        DocumentError: there is no mask.
    """
    # Only here: without a window GIMP may run where there is no display to open GTK on.
    import refine_panel

    dialog = refine_panel.RefineDialog(config, subject.of(layer), strokes_channel.read(layer))
    try:
        if not dialog.run():
            raise CancelledError(_("The dialog was closed."))
    finally:
        dialog.close()


def refine_in_selection(config: Gimp.ProcedureConfig, layer: Gimp.Layer, watch: Watch) -> None:
    """Have the layer's mask solved again inside the selection; without one, only adjusted and put where it is wanted.

    Raises:
        DocumentError: there is no mask, or nothing to do with it.
        ClientError: any of flyaway_client.errors.
    """
    wish, chosen = refine_options.wish(config), refine_options.load(config)
    whole = subject.of(layer)
    finishing.check(whole, wish)
    mask = whole.mask
    if not Gimp.Selection.is_empty(layer.get_image()) or wish.leaves_all_as_it_is:
        pixels = host.read(host.find_target(layer, chosen), chosen)
        dtype, name = whole.layout.mask_dtype, host.client_name()
        refine = calls.cut_out(name, pixels, chosen, dtype, watch.on_preview)
        refined = watch.wait(refine, layer.get_image())
        mask = Plane(mask.width, mask.height, DTYPES[dtype], refined.alpha)
    finish = finishing.begin(whole, wish, mask)
    finish.put(watch.wait(finish.work, layer.get_image()))
