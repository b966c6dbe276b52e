"""From a retouched mask to what the user wants of it: adjusted, its colours cleaned, put into the document."""

from __future__ import annotations

from dataclasses import dataclass

import host
import layers
import outputs
import retouched_mask
import strokes_channel
from gi.repository import Gimp
from outputs import Result
from subject import Subject

from flyaway_client import calls
from flyaway_client.adjustments import Adjustments
from flyaway_client.conversation import Report, ShouldStop
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import ImageHeader
from flyaway_client.options import CUTOUT, LAYER_MASK, NEW_LAYER
from flyaway_client.planes import Plane


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of the mask.

    Attributes:
        output: one of flyaway_client.options.
        amount_percent: how far a new layer shows the subject's own colours.
        adjustments: what is done to the mask before.
    """

    output: str
    amount_percent: int
    adjustments: Adjustments

    @property
    def leaves_all_as_it_is(self) -> bool:
        """Whether a mask that nobody has touched stays where and as it is."""
        return self.output == LAYER_MASK and self.adjustments.are_neutral


@dataclass(frozen=True, slots=True)
class Finish:
    """A mask on its way into the document.

    Attributes:
        subject: what it is the mask of.
        wish: what is wanted.
        mask: as it was retouched.
        image: the layer's pixels, where their colours are to be cleaned.
    """

    subject: Subject
    wish: Wish
    mask: Plane
    image: Picture | None

    def work(self, report: Report, should_stop: ShouldStop) -> Result:
        """Have the daemon do what is its part; may be called in a thread."""
        name, wish, layout = host.client_name(), self.wish, self.subject.layout
        header = ImageHeader(self.mask.width, self.mask.height, "gray", layout.mask_dtype)
        mask = Picture(header, self.mask.data)
        if not wish.adjustments.are_neutral:
            adjusted = calls.adjust(name, mask, wish.adjustments, report, should_stop)
            mask = Picture(header, adjusted)
        if self.image is None:
            return Result(layout, mask.data)
        pixels = LayerPixels(self.image, mask=mask)
        share = wish.amount_percent / 100
        cleaned = calls.decontaminate(name, pixels, share, report, should_stop)
        return Result(layout, mask.data, self.image, cleaned.foreground)

    def put(self, result: Result, strokes: Plane | None = None) -> None:
        """Put what came of it into the document, with the strokes if there are any, in one undo step.

        Raises:
            DocumentError: the layer is gone, has another size now, or is locked.
        """
        check(self.subject, self.wish)
        layer, before = self.subject.layer, self.subject.mask
        after = Plane(before.width, before.height, before.sample_bytes, result.alpha)
        is_mask = self.wish.output == LAYER_MASK
        box = retouched_mask.changed(layer, before, after) if is_mask else None
        if is_mask and box is None and strokes is None:
            return  # GIMP would have a step that undoes nothing
        with outputs.one_undo_step(layer.get_image()):
            if box is not None:
                retouched_mask.put(layer, self.subject.layout, after, box)
            elif not is_mask:
                outputs.put(self.wish.output, layer, result)
            if strokes is not None:
                strokes_channel.put(layer, strokes)
        Gimp.displays_flush()


def begin(subject: Subject, wish: Wish, mask: Plane) -> Finish:
    """Read what is needed of the document for a wish.

    Raises:
        DocumentError: the layer is gone, has another size now, or is locked.
    """
    check(subject, wish)
    image = None
    if wish.output in (NEW_LAYER, CUTOUT) and wish.amount_percent > 0:
        image = host.read_image(subject.layer, subject.layout, wants_foreground=True)
    return Finish(subject, wish, mask, image)


def check(subject: Subject, wish: Wish) -> None:
    """Make sure that the wish can be fulfilled.

    Raises:
        DocumentError: it cannot.
    """
    subject.check_same()
    if wish.output == LAYER_MASK:
        layers.check_unlocked(subject.layer)
