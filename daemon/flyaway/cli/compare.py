"""`flyaway compare`: several engines on one photo, and one sheet that shows what came of each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flyaway import config
from flyaway.cli import connecting, drawn, terminal, work_options
from flyaway.cli.statuses import FAILED
from flyaway.errors import RequestError
from flyaway.files import replacing
from flyaway_client import comparing, protocol
from flyaway_client.comparing import Entrant, Row
from flyaway_client.messages import EngineInfo, ExtractRequest
from flyaway_client.planes import Box
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

if TYPE_CHECKING:
    from flyaway.cli import Commands
    from flyaway.files.photos import Photo

_ALL = "all"


def add_to(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "compare",
        help=_("show what several engines make of one photo, on one sheet"),
        description=_(
            "Cut the subject out with one engine after the other and write a PNG with a row for "
            "each: the alpha, the cut-out over black, white and green, how long it took and how "
            "much memory. An engine that fails says why in its row."
        ),
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help=_("the photo"))
    drawn.add_to(parser)
    parser.add_argument(
        "--engines",
        type=_names,
        default=(),
        metavar="NAME,NAME,…",
        help=_(
            "see `flyaway models list`; all: those whose weights are here (default: the best "
            "{count} of those, and the built-in)"
        ).format(count=comparing.USUAL_ROWS - 1),
    )
    work_options.add_fine_engine(parser)
    parser.add_argument(
        "--crop",
        type=_box,
        metavar="X0,Y0,X1,Y1",
        help=_(
            "compare on that part of the photo alone, from its upper left pixel to its lower right "
            "one; shown pixel by pixel where there is room"
        ),
    )
    work_options.add_here(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="SHEET.png",
        help=_("default: IMAGE-comparison.png beside the photo"),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say in a line each what the rows say; fails where no engine has done it."""
    target = drawn.target(arguments, "comparison")
    from flyaway.files import beside, cutouts, photos  # deferred: they load numpy and OpenCV

    max_pixels = config.load().max_pixels
    photo = photos.read_photo(arguments.image, max_pixels)
    meaning, selection = drawn.meaning(arguments)
    request, parts = beside.request(photo, max_pixels, meaning, selection, arguments.plate)
    request = replace(
        request,
        fine_engine=arguments.fine_engine,
        wants_foreground=True,
        here=arguments.here,
    )
    if arguments.crop:
        request, parts = _cropped(request, parts, arguments.crop, photo)
    heading = comparing.heading(arguments.image.name, request)
    with terminal.endings(), replacing.replacing(target) as file:
        sheet = connecting.compare(request, parts, _chooser(arguments), heading)
        cutouts.write_sheet(file, sheet.header.width, sheet.header.height, sheet.pixels)
    for note in photo.notes:
        terminal.write_remark(note)
    for row in sheet.rows:
        terminal.write_result(_line(row))
    done = sum(row.result is not None for row in sheet.rows)
    terminal.write_remark(
        _("{target}: {done} of {count} engines have done it").format(
            target=target, done=done, count=len(sheet.rows)
        )
    )
    return 0 if done else FAILED


def _line(row: Row) -> str:
    return f"{row.entrant.name}: {' | '.join(row.lines)}"


def _chooser(
    arguments: argparse.Namespace,
) -> Callable[[Sequence[EngineInfo]], tuple[Entrant, ...]]:
    """What picks the engines once the daemon has told which there are."""

    def choose(engines: Sequence[EngineInfo]) -> tuple[Entrant, ...]:
        names, has_plate = arguments.engines, arguments.plate is not None
        paid_work = config.load().paid_work
        if not names:
            found = comparing.usual(engines, has_plate=has_plate, paid_work=paid_work)
        elif names == (_ALL,):
            found = comparing.usable(engines, has_plate=has_plate, paid_work=paid_work)
        else:
            found = comparing.named(names, engines)
        if not found:
            raise RequestError(
                _(
                    "No engine that compares with the empty scene is here. Fetch one, see `flyaway models "
                    "list`."
                )
            )
        return found

    return choose


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError(_("must be names of engines with commas between, or all"))
    if len(names) > protocol.MAX_SHEET_ROWS:
        raise argparse.ArgumentTypeError(
            _("must be at most {most} names: a sheet has no more rows").format(
                most=protocol.MAX_SHEET_ROWS
            )
        )
    return names


def _box(text: str) -> tuple[int, ...]:
    sides = tuple(int(side) for side in text.split(",") if side.strip().isdecimal())
    if len(sides) != 4 or text.count(",") != 3:
        raise argparse.ArgumentTypeError(_("must be four whole numbers with commas between"))
    return sides


def _cropped(
    request: ExtractRequest, parts: dict[str, Buffer], sides: tuple[int, ...], photo: Photo
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """The request for that part of the photo.

    Raises:
        RequestError: it does not lie in the photo.
    """
    left, top, right, bottom = sides
    width, height = photo.header.width, photo.header.height
    if not (left <= right < width and top <= bottom < height):
        raise RequestError(
            _(
                "--crop {left},{top},{right},{bottom} is no part of the photo of {width} × {height} "
                "pixels."
            ).format(left=left, top=top, right=right, bottom=bottom, width=width, height=height)
        )
    return comparing.cropped(request, parts, Box(left, top, right - left + 1, bottom - top + 1))
