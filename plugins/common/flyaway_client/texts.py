"""Words that users read in both editors: labels, what they mean, what is being done."""

from __future__ import annotations

PAID_WORK = "Only engines licensed for commercial work"
PAID_WORK_ABOUT = "Leaves out engines whose licence forbids it, or of which it is not known"

ENGINE_ABOUT = "What finds the subject and solves its edge"

MORE_ABOUT = "What is seldom needed"

OUTPUT_ABOUT = "Where the result goes"

EXTRACT_ABOUT = "Cut the subject out of the active layer, hair and all"

PLATE_ABOUT = "The same scene without the subject, taken from the same place, in another layer"

SELECTION_ABOUT = "What the selection means. With nothing selected, the subject is found by itself"

SOURCE = "Taken from"
SOURCE_ABOUT = (
    "What says where the subject is: white is the subject, black the background, grey is to be found out; in a "
    "layer, so is what is transparent"
)
FROM_SELECTION = "Selection"


def from_layer(name: str) -> str:
    """Another layer, as something to take the selection from."""
    return f"Layer “{name}”"


NO_SELECTION = "No selection: the subject will be looked for"

REFINING = "The mask is solved again inside the selection and stays as it is outside"

EDGE_WIDTH_ABOUT = "How far from an outline hair is looked for, on each side"


def edge_width(width_px: int | None) -> str:
    """What stands for an edge width that is left to the picture, where a selection was described."""
    return "Automatic" if width_px is None else f"Automatic ({width_px} px)"


WORK_ABOUT = "How far the work is; Cancel stops it and leaves the image as it was"

DOWNLOAD_ABOUT = (
    "How far the download is; what came of one that was stopped is kept for the next time"
)
STOP_DOWNLOAD_ABOUT = "Stop the download; what came of it is kept for the next time"

PLATE_PLACE = "Choose that layer under “More”."

BETTER_THAN_GUESS = (
    "The last result was only a guess: the button fetches a network that finds the subject."
)

ADJUSTMENTS = {
    "smooth_px": ("Smooth", "Rounds the corners of a clear outline, by pixels; hair stays"),
    "feather_px": ("Feather", "Blurs the edge, by pixels"),
    "shift_edge": ("Shift Edge", "Soft pixels count more, or less, as the subject; clear ones stay"),
    "contrast": ("Contrast", "Makes the edge steeper, in percent"),
    "sharpness": ("Softer / Sharper", "Soft pixels go to the middle, or to the ends"),
    "black_clip": ("Black Clip", "What is fainter than this, in percent, is background"),
    "white_clip": ("White Clip", "What is denser than this, in percent, is wholly subject"),
}  # fmt: skip
"""What each of `adjustments.Adjustments` is called, and what it does."""

ADJUSTMENTS_ABOUT = "What is done to the mask as a whole, without looking at the photo"

UNKNOWN_ABOUT = "Unknown: draw over hair, fur or anything else that is to be found out"
KEEP_ABOUT = "Draw what surely belongs to the subject; with Alt or Ctrl held, Remove"
REMOVE_ABOUT = "Draw what surely does not; with Alt or Ctrl held, Keep"
ERASER_ABOUT = "Take strokes away; the mask is solved there without them"
BRUSH_ABOUT = "How wide the brush is, in the layer's pixels"
VIEW_ABOUT = "How the mask is looked at"
ORIGINAL_ABOUT = "The layer without the mask, as long as it is pressed"

SELECTION_STROKE = "Look for hair in the selection"
SELECTION_STROKE_ABOUT = "As if all that is selected had been drawn over with Find hair"

READY = "Draw over hair that is not right yet."
SENDING = "Draw already: the layer is on its way to the daemon."
SOLVING = "Looking for hair"
FINISHING = "Putting the mask into the image"
STROKES_WAIT = "The strokes are kept; the next one, or Apply, tries again."

POINTING_ABOUT = "Click on the subject; only that is cut out, hair and all"
POINTS_SENDING = "Click already: the layer is on its way to the daemon."
POINTS_READY = "Click on what you want; drag a box around it where a click is not enough."
POINTING = "Looking where you clicked"
POINTS_FIRST = "Click on the subject first."
POINTS_FOUND = (
    "Click again to correct it, with the right button on what you do not want. Enter extracts."
)
POINTS_NOTHING = "Nothing was found there. Click elsewhere on it, or drag a box around it."
POINTS_FULL = "That is as many clicks as can be looked at. Take some back, or extract."
POINTS_MISSING = "Clicking needs a small network, which is not here yet: the button fetches it."
POINTS_MISSING_BY_HAND = (
    "Clicking needs a network that is not here yet: `flyaway models` says how to get one."
)

BOX = "Box"
BOX_ABOUT = "Dragging makes a box around what you want"
STROKE = "Stroke"
STROKE_ABOUT = "Dragging points at all that it crosses"
NEXT_MEANING = "Next"
NEXT_MEANING_ABOUT = "One click may mean a part, an object or all of it: take the next"
CLEAR_POINTS = "Clear"
CLEAR_POINTS_ABOUT = "Take all clicks back"


def points_found(number: int, count: int) -> str:
    """What to do next once something was found, and that it may mean something else."""
    if count < 2:
        return POINTS_FOUND
    return f"{number} of {count} that this may mean: Tab shows the next. {POINTS_FOUND}"


AMOUNT = "Decontaminate colours"
AMOUNT_ABOUT = "How far the background's colours are taken out of a new layer's edge, in percent"

STARTING = "Starting Flyaway"
STARTING_DOWNLOAD = "Starting the download"
"""What is being done, before the daemon says it."""

DO_IT_HERE = "Do it on this computer"
DO_IT_HERE_ABOUT = (
    "This work and all that comes is done here, until “flyaway remote use” says otherwise"
)
"""The offer where another computer that works for this one is lost."""

ENGINE_MISSING = "This engine is not here yet. Download it first, or choose another engine."

WHERE_FLYAWAY_IS = (
    "If Flyaway itself is not installed, get it from where you had this plugin: “Install it” in its "
    "README says how."
)
"""For who has the plugin alone, and not, or no more, what does the work; no package index has it."""
