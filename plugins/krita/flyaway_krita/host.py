"""From Krita's document and back: which layer is meant, what of it is sent, and where the alpha goes.

For the main thread alone. What is found at the click is kept: while the daemon works, the user may go on to
other layers and documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from krita import Document, Krita, Node

from . import appearance, layers, outputs, plates, selections
from .flyaway_client import refusals, texts
from .flyaway_client.client import Extracted
from .flyaway_client.layer import LayerPixels, Picture
from .flyaway_client.miniature import Miniature
from .flyaway_client.options import Options
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .qt import QtCore
from .selections import Selected

MASK_DTYPE = outputs.ALPHA_DTYPE
"""Krita keeps masks at 8 bits, whatever the depth of the image."""


@dataclass(frozen=True, slots=True)
class Target:
    """The layer of one extraction, as it was at the click.

    Attributes:
        place: the piece that is worked on, in the image's coordinates.
        canvas: the image's own size, from 0, 0.
        position: the layer's offset, to see whether it was moved meanwhile.
        selection: what counts as that of the layer, if there is something and it is to be used.
    """

    document: Document
    layer: Node
    place: QtCore.QRect
    canvas: QtCore.QRect
    position: QtCore.QPoint
    selection: Selected | None


def client_name() -> str:
    """How the plugin introduces itself to the daemon."""
    return f"krita {Krita.instance().version()}"


def find_target(options: Options) -> Target:
    """The active layer of the active document, and which piece of it is meant.

    Raises:
        DocumentError: there is nothing here that can be cut out of.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise DocumentError(_("No image is open. Open a photo, then try again."))
    layer = layers.of_active(document.activeNode())
    appearance.check(layer)
    if options.changes_layer:
        layers.check_unlocked(layer)
    canvas = QtCore.QRect(0, 0, document.width(), document.height())
    place = layer.bounds()
    if place.isEmpty():
        raise DocumentError(
            _("The layer “{layer}” is empty. Select the layer with the photo.").format(
                layer=layer.name()
            )
        )
    selection = None
    if options.uses_selection:
        selection = selections.find(document, layer, options.selection_from)
    if selection is not None:
        # Beyond the canvas nobody can select, so nothing there is known to be background.
        place = place.intersected(canvas.united(selections.bounds(selection)))
        if place.isEmpty():
            raise refusals.selection_beside(layer.name(), selections.DESELECT)
    return Target(document, layer, place, canvas, layer.position(), selection)


def read(target: Target, options: Options) -> LayerPixels:
    """The layer's pixels where they are meant, the selection over them, and the plate if one is needed.

    Raises:
        DocumentError: the layer's colours cannot be sent, the selection says nothing about it, or there is
            no plate to compare it with.
    """
    layer, place = target.layer, target.place
    selection = None
    if target.selection is not None:
        selection = selections.levels(target.selection, place, layer)
    plate = None
    if options.needs_plate:
        plate = plates.read(plates.find(target.document, layer, options.plate), layer, place)
    image, colour, icc = appearance.read(target.document, layer, place)
    return LayerPixels(image, colour, icc, selection, plate)


def selection_sources() -> list[tuple[str, str]]:
    """What the selection of the active layer can be taken from; see `selections.candidates`."""
    document = Krita.instance().activeDocument()
    try:
        layer = None if document is None else layers.of_active(document.activeNode())
    except DocumentError:
        layer = None
    if document is None or layer is None:
        return [("", texts.FROM_SELECTION)]
    return selections.candidates(document, layer)


def selection_box() -> QtCore.QRect | None:
    """The box around the selection of the active image; None where nothing is selected."""
    document = Krita.instance().activeDocument()
    selection = None if document is None else document.selection()
    return None if selection is None else selections.bounds(selection)


def miniature_of(target: Target) -> Miniature | None:
    """Small copies of the layer and of its selection; None where nothing is selected.

    Raises:
        DocumentError: what is taken for the selection says nothing.
    """
    layer, place, selection = target.layer, target.place, target.selection
    if selection is None:
        return None
    return Miniature(
        place.width(),
        place.height(),
        *appearance.small(layer, place),
        *selections.small_levels(selection, place, layer),
    )


def remark(target: Target) -> str:
    """What the user should know before the work; "" where there is nothing."""
    if not target.layer.animated():
        return ""
    return _("“{layer}” is animated: the frame that is shown is cut out.").format(
        layer=target.layer.name()
    )


def put(target: Target, image: Picture, extracted: Extracted, options: Options) -> tuple[str, ...]:
    """Put the alpha where the user wants it; sentences on what else has changed.

    Args:
        target: what the alpha is of.
        image: the layer's pixels as they were read.
        extracted: the alpha, and the subject's own colours where the output shows them.
        options: those that it was read with.

    Raises:
        DocumentError: the layer is gone or no longer what it was.
    """
    _check_still_there(target)
    layer = target.layer
    if options.changes_layer:
        layers.check_unlocked(layer)
    place = target.place.translated(layer.position() - target.position)
    result = outputs.Result(target.document, layer, place, image, extracted)
    return outputs.put(options.output, result)


def is_open(target: Target) -> bool:
    """Whether its image is still open."""
    return any(target.document == one for one in Krita.instance().documents())


def is_active(target: Target) -> bool:
    """Whether its image is the one that the user looks at."""
    return bool(target.document == Krita.instance().activeDocument())


def image_name(target: Target) -> str:
    """What the user knows its image by."""
    return Path(target.document.fileName()).name or target.document.name() or _("Not saved")


def _check_still_there(target: Target) -> None:
    document = target.document
    if document.nodeByUniqueID(target.layer.uniqueId()) is None:
        raise DocumentError(_("The layer was deleted meanwhile, so its mask was dropped."))
    if (document.width(), document.height()) != (target.canvas.width(), target.canvas.height()):
        raise DocumentError(
            _("The image changed its size meanwhile, so the mask was dropped. Extract again.")
        )
