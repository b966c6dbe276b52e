"""Why an image cannot be worked on: the sentences that both hosts need."""

from __future__ import annotations

from . import texts
from .wording import _


class DocumentError(Exception):
    """This image, layer or selection cannot be worked on; the text tells the user what to change."""


def nothing_to_refine(layer: str) -> DocumentError:
    """The layer has no mask."""
    return DocumentError(
        _(
            "“{layer}” has no mask to refine. Extract first, then refine where it is not right."
        ).format(layer=layer)
    )


def nowhere_to_refine() -> DocumentError:
    """Nothing is selected."""
    return DocumentError(
        _("Select the part of the mask that shall be refined, such as a lock of hair.")
    )


def selection_beside(layer: str, deselect: str) -> DocumentError:
    """The selection lies beside the layer of that name; `deselect` is the way to select nothing."""
    return DocumentError(
        _(
            "The selection does not touch the layer “{layer}”. Select its subject, or nothing "
            "({deselect}) to have it found."
        ).format(layer=layer, deselect=deselect)
    )


def nothing_pointed_at(layer: str) -> DocumentError:
    """Nothing was pointed at in the layer of that name, as large as it is now."""
    return DocumentError(
        _(
            "Nothing was pointed at in “{layer}” yet. Run Extract by Clicking with its dialog, and "
            "click on the subject."
        ).format(layer=layer)
    )


def source_gone() -> DocumentError:
    """What the selection was to be taken from was deleted."""
    return DocumentError(
        _("What the selection is taken from is gone. Choose something else at “{field}”.").format(
            field=texts.SOURCE
        )
    )


def source_is_layer(layer: str) -> DocumentError:
    """The selection was to be taken from the very layer that is cut out of."""
    return DocumentError(
        _(
            "“{layer}” is the layer to cut out of, so it cannot say where its subject is. Choose "
            "something else at “{field}”, or select the photo's layer."
        ).format(layer=layer, field=texts.SOURCE)
    )


def source_beside(source: str, layer: str) -> DocumentError:
    """What the selection was to be taken from lies beside the layer of that name."""
    return DocumentError(
        _(
            "“{source}” does not touch the layer “{layer}”. Move it there, or choose something "
            "else at “{field}”."
        ).format(source=source, layer=layer, field=texts.SOURCE)
    )


def source_empty(source: str, layer: str) -> DocumentError:
    """What the selection was to be taken from says nothing about the layer of that name."""
    return DocumentError(
        _(
            "“{source}” says nothing about the layer “{layer}”: there is no white in it. Paint the "
            "subject white and what is uncertain grey, or choose something else at “{field}”."
        ).format(source=source, layer=layer, field=texts.SOURCE)
    )


def plate_too_small(plate: str, layer: str) -> DocumentError:
    """The plate, in the layer of that name, leaves some of the layer uncovered."""
    return DocumentError(
        _(
            "The empty scene “{plate}” does not cover all of the layer “{layer}”. Move or scale it "
            "so that it does, or choose another layer."
        ).format(plate=plate, layer=layer)
    )
