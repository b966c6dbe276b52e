"""What the selection is taken for as it is, and how wide its edge may be."""

from __future__ import annotations

from functools import partial

import background
import host
import options
from gi.repository import Gimp, Gtk
from paragraph import Paragraph

from flyaway_client import calls, miniature, outcome, texts
from flyaway_client.background import BackgroundCall
from flyaway_client.errors import DaemonUnreachableError
from flyaway_client.messages import Description
from flyaway_client.options import REFINED_MASK
from flyaway_client.refusals import DocumentError


class SelectionRow:
    """A sentence that follows the choice, and GIMP's row for the edge width, seen where there is an edge.

    Args:
        config: where the choice is kept.
        layer: what is to be cut out of.
        edge_width: GIMP's row.
    """

    def __init__(
        self, config: Gimp.ProcedureConfig, layer: Gimp.Layer, edge_width: Gtk.Widget
    ) -> None:
        self._config, self._layer, self._edge_width = config, layer, edge_width
        self._call: BackgroundCall[Description] | None = None
        self._is_stale = False
        self.sentence = Paragraph()
        for name in ("selection-is", "selection-from", "edge-width", "output"):
            config.connect(f"notify::{name}", lambda *_: self.describe())
        self.describe()

    def close(self) -> None:
        """The dialog is over."""
        if self._call is not None:
            self._call.abandon()

    def describe(self) -> None:
        """Show what the selection would be taken for."""
        if self._call is not None:
            self._is_stale = True
            return
        self._is_stale = False
        chosen = options.load(self._config)
        if chosen.output == REFINED_MASK:
            self.sentence.show_text(texts.REFINING)
            self._edge_width.set_visible(False)
            return
        try:
            small = host.miniature_of(host.find_target(self._layer, chosen), chosen)
        except DocumentError as error:
            self.sentence.show_problem(str(error))
            return
        if small is None:
            self.sentence.show_text(texts.NO_SELECTION)
            self._edge_width.set_visible(False)
            return
        asked, pixels = miniature.request(small, chosen)
        work = partial(calls.describe, host.client_name(), asked, pixels)
        self._call = background.start(work, self._take)

    def _take(self, call: BackgroundCall[Description]) -> None:
        self._call = None
        if self._is_stale:
            self.describe()
        elif call.error is None:
            told = call.result()
            self.sentence.show_text(f"{told.sentence}.")
            self._edge_width.set_visible(told.edge_width_px is not None)
        elif not isinstance(call.error, DaemonUnreachableError):
            self.sentence.show_problem(outcome.failure(call.error))
