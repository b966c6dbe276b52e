"""What the ladders of `scripts/soak` climb over: pictures of every shape, kind of file, sample type and profile."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.daemon import icc
from tests.trust.jobs import scene

from flyaway_client.messages import CHANNELS, DTYPES, ImageHeader

Pixels = NDArray[Any]

SHAPES = (
    *((1, 1), (2, 1), (1, 2), (3, 5), (1, 997), (997, 1), (17, 9), (641, 479)),
    *((1, 100_000), (1_000_000, 1), (7, 30_001), (30_001, 7), (1023, 1025)),
    *((200, 20_000), (20_000, 200), (3000, 2000), (6000, 4000), (8661, 5774)),
)
"""Width and height in pixels: the least, lines, odd ones, the longest side there may be, up to 50 megapixels."""

FILE_SIZE = (1500, 1000)
"""Of the pictures whose kind of file, sample type or profile is tried."""

LARGE_SIZE = (4000, 3000)
"""Of those whose samples take the most memory."""

PROFILES: Mapping[str, bytes] = {
    "none": b"",
    "sRGB": icc.SRGB,
    "Adobe RGB": icc.ADOBE,
    "ProPhoto": icc.PROPHOTO,
    "of tables": icc.of_table(),
    "grey": icc.of_grey(icc.gamma(2.2)),
    "CMYK": icc.profile("CMYK", {}),
    "without colours": icc.profile("RGB", {}),
    "cut short": icc.ADOBE[:200],
    "nonsense": b"nonsense" * 100,
    "of 7 MiB": icc.SRGB + bytes(7 * 2**20),
    "of 9 MiB": icc.SRGB + bytes(9 * 2**20),
}


@dataclass(frozen=True)
class Rung:
    """One input.

    Attributes:
        name: what is special about it.
        width, height: in pixels.
        save: writes the photo, HxWx3 uint8, to a path without a suffix and says to which; None where it is a request
            of its own on the wire.
        header, colour, profile: that request's.
        unknown: where its edge is given, how much of it about is: 0.01, 0.1 or 1; 0 where the subject is to be found.
    """

    name: str
    width: int
    height: int
    save: Callable[[Pixels, Path], Path] | None = None
    header: ImageHeader | None = None
    colour: str = "srgb"
    profile: bytes = b""
    unknown: float = 0.01

    @property
    def megapixels(self) -> float:
        """How large it is."""
        return self.width * self.height / 1e6


def picture(width: int, height: int, unknown: float) -> tuple[Pixels, Pixels]:
    """A photo, HxWx3 uint8, and a trimap of it, HxW uint8, as much of which is unknown as `Rung.unknown` says."""
    rows, columns = np.ogrid[:160, :240]
    reach = np.hypot((rows - 80) / 53, (columns - 120) / 80)
    trimap = np.full((160, 240), 128, np.uint8)
    if unknown < 1:
        trimap[reach < 1 - unknown / 2], trimap[reach > 1 + unknown] = 255, 0
    image = Image.fromarray(scene(240, 160).image).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    return np.asarray(image), np.asarray(
        Image.fromarray(trimap).resize((width, height), Image.Resampling.NEAREST)
    )


def shapes() -> list[Rung]:
    """Every shape, its edge given or not; one of which nothing is known."""
    found = [
        Rung(f"{width} x {height}{called}", width, height, _png, unknown=unknown)
        for width, height in SHAPES
        for unknown, called in ((0.1, ""), (0, ", automatic"))
    ]
    return [*found, Rung("3000 x 2000, all unknown", 3000, 2000, _png, unknown=1)]


def formats() -> list[Rung]:
    """Every kind of file, and every layout of samples that editors send."""
    return [*_files(), *_layouts(), *_large()]


def profiles() -> list[Rung]:
    """Every profile in files, and in each sample type on the wire."""
    width, height = FILE_SIZE
    found = []
    for name, content in PROFILES.items():
        for suffix in ("png", "jpg", "tif"):
            save = partial(_saved, suffix=suffix, mode="RGB", icc_profile=content)
            found.append(Rung(f"{name} in {suffix}", width, height, save))
        save = partial(_saved, suffix="tif", mode="CMYK", icc_profile=content)
        found.append(Rung(f"{name} in CMYK tif", width, height, save))
        for channels in ("rgb", "gray") if content else ():
            for dtype in DTYPES:
                header = ImageHeader(width, height, channels, dtype)
                called = f"{name} with {channels} {dtype}"
                found.append(Rung(called, width, height, None, header, "icc", content))
    return found


def samples(rung: Rung, photo: Pixels) -> bytes:
    """The photo as the rung's request has it."""
    assert rung.header is not None
    count = CHANNELS[rung.header.channels]
    grey, opaque = photo[..., :1], np.full_like(photo[..., :1], 255)
    colours = grey if count < 3 else photo
    values = colours if count in (1, 3) else np.concatenate([colours, opaque], axis=2)
    if rung.header.dtype == "u8":
        return values.tobytes()
    if rung.header.dtype == "u16":
        return (values.astype(np.uint16) * 257).tobytes()
    return (values / np.float32(255)).astype(rung.header.dtype.replace("f", "float")).tobytes()


