"""Where other programs keep weights that Flyaway can use: rembg, and ComfyUI with the nodes people add to it.

Folders' names from rembg's README (U2NET_HOME), from ComfyUI's own installers (the portable archive, comfy-cli, the
desktop app), and from the READMEs of ComfyUI_BiRefNet_ll, ComfyUI-RMBG, ComfyUI_LayerStyle, ComfyUI-SDMatte and ComfyUI-Impact-Pack.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flyaway.errors import RequestError
from flyaway.weights.store import suffix_of
from flyaway_client.wording import _, joined

PROGRAMS = ("rembg", "comfyui")

UNREADABLE = ".onnx"
"""What rembg keeps: networks frozen for ONNX Runtime, whose layers are melted together and nameless."""

_COMFYUI_PLACES = (
    "ComfyUI",
    "comfy/ComfyUI",
    "Documents/ComfyUI",
    "ComfyUI_windows_portable/ComfyUI",
)

_COMFYUI_FOLDERS = (
    "birefnet",
    "ben",
    "clip_vision",
    "rembg",
    "rmbg",
    "sam2",
    "sams",
    "sdmatte",
    "u2net",
    "vitmatte",
)
"""Below `models`; its other folders hold networks that make pictures, of many gigabytes."""  # fmt: skip


def weights_of(program: str, folder: Path | None = None) -> tuple[list[Path], list[Path]]:
    """The files that can be read, and those of formats that cannot.

    Args:
        program: one of `PROGRAMS`.
        folder: where it keeps them, or is installed; None looks in its usual places.

    Raises:
        RequestError: there is no such folder.
    """
    places = [folder] if folder is not None else _usual_places(program)
    there = [place for place in places if place.is_dir()]
    if not there:
        named = joined(_(" or "), map(str, places))
        raise RequestError(
            _(
                "There is no {named}. Name the folder: flyaway models import --from {program} FOLDER"
            ).format(named=named, program=program)
        )
    files = [file for place in there for file in _files(program, place)]
    readable = sorted(file for file in files if suffix_of(file))
    return readable, sorted(file for file in files if file.suffix.lower() == UNREADABLE)


def _usual_places(program: str) -> list[Path]:
    if program == "rembg":
        return [Path(os.environ.get("U2NET_HOME") or Path.home() / ".u2net")]
    return [Path.home() / place for place in _COMFYUI_PLACES]


def _files(program: str, place: Path) -> Iterator[Path]:
    if program == "rembg":
        yield from _below(place)
        return
    models = place / "models" if (place / "models").is_dir() else place
    for folder in sorted(models.iterdir()):
        if folder.is_dir() and folder.name.lower() in _COMFYUI_FOLDERS:
            yield from _below(folder)


def _below(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())
