"""Colour profiles: bring pixels of any RGB or grey ICC profile to sRGB.

Pillow's ImageCms converts 8 bits a channel only. Deeper pixels go through the profile's own curves and
matrix in floating point where it has them (all editors' working spaces do); a profile made of tables
is applied at 8 bits. What the numbers in a profile mean: ICC.1:2022, clauses 7 and 10.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from flyaway.errors import RequestError
from flyaway.images.arrays import Samples
from flyaway_client.wording import _

_D50_TO_SRGB = np.array(
    [
        [3.1341359, -1.6173867, -0.4906619],
        [-0.9787955, 1.9162544, 0.0334428],
        [0.0719550, -0.2289770, 1.4053860],
    ]
)
"""CIE XYZ relative to D50 (the space of profiles) to linear sRGB; inverse of the sRGB v2 colorants."""

_BAND_ROWS = 256
"""Rows converted at a time, so that memory beyond the image stays small."""

_CURVE_STEPS = 65536


def linear_to_srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Encode linear light 0..1 with the sRGB transfer curve (IEC 61966-2-1)."""
    low = linear * 12.92
    high = 1.055 * np.power(np.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high)


def linear_image_to_srgb(image: Samples) -> Samples:
    """An image of linear light with sRGB's primaries, HxWxC, brought to sRGB of the same dtype.

    float32 becomes uint16: 16 bits are finer than any engine looks.
    """
    if image.dtype == np.uint8:
        curve = linear_to_srgb(np.linspace(0, 1, 256))
        return np.rint(curve * 255).astype(np.uint8)[image]
    table = np.rint(linear_to_srgb(np.linspace(0, 1, _CURVE_STEPS)) * 65535).astype(np.uint16)
    return _by_bands(image, lambda band: table[to_u16(band)], np.uint16, image.shape[2])


def to_u16(samples: Samples) -> NDArray[np.uint16]:
    """Samples as full-range uint16; floats are clipped to 0..1 and not-a-number becomes 0."""
    if samples.dtype == np.uint16:
        return samples.astype(np.uint16, copy=False)
    if samples.dtype == np.uint8:
        return samples.astype(np.uint16) * np.uint16(257)
    clean = np.nan_to_num(samples.astype(np.float32, copy=False), nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(clean, 0, 1) * 65535).astype(np.uint16)


def image_to_srgb(image: Samples, icc: bytes) -> Samples:
    """Bring an image to sRGB.

    Args:
        image: HxWx3 (RGB) or HxWx1 (grey), uint8, uint16 or float32 0..1, in the profile's space.
        icc: the profile.

    Returns:
        HxWx3 sRGB: uint8 for uint8, else uint16 (uint8 if the profile is made of tables).

    Raises:
        RequestError: the profile is damaged, or is for another kind of colour than the image.
    """
    profile = _open(icc)
    wanted = "GRAY" if image.shape[2] == 1 else "RGB"
    found = icc[16:20].decode("ascii", "replace").strip()  # Pillow's own reading of it may raise
    if found != wanted:
        raise RequestError(
            _(
                "The colour profile is for {found} colours, the layer holds {wanted}. Convert the "
                "image to sRGB, or assign the right profile."
            ).format(found=found, wanted=wanted)
        )
    if image.dtype != np.uint8:
        curves = _CurveProfile.read(icc)
        if curves is not None:
            return _by_bands(image, curves.to_srgb, np.uint16, 3)
        image = _by_bands(
            image, lambda band: (to_u16(band) >> 8).astype(np.uint8), np.uint8, image.shape[2]
        )
    mode = "L" if wanted == "GRAY" else "RGB"
    try:
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except ImageCms.PyCMSError as error:
        raise _damaged() from error
    return _by_bands(image, lambda band: _apply(transform, band, mode), np.uint8, 3)


def _open(icc: bytes) -> ImageCms.ImageCmsProfile:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError) as error:
        raise _damaged() from error


