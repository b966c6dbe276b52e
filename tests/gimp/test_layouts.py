"""layouts.py: how pixels travel for each of GIMP's precisions."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture
def layouts(script: ModuleType) -> ModuleType:
    import layouts

    return layouts


@pytest.mark.parametrize(
    ("precision", "is_grey", "has_alpha", "name"),
    [
        ("u8-non-linear", False, False, "R'G'B' u8"),
        ("half-linear", False, True, "RGBA half"),
        ("u16-perceptual", False, True, "R~G~B~A u16"),
        ("double-non-linear", True, True, "Y'A double"),
        ("float-linear", True, False, "Y float"),
    ],
)
def test_knows_how_gimp_keeps_pixels(
    layouts: ModuleType, precision: str, is_grey: bool, has_alpha: bool, name: str
) -> None:
    assert layouts.native_format(precision, is_grey=is_grey, has_alpha=has_alpha) == name


@pytest.mark.parametrize(
    ("precision", "image_dtype", "mask_format", "mask_dtype"),
    [
        ("u8-non-linear", "u8", "Y u8", "u8"),
        ("u8-linear", "u8", "Y u8", "u8"),
        ("u16-perceptual", "u16", "Y u16", "u16"),
        ("u32-linear", "u16", "Y float", "f32"),
        ("half-linear", "u16", "Y float", "f32"),
        ("float-non-linear", "u16", "Y float", "f32"),
        ("double-linear", "u16", "Y float", "f32"),
    ],
)
def test_takes_masks_as_deep_as_the_image_keeps_them(
    layouts: ModuleType, precision: str, image_dtype: str, mask_format: str, mask_dtype: str
) -> None:
    layout = layouts.layout_of(precision)
    assert layout.image_dtype == image_dtype
    assert layout.image_format == f"R'G'B'A {image_dtype}"
    assert (layout.mask_format, layout.mask_dtype) == (mask_format, mask_dtype)


@pytest.mark.parametrize(
    ("precision", "written"),
    [
        ("u8-non-linear", "Y' u8"),
        ("u16-linear", "Y u16"),
        ("u8-perceptual", "Y u8"),
        ("u16-non-linear", "Y u16"),
        ("half-non-linear", "Y float"),
    ],
)
def test_an_alpha_goes_into_a_channel_in_the_encoding_that_the_image_keeps(
    layouts, precision: str, written: str
) -> None:
    assert layouts.channel_format(precision, layouts.layout_of(precision)) == written
