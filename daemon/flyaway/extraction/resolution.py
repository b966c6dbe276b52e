"""From a request of the wire to what it means: pixels to sRGB, selection to trimap or region, engines chosen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flyaway.engines.contract import Inputs, Prompts, Report, silent
from flyaway.engines.records import Input
from flyaway.extraction import planning, pointing, refinement
from flyaway.extraction.catalogue import Catalogue
from flyaway.extraction.planning import Plan
from flyaway.extraction.refinement import Strokes
from flyaway.extraction.request import AUTO, Output, ResolvedRequest, Wishes, untold
from flyaway.extraction.retouching import Patch
from flyaway.extraction.sessions import Picture
from flyaway.images import encoding
from flyaway.images.arrays import BACKGROUND, UNKNOWN, Image, Samples
from flyaway.images.encoding import Block
from flyaway.images.rectangles import Window
from flyaway_client.messages import (
    KEEP,
    REMOVE,
    ExtractRequest,
    ImageHeader,
    OpenSession,
    RefineRequest,
)
from flyaway_client.messages import UNKNOWN as UNKNOWN_STROKE
from flyaway_client.paid_work import PaidWork
from flyaway_client.wording import _

Parts = Mapping[str, Block]
"""The pixels of a request by the names of its `parts`."""

_POINTED = _("What was pointed at")

_WITHOUT_EDGE = ("automatic", "region")
"""Meanings of a selection that leave the subject's edge to be found."""


def check(request: ExtractRequest, catalogue: Catalogue) -> None:
    """Refuse what a request's header alone shows to be impossible.

    Raises:
        UnknownEngineError: an engine it names does not exist.
        RequestError: an engine it names cannot do what is asked, or is not allowed.
    """
    if not request.colours_alone:
        given = announced(request)
        if request.selection is not None and catalogue.is_pointer(request.engine):
            given |= {Input.PROMPTS}  # the selection's box, unless it holds everything
        catalogue.choose(given, wishes(request))


def announced(request: ExtractRequest) -> frozenset[Input]:
    """What a request brings beside the image, as far as its header tells."""
    given = set[Input]()
    if request.prompts is not None:
        given.add(Input.PROMPTS)
    if request.plate is not None:
        given.add(Input.PLATE)
    has_edge = request.selection is not None and request.selection_is not in _WITHOUT_EDGE
    if has_edge or request.mask is not None:
        given.add(Input.TRIMAP)
    if request.transparent:
        given.add(Input.TRANSPARENT)
    return frozenset(given)


def wishes(request: ExtractRequest) -> Wishes:
    """Which engines a request wants."""
    return Wishes(request.engine, request.fine_engine, PaidWork.asked_by(request))


def resolve(
    request: ExtractRequest,
    parts: Parts,
    catalogue: Catalogue,
    report: Report = silent,
    threads: int = 1,
    picture: Picture | None = None,
) -> ResolvedRequest:
    """Find out all that a request means.

    Args:
        request: its header.
        parts: its pixels; those that are read once at most are not copied and must stay as they are.
        catalogue: the engines there are.
        report: told how far the look at a selection's edge is; may raise CancelledError.
        threads: that look.
        picture: of the session that the request names.

    Raises:
        NoSubjectError: the selection leaves nothing to cut out, or nothing to cut it out of.
        RequestError: anything else that makes no sense, such as a colour profile that cannot be used.
    """
    is_clear = encoding.clear_pixels(request.image, parts["image"])
    selection = _selection(request, parts)
    if request.colours_alone:
        return _colouring(request, parts)
    if request.mask is not None:
        image = read_image(request, parts)
        return _refining(request, parts, image, selection, catalogue, report, threads)
    plan = planning.without_image(selection, request.selection_is, is_clear)
    image = read_image(request, parts, packed=plan is None or not plan.is_known)
    plan = plan or planning.with_image(
        image, selection, request.selection_is, request.edge_width_px, is_clear, report, threads
    )
    plate = None
    if request.plate is not None:
        plate = _read(request.plate, parts["plate"], request, parts, packed=False)
    pointed = None
    if picture is not None and np.array_equal(picture.image, image):
        image, pointed = picture.image, picture.pointed  # once in memory is enough
    prompts = _prompts(request, plan, catalogue)
    inputs = Inputs(plan.trimap, plan.region, plate, prompts, request.transparent or None)
    steps = () if plan.is_known else catalogue.choose(inputs.given, wishes(request))
    return ResolvedRequest(
        image=image,
        inputs=inputs,
        steps=steps,
        output=_output(request),
        colours=_own_colours(request, parts),
        is_clear=is_clear,
        notes=untold(steps) if request.transparent else (),
        understood=plan.sentence if request.prompts is None else _POINTED,
        pointed=pointed,
    )


