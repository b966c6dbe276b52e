"""One layer that is being retouched in Krita: its pixels, its mask, and the strokes that were painted as hints."""

from __future__ import annotations

from krita import Node

from . import hints_layer, host, options, outputs, retouch_target
from .flyaway_client import calls
from .flyaway_client.easel import Easel
from .flyaway_client.layer import LayerPixels
from .flyaway_client.retouching import Image, Retouch
from .hints_layer import Hints
from .retouch_target import Target

JOB = "fine-hair"
"""What solves: the best engine for it that is there."""


class Session:
    """One layer that is being retouched.

    Attributes:
        pixels: of the layer, as when it began.
        easel: its mask, not adjusted, and the strokes.
        shown: the mask as the document has it, adjusted.
        hints: what is painted; None before anybody wants to paint.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.pixels: LayerPixels = retouch_target.read(target)
        assert self.pixels.mask is not None
        image = Image(
            self.pixels.image.header, self.pixels.image.data, self.pixels.icc, self.pixels.colour
        )
        chosen = options.load()
        self.retouch = Retouch(
            calls.connector(host.client_name()),
            image,
            JOB,
            paid_work=chosen.paid_work,
            transparent=chosen.transparent,
        )
        self.easel = Easel(retouch_target.plane(self.pixels.mask), outputs.ALPHA_DTYPE)
        self.shown = self.easel.mask
        self.hints: Hints | None = None
        present = hints_layer.find(target.layer)
        if present is not None:
            self.take_hints(present)
            self.easel = Easel(self.easel.mask, outputs.ALPHA_DTYPE, self.easel.strokes)
            self.shown = self.easel.mask

    @property
    def has_hints(self) -> bool:
        """Whether there is a layer to paint on; the user may have deleted it."""
        if self.hints is None:
            return False
        return self.target.document.nodeByUniqueID(self.hints.node.uniqueId()) is not None

    def take_hints(self, node: Node) -> None:
        """Read strokes from that layer from now on."""
        self.hints = Hints(node, self.target.box, self.target.rectangle)
        self.look()

    def look(self) -> bool:
        """See what was painted since the last look; whether anything was."""
        changed = self.hints.changes() if self.hints is not None and self.has_hints else None
        if changed is not None:
            self.easel.draw(*changed)
        return changed is not None
