"""Painted greys as a selection's levels: black is background, white the subject, all between is to be found out."""

from __future__ import annotations

import struct
from functools import lru_cache

from .messages import CHANNELS, DTYPES
from .zmtp import Buffer

UNKNOWN = 128
"""The level of what nothing is wholly painted on: that says nothing of the subject."""

_RED, _BLUE = ([round(level * weight / 255) for level in range(256)] for weight in (54, 18))
_GREEN = [level - red - blue for level, red, blue in zip(range(256), _RED, _BLUE, strict=True)]
"""What each colour adds to the brightness (Rec. 709), such that a grey comes to itself and white to 255."""

_SHARES = {"r": bytes(_RED), "g": bytes(_GREEN), "b": bytes(_BLUE)}

_IS_OPAQUE = bytes(255 * (level == 255) for level in range(256))


def levels(pixels: Buffer, channels: str, dtype: str = "u8", *, is_linear: bool = False) -> bytes:
    """How bright each pixel is seen, and `UNKNOWN` for one that is not wholly opaque.

    Args:
        pixels: HxW.
        channels: "rgba", "bgra" or "graya".
        dtype: one of messages.DTYPES.
        is_linear: whether the colours are light, and not as they are seen.
    """
    grey = "y" if channels == "graya" else "rgb"
    table = _levels_of(dtype, is_linear)
    planes = {name: _samples(pixels, channels, name, dtype) for name in grey}
    # That of greys is looked up but once.
    seen = {plane: _looked_up(plane, table) for plane in set(planes.values())}
    opacity = _looked_up(_samples(pixels, channels, "a", dtype), _levels_of(dtype, False))
    # Worked out on whole planes of bytes as numbers, a hundred times faster than a loop in Python.
    if len(planes) == 1:
        brightness = _number(seen[planes["y"]])
    else:  # no sum of the three is more than a byte holds
        shares = (seen[planes[name]].translate(share) for name, share in _SHARES.items())
        brightness = sum(map(_number, shares))
    is_opaque = _number(opacity.translate(_IS_OPAQUE))
    unknown = _number(bytes([UNKNOWN]) * len(opacity))
    result = (brightness & is_opaque) | (unknown & ~is_opaque)
    return result.to_bytes(len(opacity), "little")


def _number(plane: bytes) -> int:
    return int.from_bytes(plane, "little")


def _samples(pixels: Buffer, channels: str, name: str, dtype: str) -> bytes:
    """What tells the levels of one channel: its bytes, or the upper two of each sample."""
    step = CHANNELS[channels]
    places = {"y": 0, "a": step - 1} if channels == "graya" else {name: channels.index(name)}
    content = memoryview(pixels).cast("B")
    if dtype == "u8":
        return bytes(content[places[name] :: step])
    words = DTYPES[dtype] // 2
    return content.cast("H")[(places[name] + 1) * words - 1 :: step * words].tobytes()


def _looked_up(samples: bytes, table: bytes) -> bytes:
    """The level of each sample of one or two bytes, as the table has it."""
    if len(table) == 256:
        return samples.translate(table)
    if samples == samples[:2] * (len(samples) // 2):  # such as all opaque
        return bytes([table[int.from_bytes(samples[:2], "little")]]) * (len(samples) // 2)
    return bytes(map(table.__getitem__, memoryview(samples).cast("H")))


@lru_cache(maxsize=4)
def _levels_of(dtype: str, is_linear: bool) -> bytes:
    """The level of each value of a byte, or of the upper two bytes of a sample."""
    count = 256 if dtype == "u8" else 65536
    words = struct.pack(f"<{count}H", *range(count))
    if dtype == "f16":
        values = struct.unpack(f"<{count}e", words)
    elif dtype == "f32":
        pairs = (words[start : start + 2] for start in range(0, len(words), 2))
        values = struct.unpack(f"<{count}f", b"".join(b"\0\0" + pair for pair in pairs))
    else:
        values = tuple(number / (count - 1) for number in range(count))
    return bytes(_level(value, is_linear) for value in values)


def _level(value: float, is_linear: bool) -> int:
    """255 only for white and what is brighter, 0 only for black."""
    if not 0 < value < 1:  # NaN is nothing at all
        return 255 if value >= 1 else 0
    if is_linear:
        value = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return min(max(round(255 * value), 1), 254)