def _prompts(request: ExtractRequest, plan: Plan, catalogue: Catalogue) -> Prompts | None:
    """Where the user points: with clicks, or with a rough selection where an engine is here that takes its box.

    One that was named takes the box of any selection.
    """
    if request.prompts is not None:
        return pointing.read(request.prompts)
    is_rough = plan.kind == "region" and request.engine == AUTO and request.plate is None
    is_taken = is_rough and bool(catalogue.pointers(PaidWork.asked_by(request)))
    if not is_taken and not catalogue.is_pointer(request.engine):
        return None
    inside = plan.region if plan.trimap is None else plan.trimap > BACKGROUND
    return None if inside is None or plan.kind == "automatic" else pointing.around(inside)


def read_image(request: ExtractRequest | OpenSession, parts: Parts, packed: bool = False) -> Image:
    """The image of a request, HxWx3 sRGB; see `encoding.read`.

    Raises:
        RequestError: its profile cannot be used.
    """
    return _read(request.image, parts["image"], request, parts, packed)


def _read(
    header: ImageHeader,
    data: Block,
    request: ExtractRequest | OpenSession,
    parts: Parts,
    packed: bool,
) -> Image:
    """Pixels whose colours are encoded like the image's."""
    icc = bytes(parts["icc"][:]) if request.icc_bytes else b""
    return encoding.read(header, data, request.colour, icc, packed)


def _colouring(request: ExtractRequest, parts: Parts) -> ResolvedRequest:
    """What a request means that wants the subject's own colours under a mask."""
    return ResolvedRequest(
        image=read_image(request, parts),
        inputs=Inputs(),
        steps=(),
        output=_output(request),
        colours=_own_colours(request, parts),
        alpha=_mask(request, parts),
    )


def _mask(request: ExtractRequest, parts: Parts) -> Samples:
    assert request.mask is not None
    mask: Samples = encoding.samples(request.mask, parts["mask"])[..., 0]
    return mask


def _refining(
    request: ExtractRequest,
    parts: Parts,
    image: Image,
    selection: Samples | None,
    catalogue: Catalogue,
    report: Report,
    threads: int,
) -> ResolvedRequest:
    """What a request means that refines a mask."""
    mask = _mask(request, parts)
    strokes = None
    if request.strokes is not None:
        strokes = _strokes(encoding.samples(request.strokes, parts["strokes"])[..., 0])
    inside = None if selection is None else selection > 0
    place, trimap = refinement.plan(
        image, mask, inside, strokes, request.edge_width_px, report, threads
    )
    is_known = not (trimap == UNKNOWN).any()
    inputs = Inputs(trimap, transparent=request.transparent or None)
    steps = () if is_known else catalogue.choose(inputs.given, wishes(request))
    return ResolvedRequest(
        image=image[place.window].copy(),
        inputs=inputs,
        steps=steps,
        output=_output(request),
        notes=untold(steps) if request.transparent else (),
        understood=_("Refined inside the selection")
        if selection is not None
        else _("Refined under strokes"),
        refinement=place,
    )


def _strokes(levels: Samples) -> Strokes:
    """Levels of the wire as what they say; between two, the nearer one counts."""
    kinds = np.array([KEEP, REMOVE, UNKNOWN_STROKE], np.int16)
    nearest = kinds[np.abs(np.arange(256)[:, None] - kinds).argmin(axis=1)]
    nearest[0] = 0
    keep, remove, unknown = (nearest == kind for kind in kinds)
    return Strokes(keep[levels], remove[levels], unknown[levels])


def patch(request: RefineRequest, parts: Parts) -> Patch:
    """A retoucher's patch, of the wire's planes; the mask is not copied."""
    shape = request.mask.height, request.mask.width
    planes = {
        name: np.frombuffer(parts[name], np.uint8).reshape(shape)
        for name in ("inside", "strokes")
        if name in parts
    }
    return Patch(
        place=place(request),
        mask=encoding.samples(request.mask, parts["mask"])[..., 0],
        inside=planes["inside"] > 0 if "inside" in planes else None,
        strokes=_strokes(planes["strokes"]) if "strokes" in planes else None,
    )


def place(request: RefineRequest) -> Window:
    """Where a patch lies in its image."""
    mask = request.mask
    return (
        slice(request.top, request.top + mask.height),
        slice(request.left, request.left + mask.width),
    )


def _output(request: ExtractRequest) -> Output:
    foreground_dtype = request.image.dtype if request.wants_foreground else None
    return Output(request.output_dtype, foreground_dtype, request.foreground_amount)


def _own_colours(request: ExtractRequest, parts: Parts) -> Samples | None:
    """What a foreground is made of; None where none is wanted, or what engines see is that already."""
    if not request.wants_foreground:
        return None
    return encoding.colours(request.image, parts["image"])


def _selection(request: ExtractRequest, parts: Parts) -> Samples | None:
    if request.selection is None:
        return None
    levels: Samples = encoding.samples(request.selection, parts["selection"])[..., 0]
    return levels
