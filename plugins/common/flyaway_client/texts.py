"""Words that users read in both editors: labels, what they mean, what is being done."""

from __future__ import annotations

from .wording import _

PAID_WORK = _("Only engines licensed for commercial work")
PAID_WORK_ABOUT = _("Leaves out engines whose licence forbids it, or of which it is not known")
TRANSPARENT = _("It is glass or a veil")
TRANSPARENT_ABOUT = _("Tells the engine that light shines through the subject")
PAID_TRAINING = _("Their training data too")
PAID_TRAINING_ABOUT = _(
    "Leaves out engines trained on pictures that may not be used for it, or of which it is not known"
)

ENGINE_ABOUT = _("What finds the subject and solves its edge")

MORE_ABOUT = _("What is seldom needed")

OUTPUT_ABOUT = _("Where the result goes")

EXTRACT_ABOUT = _("Cut the subject out of the active layer, hair and all")

PLATE_ABOUT = _("The same scene without the subject, taken from the same place, in another layer")

SELECTION_ABOUT = _(
    "What the selection means. With nothing selected, the subject is found by itself"
)

SOURCE = _("Taken from")
SOURCE_ABOUT = _(
    "What says where the subject is: white is the subject, black the background, grey is to be found out; in a "
    "layer, so is what is transparent"
)
FROM_SELECTION = _("Selection")


def from_layer(name: str) -> str:
    """Another layer, as something to take the selection from."""
    return _("Layer “{name}”").format(name=name)


NO_SELECTION = _("No selection: the subject will be looked for")

REFINING = _("The mask is solved again inside the selection and stays as it is outside")

EDGE_WIDTH_ABOUT = _("How far from an outline hair is looked for, on each side")


def edge_width(width_px: int | None) -> str:
    """What stands for an edge width that is left to the picture, where a selection was described."""
    return (
        _("Automatic")
        if width_px is None
        else _("Automatic ({width_px} px)").format(width_px=width_px)
    )


WORK_ABOUT = _("How far the work is; Cancel stops it and leaves the image as it was")

DOWNLOAD_ABOUT = _(
    "How far the download is; what came of one that was stopped is kept for the next time"
)
STOP_DOWNLOAD_ABOUT = _("Stop the download; what came of it is kept for the next time")

PLATE_PLACE = _("Choose that layer under “More”.")

BETTER_THAN_GUESS = _(
    "The last result was only a guess: the button fetches a network that finds the subject."
)

ADJUSTMENTS = {
    "smooth_px": (_("Smooth"), _("Rounds the corners of a clear outline, by pixels; hair stays")),
    "feather_px": (_("Feather"), _("Blurs the edge, by pixels")),
    "shift_edge": (_("Shift Edge"), _("Soft pixels count more, or less, as the subject; clear ones stay")),
    "contrast": (_("Contrast"), _("Makes the edge steeper, in percent")),
    "sharpness": (_("Softer / Sharper"), _("Soft pixels go to the middle, or to the ends")),
    "black_clip": (_("Black Clip"), _("What is fainter than this, in percent, is background")),
    "white_clip": (_("White Clip"), _("What is denser than this, in percent, is wholly subject")),
}  # fmt: skip
"""What each of `adjustments.Adjustments` is called, and what it does."""

ADJUSTMENTS_ABOUT = _("What is done to the mask as a whole, without looking at the photo")

UNKNOWN_ABOUT = _("Unknown: draw over hair, fur or anything else that is to be found out")
KEEP_ABOUT = _("Draw what surely belongs to the subject; with Alt or Ctrl held, Remove")
REMOVE_ABOUT = _("Draw what surely does not; with Alt or Ctrl held, Keep")
ERASER_ABOUT = _("Take strokes away; the mask is solved there without them")
BRUSH_ABOUT = _("How wide the brush is, in the layer's pixels")
VIEW_ABOUT = _("How the mask is looked at")
ORIGINAL_ABOUT = _("The layer without the mask, as long as it is pressed")

SELECTION_STROKE = _("Look for hair in the selection")
SELECTION_STROKE_ABOUT = _("As if all that is selected had been drawn over with Find hair")

READY = _("Draw over hair that is not right yet.")
SENDING = _("Draw already: the layer is on its way to the daemon.")
SOLVING = _("Looking for hair")
FINISHING = _("Putting the mask into the image")
STROKES_WAIT = _("The strokes are kept; the next one, or Apply, tries again.")

POINTING_ABOUT = _("Click on the subject; only that is cut out, hair and all")
POINTS_SENDING = _("Click already: the layer is on its way to the daemon.")
POINTS_READY = _("Click on what you want; drag a box around it where a click is not enough.")
POINTING = _("Looking where you clicked")
POINTS_FIRST = _("Click on the subject first.")
POINTS_FOUND = _(
    "Click again to correct it, with the right button on what you do not want. Enter extracts."
)
POINTS_NOTHING = _("Nothing was found there. Click elsewhere on it, or drag a box around it.")
POINTS_FULL = _("That is as many clicks as can be looked at. Take some back, or extract.")
POINTS_MISSING = _("Clicking needs a small network, which is not here yet: the button fetches it.")
POINTS_MISSING_BY_HAND = _(
    "Clicking needs a network that is not here yet: `flyaway models` says how to get one."
)

BOX = _("Box")
BOX_ABOUT = _("Dragging makes a box around what you want")
STROKE = _("Stroke")
STROKE_ABOUT = _("Dragging points at all that it crosses")
NEXT_MEANING = _("Next")
NEXT_MEANING_ABOUT = _("One click may mean a part, an object or all of it: take the next")
CLEAR_POINTS = _("Clear")
CLEAR_POINTS_ABOUT = _("Take all clicks back")


def with_key(about: str, key: str) -> str:
    """What something does, and the key that does it."""
    return _("{about} ({key})").format(about=about, key=key)


def points_found(number: int, count: int) -> str:
    """What to do next once something was found, and that it may mean something else."""
    if count < 2:
        return POINTS_FOUND
    which = _("{number} of {count} that this may mean: Tab shows the next. {then}")
    return which.format(number=number, count=count, then=POINTS_FOUND)


COMPARE_ABOUT = _(
    "Cut the subject out with each of these engines, and show all of them on one sheet, a new image"
)
COMPARE_WHERE = _(
    "They are compared on what is selected, pixel by pixel where there is room; with nothing selected, on the whole layer."
)
COMPARE_FINDING = _("Asking which engines are here")
COMPARISON = _("Comparison of engines")

AMOUNT = _("Decontaminate colours")
AMOUNT_ABOUT = _("How far the background's colours are taken out of a new layer's edge, in percent")

STARTING = _("Starting Flyaway")
STARTING_DOWNLOAD = _("Starting the download")
"""What is being done, before the daemon says it."""

DO_IT_HERE = _("Do it on this computer")
DO_IT_HERE_ABOUT = _(
    "This work and all that comes is done here, until “flyaway remote use” says otherwise"
)
"""The offer where another computer that works for this one is lost."""

ENGINE_MISSING = _("This engine is not here yet. Download it first, or choose another engine.")

WHERE_FLYAWAY_IS = _(
    "If Flyaway itself is not installed, get it from where you had this plugin: “Install "
    "it” in its README says how."
)
"""For who has the plugin alone, and not, or no more, what does the work; no package index has it."""
