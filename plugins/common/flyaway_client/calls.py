"""What the plugins ask of the daemon, each with a connection of its own; it is started if need be.

All may be called in a thread (`background.BackgroundCall`). They raise any of errors.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from . import comparing, connection, refining, release, request, texts
from .adjustments import Adjustments
from .background import Work
from .client import Client, Extracted, new_request_id
from .comparing import Sheet
from .conversation import OnPreview, Report, ShouldStop
from .layer import LayerPixels, Picture
from .messages import (
    AdjustRequest,
    DescribeRequest,
    Description,
    EngineInfo,
    ExtractRequest,
    Progress,
)
from .options import REFINED_MASK, Options
from .zmtp import Buffer

T = TypeVar("T")


def extract(
    name: str,
    request: ExtractRequest,
    parts: Mapping[str, Buffer],
    report: Report,
    should_stop: ShouldStop | None = None,
    *,
    on_preview: OnPreview | None = None,
) -> Extracted:
    """Have the alpha found.

    Args:
        name: how the plugin introduces itself.
        request: what is wanted; see `request.build`.
        parts: what goes along.
        report: called with how far it is.
        should_stop: asked whether to give up.
        on_preview: told of early results where the request wants them, in the thread of this call.
    """
    report(Progress(request.id, texts.STARTING, 0.0))
    with Client.connect(name, should_stop=should_stop) as client:
        extracted = client.extract(
            request, parts, report=report, should_stop=should_stop, on_preview=on_preview
        )
    result = extracted.result
    remark = release.remark(name, client.hello.daemon, connection.home())
    return replace(extracted, result=replace(result, notes=(*result.notes, *remark)))


def here(name: str, work: Work[T]) -> Work[T]:
    """The same work after all on this computer, where it and all that comes is done from now on.

    Args:
        name: how the plugin introduces itself.
        work: that another computer was to do.
    """

    def do(report: Report, should_stop: ShouldStop) -> T:
        with Client.connect(name, should_stop=should_stop) as client:
            client.use_remote("")
        return work(report, should_stop)

    return do


def cut_out(
    name: str, pixels: LayerPixels, options: Options, output_dtype: str, on_preview: OnPreview
) -> Work[Extracted]:
    """What an extraction from a layer comes to: a request for its alpha, or the refinement of its mask.

    Args:
        name: how the plugin introduces itself.
        pixels: what the host has read.
        options: what the user chose.
        output_dtype: the alpha's, as deep as the host keeps masks.
        on_preview: told of early results of the whole image, in the thread of the call.
    """
    if options.output == REFINED_MASK:
        return partial(refining.refine, connector(name), pixels, options)
    asked, parts = request.build(pixels, options, output_dtype)
    return partial(extract, name, asked, parts, on_preview=on_preview)


def adjust(
    name: str,
    mask: Picture,
    adjustments: Adjustments,
    report: Report | None = None,
    should_stop: ShouldStop | None = None,
) -> bytearray:
    """A mask adjusted as a whole, without a look at its image; laid out as it was.

    Args:
        name: how the plugin introduces itself.
        mask: HxW "gray", of one of messages.OUTPUT_DTYPES.
        adjustments: what is to be done.
        report: called with how far it is.
        should_stop: asked whether to give up.
    """
    asked = AdjustRequest(new_request_id(), mask.header, adjustments)
    with Client.connect(name, should_stop=should_stop) as client:
        parts = {"mask": mask.data}
        return client.adjust(asked, parts, report=report, should_stop=should_stop).alpha


def decontaminate(
    name: str,
    pixels: LayerPixels,
    amount: float,
    report: Report,
    should_stop: ShouldStop | None = None,
) -> Extracted:
    """The subject's own colours under a mask that stays as it is; they are the result's `foreground`.

    Args:
        name: how the plugin introduces itself.
        pixels: with a mask.
        amount: how far they take the place of the image's, 0..1.
        report: called with how far it is.
        should_stop: asked whether to give up.
    """
    asked, parts = request.build_colours(pixels, amount)
    return extract(name, asked, parts, report, should_stop)


def compare(
    name: str,
    pixels: LayerPixels,
    options: Options,
    engines: Sequence[str],
    title: str,
    report: Report,
    should_stop: ShouldStop,
) -> Sheet:
    """A sheet on which engines are compared.

    Args:
        name: how the plugin introduces itself.
        pixels: of the whole layer; see `comparing.of_layer`.
        options: the user's, but for the engine.
        engines: their names; none for the usual ones.
        title: what the user knows the layer by.
        report: called with how far it is.
        should_stop: asked whether to give up.
    """
    asked, parts = comparing.of_layer(pixels, options)
    report(Progress(asked.id, texts.STARTING, 0.0))
    connect = connector(name)
    with connect(should_stop) as client:
        there = client.engines()
    entrants = comparing.named(engines, there) or comparing.usual(
        there, has_plate=asked.plate is not None, paid_work=options.paid_work
    )
    heading = comparing.heading(title, asked)
    return comparing.compare(connect, asked, parts, entrants, heading, report, should_stop)


def connector(name: str) -> Callable[[ShouldStop | None], Client]:
    """How a `retouching.Retouch` of the plugin of that name finds the daemon, which is started if need be."""
    return lambda should_stop: Client.connect(name, should_stop=should_stop)


def describe(
    name: str, request: DescribeRequest, pixels: Buffer, _report: Report, should_stop: ShouldStop
) -> Description:
    """What a selection would be taken for, of small copies made by `miniature`; starts no daemon for that."""
    with Client.connect(name, start=False, should_stop=should_stop) as client:
        return client.describe(request, pixels, should_stop=should_stop)


def fetch_engines(
    name: str, _report: Report, should_stop: ShouldStop, *, start: bool = True
) -> tuple[EngineInfo, ...]:
    """All engines; where no daemon runs, `start` says whether to start one to ask."""
    with Client.connect(name, start=start, should_stop=should_stop) as client:
        return client.engines()


def download(name: str, engine: str, report: Report, should_stop: ShouldStop) -> None:
    """Have an engine's weights fetched; returns when they are ready for use."""
    with Client.connect(name, should_stop=should_stop) as client:
        client.download(engine, report=report, should_stop=should_stop)
