"""Files of a command: options that name one which says where the subject is, and where the result goes."""

from __future__ import annotations

import argparse
from pathlib import Path

from flyaway.errors import RequestError
from flyaway_client.wording import _

KINDS = {"selection": "guess", "trimap": "trimap", "region": "region"}
"""Option -> what the file means, in the wire's words."""

_ABOUT = {
    "selection": _(
        "image of the photo's size, white on the subject; greys or transparency: uncertain there"
    ),
    "trimap": _("image of the photo's size: white subject, black background, grey unknown"),
    "region": _("image of the photo's size, white in a rough outline around the subject"),
}


def add_to(parser: argparse.ArgumentParser) -> None:
    """Describe the options, of which one at most goes with a photo, and that for the empty scene."""
    kinds = parser.add_mutually_exclusive_group()
    for option, about in _ABOUT.items():
        kinds.add_argument(f"--{option}", type=Path, metavar="FILE", help=f"{about}")
    parser.add_argument(
        "--plate",
        type=Path,
        metavar="FILE",
        help=_("photo of the same scene without the subject, of the same size"),
    )


def meaning(arguments: argparse.Namespace) -> tuple[str, Path | None]:
    """What the file that was named means, in the wire's words, and the file; "automatic" without one."""
    for option, kind in KINDS.items():
        path: Path | None = getattr(arguments, option)
        if path:
            return kind, path
    return "automatic", None


def target(arguments: argparse.Namespace, what: str) -> Path:
    """Where the result goes: what `-o` says, in that folder, or beside the photo.

    Args:
        arguments: of the command, its `image` and `output` among them.
        what: the result is, as the end of its name where nobody names it.

    Raises:
        RequestError: not to a PNG, over one of the files it is made from, or nothing names the photo.
    """
    image: Path = arguments.image
    if not image.name:
        raise RequestError(_("{image} is a folder. Name a photo in it.").format(image=image))
    name = f"{image.stem}-{what}.png"
    path: Path = arguments.output or image.with_name(name)
    if path.is_dir():
        path = path / name
    if path.suffix.lower() != ".png":
        raise RequestError(
            _("The result is a PNG: let the name {name} end in .png.").format(name=path.name)
        )
    for source in (image, *(getattr(arguments, option) for option in (*KINDS, "plate"))):
        if source and path.exists() and source.exists() and path.samefile(source):
            raise RequestError(
                _("{source} would be overwritten. Name another file with -o.").format(source=source)
            )
    return path
