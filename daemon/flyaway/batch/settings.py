"""What can be said of a batch: on the command line and in `flyaway-batch.toml` beside the photos, under the same names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flyaway.batch import locations
from flyaway.batch.locations import Location
from flyaway.batch.store_path import is_url
from flyaway.errors import RequestError
from flyaway.files import formats
from flyaway_client.wording import _

FILE_NAME = "flyaway-batch.toml"

KINDS = ("cutout", "mask")
"""What can be written of a photo."""

_RESULTS = {"cutout": ("cutout",), "mask": ("mask",), "both": KINDS}
"""Option -> what it writes."""

_ALTERNATIVES = (frozenset(_RESULTS), frozenset({"trimap-pattern", "region-pattern"}))
"""Options of which one holds: one on the command line takes the place of another in the file."""

_FIELDS = ("stem", "name", "kind")

_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|[a-z]+")
_SHARD = re.compile(r"(\d+)/(\d+)")
_PAD = re.compile(r"(\d+(?:\.\d+)?)%|(\d+)(?:px)?")

_MAX_WORKERS, _MAX_CLUSTER = 64, 10_000
"""On one machine, and on a cluster."""


@dataclass(frozen=True, slots=True)
class Pad:
    """Room around a result: so many pixels, and so much of its longer side."""

    pixels: int = 0
    share: float = 0.0

    def of(self, longer_side: int) -> int:
        """In pixels."""
        return self.pixels + round(self.share * longer_side)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """All that can be said of a batch.

    Attributes:
        output: the folder for the results.
        engine: as for one photo.
        selection_is: "automatic", or what the files of `selection_pattern` are: "trimap", "region".
        selection_pattern: names each photo's trimap or region, from the photo's folder.
        is_transparent: whether the subjects are glass, veils, smoke or the like.
        plate: picture of the empty scene, or a pattern as above.
        name: names a result, without its suffix, from the folder that is the photo's in `output`.
        kinds: some of `KINDS`.
        format: one of `formats.SUFFIXES`.
        background: "", a colour or a picture file.
        is_trimmed: whether results are cut to what is seen.
        pad: room around them.
        workers: how many photos may be with the daemon at once, or how many workers a cluster shall have; 0 for as
            many as are of use.
        ray: the address of the Ray cluster that does it, "auto" for the one that this machine belongs to; "" for none.
        shard: which part of how many, the first 1.
        is_watching: whether photos that come later are taken, too.
        is_dry: whether to say only what would be done.
        retries_failed: whether photos that failed before are tried again.
        is_json: whether to tell all in lines of JSON.
    """

    output: Location
    engine: str = "auto"
    selection_is: str = "automatic"
    selection_pattern: str = ""
    is_transparent: bool = False
    plate: str = ""
    name: str = "{stem}-{kind}"
    kinds: tuple[str, ...] = ("cutout",)
    format: str = "png"
    background: str = ""
    is_trimmed: bool = False
    pad: Pad = field(default_factory=Pad)
    workers: int = 0
    ray: str = ""
    shard: tuple[int, int] = (1, 1)
    is_watching: bool = False
    is_dry: bool = False
    retries_failed: bool = False
    is_json: bool = False

    @property
    def background_file(self) -> Location | None:
        """The picture behind results, if it is one."""
        is_file = self.background and not _COLOUR.fullmatch(self.background)
        return locations.of(self.background) if is_file else None


def filled(pattern: str, **fields: str) -> str:
    """A pattern with its fields filled in."""
    return re.sub(r"\{(\w+)\}", lambda found: fields[found[1]], pattern)


def read_file(folder: Location) -> dict[str, Any]:
    """The options of a folder's file; its own paths are taken from that folder.

    Raises:
        RequestError: it cannot be read, or has an option that there is not.
    """
    file = folder / FILE_NAME
    try:
        found = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(
            _("{file} cannot be read: {error}.").format(file=file, error=error)
        ) from error
    for name in found:
        if name not in _READERS:
            raise RequestError(
                _("{file}: there is no option {name!r}. There are {names}.").format(
                    file=file, name=name, names=", ".join(_READERS)
                )
            )
    for name in ("output", "plate", "background"):
        text = found.get(name)
        if isinstance(text, str) and _is_path(name, text):
            found[name] = text if is_url(text) else str(folder / text)
    return found


def settle(given: Mapping[str, Any], in_file: Mapping[str, Any]) -> BatchSettings:
    """The settings that options make.

    Args:
        given: the command line's, by their names without dashes in front.
        in_file: those of `read_file`, over which the command line's go.

    Raises:
        RequestError: one cannot be used, or they do not go together; the text says what to change.
    """
    hidden = set(given)
    for group in _ALTERNATIVES:
        if any(given.get(name) for name in group):
            hidden |= group
    options = {name: value for name, value in in_file.items() if name not in hidden} | dict(given)
    for group in _ALTERNATIVES:
        chosen = sorted(name for name in group if options.get(name))
        if len(chosen) > 1:
            raise RequestError(
                _("{one} and {other} do not go together: give one of them.").format(
                    one=chosen[0], other=chosen[1]
                )
            )
    if not options.get("output"):
        raise RequestError(
            _("Say where the results go: give -o, or output in {file}.").format(file=FILE_NAME)
        )
    values: dict[str, Any] = {}
    for name, value in options.items():
        values |= _READERS[name](name, value)
    settings = BatchSettings(**values)
    _check(settings)
    return settings


def _check(settings: BatchSettings) -> None:
    if len(settings.kinds) > 1 and "{kind}" not in settings.name:
        raise RequestError(
            _(
                "Cut-out and mask would have the same name: let name hold {kind}, which stands for "
                "cutout or mask."
            )
        )
    if settings.background and settings.kinds == ("mask",):
        raise RequestError(_("A mask has no background: leave that out, or write cut-outs."))
    if settings.ray and settings.is_watching:
        raise RequestError(
            _("watch and ray do not go together: run the command again for photos that come later.")
        )
    if not settings.ray and settings.workers > _MAX_WORKERS:
        raise RequestError(
            _("workers must be a whole number, 1 to {most} on one machine.").format(
                most=_MAX_WORKERS
            )
        )


Reader = Callable[[str, Any], dict[str, Any]]


def _text(field: str) -> Reader:
    def read(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, str):
            raise RequestError(_("{name} must be text in quotes.").format(name=name))
        return {field: value}

    return read


def _pattern(name: str, value: Any) -> dict[str, Any]:
    """A trimap's or a region's."""
    text = _text("text")(name, value)["text"]
    if not text:
        return {}
    _check_fields(name, text, ("stem", "name"))
    if not re.search(r"\{\w+\}", text):
        raise RequestError(
            _(
                "{name} must hold {{stem}} or {{name}}, so that each photo has its own: {text!r} has "
                "neither."
            ).format(name=name, text=text)
        )
    return {"selection_is": name.partition("-")[0], "selection_pattern": text}


def _plate(name: str, value: Any) -> dict[str, Any]:
    text = _text("plate")(name, value)
    _check_fields(name, text["plate"], ("stem", "name"))
    return text


def _name(name: str, value: Any) -> dict[str, Any]:
    text = _text("name")(name, value)["name"]
    _check_fields(name, text, _FIELDS)
    parts = text.replace("\\", "/").split("/")
    if not re.search(r"\{(stem|name)\}", text) or any(part in ("", ".", "..") for part in parts):
        raise RequestError(
            _(
                "name must hold {{stem}} or {{name}} and stay in its folder, as {{kind}}/{{stem}} "
                "does: {text!r} does not."
            ).format(text=text)
        )
    return {"name": "/".join(parts)}


def _check_fields(name: str, text: str, fields: tuple[str, ...]) -> None:
    for found in re.findall(r"\{(.*?)\}", text):
        if found not in fields:
            known = ", ".join(f"{{{field}}}" for field in fields)
            raise RequestError(
                _("{name} has a field {{{found}}}; there are {known}.").format(
                    name=name, found=found, known=known
                )
            )


def _result(name: str, value: Any) -> dict[str, Any]:
    return {"kinds": _RESULTS[name]} if _is_on(name, value) else {}


def _switch(field: str) -> Reader:
    return lambda name, value: {field: _is_on(name, value)}


def _is_on(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RequestError(_("{name} must be true or false.").format(name=name))
    return value


def _format(name: str, value: Any) -> dict[str, Any]:
    if value not in formats.SUFFIXES:
        raise RequestError(
            _("{name} must be one of {names}.").format(name=name, names=", ".join(formats.SUFFIXES))
        )
    return {"format": value}


def _pad(name: str, value: Any) -> dict[str, Any]:
    found = _PAD.fullmatch(str(value))
    share = float(found[1]) / 100 if found and found[1] else 0.0
    pixels = int(found[2]) if found and found[2] else 0
    if not found or share > 10 or pixels > 100_000:
        raise RequestError(
            _("{name} must be pixels, such as 20, or a share, such as 5%.").format(name=name)
        )
    return {"pad": Pad(pixels, share)}


def _workers(name: str, value: Any) -> dict[str, Any]:
    text = str(value)
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_CLUSTER:
        raise RequestError(
            _("{name} must be a whole number, 1 to {most}.").format(name=name, most=_MAX_CLUSTER)
        )
    return {"workers": int(text)}


def _shard(name: str, value: Any) -> dict[str, Any]:
    found = _SHARD.fullmatch(str(value))
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise RequestError(
            _("{name} must be a part of so many, such as 1/8; the last is 8/8.").format(name=name)
        )
    return {"shard": (int(found[1]), int(found[2]))}


def _output(name: str, value: Any) -> dict[str, Any]:
    return {"output": locations.of(_text("output")(name, str(value))["output"])}


def _is_path(name: str, text: str) -> bool:
    """Whether an option's text is a path, and not a colour or nothing."""
    return bool(text) and not (name == "background" and _COLOUR.fullmatch(text))


_READERS: dict[str, Reader] = {
    "output": _output,
    "engine": _text("engine"),
    "trimap-pattern": _pattern,
    "region-pattern": _pattern,
    "transparent": _switch("is_transparent"),
    "plate": _plate,
    "name": _name,
    "cutout": _result,
    "mask": _result,
    "both": _result,
    "format": _format,
    "background": _text("background"),
    "trim": _switch("is_trimmed"),
    "pad": _pad,
    "workers": _workers,
    "ray": _text("ray"),
    "shard": _shard,
    "watch": _switch("is_watching"),
    "dry-run": _switch("is_dry"),
    "retry-failed": _switch("retries_failed"),
    "json": _switch("is_json"),
}
"""Option -> what reads its value, from either place."""
