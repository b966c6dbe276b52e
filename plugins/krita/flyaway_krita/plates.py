"""The plate: a picture of the scene without the subject, in another layer of the same image."""

from __future__ import annotations

from krita import Document, Node

from . import layers, layouts
from .flyaway_client import refusals
from .flyaway_client.layer import Picture
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .qt import QtCore

CHOOSE = _("in the Flyaway docker (Settings > Dockers > Flyaway)")


def candidates(document: Document, layer: Node | None) -> list[Node]:
    """The layers that may hold the plate for `layer`: all other paint layers, the topmost first."""
    photo = None if layer is None else layers.identity(layer)
    return [one for one in layers.paint_layers(document) if layers.identity(one) != photo]


def chosen_of(nodes: list[Node], identity: str) -> Node | None:
    """The one that the user has chosen, or the only one; None where that is still to be said."""
    chosen = [node for node in nodes if layers.identity(node) == identity]
    return next(iter(chosen or (nodes if len(nodes) == 1 else [])), None)


def find(document: Document, layer: Node, identity: str) -> Node:
    """The layer that holds the plate for `layer`.

    Args:
        document: the image of both.
        layer: what is cut out of.
        identity: the chosen layer's, or that of one in another image; see `layers.identity`.

    Raises:
        DocumentError: there is none, or not yet a choice.
    """
    if identity == layers.identity(layer):
        raise DocumentError(
            _(
                "“{layer}” is the layer to cut out of. Choose another layer as the empty scene "
                "{choose}, or select the photo's layer."
            ).format(layer=layer.name(), choose=CHOOSE)
        )
    others = candidates(document, layer)
    if not others:
        raise DocumentError(
            _(
                "The engine compares “{layer}” with a picture of the same scene without the subject, "
                "and the image has no other paint layer. Add that picture as a layer, or choose "
                "another engine."
            ).format(layer=layer.name())
        )
    plate = chosen_of(others, identity)
    if plate is None:
        raise DocumentError(
            _("Choose the layer with the empty scene {choose}, or another engine.").format(
                choose=CHOOSE
            )
        )
    return plate


def read(plate: Node, layer: Node, place: QtCore.QRect) -> Picture:
    """The plate's pixels.

    Args:
        plate: the layer that holds it.
        layer: what is compared with it.
        place: the piece of `layer` that is worked on, in the image's coordinates.

    Raises:
        DocumentError: it leaves some of the place uncovered, or cannot be compared as it is.
    """
    layers.check_untransformed(plate)
    if not plate.bounds().contains(place):
        raise refusals.plate_too_small(plate.name(), layer.name())
    header = layouts.image_header(plate, place)
    # One request has one colour encoding.
    if layers.colour_of(plate) != layers.colour_of(layer):
        raise DocumentError(
            _(
                "The layers “{plate}” and “{layer}” have different colour profiles. Convert both to "
                "the image's: Layer > Convert > Convert Layer Color Space."
            ).format(plate=plate.name(), layer=layer.name())
        )
    return Picture(header, memoryview(layers.pixels(plate, place)))
