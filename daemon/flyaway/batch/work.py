"""The work on one photo around whoever has the engines: what to ask of them, and what to make of the answer.

It writes nothing and calls nobody, so that it can be done in any thread, process or machine that sees the files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, Protocol

import cv2
import numpy as np
from PIL import ImageColor

from flyaway.batch.inputs import Input, sha256
from flyaway.batch.locations import Location, local
from flyaway.batch.plan import Job
from flyaway.batch.settings import BatchSettings
from flyaway.errors import RequestError, TooLargeError
from flyaway.files import beside, cutouts, formats, photos, placing
from flyaway.files.photos import Photo, Pixels
from flyaway.images import encoding
from flyaway_client.messages import ExtractRequest, ExtractResult, ImageHeader
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

THUMBNAIL_PX = 256
"""The longer side."""

_MAX_BYTES_A_PIXEL = 32
"""Of a file: four channels of 16 bits, four times over. What is larger is not brought here from a store."""

_SOFT_FROM, _SOFT_TO = 0.1, 0.9
"""Alpha between which a pixel is neither subject nor background."""


class Answer(Protocol):
    """What whoever has the engines made of a request; see `flyaway_client.client.Extracted`."""

    @property
    def result(self) -> ExtractResult:
        """Who did it, and how sure they are."""

    @property
    def alpha(self) -> bytearray:
        """Of the photo's size and depth."""

    @property
    def foreground(self) -> bytearray | None:
        """The subject's own colours, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of each photo, read once.

    Attributes:
        settings: the batch's.
        background: the picture behind results, if there is one.
        wanted: what changes a result, for the manifest.
        max_pixels: larger photos are refused.
    """

    settings: BatchSettings
    background: Photo | None
    wanted: dict[str, Any]
    max_pixels: int

    @classmethod
    def of(cls, settings: BatchSettings, max_pixels: int) -> Wishes:
        """Those that settings make.

        Raises:
            RequestError: the background is no colour, or cannot be read.
        """
        file = settings.background_file
        wanted = {
            "engine": settings.engine,
            "selection": settings.selection_is,
            "name": settings.name,
            "kinds": list(settings.kinds),
            "format": settings.format,
            "background": settings.background,
            "trim": settings.is_trimmed,
            "pad": [settings.pad.pixels, settings.pad.share],
        }
        # Where it is not, manifests hold that are older than this option.
        if settings.is_transparent:
            wanted["transparent"] = True
        if file is not None:
            with local(file, max_pixels * _MAX_BYTES_A_PIXEL) as here:
                background: Photo | None = photos.read_photo(here, max_pixels)
                wanted["background"] = sha256(here)
        else:
            background = _colour(settings.background) if settings.background else None
        return cls(settings, background, wanted, max_pixels)

    def for_job(self, job: Job) -> dict[str, Any]:
        """What is wanted of one photo: the same, and where it goes."""
        return {**self.wanted, "targets": job.targets}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A photo that was read, and what to ask of the engines for it.

    Attributes:
        photo: the photo.
        request: what to ask.
        parts: the bytes that go with it.
        inputs: the files as they were read.
    """

    photo: Photo
    request: ExtractRequest
    parts: dict[str, Buffer]
    inputs: dict[str, Input]


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished result: which of the kinds it is, and how its file is written."""

    kind: str
    write: Callable[[BinaryIO], object]


@dataclass(frozen=True, slots=True)
class Finished:
    """All that came of a photo.

    Attributes:
        pictures: the results.
        thumbnail: the cut-out, small, HxWx4 uint8 sRGB.
        soft: share of the pixels that are neither subject nor background.
        notes: sentences for the user.
    """

    pictures: tuple[Picture, ...]
    thumbnail: Pixels
    soft: float
    notes: tuple[str, ...]


def prepare(job: Job, wishes: Wishes) -> Prepared:
    """Read a photo and what goes with it.

    Raises:
        RequestError: that cannot be done; the text says why.
    """
    if job.refusal:
        raise RequestError(job.refusal)
    settings = wishes.settings
    with faults_as_sentences(job), ExitStack() as stack:
        inputs = {name: Input.of(path) for name, path in job.files.items()}
        max_bytes = wishes.max_pixels * _MAX_BYTES_A_PIXEL
        here = {
            name: stack.enter_context(local(path, max_bytes)) for name, path in job.files.items()
        }
        inputs = {name: replace(one, sha256=_hash(here[name])) for name, one in inputs.items()}
        photo = photos.read_photo(here["photo"], wishes.max_pixels)
        request, parts = beside.request(
            photo,
            wishes.max_pixels,
            settings.selection_is,
            here.get("selection"),
            here.get("plate"),
        )
    for path, read in zip(job.files.values(), inputs.values(), strict=True):
        if not read.is_state_of(Input.of(path)):
            raise RequestError(
                _("{path} changed while it was read. Try again once it is complete.").format(
                    path=path
                )
            )
    request = replace(
        request,
        engine=settings.engine,
        wants_foreground="cutout" in settings.kinds,
        is_batch=True,
        transparent=settings.is_transparent,
    )
    return Prepared(photo, request, parts, inputs)


