"""`flyaway refine`: solve a mask again in one place, through the daemon."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyaway import config
from flyaway.cli import connecting, terminal, work_options
from flyaway.errors import RequestError
from flyaway.files import replacing
from flyaway_client.client import new_request_id
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN, ExtractRequest, ImageHeader
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from flyaway.cli import Commands

_STROKES = {"unknown": UNKNOWN, "remove": REMOVE, "keep": KEEP}
"""Option -> the level of its strokes; where several lie, the last one holds."""

_ABOUT = {
    "unknown": _("image of the photo's size, white where the subject's edge is to be found out"),
    "remove": _("image of the photo's size, white where there surely is background"),
    "keep": _("image of the photo's size, white where there surely is subject"),
}


def add_to(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "refine",
        help=_("solve a mask again in one place"),
        description=_(
            "Solve a mask again inside a region and under strokes. Everywhere else it stays as it "
            "is, bit for bit; what strokes keep or remove always holds."
        ),
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help=_("the photo"))
    parser.add_argument(
        "mask", type=Path, metavar="MASK", help=_("its mask, grey, of the same size")
    )
    parser.add_argument(
        "--inside",
        type=Path,
        metavar="FILE",
        help=_("image of the photo's size, white around the place, such as a lock of hair"),
    )
    for option, about in _ABOUT.items():
        parser.add_argument(f"--{option}", type=Path, metavar="FILE", help=f"{about}")
    parser.add_argument(
        "--engine",
        default="auto",
        metavar="NAME",
        help=_("what solves the edge; see `flyaway models list`"),
    )
    work_options.add_transparent(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT.png",
        required=True,
        help=_("the refined mask; may be MASK itself"),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say in one line who did the work in how long."""
    if not any(getattr(arguments, name) for name in ("inside", *_STROKES)):
        raise RequestError(_("Say where: give --inside, --keep, --remove or --unknown."))
    if arguments.output.suffix.lower() != ".png":
        raise RequestError(
            _("The result is a PNG: let the name {name} end in .png.").format(
                name=arguments.output.name
            )
        )
    from flyaway.files import cutouts  # deferred: loads numpy and OpenCV

    request, parts, mask = _request(arguments, config.load().max_pixels)
    with terminal.endings(), replacing.replacing(arguments.output) as file:
        extracted = connecting.extract(request, parts)
        cutouts.write_mask(file, cutouts.as_alpha(extracted.alpha, mask))
    result = extracted.result
    for note in result.notes:
        terminal.write_remark(note)
    terminal.write_remark(
        _("{target}: {worker}, {seconds:.1f} s").format(
            target=arguments.output, worker=result.worker or _("no engine"), seconds=result.seconds
        )
    )
    return 0


def _request(
    arguments: argparse.Namespace, max_pixels: int
) -> tuple[ExtractRequest, dict[str, Buffer], Any]:
    """What to ask of the daemon, the bytes that go with it, and the mask as it is."""
    from flyaway.files import beside, photos

    photo = photos.read_photo(arguments.image, max_pixels)
    mask = beside.mask(arguments.mask, photo.header, max_pixels)
    parts: dict[str, Buffer] = {"image": photo.pixels.data, "mask": mask.pixels.data}
    if photo.icc:
        parts["icc"] = photo.icc
    grey = ImageHeader(photo.header.width, photo.header.height, "gray", "u8")
    if arguments.inside:
        _, parts["selection"] = beside.selection(arguments.inside, photo.header, max_pixels)
    strokes = _strokes(arguments, photo.header, max_pixels)
    if strokes is not None:
        parts["strokes"] = strokes.data
    request = ExtractRequest(
        id=new_request_id(),
        image=photo.header,
        colour="icc" if photo.icc else "srgb",
        icc_bytes=len(photo.icc),
        selection=grey if arguments.inside else None,
        engine=arguments.engine,
        transparent=arguments.transparent,
        output_dtype=mask.dtype,
        mask=mask.header,
        strokes=grey if strokes is not None else None,
    )
    return request, parts, mask


def _strokes(
    arguments: argparse.Namespace, image: ImageHeader, max_pixels: int
) -> NDArray[np.uint8] | None:
    """The levels of all strokes, HxW; None where none are given."""
    import numpy as np

    from flyaway.files import beside

    strokes = None
    for option, level in _STROKES.items():
        path = getattr(arguments, option)
        if path:
            _, drawn = beside.selection(path, image, max_pixels)
            if strokes is None:
                strokes = np.zeros((image.height, image.width), np.uint8)
            strokes[np.asarray(drawn) >= 128] = level
    return strokes
