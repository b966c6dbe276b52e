"""What the user chose for one extraction: the same record in both editors, each of which keeps it in its own way."""

from __future__ import annotations

from dataclasses import dataclass

from .paid_work import PaidWork

MAX_EDGE_WIDTH_PX = 1000
"""No outline is drawn further off than that, whatever the image's size."""

AUTO = "auto"
"""The engine's name that lets the daemon take the best."""

LAYER_MASK = "layer-mask"
NEW_LAYER = "new-layer"
SELECTION = "selection"
REFINED_MASK = "refined-mask"
CUTOUT = "cutout"
"""Where the result goes: a mask for the layer, a new layer with a mask and the subject's own colours, a selection, into
the mask that is there, inside the selection alone, or a new layer whose opacity it is."""


@dataclass(frozen=True, slots=True)
class Options:
    """The user's choices.

    Attributes:
        engine: its name on the wire, or that of a job for which the best is taken.
        paid_work: what has to allow paid work; engines of which that is not known are left out.
        selection_is: one of messages.SELECTION_KINDS.
        selection_from: the identity of what is taken for the selection; "" takes the image's own.
        edge_width_px: how far from an outline hair is looked for; 0 scales with the image.
        transparent: whether the subject lets light through, as glass and veils do.
        needs_plate: whether a photo of the empty scene goes along.
        plate: what identifies the layer that holds it, in words of the host; "" where none is chosen.
        output: where the result goes.
        decontaminate_percent: how far the subject's own colours take the place of the layer's, where both come.
    """

    engine: str = AUTO
    paid_work: PaidWork = PaidWork.ANY
    selection_is: str = "guess"
    selection_from: str = ""
    edge_width_px: int = 0
    transparent: bool = False
    needs_plate: bool = False
    plate: str = ""
    output: str = LAYER_MASK
    decontaminate_percent: int = 100

    @property
    def uses_selection(self) -> bool:
        """Whether the selection says anything about the subject, or about what is to be refined."""
        return self.selection_is != "automatic" or self.output == REFINED_MASK

    @property
    def changes_layer(self) -> bool:
        """Whether the output gives the layer itself a mask, so that it must not be locked."""
        return self.output in (LAYER_MASK, REFINED_MASK)

    @property
    def wants_foreground(self) -> bool:
        """Whether the output shows the subject's own colours, free of the background's."""
        return self.output == NEW_LAYER
