"""extraction.py: what is asked of the daemon."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def extraction(script: ModuleType) -> ModuleType:
    import extraction

    return extraction


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
    extraction: ModuleType, precision: str, image_dtype: str, mask_format: str, mask_dtype: str
) -> None:
    depth = extraction.depth_of(precision)
    assert depth.image_dtype == image_dtype
    assert depth.image_format == f"R'G'B'A {image_dtype}"
    assert (depth.mask_format, depth.mask_dtype) == (mask_format, mask_dtype)


def test_asks_for_an_automatic_cutout_where_nothing_is_selected(extraction: ModuleType) -> None:
    settings = extraction.Settings("auto", False, "outline", 0, "layer-mask")
    layer = extraction.LayerPixels(2, 1, extraction.EIGHT_BITS, bytes(8), None)
    request, parts = extraction.build_request(layer, settings)
    assert (request.selection_is, request.selection) == ("automatic", None)
    assert parts == {"image": bytes(8)}
    assert request.edge_width_px is None


def test_passes_the_selection_and_the_settings_on(extraction: ModuleType) -> None:
    settings = extraction.Settings("builtin", True, "region", 12, "layer-mask")
    layer = extraction.LayerPixels(2, 1, extraction.SIXTEEN_BITS, bytes(16), b"\0\xff")
    request, parts = extraction.build_request(layer, settings)
    assert (request.engine, request.selection_is, request.edge_width_px) == (
        "builtin",
        "region",
        12,
    )
    assert (request.selection.dtype, request.image.dtype) == ("u8", "u16")
    assert (request.paid_work_only, request.wants_foreground) == (True, False)
    assert parts == {"image": bytes(16), "selection": b"\0\xff"}
    assert {name: len(part) for name, part in parts.items()} == request.parts()


def test_sends_the_empty_scene_along_in_the_images_layout(extraction: ModuleType) -> None:
    settings = extraction.Settings("auto", False, "guess", 0, "layer-mask")
    layer = extraction.LayerPixels(2, 1, extraction.SIXTEEN_BITS, bytes(16), b"\0\xff", b"p" * 16)
    request, parts = extraction.build_request(layer, settings)
    assert request.plate == request.image
    assert parts["plate"] == b"p" * 16
    assert {name: len(part) for name, part in parts.items()} == request.parts()


def test_wants_the_subjects_own_colours_only_for_a_new_layer(extraction: ModuleType) -> None:
    settings = extraction.Settings("auto", False, "outline", 0, "new-layer")
    layer = extraction.LayerPixels(2, 1, extraction.EIGHT_BITS, bytes(8), None)
    request, _ = extraction.build_request(layer, settings)
    assert request.wants_foreground


@pytest.mark.parametrize(("depth", "dtype"), [("EIGHT_BITS", "u1"), ("SIXTEEN_BITS", "<u2")])
def test_gives_a_layer_other_colours_and_its_own_alpha(
    extraction: ModuleType, depth: str, dtype: str
) -> None:
    before = np.array([[1, 2, 3, 40], [5, 6, 7, 255]], dtype)
    colours = np.array([[10, 20, 30], [50, 60, 200]], dtype)
    layer = extraction.LayerPixels(2, 1, getattr(extraction, depth), before.tobytes(), None)
    after = extraction.decontaminated(layer, colours.tobytes())
    assert np.frombuffer(after, dtype).tolist() == [10, 20, 30, 40, 50, 60, 200, 255]
