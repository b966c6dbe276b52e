"""Why an image cannot be worked on: the sentences that both hosts need."""

from __future__ import annotations


class DocumentError(Exception):
    """This image, layer or selection cannot be worked on; the text tells the user what to change."""


def nothing_to_refine(layer: str) -> DocumentError:
    """The layer has no mask."""
    return DocumentError(
        f"“{layer}” has no mask to refine. Extract first, then refine where it is not right."
    )


def nowhere_to_refine() -> DocumentError:
    """Nothing is selected."""
    return DocumentError(
        "Select the part of the mask that shall be refined, such as a lock of hair."
    )


def selection_beside(layer: str, deselect: str) -> DocumentError:
    """The selection lies beside the layer of that name; `deselect` is the way to select nothing."""
    return DocumentError(
        f"The selection does not touch the layer “{layer}”. Select its subject, or nothing "
        f"({deselect}) to have it found."
    )


def plate_too_small(plate: str, layer: str) -> DocumentError:
    """The plate, in the layer of that name, leaves some of the layer uncovered."""
    return DocumentError(
        f"The empty scene “{plate}” does not cover all of the layer “{layer}”. Move or scale it so "
        "that it does, or choose another layer."
    )
