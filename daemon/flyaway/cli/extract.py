"""`flyaway extract`: cut the subject out of an image file, through the daemon."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flyaway import config
from flyaway.cli import connecting, drawn, terminal, work_options
from flyaway.errors import RequestError
from flyaway.files import replacing
from flyaway_client import protocol
from flyaway_client.messages import ExtractRequest, MessageError
from flyaway_client.prompts import SIZES, Box, Point, Prompts
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

if TYPE_CHECKING:
    from flyaway.cli import Commands
    from flyaway.files.photos import Photo


def add_to(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "extract",
        help=_("cut the subject out of an image file"),
        description=_(
            "Cut the subject out of an image and write it as a PNG with transparency. Without a "
            "selection, the subject is found automatically. --point and --box say where it is, "
            "which needs a network such as mobile-sam."
        ),
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help=_("the photo"))
    drawn.add_to(parser)
    _add_prompts(parser)
    parser.add_argument(
        "--edge-width",
        type=_positive,
        metavar="PX",
        help=_(
            "how far on each side of the selection's edge to look for hair (default: by image size)"
        ),
    )
    parser.add_argument(
        "--engine",
        default="auto",
        metavar="NAME",
        help=_(
            "see `flyaway models list`; or a job: any-subject, portrait, fine-hair, empty-scene"
        ),
    )
    work_options.add_fine_engine(parser)
    results = parser.add_mutually_exclusive_group()
    results.add_argument(
        "--mask", action="store_true", help=_("write the alpha alone, as a grey PNG")
    )
    results.add_argument(
        "--keep-colors",
        action="store_true",
        help=_("leave the background's colour that shines through hair and edges where it is"),
    )
    work_options.add_here(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT.png",
        help=_("default: IMAGE-cutout.png beside the photo"),
    )
    parser.set_defaults(run=run)


def _add_prompts(parser: argparse.ArgumentParser) -> None:
    """Describe the options that point at the subject, and tell what it is."""
    parser.add_argument(
        "--point",
        type=_numbers(2),
        action="append",
        default=[],
        metavar="X,Y",
        help=_("a pixel of the subject, from the photo's upper left; may be given again"),
    )
    parser.add_argument(
        "--not",
        dest="beside",
        type=_numbers(2),
        action="append",
        default=[],
        metavar="X,Y",
        help=_("a pixel beside the subject; may be given again"),
    )
    parser.add_argument(
        "--box",
        type=_numbers(4),
        action="append",
        default=[],
        metavar="X0,Y0,X1,Y1",
        help=_("upper left and lower right pixel of a box around the subject; may be given again"),
    )
    parser.add_argument(
        "--size",
        choices=SIZES,
        default="",
        help=_("what a single --point means, where it may mean several (default: what fits best)"),
    )
    work_options.add_transparent(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say in one line who did the work in how long."""
    _check_prompts(arguments)
    if arguments.edge_width and not arguments.selection:
        raise RequestError(_("--edge-width goes with --selection: give both or neither."))
    target = drawn.target(arguments, "mask" if arguments.mask else "cutout")
    from flyaway.files import cutouts, photos  # deferred: they load numpy and OpenCV

    max_pixels = config.load().max_pixels
    photo = photos.read_photo(arguments.image, max_pixels)
    request, parts = _request(arguments, photo, max_pixels)
    with terminal.endings(), replacing.replacing(target) as file:
        extracted = connecting.extract(request, parts)
        alpha = cutouts.as_alpha(extracted.alpha, photo)
        if arguments.mask:
            cutouts.write_mask(file, alpha)
        else:
            pixels = cutouts.cut_out(photo, alpha, extracted.foreground)
            cutouts.write_cut_out(file, pixels, photo)
    result = extracted.result
    understood = (_("{sentence}.").format(sentence=result.understood),) if result.understood else ()
    for note in (*photo.notes, *understood, *result.notes):
        terminal.write_remark(note)
    terminal.write_remark(
        _("{target}: {worker}, {seconds:.1f} s").format(
            target=target, worker=result.worker or _("no engine"), seconds=result.seconds
        )
    )
    return 0


def _check_prompts(arguments: argparse.Namespace) -> None:
    """Refuse what does not say where the subject is, and what says it twice.

    Raises:
        RequestError: that is so.
    """
    has_subject = bool(arguments.point or arguments.box)
    if (arguments.beside or arguments.size) and not has_subject:
        raise RequestError(
            _("--not and --size go with --point or --box: say where the subject is, too.")
        )
    given = [name for name in (*drawn.KINDS, "plate") if getattr(arguments, name)]
    if has_subject and given:
        raise RequestError(
            _("--point and --box go without --{option}: give the one or the other.").format(
                option=given[0]
            )
        )


def _prompts(arguments: argparse.Namespace) -> Prompts | None:
    """Where the subject is, if the options say it."""
    if not (arguments.point or arguments.box):
        return None
    points = [Point(x, y) for x, y in arguments.point]
    points += [Point(x, y, False) for x, y in arguments.beside]
    boxes = tuple(Box(*sides) for sides in arguments.box)
    return Prompts(tuple(points), boxes, arguments.size)


def _numbers(count: int) -> Callable[[str], tuple[float, ...]]:
    """A reader of so many numbers with commas between."""

    def read(text: str) -> tuple[float, ...]:
        try:
            numbers = tuple(map(float, text.split(",")))
        except ValueError:
            numbers = ()
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise argparse.ArgumentTypeError(
                _("must be {count} numbers with commas between").format(count=count)
            )
        return numbers

    return read


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= protocol.MAX_SIDE_PX:
        raise argparse.ArgumentTypeError(
            _("must be a whole number of pixels, 1 to {most}").format(most=protocol.MAX_SIDE_PX)
        )
    return value


def _request(
    arguments: argparse.Namespace, photo: Photo, max_pixels: int
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """What to ask of the daemon, and the bytes that go with it."""
    from flyaway.files import beside

    meaning, selection = drawn.meaning(arguments)
    request, parts = beside.request(photo, max_pixels, meaning, selection, arguments.plate)
    try:
        prompts = _prompts(arguments)
        if prompts is not None:
            prompts.check_within(photo.header.width, photo.header.height)
    except MessageError as error:
        raise RequestError(
            _("--point, --not or --box cannot be used: {error}.").format(error=error)
        ) from error
    request = replace(
        request,
        edge_width_px=arguments.edge_width,
        engine=arguments.engine,
        fine_engine=arguments.fine_engine,
        wants_foreground=not (arguments.mask or arguments.keep_colors),
        prompts=prompts,
        here=arguments.here,
        transparent=arguments.transparent,
    )
    return request, parts