def _damaged() -> RequestError:
    return RequestError(_("The colour profile is damaged. Assign sRGB to the image and try again."))


def _apply(transform: ImageCms.ImageCmsTransform, band: Samples, mode: str) -> NDArray[np.uint8]:
    height, width = band.shape[:2]
    picture = Image.frombytes(mode, (width, height), np.ascontiguousarray(band).tobytes())
    converted = ImageCms.applyTransform(picture, transform)
    assert converted is not None  # it is None only when converting in place
    return np.asarray(converted)


def _by_bands(
    image: Samples,
    convert: Callable[[Samples], Samples],
    dtype: type[np.uint8] | type[np.uint16],
    channels: int,
) -> Samples:
    """Run `convert` over bands of rows into one new HxWx`channels` array."""
    result = np.empty((*image.shape[:2], channels), dtype)
    for top in range(0, image.shape[0], _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        result[rows] = convert(image[rows])
    return result


@dataclass(frozen=True, slots=True)
class _CurveProfile:
    """A profile made of one curve a channel and, for RGB, a matrix.

    `curves` is Cx65536 float64: linear light of each 16-bit value. `to_linear_srgb` is 3xC.
    """

    curves: NDArray[np.float64]
    to_linear_srgb: NDArray[np.float64]

    @classmethod
    def read(cls, icc: bytes) -> _CurveProfile | None:
        """The curves and colorants of a profile, or None if it is made another way."""
        try:
            tags = _tags(icc)
            if b"A2B0" in tags or icc[20:24] != b"XYZ ":  # curves of a Lab profile give L*
                return None
            if b"kTRC" in tags:
                return cls(_curve(tags[b"kTRC"])[None], np.ones((3, 1)))
            curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
            colorants = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
        except (KeyError, struct.error, ValueError):
            return None
        return cls(curves, _D50_TO_SRGB @ colorants)

    def to_srgb(self, band: Samples) -> NDArray[np.uint16]:
        """HxWxC of any dtype to HxWx3 uint16 sRGB."""
        values = to_u16(band)
        linear = np.stack(
            [curve[values[..., index]] for index, curve in enumerate(self.curves)], axis=-1
        )
        encoded = linear_to_srgb(np.clip(linear @ self.to_linear_srgb.T, 0, 1))
        return np.rint(encoded * 65535).astype(np.uint16)


def _tags(icc: bytes) -> dict[bytes, bytes]:
    """The tag table: signature -> the tag's bytes."""
    (count,) = struct.unpack_from(">I", icc, 128)
    if count > 1000:
        raise ValueError("a profile of more than 1000 tags")
    entries = (struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(count))
    return {name: icc[start : start + size] for name, start, size in entries}


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> NDArray[np.float64]:
    """A `curv` or `para` tag as 65536 samples of linear light."""
    x = np.linspace(0, 1, _CURVE_STEPS)
    if tag[:4] == b"para":
        return _parametric(tag, x)
    if tag[:4] != b"curv":
        raise ValueError("not a curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    points = np.frombuffer(tag, ">u2", count, 12)
    if count == 0:
        return x
    if count == 1:
        return np.asarray(x ** (float(points[0]) / 256))
    return np.interp(x, np.linspace(0, 1, count), points / 65535)


def _parametric(tag: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A `para` tag at `x`; its parameters are g, a, b, c, d, e, f as the specification names them."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind > 4:
        raise ValueError("not a kind of curve")
    count = (1, 3, 4, 5, 7)[kind]
    g, a, b, c, d, e, f = (
        [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)] + [0.0] * 6
    )[:7]
    if g <= 0:
        raise ValueError("not a curve that rises")
    if kind == 0:
        return np.asarray(x**g)
    power = np.maximum(a * x + b, 0) ** g
    if kind == 1:
        y = power
    elif kind == 2:
        y = power + c
    else:
        y = np.where(x >= d, power + e, c * x + f)
    return np.asarray(np.clip(y, 0, 1))
