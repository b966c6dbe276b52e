"""Photos and selections as files: read with all that files in the wild bring, written as PNG.

What Pillow reads at 8 bits only (16-bit colour) comes through OpenCV, so that no depth is lost.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from flyaway.errors import RequestError, TooLargeError
from flyaway_client import protocol
from flyaway_client.messages import ImageHeader
from flyaway_client.wording import _

Pixels = NDArray[Any]
"""Samples of uint8 or uint16, which use their full range."""

CHANNELS = {1: "gray", 2: "graya", 3: "rgb", 4: "rgba"}

_AS_PLAIN = {
    "L": "L",
    "LA": "LA",
    "RGB": "RGB",
    "RGBA": "RGBA",
    "1": "L",
    "La": "LA",
    "PA": "RGBA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
"""Pillow's 8-bit modes -> those with the same values in at most four plain channels."""

_DEEP_GREY = {"I;16", "I;16B", "I;16L", "I;16N"}
_DEEP_COLOUR = ("RGB;16", "RGBA;16", "LA;16")
"""How Pillow names what it would cut down to 8 bits."""

_KEPT_TIFF_TAGS = {
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
    ExifTags.Base.ExifOffset,
    ExifTags.Base.GPSInfo,
}
"""A TIFF's other tags tell how that file is laid out, and would be wrong in a PNG."""

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "JPEG2000", "GIF", "BMP", "PPM", "TGA")
"""What photos and selections come as. Pillow would open others too, and hands PostScript to a program."""

RAW_SUFFIXES = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".crw",
        ".dcr",
        ".dng",
        ".erf",
        ".fff",
        ".iiq",
        ".kdc",
        ".mef",
        ".mos",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    ]
)
"""Cameras' raw files. Some are TIFFs whose only plain picture is a thumbnail, which nobody means."""

