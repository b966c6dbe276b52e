"""Bytes to images and back, in every layout of the wire."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyaway.images import encoding
from flyaway_client.messages import CHANNELS, DTYPES, ImageHeader

FULL = {"u8": 255, "u16": 65535, "f16": 1, "f32": 1}
NUMPY = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}


def packed(channels: str, dtype: str, colour: tuple[float, float, float], opacity: float) -> bytes:
    """One pixel of a layout, as bytes."""
    named = dict(zip("rgb", colour, strict=True)) | {"a": opacity}
    order = {"gray": "r", "graya": "ra"}.get(channels, channels)
    values = np.array([named[letter] for letter in order]) * FULL[dtype]
    if dtype in ("u8", "u16"):
        values = np.rint(values)
    return values.astype(NUMPY[dtype]).tobytes()


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_gives_the_same_colours(channels: str, dtype: str) -> None:
    colour = (0.2, 0.2, 0.2) if channels.startswith("gray") else (0.8, 0.4, 0.2)
    data = packed(channels, dtype, colour, 1.0) * 6
    image = encoding.read(ImageHeader(3, 2, channels, dtype), data, "srgb")
    assert image.shape == (2, 3, 3)
    assert image.dtype == (np.uint8 if dtype == "u8" else np.uint16)
    tolerance = 1 / 1000 if dtype == "f16" else 0
    np.testing.assert_allclose(encoding.as_float(image)[1, 2], colour, atol=tolerance + 1e-5)


@pytest.mark.parametrize("channels", ["rgb", "bgr", "rgba", "bgra"])
def test_eight_bit_srgb_is_not_copied(channels: str) -> None:
    data = np.arange(4 * 6, dtype=np.uint8)[: CHANNELS[channels] * 6]
    image = encoding.read(ImageHeader(3, 2, channels, "u8"), data.data, "srgb")
    assert np.shares_memory(image, data)


@pytest.mark.parametrize("channels", ["rgb", "rgba"])
def test_sixteen_bit_srgb_is_not_copied(channels: str) -> None:
    data = np.arange(4 * 6, dtype=np.uint16)[: CHANNELS[channels] * 6]
    image = encoding.read(ImageHeader(3, 2, channels, "u16"), data.data, "srgb")
    assert np.shares_memory(image, data)


def test_floats_beyond_their_range_are_the_nearest_and_what_is_no_number_is_black() -> None:
    data = np.array([[-0.5, 1.5, math.nan], [math.inf, -math.inf, 0.5]], np.float32)
    for colour, half in (("srgb", 32768), ("linear-srgb", 48192)):
        image = encoding.read(ImageHeader(2, 1, "rgb", "f32"), data.tobytes(), colour)
        assert image.tolist() == [[[0, 65535, 0], [65535, 0, half]]]


@pytest.mark.parametrize(
    ("linear", "encoded"),
    # IEC 61966-2-1 by hand: 12.92 v up to 0.0031308, then 1.055 v^(1/2.4) - 0.055
    [
        (0.0, 0.0),
        (0.002, 0.02584),
        (0.0031308, 0.04045),
        (0.18, 0.46136),
        (0.5, 0.73536),
        (1.0, 1.0),
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_light_is_encoded(linear: float, encoded: float, dtype: str) -> None:
    data = packed("rgba", dtype, (linear, linear, linear), 0.5)
    image = encoding.read(ImageHeader(1, 1, "rgba", dtype), data, "linear-srgb")
    if dtype == "u8":
        linear = round(linear * 255) / 255
        encoded = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    tolerance = {"u8": 0.5 / 255, "u16": 2e-4, "f16": 5e-4, "f32": 2e-4}[dtype]
    np.testing.assert_allclose(encoding.as_float(image)[0, 0], [encoded] * 3, atol=tolerance + 1e-5)


class TestTransparency:
    """Which pixels are wholly transparent."""

    @pytest.mark.parametrize("channels", ["graya", "rgba", "bgra"])
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_is_seen_in_every_layout(self, channels: str, dtype: str) -> None:
        grey = (0.5, 0.5, 0.5)
        pixels = [packed(channels, dtype, grey, opacity) for opacity in (0, 0.01, 1)]
        is_clear = encoding.clear_pixels(ImageHeader(3, 1, channels, dtype), b"".join(pixels))
        assert is_clear is not None
        assert is_clear.tolist() == [[True, False, False]]

    def test_of_no_pixel_is_none(self) -> None:
        assert (
            encoding.clear_pixels(ImageHeader(2, 1, "rgba", "u8"), bytes([0, 0, 0, 1] * 2)) is None
        )

    @pytest.mark.parametrize("channels", ["gray", "rgb", "bgr"])
    def test_is_none_where_there_is_no_opacity(self, channels: str) -> None:
        data = bytes(2 * CHANNELS[channels])
        assert encoding.clear_pixels(ImageHeader(2, 1, channels, "u8"), data) is None


class TestEncode:
    """Alpha as it goes out."""

    @pytest.mark.parametrize(
        ("dtype", "expected"),
        [("u8", [0, 51, 128, 255]), ("u16", [0, 13107, 32768, 65535]), ("f32", [0, 0.2, 0.5, 1])],
    )
    def test_uses_the_full_range(self, dtype: str, expected: list[float]) -> None:
        alpha = np.array([[0, 0.2, 0.5, 1]], np.float32)
        encoded = encoding.encode(alpha, dtype)
        assert encoded.dtype == np.dtype(NUMPY[dtype])
        np.testing.assert_allclose(encoded, [expected])

    @pytest.mark.parametrize("dtype", ["u8", "u16", "f32"])
    @pytest.mark.parametrize("order", ["transposed", "every other", "flipped"])
    def test_lays_the_rows_one_behind_the_other(self, dtype: str, order: str) -> None:
        alpha: Any = np.random.default_rng(3).random((8, 10), np.float32)
        alpha = {"transposed": alpha.T, "every other": alpha[:, ::2], "flipped": alpha[::-1]}[order]
        encoded = encoding.encode(alpha, dtype)
        assert encoded.flags.c_contiguous
        full = {"u8": 255, "u16": 65535, "f32": 1}[dtype]
        np.testing.assert_allclose(encoded / full, alpha, atol=0.51 / full)

    @given(st.binary(min_size=12, max_size=12))
    def test_gives_back_eight_bits_as_they_were(self, levels: bytes) -> None:
        alpha = np.frombuffer(levels, np.uint8).reshape(3, 4)
        assert encoding.encode(encoding.as_float(alpha), "u8").tobytes() == levels

    @given(st.binary(min_size=24, max_size=24))
    def test_gives_back_sixteen_bits_as_they_were(self, levels: bytes) -> None:
        alpha = np.frombuffer(levels, np.uint16).reshape(3, 4)
        assert encoding.encode(encoding.as_float(alpha), "u16").tobytes() == levels
