"""Engines compared on one picture: each cuts the subject out in its turn, and a sheet shows what came of it.

The daemon does the cutting and draws each row; a row after the other is the sheet, the same from an editor and from the
command line. An engine that fails has its sentence in its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import planes, protocol
from . import request as requests
from .client import Client, Drawn, Extracted, new_request_id
from .conversation import Report, ShouldStop
from .errors import DaemonLostError, RefusedError
from .layer import LayerPixels
from .menu_entries import megabytes
from .messages import (
    CHANNELS,
    DTYPES,
    DrawRow,
    EngineInfo,
    ExtractRequest,
    ExtractResult,
    ImageHeader,
    Progress,
)
from .options import Options
from .paid_work import PaidWork
from .planes import Box, Plane
from .retouching import Connect
from .wording import _
from .zmtp import Buffer

USUAL_ROWS = 6
"""So many engines are compared where nobody names any."""

_CAPTIONS = (_("Alpha"), _("Over black"), _("Over white"), _("Over green"))
"""Of the pictures in a row."""

_FOR_ALL = (protocol.CANCELLED, protocol.TOO_LARGE, protocol.REMOTE_LOST)
"""Refusals that every other engine would meet as well."""

_LEAST_ROOM_PX, _ROOM_SHARE = protocol.REFINE_MARGIN_PX, 8
"""Around a selection that follows the subject: pixels, and the part of its longer side; hair crosses such an edge."""


@dataclass(frozen=True)
class Entrant:
    """An engine that is compared: its name on the wire, and for people."""

    name: str
    title: str


@dataclass(frozen=True)
class Row:
    """What became of an engine's try; `result` is None where it failed, and `lines` say why."""

    entrant: Entrant
    lines: tuple[str, ...]
    result: ExtractResult | None


@dataclass(frozen=True)
class Sheet:
    """A comparison: `pixels` are laid out as `header` says, "rgb" and "u8" in sRGB."""

    header: ImageHeader
    pixels: bytes
    rows: tuple[Row, ...]


def usable(
    engines: Iterable[EngineInfo], *, has_plate: bool = False, paid_work: PaidWork = PaidWork.ANY
) -> tuple[Entrant, ...]:
    """The engines that are here and can work on a picture, the best first; see `usual` for the arguments."""
    able = (
        info
        for info in engines
        if info.installed
        and "prompts" not in info.needs
        and ("plate" in info.needs) == has_plate
        and paid_work.allows(info)
    )
    ranked = sorted(able, key=lambda info: info.rank)
    return tuple(Entrant(info.name, info.title) for info in ranked)


def usual(
    engines: Iterable[EngineInfo], *, has_plate: bool = False, paid_work: PaidWork = PaidWork.ANY
) -> tuple[Entrant, ...]:
    """What is compared where nobody names any: the best that are here, and the one that is last in rank, which needs no download.

    Args:
        engines: the daemon's.
        has_plate: whether a photo of the empty scene goes along.
        paid_work: what has to allow paid work; engines of which that is not known are left out.
    """
    able = usable(engines, has_plate=has_plate, paid_work=paid_work)
    return able if len(able) <= USUAL_ROWS else (*able[: USUAL_ROWS - 1], able[-1])


def named(names: Iterable[str], engines: Iterable[EngineInfo]) -> tuple[Entrant, ...]:
    """Engines by their names, each once; whatever the daemon does not know has its sentence on the sheet."""
    titles = {info.name: info.title for info in engines}
    return tuple(Entrant(name, titles.get(name, name)) for name in dict.fromkeys(names))


def ticked(able: Sequence[Entrant], kept: Sequence[str], engines: Iterable[EngineInfo]) -> set[str]:
    """The names of those that a window offers as chosen: what was chosen the last time, as far as it is here; else the usual ones.

    Args:
        able: what can be chosen.
        kept: the names that were chosen the last time.
        engines: the daemon's.
    """
    names = {entrant.name for entrant in able}
    return names.intersection(kept) or names.intersection(one.name for one in usual(engines))


def heading(title: str, request: ExtractRequest) -> str:
    """What stands above a sheet.

    Args:
        title: what the user knows the picture by.
        request: of what is compared of it.
    """
    image = request.image
    size = _("{width} × {height} pixels").format(width=image.width, height=image.height)
    return f"{title}, {size}"


