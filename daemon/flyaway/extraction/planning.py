"""From an editor's selection to what an engine needs: a trimap, a region, or nothing. The one place for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.contract import Report, silent
from flyaway.errors import NoSubjectError
from flyaway.extraction import frame, selections, trimaps
from flyaway.extraction.selections import Levels, Seen, Whole
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN, Image, Region, Samples, Trimap
from flyaway_client.wording import _

_BAND_ROWS = 128

_DRAWN = {
    "rectangle": _("Rough region, because it is a rectangle"),
    "ellipse": _("Rough region, because it is an ellipse"),
}
"""What a selection of a form that nobody's subject has is taken for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to hand to an engine; both None means that it must find the subject by itself.

    Attributes:
        trimap: HxW 0/128/255.
        region: HxW, True where the subject may be.
        kind: the meaning the selection was taken for: automatic, soft, outline, region or trimap.
        meaning: the same for people, with the reason.
        edge_width_px: how far the unknown band reaches from the outline, where there is one.
    """

    trimap: Trimap | None
    region: Region | None
    kind: str
    meaning: str = ""
    edge_width_px: int | None = None

    @property
    def sentence(self) -> str:
        """What the selection was taken for, for people."""
        if self.edge_width_px is None:
            return self.meaning
        return _("{meaning}, edge up to {width_px} px").format(
            meaning=self.meaning, width_px=self.edge_width_px
        )

    @property
    def is_known(self) -> bool:
        """Whether the trimap leaves nothing to find."""
        if self.trimap is None:
            return False
        bands = range(0, len(self.trimap), _BAND_ROWS)  # small enough for the cache
        return not any((self.trimap[top : top + _BAND_ROWS] == UNKNOWN).any() for top in bands)


def plan(
    image: Image,
    selection: Samples | None,
    kind: str,
    edge_width_px: int | None,
    is_clear: NDArray[np.bool_] | None,
    report: Report = silent,
    threads: int = 1,
    whole: Whole | None = None,
) -> Plan:
    """Turn a selection into a plan.

    Args:
        image: HxWx3, which shows how wide an outline's edge is.
        selection: HxW, uint8, uint16 or float32 0..1; None where the host has none.
        kind: one of flyaway_client.messages.SELECTION_KINDS.
        edge_width_px: how far from an outline its unknown band may reach; None leaves it to the picture.
        is_clear: HxW, True where the layer is wholly transparent, which is known background.
        report: told how far it is.
        threads: that look at the edge; the result does not depend on them.
        whole: what is known of the selection that this one is a small copy of.

    Raises:
        NoSubjectError: the selection leaves nothing to cut out, or nothing to cut it out of.
    """
    return without_image(selection, kind, is_clear, whole) or with_image(
        image, selection, kind, edge_width_px, is_clear, report, threads, whole
    )


def without_image(
    selection: Samples | None,
    kind: str,
    is_clear: NDArray[np.bool_] | None,
    whole: Whole | None = None,
) -> Plan | None:
    """The plan of a selection that needs no look at the picture; None for one that does.

    Raises:
        NoSubjectError: as `plan`.
    """
    if is_clear is not None and is_clear.all():
        raise NoSubjectError(_("The layer is wholly transparent: there is nothing to cut out."))
    anywhere = None if is_clear is None else ~is_clear
    if selection is None:
        return Plan(None, anywhere, "automatic", _("No selection: the subject will be looked for"))
    if kind == "automatic":
        return Plan(
            None, anywhere, kind, _("The selection does not count: the subject will be looked for")
        )
    levels = selections.to_levels(selection)
    if kind == "trimap":
        return _drawn(trimaps.read_trimap(levels), kind, is_clear)
    if kind == "soft":
        return _drawn(trimaps.soft_trimap(levels), kind, is_clear)
    if kind == "region":
        return _within(levels >= 128, is_clear, _("Rough region"))
    if kind == "guess":
        return _guessed(levels, is_clear, anywhere, whole)
    return None


def with_image(
    image: Image,
    selection: Samples | None,
    kind: str,
    edge_width_px: int | None,
    is_clear: NDArray[np.bool_] | None,
    report: Report = silent,
    threads: int = 1,
    whole: Whole | None = None,
) -> Plan:
    """The plan of a selection for which `without_image` has none; see `plan`."""
    assert selection is not None  # without one, no image is needed
    seen = selections.look(selections.to_levels(selection), whole)
    if kind == "outline":
        seen = replace(seen, grey=None)  # what was asked for
    elif seen.form == "outline" and not _is_tight(image, seen.selected, threads):
        return _within(seen.selected, is_clear, _("Rough region, because its line follows no edge"))
    return _outlined(image, seen, edge_width_px, is_clear, report, threads)


def _guessed(
    levels: Levels,
    is_clear: NDArray[np.bool_] | None,
    anywhere: Region | None,
    whole: Whole | None,
) -> Plan | None:
    """The plan of a selection that is neither an outline nor a painting."""
    seen = selections.look(levels, whole)
    if seen.form == "everything":
        return Plan(
            None, anywhere, "automatic", _("Everything is selected: the subject will be looked for")
        )
    if seen.form in _DRAWN:
        return _within(seen.selected, is_clear, _DRAWN[seen.form])
    if seen.grey is not None and not _bare(seen.selected & ~seen.grey, seen.grey).any():
        return _drawn(trimaps.soft_trimap(levels), "soft", is_clear)
    return None


def _drawn(trimap: Trimap, kind: str, is_clear: NDArray[np.bool_] | None) -> Plan:
    """A trimap as it was drawn."""
    if is_clear is not None:
        trimap[is_clear] = BACKGROUND
    return Plan(trimap, None, kind, _("Trimap: what is partly selected is unknown"))


def _within(selected: Region, is_clear: NDArray[np.bool_] | None, sentence: str) -> Plan:
    """A region that holds the subject somewhere."""
    region = frame.reaching(selected)
    if is_clear is not None:
        region &= ~is_clear
    if not region.any():
        raise trimaps.nothing_selected()
    return Plan(None, region, "region", sentence)


def _outlined(
    image: Image,
    seen: Seen,
    edge_width_px: int | None,
    is_clear: NDArray[np.bool_] | None,
    report: Report,
    threads: int,
) -> Plan:
    """An outline with its unknown band, and what was painted unknown."""
    grey = seen.grey
    selected = frame.reaching(seen.selected if grey is None else seen.selected & ~grey)
    _check(selected, grey)
    trimap = np.where(selected, FOREGROUND, BACKGROUND).astype(np.uint8)
    width_px = 0
    if selected.any() and not selected.all():
        from flyaway.engines.builtin import outline  # deferred: brings torch

        edge = outline.find(image, selected, edge_width_px, seen.feather_px, report, threads)
        width_px = edge.width_px
        trimap = edge.trimap if grey is None else _beside(edge.trimap, selected, grey)
    if grey is not None:
        trimap[grey] = UNKNOWN
    if is_clear is not None:
        trimap[is_clear] = BACKGROUND
    return Plan(trimap, None, "outline", _meaning(seen), width_px)


def _beside(trimap: Trimap, selected: Region, grey: Region) -> Trimap:
    """The band along that part of an outline to which no grey was painted."""
    bare = _bare(selected, grey)
    to_bare, to_grey = (
        cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        for mask in (bare, grey)
    )
    is_beside = to_bare <= to_grey if bare.any() else np.zeros_like(bare)
    known = np.where(selected, FOREGROUND, BACKGROUND)
    return np.where(is_beside, trimap, known).astype(np.uint8)


def _is_tight(image: Image, selected: Region, threads: int) -> bool:
    from flyaway.engines.builtin.tightness import is_tight  # deferred: brings torch

    drawn = frame.reaching(selected)
    return bool(drawn.all()) or is_tight(image, drawn, threads)


def _bare(selected: Region, grey: Region) -> Region:
    """Pixels that touch what is selected and are no painted grey."""
    around = cv2.dilate(selected.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    return around & ~selected & ~grey


def _check(selected: Region, grey: Region | None) -> None:
    has_grey = grey is not None and bool(grey.any())
    if not selected.any() and not has_grey:
        raise trimaps.nothing_selected()
    if selected.all() and not has_grey:
        raise NoSubjectError(
            _(
                "The selection covers the whole layer. Select only the subject, or select nothing to "
                "let the subject be found."
            )
        )


def _meaning(seen: Seen) -> str:
    name = _("Feathered outline") if seen.form == "feathered" else _("Outline")
    if seen.grey is None:
        return name
    return _("{outline}, and what was painted grey").format(outline=name)
