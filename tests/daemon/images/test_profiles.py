"""Colour profiles brought to sRGB."""

from __future__ import annotations

import random
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms
from tests.daemon.icc import (
    ADOBE,
    PROPHOTO,
    SRGB,
    SRGB_COLORANTS,
    SRGB_CURVE,
    gamma,
    of_grey,
    of_matrix,
    of_table,
    parametric,
    profile,
    sampled,
)

from flyaway.errors import RequestError
from flyaway.images import profiles


def encoded(linear: float) -> float:
    """The sRGB curve (IEC 61966-2-1)."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def noise(channels: int = 3, rows: int = 40) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Every kind of colour."""
    return np.random.default_rng(5).integers(0, 256, (rows, 50, channels), np.uint8)


def convert_u16(values: Any, icc: bytes) -> Any:
    """Grey or RGB shares 0..1 through 16 bits, as shares."""
    levels = np.rint(np.atleast_3d(np.asarray(values, np.float64)) * 65535).astype(np.uint16)
    return profiles.image_to_srgb(levels, icc) / 65535


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_srgb_as_a_profile_changes_nothing(dtype: Any) -> None:
    levels = noise()
    image: Any = {
        np.uint8: levels,
        np.uint16: levels.astype(np.uint16) * 257,
        np.float32: levels / np.float32(255),
    }[dtype]
    converted = profiles.image_to_srgb(image, SRGB)
    assert converted.dtype == (np.uint8 if dtype == np.uint8 else np.uint16)
    full = 255 if dtype == np.uint8 else 65535
    np.testing.assert_allclose(converted / full, levels / 255, atol=1.1 / 255)


@pytest.mark.parametrize("icc", [ADOBE, PROPHOTO, SRGB], ids=["adobe", "prophoto", "srgb"])
def test_sixteen_bits_agree_with_the_colour_engine_at_eight(icc: bytes) -> None:
    levels = noise(rows=300)
    coarse = profiles.image_to_srgb(levels, icc).astype(int)
    fine = profiles.image_to_srgb(levels.astype(np.uint16) * 257, icc) / 257
    assert np.abs(fine - coarse).max() <= 2


@pytest.mark.parametrize(("icc", "exponent"), [(ADOBE, 563 / 256), (PROPHOTO, 461 / 256)])
@pytest.mark.parametrize("value", [0.0, 0.01, 0.2, 0.5, 0.9, 1.0])
def test_grey_stays_grey(icc: bytes, exponent: float, value: float) -> None:
    (pixel,) = convert_u16([[[value, value, value]]], icc)[0]
    np.testing.assert_allclose(pixel, [encoded(value**exponent)] * 3, atol=1e-3)


def test_a_wider_gamuts_green_is_clipped() -> None:
    np.testing.assert_allclose(convert_u16([[[0, 1, 0]]], ADOBE)[0, 0], [0, 1, 0], atol=0.01)


