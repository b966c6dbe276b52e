"""Colour profiles, made byte by byte (ICC.1:2022)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

Colorants = tuple[tuple[float, float, float], ...]

SRGB_COLORANTS = (
    (0.43607, 0.22249, 0.01392),
    (0.38515, 0.71687, 0.09708),
    (0.14307, 0.06061, 0.7141),
)
ADOBE_COLORANTS = (
    (0.60974, 0.31111, 0.01947),
    (0.20528, 0.62567, 0.06087),
    (0.14919, 0.06322, 0.74457),
)
PROPHOTO_COLORANTS = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
"""CIE XYZ relative to D50 of red, green and blue, as the standards' own profiles have them."""


def s15(*values: float) -> bytes:
    """Numbers of 16 bits before and 16 behind the point."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def gamma(exponent: float) -> bytes:
    """A curve tag of one exponent."""
    return struct.pack(">4s4xIH", b"curv", 1, round(exponent * 256))


def sampled(points: np.ndarray[Any, Any]) -> bytes:
    """A curve tag of samples 0..1."""
    levels = np.rint(points * 65535).astype(np.uint16).tolist()
    return struct.pack(f">4s4xI{len(levels)}H", b"curv", len(levels), *levels)


def parametric(kind: int, *parameters: float) -> bytes:
    """A parametric curve tag."""
    return struct.pack(">4s4xH2x", b"para", kind) + s15(*parameters)


def profile(space: str, tags: dict[str, bytes], connection: str = "XYZ ") -> bytes:
    """A display profile with the tags it is given, a name and a white point."""
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(80)
    tags = {"desc": name, "wtpt": b"XYZ " + bytes(4) + s15(0.9642, 1.0, 0.8249)} | tags
    table, content = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for signature, tag in tags.items():
        table += struct.pack(">4sII", signature.encode(), start + len(content), len(tag))
        content += tag + bytes(-len(tag) % 4)
    header = bytearray(128)
    struct.pack_into(">I4xI", header, 0, start + len(content), 0x04200000)
    header[12:24] = b"mntr" + space.ljust(4).encode() + connection.encode()
    header[36:40] = b"acsp"
    header[68:80] = s15(0.9642, 1.0, 0.8249)
    return bytes(header) + struct.pack(">I", len(tags)) + table + content


def of_matrix(colorants: Colorants, curve: bytes) -> bytes:
    """An RGB profile of three colorants and one curve for all."""
    tags = {f"{name}TRC": curve for name in "rgb"}
    for name, colorant in zip("rgb", colorants, strict=True):
        tags[f"{name}XYZ"] = b"XYZ " + bytes(4) + s15(*colorant)
    return profile("RGB", tags)


def of_table() -> bytes:
    """An RGB profile of a table that turns every colour into the grey of its mean, as L*."""
    corners = [(r, g, b) for r in (0, 1) for g in (0, 1) for b in (0, 1)]
    clut = b"".join(struct.pack(">3H", round(sum(c) / 3 * 0xFF00), 0x8000, 0x8000) for c in corners)
    straight = struct.pack(">2H", 0, 65535) * 3
    head = struct.pack(">4s4x4B", b"mft2", 3, 3, 2, 0) + s15(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = head + struct.pack(">2H", 2, 2) + straight + clut + straight
    return profile("RGB", {"A2B0": table}, "Lab ")


def of_grey(curve: bytes, connection: str = "XYZ ") -> bytes:
    """A grey profile."""
    return profile("GRAY", {"kTRC": curve}, connection)


SRGB_CURVE = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
SRGB = of_matrix(SRGB_COLORANTS, SRGB_CURVE)
ADOBE = of_matrix(ADOBE_COLORANTS, gamma(563 / 256))
PROPHOTO = of_matrix(PROPHOTO_COLORANTS, gamma(1.8))