SUFFIXES = RAW_SUFFIXES | frozenset(
    [
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".j2k",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpf",
        ".jpg",
        ".jpx",
        ".jfif",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".psd",
        ".tga",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
"""What photos are called, those too that are refused with a sentence."""

_MAX_DPI = 1e6
"""More is a mistake, and at some point does not fit into a PNG."""

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,
    struct.error,
    cv2.error,
)
"""What the readers of Pillow and OpenCV raise on damaged files."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo, upright.

    Attributes:
        pixels: HxWxC, uint8 or uint16; C is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA).
        icc: its colour profile; empty means sRGB.
        exif: its EXIF data without the orientation, which `pixels` has been turned by.
        dpi: horizontal and vertical resolution, None if it has none.
        notes: sentences on what could not be kept.
    """

    pixels: Pixels
    icc: bytes
    exif: bytes
    dpi: tuple[float, float] | None
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> ImageHeader:
        """The pixels' layout, as the wire states it."""
        height, width, count = self.pixels.shape
        return ImageHeader(width, height, CHANNELS[count], self.dtype)

    @property
    def dtype(self) -> str:
        """The wire's name of the sample type."""
        return "u8" if self.pixels.dtype == np.uint8 else "u16"

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is the photo's own transparency."""
        return self.pixels.shape[2] in (2, 4)


def read_photo(path: Path, max_pixels: int) -> Photo:
    """Read a photo; of files with several pages or frames, the first.

    Raises:
        TooLargeError: it has more than `max_pixels` pixels.
        RequestError: it cannot be read, or is of a kind that Flyaway does not know.
    """
    with _opened(path, max_pixels) as (image, raw_mode):
        icc = image.info.get("icc_profile") or b""
        notes: tuple[str, ...] = ()
        if raw_mode.startswith(_DEEP_COLOUR):
            pixels = _read_deep_colour(path, image, raw_mode)
        else:
            plain, icc, notes = _as_plain(ImageOps.exif_transpose(image), icc, notes, path)
            pixels = _array(plain)
        exif, dpi = _without_orientation(image), _dpi(image)
        notes += _frames_note(image)
    pixels, icc, notes = _fitted(pixels, icc, notes)
    packed: Pixels = np.ascontiguousarray(pixels)
    return Photo(packed, icc, exif, dpi, notes)


def read_selection(path: Path, max_pixels: int, *, is_trimap: bool) -> NDArray[np.uint8]:
    """Read a selection or trimap as HxW uint8: how bright the file is.

    A selection file with transparency selects what is opaque, whatever its colours. In a trimap,
    transparent is background.

    Raises:
        TooLargeError: it has more than `max_pixels` pixels.
        RequestError: it cannot be read.
    """
    with _opened(path, max_pixels) as (image, _):
        plain, _, _ = _as_plain(ImageOps.exif_transpose(image), b"", (), path)
        if plain.mode in _DEEP_GREY:
            return (_array(plain)[..., 0] >> 8).astype(np.uint8)
        if "A" not in plain.getbands():
            return np.array(plain.convert("L"))
        opacity = plain.getchannel("A")
        if opacity.getextrema() == (255, 255):
            return np.array(plain.convert("RGB").convert("L"))
        if not is_trimap:
            return np.array(opacity)
        over_black = Image.new("L", plain.size)
        over_black.paste(plain.convert("RGB").convert("L"), mask=opacity)
        return np.array(over_black)


def srgb_profile() -> bytes:
    """An ICC profile that says sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[tuple[Image.Image, str]]:
    """The decoded image and how its pixels lie in the file; all failures become sentences."""
    if path.suffix.lower() in RAW_SUFFIXES:
        raise RequestError(
            _(
                "{path} is a camera's raw file, which Flyaway does not develop. Export it from your "
                "raw converter as TIFF with 16 bits a channel."
            ).format(path=path)
        )
    try:
        with _LENIENCY.granted(), Image.open(path, formats=_FORMATS) as image:
            _check_size(path, image.size, max_pixels)
            raw_mode = _raw_mode(image)
            image.load()  # of deep colour too: OpenCV would not say that a file is cut short
            yield image, raw_mode
    except RequestError:
        raise
    except UnidentifiedImageError as error:
        raise RequestError(
            _(
                "{path} is not an image that Flyaway can read. Save it as PNG, JPEG, TIFF or WebP with "
                "8 or 16 bits a channel."
            ).format(path=path)
        ) from error
    except (FileNotFoundError, IsADirectoryError, PermissionError, NotADirectoryError) as error:
        raise RequestError(
            _("{path} cannot be opened: {why}.").format(path=path, why=error.strerror)
        ) from error
    except _BROKEN as error:
        raise RequestError(
            _("{path} is damaged or cut short ({error}). Copy it anew.").format(
                path=path, error=error
            )
        ) from error
    except MemoryError as error:
        raise TooLargeError(
            _(
                "There is not enough memory to read {path}. Make it smaller or close other programs."
            ).format(path=path)
        ) from error


_LIMITS = (
    # `_check_size` has ours.
    (Image, "MAX_IMAGE_PIXELS", None),
    # Of profiles, too; it has 1 MiB.
    (PngImagePlugin, "MAX_TEXT_CHUNK", 2 * protocol.MAX_ICC_BYTES),
)


class _Leniency:
    """Pillow without its own limits of size and its warnings, for as long as any thread reads.

    They belong to the whole process: a thread that put them back would do so to the others, too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._kept = ExitStack()

    @contextmanager
    def granted(self) -> Iterator[None]:
        """Read in this."""
        with self._lock:
            if not self._readers:
                for holder, name, ours in _LIMITS:
                    self._kept.callback(setattr, holder, name, getattr(holder, name))
                    setattr(holder, name, ours)
                self._kept.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")  # damaged metadata does not hurt the pixels
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1
                if not self._readers:
                    self._kept.close()


_LENIENCY = _Leniency()


def _check_size(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise TooLargeError(
            _(
                "{path} has {width} × {height} pixels, {megapixels:.4g} megapixels; the limit is "
                "{limit:.4g}. Make it smaller, or raise max_megapixels in the settings."
            ).format(
                path=path,
                width=width,
                height=height,
                megapixels=width * height / 1e6,
                limit=max_pixels / 1e6,
            )
        )
    if max(size) > protocol.MAX_SIDE_PX:
        raise TooLargeError(
            _(
                "{path} has {width} × {height} pixels; the limit is {most} on a side. Cut it "
                "into pieces."
            ).format(path=path, width=width, height=height, most=protocol.MAX_SIDE_PX)
        )


def _raw_mode(image: Image.Image) -> str:
    """Pillow's name for the layout of an undecoded image's samples, such as "RGB;16B"; "" if it has none."""
    tiles: list[Any] = getattr(image, "tile", [])
    args = tiles[0][3] if tiles else ""
    raw_mode = args[0] if isinstance(args, tuple) and args else args
    return raw_mode if isinstance(raw_mode, str) else ""


def _read_deep_colour(path: Path, image: Image.Image, raw_mode: str) -> Pixels:
    """16-bit colour pixels, upright, HxWxC in R, G, B, alpha order."""
    encoded = np.fromfile(path, np.uint8)  # OpenCV's own reader cannot open every path on Windows
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3:
        raise ValueError(_("its 16-bit pixels cannot be decoded"))
    code = cv2.COLOR_BGRA2RGBA if decoded.shape[2] == 4 else cv2.COLOR_BGR2RGB
    pixels: Pixels = cv2.cvtColor(decoded, code).astype(np.uint16, copy=False)
    if raw_mode.startswith("LA"):
        pixels = pixels[..., [0, 3]]
    if image.format != "TIFF":  # those OpenCV has turned already
        pixels = _upright(pixels, image.getexif().get(ExifTags.Base.Orientation, 1))
    return pixels


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation (1 to 8: CIPA DC-008, 4.6.5, Orientation)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    turned: Pixels = pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return turned


def _as_plain(
    image: Image.Image, icc: bytes, notes: tuple[str, ...], path: Path
) -> tuple[Image.Image, bytes, tuple[str, ...]]:
    """An image as 16-bit grey, L, LA, RGB or RGBA, with its profile and the notes so far and new."""
    if image.mode in _DEEP_GREY:
        return image, icc, notes
    if image.mode in ("CMYK", "LAB"):
        converted, icc, note = _as_srgb(image, icc)
        return converted, icc, (*notes, note)
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB"), icc, notes
    mode = _AS_PLAIN.get(image.mode)
    if mode is None:
        raise RequestError(
            _(
                "{path} holds pixels of a kind that Flyaway does not read ({mode}). Save it with 8 or "
                "16 bits a channel."
            ).format(path=path, mode=image.mode)
        )
    if "transparency" in image.info and mode in ("L", "RGB"):
        mode = {"L": "LA", "RGB": "RGBA"}[mode]
    return image.convert(mode), icc, notes


def _as_srgb(image: Image.Image, icc: bytes) -> tuple[Image.Image, bytes, str]:
    """A CMYK or LAB image as sRGB, its new profile, and a note: a PNG can hold neither."""
    try:
        source = (
            ImageCms.createProfile("LAB")
            if image.mode == "LAB"
            else ImageCms.ImageCmsProfile(io.BytesIO(icc))
        )
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        assert converted is not None  # it is None only when converting in place
        return (
            converted,
            srgb_profile(),
            _("The {mode} colours were converted to sRGB.").format(mode=image.mode),
        )
    except (ImageCms.PyCMSError, OSError):
        note = _("The {mode} photo has no usable profile: its colours are approximate.").format(
            mode=image.mode
        )
        return image.convert("RGB"), b"", note


def _fitted(
    pixels: Pixels, icc: bytes, notes: tuple[str, ...]
) -> tuple[Pixels, bytes, tuple[str, ...]]:
    """Make pixels and profile agree on whether colours are grey or RGB."""
    space = icc[16:20]  # ICC.1:2022, 7.2.6
    is_grey = pixels.shape[2] <= 2
    if len(icc) > protocol.MAX_ICC_BYTES:
        return pixels, b"", (*notes, _("The photo's colour profile is too large and was left out."))
    if not icc or space == (b"GRAY" if is_grey else b"RGB "):
        return pixels, icc, notes
    if is_grey and space == b"RGB ":
        pixels = pixels[..., [0, 0, 0, *range(1, pixels.shape[2])]]
        return pixels, icc, notes
    return pixels, b"", (*notes, _("The photo's colour profile does not fit it and was left out."))


def _array(image: Image.Image) -> Pixels:
    """HxWxC, in the machine's byte order."""
    pixels = np.asarray(image)  # not to be written to
    pixels = pixels.astype(np.uint8 if pixels.dtype == np.uint8 else np.uint16, copy=False)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _without_orientation(image: Image.Image) -> bytes:
    """The EXIF data, from which `image` forgets its orientation; empty if there is none or it is damaged."""
    try:
        exif = image.getexif()
        exif.pop(ExifTags.Base.Orientation, None)
        if image.format == "TIFF":
            for tag in set(exif) - _KEPT_TIFF_TAGS:
                del exif[tag]
        return exif.tobytes() if len(exif) else b""
    except _BROKEN:
        return b""


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    """The resolution, None where the file states none that makes sense."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < _MAX_DPI and 0 < down < _MAX_DPI else None


def _frames_note(image: Image.Image) -> tuple[str, ...]:
    """A sentence where there is a second page or frame. `image` shows that one afterwards.

    They are not counted, for which some kinds of file must be read from end to end.
    """
    # An MPO is a JPEG whose further pictures are previews or the other eye's view.
    if image.format == "MPO":
        return ()
    try:
        image.seek(1)
    except _BROKEN:
        return ()
    return (_("Only the first of its pages or frames was used."),)