@pytest.mark.parametrize(
    ("tag", "curve"),
    [
        (parametric(0, 2.2), lambda x: x**2.2),
        (parametric(1, 2.0, 1.25, -0.25), lambda x: max(1.25 * x - 0.25, 0) ** 2),
        (parametric(2, 2.0, 0.75, 0.0, 0.25), lambda x: (0.75 * x) ** 2 + 0.25),
        (SRGB_CURVE, lambda x: ((x + 0.055) / 1.055) ** 2.4 if x >= 0.04045 else x / 12.92),
        (
            parametric(4, 2.0, 0.9, 0.05, 0.5, 0.2, 0.05, 0.01),
            lambda x: (0.9 * x + 0.05) ** 2 + 0.05 if x >= 0.2 else 0.5 * x + 0.01,
        ),
        (struct.pack(">4s4xI", b"curv", 0), lambda x: x),
        (gamma(1.8), lambda x: x ** (461 / 256)),
        (sampled(np.linspace(0, 1, 1000) ** 3), lambda x: x**3),
    ],
    ids=["para 0", "para 1", "para 2", "para 3", "para 4", "straight", "gamma", "sampled"],
)
@pytest.mark.parametrize("value", [0.0, 0.1, 0.3, 0.7, 1.0])
def test_every_kind_of_curve(tag: bytes, curve: Any, value: float) -> None:
    expected = encoded(min(curve(value), 1.0))
    assert convert_u16([[value]], of_grey(tag))[0, 0] == pytest.approx([expected] * 3, abs=1e-3)
    coloured = convert_u16([[[value] * 3]], of_matrix(SRGB_COLORANTS, tag))
    assert coloured[0, 0] == pytest.approx([expected] * 3, abs=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_becomes_colour(dtype: Any) -> None:
    levels = noise(1).astype(dtype) * dtype(1 if dtype == np.uint8 else 257)
    converted = profiles.image_to_srgb(levels, of_grey(gamma(2.2)))
    assert converted.shape == (40, 50, 3)
    expected = np.vectorize(encoded)((levels / np.iinfo(dtype).max) ** (563 / 256))
    np.testing.assert_allclose(
        converted / np.iinfo(dtype).max, expected.repeat(3, 2), atol=2.1 / 255
    )


def test_a_grey_curve_of_lightness_is_left_to_the_colour_engine() -> None:
    levels = noise(1).astype(np.uint16) * 257
    converted = profiles.image_to_srgb(levels, of_grey(gamma(1.0), "Lab "))
    assert converted.dtype == np.uint8
    np.testing.assert_array_equal(
        converted, profiles.image_to_srgb(noise(1), of_grey(gamma(1.0), "Lab "))
    )


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_profile_of_tables_is_applied_at_eight_bits(dtype: Any) -> None:
    levels = noise()
    image: Any = levels.astype(np.uint16) * 257 if dtype == np.uint16 else levels / np.float32(255)
    converted = profiles.image_to_srgb(image, of_table())
    assert converted.dtype == np.uint8
    np.testing.assert_allclose(converted, profiles.image_to_srgb(levels, of_table()), atol=1)
    assert (converted.max(2) - converted.min(2)).max() <= 1


def test_bands_of_rows_join_without_a_seam() -> None:
    column = np.repeat(noise(rows=1), 2 * profiles._BAND_ROWS + 3, axis=0)
    converted = profiles.image_to_srgb(column, ADOBE)
    assert (converted == converted[:1]).all()


class TestWhatCannotBeUsed:
    """Profiles that get a sentence."""

    @pytest.mark.parametrize("space", ["CMYK", "Lab", "GRAY"])
    def test_of_another_kind_of_colour(self, space: str) -> None:
        with pytest.raises(RequestError, match=rf"is for {space} colours, the layer holds RGB"):
            profiles.image_to_srgb(noise(), profile(space, {"kTRC": gamma(2.2)}))

    def test_of_colour_for_a_grey_layer(self) -> None:
        with pytest.raises(RequestError, match="is for RGB colours, the layer holds GRAY"):
            profiles.image_to_srgb(noise(1), ADOBE)

    @pytest.mark.parametrize(
        "icc",
        [b"", b"x", bytes(128), b"nonsense" * 100, ADOBE[:100], ADOBE[:200], profile("RGB", {})],
        ids=len,
    )
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    def test_because_it_is_damaged(self, icc: bytes, dtype: Any) -> None:
        with pytest.raises(RequestError, match="damaged"):
            profiles.image_to_srgb(noise().astype(dtype), icc)

    @given(seed=st.integers(0, 2**32), which=st.sampled_from([ADOBE, SRGB, of_table(), PROPHOTO]))
    def test_or_is_garbled_in_any_way(self, seed: int, which: bytes) -> None:
        chance = random.Random(seed)
        icc = bytearray(which)
        for _ in range(chance.randint(1, 6)):
            icc[chance.randrange(len(icc))] = chance.choice(
                [0, 1, 127, 128, 255, chance.randrange(256)]
            )
        for dtype in (np.uint8, np.uint16):
            try:
                converted = profiles.image_to_srgb(noise().astype(dtype), bytes(icc))
            except RequestError as error:
                assert str(error).endswith(".")
            else:
                assert converted.shape == (40, 50, 3)


def test_pillows_own_srgb_profile_changes_nothing() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = noise().astype(np.uint16) * 257
    np.testing.assert_allclose(profiles.image_to_srgb(deep, icc) / 257, noise(), atol=0.5)