def _files() -> Iterator[Rung]:
    width, height = FILE_SIZE
    for suffix, modes in {
        "png": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
        "jpg": ("RGB", "L", "CMYK"),
        "tif": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK", "LAB", "YCbCr", "F", "I"),
        "webp": ("RGB", "RGBA"),
        "avif": ("RGB", "RGBA"),
        "jp2": ("RGB", "L"),
        "gif": ("P", "L"),
        "bmp": ("RGB", "L", "1"),
        "ppm": ("RGB", "L", "1"),
        "tga": ("RGB", "RGBA", "L"),
        "ico": ("RGB",),
    }.items():  # fmt: skip
        for mode in modes:
            save = partial(_saved, suffix=suffix, mode=mode)
            yield Rung(f"{suffix} {mode}", width, height, save)
    for name, suffix, options in (
        ("progressive jpg", "jpg", {"progressive": True}),
        ("lossless webp", "webp", {"lossless": True}),
        ("tif in LZW", "tif", {"compression": "tiff_lzw"}),
        ("tif in Deflate", "tif", {"compression": "tiff_adobe_deflate"}),
    ):
        yield Rung(name, width, height, partial(_saved, suffix=suffix, mode="RGB", **options))
    for suffix, dtype, channels in (
        *((suffix, "uint16", channels) for suffix in ("png", "tif") for channels in (3, 4)),
        *(("ppm", "uint16", 3), ("tif", "float32", 3), ("tif", "float32", 1)),
    ):
        save = partial(_deep, suffix=suffix, dtype=dtype, channels=channels)
        yield Rung(f"{suffix} {dtype} x {channels}", width, height, save)
    for name, content in {
        "empty": b"",
        "text": b"This is no picture.\n" * 1000,
        "a PNG of 10^9 x 10^9": _png_header(10**9),
        "half a png": None,
    }.items():
        yield Rung(name, width, height, partial(_not_a_photo, content=content))


def _layouts() -> Iterator[Rung]:
    width, height = FILE_SIZE
    for channels in CHANNELS:
        for dtype in DTYPES:
            header = ImageHeader(width, height, channels, dtype)
            yield Rung(f"{channels} {dtype} on the wire", width, height, None, header)
    for dtype in DTYPES:
        header = ImageHeader(width, height, "rgb", dtype)
        yield Rung(f"linear rgb {dtype}", width, height, None, header, "linear-srgb")


def _large() -> Iterator[Rung]:
    width, height = LARGE_SIZE
    save = partial(_deep, suffix="tif", dtype="uint16", channels=4)
    yield Rung("large tif uint16 x 4", width, height, save, unknown=0.1)
    for channels, dtype, colour in (
        *(("rgba", dtype, "srgb") for dtype in DTYPES),
        *(("rgb", "u16", "icc"), ("rgb", "f32", "icc"), ("rgb", "f32", "linear-srgb")),
    ):
        header = ImageHeader(width, height, channels, dtype)
        profile = PROFILES["ProPhoto"] if colour == "icc" else b""
        called = f"large {channels} {dtype} {colour}"
        yield Rung(called, width, height, None, header, colour, profile, 0.1)


def _png(photo: Pixels, path: Path) -> Path:
    return _saved(photo, path, suffix="png", mode="RGB")


def _saved(photo: Pixels, path: Path, *, suffix: str, mode: str, **options: Any) -> Path:
    """Written by Pillow in one of its modes."""
    file, image = path.with_suffix(f".{suffix}"), Image.fromarray(photo)
    if mode == "I;16":
        image = Image.fromarray(photo[..., 0].astype(np.uint16) * 257)
    elif mode in ("F", "I"):
        image = image.convert("L").convert(mode)
    elif mode == "LAB":
        image = Image.frombytes("LAB", image.size, photo.tobytes())
    else:
        image = image.convert(mode)
    image.save(file, **options)
    return file


def _deep(photo: Pixels, path: Path, *, suffix: str, dtype: str, channels: int) -> Path:
    """Written by OpenCV, which writes more than 8 bits of colour."""
    file = path.with_suffix(f".{suffix}")
    shaped = photo[..., [0, 1, 2, 0][:channels]]
    values = shaped / np.float32(255) if dtype == "float32" else shaped.astype(dtype) * 257
    file.write_bytes(cv2.imencode(f".{suffix}", values.astype(dtype))[1].tobytes())
    return file


def _not_a_photo(photo: Pixels, path: Path, *, content: bytes | None) -> Path:
    """A file that is no picture, or half of one."""
    if content is None:
        whole = _png(photo, path).read_bytes()
        content = whole[: len(whole) // 2]
    file = path.with_suffix(".png")
    file.write_bytes(content)
    return file


def _png_header(side: int) -> bytes:
    """The beginning of a PNG that announces such a size."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    checked = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + checked
