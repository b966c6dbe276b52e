"""request.py: what is asked of the daemon for a layer and the user's options."""

from __future__ import annotations

from flyaway_client import request
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import ExtractRequest, ImageHeader
from flyaway_client.options import NEW_LAYER, Options
from flyaway_client.paid_work import PaidWork
from flyaway_client.zmtp import Buffer

IMAGE = Picture(ImageHeader(2, 1, "rgba", "u16"), bytes(16))
PLATE = Picture(ImageHeader(2, 1, "rgba", "u8"), b"p" * 8)


def build(
    pixels: LayerPixels, options: Options, dtype: str = "u8"
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """The request and its parts, which are the ones that it announces."""
    asked, parts = request.build(pixels, options, dtype)
    assert {name: len(part) for name, part in parts.items()} == asked.parts()
    return asked, parts


def test_asks_for_an_automatic_cutout_where_nothing_is_selected() -> None:
    asked, parts = build(LayerPixels(IMAGE), Options(selection_is="outline"))
    assert (asked.selection_is, asked.selection) == ("automatic", None)
    assert parts == {"image": bytes(16)}
    assert asked.edge_width_px is None
    assert (asked.colour, asked.plate) == ("srgb", None)


def test_passes_the_selection_and_the_options_on() -> None:
    options = Options(
        engine="a", paid_work=PaidWork.WEIGHTS, selection_is="region", edge_width_px=12
    )
    asked, parts = build(LayerPixels(IMAGE, selection_u8=b"\0\xff"), options, "f32")
    assert (asked.engine, asked.selection_is, asked.edge_width_px) == ("a", "region", 12)
    assert asked.image == IMAGE.header
    assert asked.selection == ImageHeader(2, 1, "gray", "u8")
    assert (asked.paid_work_only, asked.wants_foreground) == (True, False)
    assert asked.output_dtype == "f32"
    assert parts == {"image": bytes(16), "selection": b"\0\xff"}


def test_sends_the_colour_profile_along() -> None:
    asked, parts = build(LayerPixels(IMAGE, "icc", b"profile"), Options())
    assert (asked.colour, asked.icc_bytes) == ("icc", 7)
    assert parts["icc"] == b"profile"


def test_sends_the_empty_scene_along_in_a_layout_of_its_own() -> None:
    asked, parts = build(LayerPixels(IMAGE, plate=PLATE), Options())
    assert asked.plate == PLATE.header
    assert parts["plate"] == b"p" * 8


def test_wants_the_subjects_own_colours_only_for_a_new_layer() -> None:
    assert not build(LayerPixels(IMAGE), Options())[0].wants_foreground
    assert build(LayerPixels(IMAGE), Options(output=NEW_LAYER))[0].wants_foreground


def test_wants_as_much_of_them_as_the_user_says() -> None:
    options = Options(output=NEW_LAYER, decontaminate_percent=40)
    assert build(LayerPixels(IMAGE), options)[0].foreground_amount == 0.4


def test_asks_for_the_colours_under_a_mask_alone() -> None:
    mask = Picture(ImageHeader(2, 1, "gray", "f32"), bytes(8))
    pixels = LayerPixels(IMAGE, "icc", b"profile", selection_u8=b"ab", mask=mask)
    asked, parts = request.build_colours(pixels, 0.25)
    assert {name: len(part) for name, part in parts.items()} == asked.parts()
    assert list(parts) == ["image", "icc", "mask"]
    assert asked.colours_alone
    assert (asked.foreground_amount, asked.output_dtype) == (0.25, "f32")


def test_no_two_requests_have_the_same_id() -> None:
    ids = {build(LayerPixels(IMAGE), Options())[0].id for _ in range(3)}
    assert len(ids) == 3
