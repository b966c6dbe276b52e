"""From Krita's document and back for retouching: the layer, its mask and its hints, read and written box by box."""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document, Krita, Node

from . import appearance, hints_layer, layers, masks, selections
from .flyaway_client import refusals
from .flyaway_client.layer import LayerPixels, Picture
from .flyaway_client.messages import ImageHeader
from .flyaway_client.planes import Box, Plane
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .outputs import ALPHA_DTYPE
from .qt import QtCore


@dataclass(frozen=True, slots=True)
class Target:
    """The layer that is retouched, as it was when that began.

    Attributes:
        mask: its transparency mask, which changes.
        place: the layer's own rectangle, in the image's coordinates.
        position: the layer's offset, to see whether it was moved meanwhile.
    """

    document: Document
    layer: Node
    mask: Node
    place: QtCore.QRect
    position: QtCore.QPoint

    @property
    def is_open(self) -> bool:
        """Whether its image is still open."""
        return any(self.document == one for one in Krita.instance().documents())

    @property
    def is_active(self) -> bool:
        """Whether the layer, its mask or its hints are what the user works on."""
        if self.document != Krita.instance().activeDocument():
            return False
        try:
            return meant(self.document).uniqueId() == self.layer.uniqueId()
        except DocumentError:
            return False

    def check(self) -> None:
        """Make sure that the mask can be written into.

        Raises:
            DocumentError: it is gone or locked.
        """
        if self.document.nodeByUniqueID(self.mask.uniqueId()) is None:
            raise DocumentError(
                _(
                    "The mask that was retouched is gone. Choose a layer with a mask, and a brush here."
                )
            )
        layers.check_unlocked(self.mask)

    def read_mask(self, box: Box) -> bytes:
        """The mask in a box of the layer."""
        return layers.pixels(self.mask, self.rectangle(box)).data()

    def write_mask(self, box: Box, levels: bytes) -> None:
        """Change the mask in a box of the layer. Krita makes no undo step of it."""
        place = self.rectangle(box)
        self.mask.setPixelData(levels, place.x(), place.y(), place.width(), place.height())
        self.document.refreshProjection()
        self.document.setModified(True)

    def rectangle(self, box: Box) -> QtCore.QRect:
        """Where a box of the layer lies in the image now."""
        moved = self.layer.position() - self.position
        corner = QtCore.QPoint(self.place.x() + box.left, self.place.y() + box.top)
        return QtCore.QRect(0, 0, box.width, box.height).translated(corner).translated(moved)

    def box(self, rectangle: QtCore.QRect) -> Box | None:
        """What of the layer a rectangle of the image covers; None where that is nothing."""
        place = self.rectangle(Box(0, 0, self.place.width(), self.place.height()))
        common = place.intersected(rectangle)
        if common.isEmpty():
            return None
        left, top = common.x() - place.x(), common.y() - place.y()
        return Box(left, top, common.width(), common.height())

    def selected(self) -> tuple[Box, bytes]:
        """Where the user has selected something on the layer, and its levels.

        Raises:
            DocumentError: nothing is selected there.
        """
        selection = selections.find(self.document, self.layer, "")
        if selection is None:
            raise refusals.nowhere_to_refine()
        box = self.box(selections.bounds(selection))
        if box is None:
            raise refusals.selection_beside(self.layer.name(), selections.DESELECT)
        return box, selections.levels(selection, self.rectangle(box), self.layer)


def meant(document: Document) -> Node:
    """The layer that is meant where it, its mask or its hints are active.

    Raises:
        DocumentError: none is.
    """
    node = document.activeNode()
    if node is not None and hints_layer.is_hints(node):
        below = hints_layer.below(node)
        if below is not None:
            return below
    return layers.of_active(node)


def find() -> Target:
    """What the user wants to retouch.

    Raises:
        DocumentError: there is no mask to be retouched, or it could not be told which.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise DocumentError(_("No image is open. Open a photo, and extract its subject first."))
    layer = meant(document)
    appearance.check(layer)
    present = masks.seen(layer)
    if not present:
        raise refusals.nothing_to_refine(layer.name())
    if len(present) > 1:
        raise DocumentError(
            _("“{layer}” has several masks that are seen. Hide all but the one to retouch.").format(
                layer=layer.name()
            )
        )
    layers.check_unlocked(present[0])
    return Target(document, layer, present[0], layer.bounds(), layer.position())


def read(target: Target) -> LayerPixels:
    """The whole layer and its mask.

    Raises:
        DocumentError: the layer's colours cannot be sent.
    """
    place = target.place
    image, colour, icc = appearance.read(target.document, target.layer, place)
    size = place.width(), place.height()
    mask = Picture(
        ImageHeader(*size, "gray", ALPHA_DTYPE), layers.pixels(target.mask, place).data()
    )
    return LayerPixels(image, colour, icc, mask=mask)


def plane(picture: Picture) -> Plane:
    """A mask that can be changed box by box."""
    return Plane(picture.header.width, picture.header.height, 1, picture.data)