def finish(job: Job, prepared: Prepared, answer: Answer, wishes: Wishes) -> Finished:
    """Make the results of a photo.

    Raises:
        RequestError: that cannot be done; the text says why.
    """
    settings, photo = wishes.settings, prepared.photo
    with faults_as_sentences(job):
        alpha = cutouts.as_alpha(answer.alpha, photo)
        frame, notes = _frame(alpha, settings)
        pictures = []
        for kind in settings.kinds:
            if kind == "mask":
                mask = placing.framed(alpha, frame)
                write = partial(formats.write_mask, alpha=mask, kind=settings.format)
            else:
                pixels = cutouts.cut_out(photo, alpha, answer.foreground)
                pixels, shown = placing.framed(pixels, frame), photo
                if wishes.background is not None:
                    pixels, shown = placing.on_background(pixels, photo, wishes.background)
                shown = replace(shown, pixels=pixels)  # those of the photo are not held any longer
                write = partial(formats.write, pixels=pixels, photo=shown, kind=settings.format)
            pictures.append(Picture(kind, write))
        loss = formats.loss(photo, settings.format)
        notes += (*photo.notes, *answer.result.notes, *((loss,) if loss else ()))
        full = np.iinfo(alpha.dtype).max
        soft = cv2.countNonZero(cv2.inRange(alpha, _SOFT_FROM * full, _SOFT_TO * full)) / alpha.size
        return Finished(tuple(pictures), _thumbnail(photo, alpha), soft, notes)


@contextmanager
def faults_as_sentences(job: Job) -> Iterator[None]:
    """Turn what libraries raise at odd files and sizes into sentences; of full disks and the like the caller is told.

    Raises:
        RequestError: with such a sentence.
    """
    try:
        yield
    except MemoryError as error:
        raise TooLargeError(
            _(
                "There is not enough memory for {name}. Make it smaller, or let fewer workers run."
            ).format(name=job.name)
        ) from error
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        struct.error,
        cv2.error,
    ) as error:
        raise RequestError(
            _(
                "{name} holds something that Flyaway cannot work on ({kind}: {error}). Save it anew "
                "with another program."
            ).format(name=job.name, kind=type(error).__name__, error=error)
        ) from error


def _hash(path: Location) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise RequestError(
            _("{path} cannot be opened: {why}.").format(path=path, why=error.strerror or error)
        ) from error


def _colour(name: str) -> Photo:
    """A picture of one pixel.

    Raises:
        RequestError: there is no such colour.
    """
    try:
        colour = ImageColor.getcolor(name, "RGB")
    except ValueError as error:
        raise RequestError(
            _(
                "{name!r} is no colour. Give one as #rrggbb, a name such as white, or a picture file."
            ).format(name=name)
        ) from error
    return Photo(np.array([[colour]], np.uint8), b"", b"", None)


def _frame(alpha: Pixels, settings: BatchSettings) -> tuple[placing.Frame, tuple[str, ...]]:
    """The frame of the results, and what is to be said of it."""
    frame, notes = placing.whole(alpha), ()
    if settings.is_trimmed:
        found = placing.seen(alpha)
        if found is None:
            return frame, (_("Nothing of it is seen, so that it was not trimmed."),)
        frame = found
    return frame.padded(settings.pad.of(frame.longer_side)), notes


def _thumbnail(photo: Photo, alpha: Pixels) -> Pixels:
    """The cut-out, small, HxWx4 uint8 sRGB."""
    height, width = alpha.shape
    scale = min(1.0, THUMBNAIL_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA).reshape(
        size[1], size[0], -1
    )
    header = ImageHeader(*size, photo.header.channels, photo.dtype)
    colour = "icc" if photo.icc else "srgb"
    shown = encoding.read(header, np.ascontiguousarray(small).data, colour, photo.icc, packed=True)
    opacity = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    return np.dstack((_in_8_bits(shown), _in_8_bits(opacity)))


def _in_8_bits(pixels: Pixels) -> Pixels:
    if pixels.dtype == np.uint8:
        return pixels
    return (pixels >> 8).astype(np.uint8)