def of_layer(pixels: LayerPixels, options: Options) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """What is compared of a layer: the box of what is selected, or all of it where nothing is.

    A plain rectangle is that part of the picture, in which the subject is looked for; a selection of any other form goes along with room
    around it.

    Args:
        pixels: of the whole layer.
        options: the user's.
    """
    asked, parts = requests.build(pixels, options, "u8")
    asked = replace(asked, wants_preview=False, wants_foreground=True)
    if asked.selection is None:
        return asked, parts
    image = asked.image
    box = planes.around(parts["selection"], image.width)
    if box is None:
        return asked, parts
    part, cut = cropped(asked, parts, box)
    if not bytes(cut["selection"]).strip(b"\xff"):
        del cut["selection"]
        return replace(part, selection=None, selection_is="automatic"), cut
    room_px = max(_LEAST_ROOM_PX, max(box.width, box.height) // _ROOM_SHARE)
    return cropped(asked, parts, box.grown(room_px, image.width, image.height))


def cropped(
    request: ExtractRequest, parts: Mapping[str, Buffer], box: Box
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """The same request of a part of its image.

    Args:
        request: without prompts and mask.
        parts: its pixels.
        box: which lies in the image.
    """
    cut: dict[str, Buffer] = {}
    headers: dict[str, Any] = {}
    for name, content in parts.items():
        header = getattr(request, name, None)
        if not isinstance(header, ImageHeader):
            cut[name] = content  # the profile
            continue
        pixel_bytes = CHANNELS[header.channels] * DTYPES[header.dtype]
        cut[name] = Plane(header.width, header.height, pixel_bytes, content).cropped(box)
        headers[name] = replace(header, width=box.width, height=box.height)
    return replace(request, **headers), cut


def compare(
    connect: Connect,
    request: ExtractRequest,
    parts: Mapping[str, Buffer],
    entrants: Sequence[Entrant],
    heading: str,
    report: Report,
    should_stop: ShouldStop,
) -> Sheet:
    """Have each engine cut the subject out, and the sheet drawn.

    Args:
        connect: finds the daemon.
        request: what is wanted of each; whose engine is left out.
        parts: its pixels.
        entrants: the engines, 1 to `protocol.MAX_SHEET_ROWS`.
        heading: what stands above all rows.
        report: called with how far the whole is.
        should_stop: asked at least every 0.1 s.

    Raises:
        RefusedError: no engine can do it, such as a picture that is too large, or the daemon is too old to draw.
        CancelledError: `should_stop` said so.
        ClientError: anything else of errors.py.
    """
    rows: list[Row] = []
    drawn: list[Drawn] = []
    for number, entrant in enumerate(entrants):

        def pass_on(progress: Progress, number: int = number, entrant: Entrant = entrant) -> None:
            fraction = (number + progress.fraction) / len(entrants)
            report(Progress(progress.id, f"{entrant.title}: {progress.stage}", fraction))

        with connect(should_stop) as client:
            row, extracted = _tried(client, request, parts, entrant, pass_on, should_stop)
        with connect(should_stop) as client:  # anew: the daemon may have been lost
            above = "" if rows else heading
            asked, sent = _drawing(request, parts, row, extracted, len(entrants), above)
            drawn.append(client.draw_row(asked, sent, should_stop=should_stop))
        rows.append(row)
    return _joined(drawn, rows)


def _tried(
    client: Client,
    request: ExtractRequest,
    parts: Mapping[str, Buffer],
    entrant: Entrant,
    report: Report,
    should_stop: ShouldStop,
) -> tuple[Row, Extracted | None]:
    """One engine's try."""
    asked = replace(
        request, id=new_request_id(), engine=entrant.name, output_dtype="u8", wants_memory=True
    )
    try:
        extracted = client.extract(asked, parts, report=report, should_stop=should_stop)
    except RefusedError as error:
        if error.code in _FOR_ALL:
            raise
        return Row(entrant, (error.message,), None), None
    except (
        DaemonLostError
    ) as error:  # by what this engine did, perhaps; the next try starts another
        return Row(entrant, (error.message,), None), None
    return Row(entrant, _lines(entrant, extracted.result), extracted.result), extracted


def _lines(entrant: Entrant, result: ExtractResult) -> tuple[str, ...]:
    """What is said of a result: how long, how much memory, by whom if others helped, and its notes."""
    figures = [_seconds(result)]
    if result.memory_bytes is not None:
        figures.append(_("{size} of memory").format(size=megabytes(result.memory_bytes)))
    worker = (result.worker,) if result.worker not in ("", entrant.title) else ()
    return ("; ".join(figures), *worker, *result.notes)


def _seconds(result: ExtractResult) -> str:
    if result.loading_s is None:
        return _("{seconds:.1f} s").format(seconds=result.seconds)
    work_s = max(0.0, result.seconds - result.loading_s)
    if not result.loading_s:
        return _("{seconds:.1f} s, loaded before").format(seconds=work_s)
    return _("{seconds:.1f} s, and {loading:.1f} s to load first").format(
        seconds=work_s, loading=result.loading_s
    )


def _drawing(
    request: ExtractRequest,
    parts: Mapping[str, Buffer],
    row: Row,
    extracted: Extracted | None,
    rows: int,
    heading: str,
) -> tuple[DrawRow, dict[str, Buffer]]:
    """What to ask for a row's picture, and what goes along."""
    words = DrawRow(
        new_request_id(), request.image, rows, row.entrant.title, row.lines, heading, _CAPTIONS
    )
    if extracted is None:
        return words, {}
    sent = {name: parts[name] for name in ("image", "icc") if name in parts}
    sent["alpha"] = extracted.alpha
    if extracted.foreground is not None:
        sent["foreground"] = extracted.foreground
    asked = replace(
        words,
        colour=request.colour,
        icc_bytes=request.icc_bytes,
        alpha=extracted.result.alpha,
        foreground=extracted.result.foreground,
    )
    return asked, sent


def _joined(drawn: Sequence[Drawn], rows: Sequence[Row]) -> Sheet:
    """Rows one under the other; they are equally wide."""
    height = sum(one.header.height for one in drawn)
    header = replace(drawn[0].header, height=height)
    return Sheet(header, b"".join(one.pixels for one in drawn), tuple(rows))
