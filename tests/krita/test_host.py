"""host.py: which layer is meant, what of it is sent, and what is refused with a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.krita_app import DocumentData, Krita, Node, Selection
from tests.krita.conftest import make_image, plugin_module, select

LAYOUTS = [
    ("RGBA", "U8", "bgra", "u8"),
    ("RGBA", "U16", "bgra", "u16"),
    ("RGBA", "F16", "rgba", "f16"),
    ("RGBA", "F32", "rgba", "f32"),
    ("GRAYA", "U8", "graya", "u8"),
    ("GRAYA", "U16", "graya", "u16"),
    ("GRAYA", "F32", "graya", "f32"),
]


def options(**chosen: object):
    return plugin_module("flyaway_client.options").Options(**chosen)


def read():
    """What the plugin would send of the active layer."""
    host = plugin_module("host")
    chosen = options()
    return host.read(host.find_target(chosen), chosen)


def refusal() -> str:
    """The sentence with which the plugin refuses the active layer."""
    with pytest.raises(plugin_module("flyaway_client.refusals").DocumentError) as refused:
        read()
    return str(refused.value)


@pytest.mark.parametrize(("model", "depth", "channels", "dtype"), LAYOUTS)
def test_names_the_layout_of_the_pixels(
    krita: Krita, model: str, depth: str, channels: str, dtype: str
) -> None:
    layer = Node(model=model, depth=depth)
    make_image(krita, 8, 6, layer, 0, 0, 8, 6)
    pixels = read()
    assert (pixels.image.header.channels, pixels.image.header.dtype) == (channels, dtype)
    assert bytes(pixels.image.data) == layer.pixelData(0, 0, 8, 6).data()
    assert len(pixels.image.data) == pixels.image.header.bytes


@pytest.mark.parametrize("box", [(-3, -2, 5, 4), (4, 3, 2, 2), (-2, -2, 20, 20), (30, 30, 4, 4)])
def test_sends_all_of_the_layer_wherever_it_lies_when_nothing_is_selected(
    krita: Krita, box: tuple[int, int, int, int]
) -> None:
    layer = Node()
    make_image(krita, 8, 6, layer, *box)
    pixels = read()
    assert (pixels.image.header.width, pixels.image.header.height) == box[2:]
    assert bytes(pixels.image.data) == layer.pixelData(*box).data()


def test_sends_what_lies_on_the_canvas_when_there_is_a_selection(krita: Krita) -> None:
    layer = Node()
    image = make_image(krita, 8, 6, layer, -2, -2, 20, 20)
    selection = select(image, 1, 1, [[255, 99]])
    pixels = read()
    assert (pixels.image.header.width, pixels.image.header.height) == (8, 6)
    assert bytes(pixels.image.data) == layer.pixelData(0, 0, 8, 6).data()
    assert pixels.selection_u8 == selection


def test_sends_the_selection_in_the_layers_own_coordinates(krita: Krita) -> None:
    image = make_image(krita, 8, 6, Node(), 3, 2, 3, 2)
    select(image, 2, 2, [[10, 20, 30]])
    assert read().selection_u8 == bytes([20, 30, 0, 0, 0, 0])


def test_follows_a_selection_beyond_the_canvas(krita: Krita) -> None:
    image = make_image(krita, 8, 6, Node(), -4, 0, 20, 6)
    select(image, -2, 0, [[255] * 4])
    pixels = read()
    assert (pixels.image.header.width, pixels.image.header.height) == (10, 6)
    assert pixels.selection_u8[:10] == bytes([255] * 4 + [0] * 6)


def test_takes_the_layer_of_an_active_mask(image: DocumentData) -> None:
    (layer,) = image.root.children
    mask = Node("mask", "transparencymask", model="A")
    layer.attach(mask)
    image.active = mask
    assert plugin_module("host").find_target(options()).layer is layer


def test_asks_for_an_image_when_none_is_open(krita: Krita) -> None:
    assert refusal() == "No image is open. Open a photo, then try again."


def test_asks_for_a_layer_when_none_is_active(image: DocumentData) -> None:
    image.active = None
    assert refusal().startswith("No layer is active.")


@pytest.mark.parametrize("kind", ["filterlayer", "newlayer"])
def test_says_what_to_do_about_layers_that_show_no_picture(image: DocumentData, kind: str) -> None:
    image.active = Node("this one", kind)
    image.root.attach(image.active)
    sentence = refusal()
    assert sentence.startswith("“this one” is a ")
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "kind", ["grouplayer", "vectorlayer", "filelayer", "clonelayer", "filllayer"]
)
def test_takes_what_a_layer_of_another_kind_shows_without_its_own_masks(
    image: DocumentData, kind: str
) -> None:
    layer, mask = Node("this one", kind), Node("mask", "transparencymask", model="A")
    layer.setPixelData(bytes(range(192)), 0, 0, 8, 6)
    image.root.attach(layer)
    layer.attach(mask)
    image.active = mask  # a second run begins with the mask of the first
    image.is_modified = False
    assert not any(layer.projectionPixelData(0, 0, 8, 6))
    pixels = read()
    assert bytes(pixels.image.data) == bytes(range(192))
    assert pixels.image.header.channels == "bgra"
    assert mask.visible()
    assert not image.is_modified


def test_asks_to_end_pass_through(image: DocumentData) -> None:
    group = Node("group", "grouplayer")
    group.passes_through = True
    image.root.attach(group)
    image.active = group
    assert "“group” is a group in Pass Through mode" in refusal()


def test_asks_for_a_layer_when_the_images_own_selection_is_active(image: DocumentData) -> None:
    image.active = Node("Selection Mask", "selectionmask", model="A")
    image.root.attach(image.active)
    assert refusal().startswith("“Selection Mask” is a mask of the whole image. Select the photo's")


def test_asks_to_unlock_the_layer_or_the_group_around_it(image: DocumentData) -> None:
    group, layer = Node("group", "grouplayer"), Node("inside")
    image.root.attach(group)
    group.attach(layer)
    image.active = layer
    group.is_locked = True
    assert refusal().startswith("“group” is locked.")
    layer.is_locked = True
    assert refusal().startswith("“inside” is locked.")


def test_asks_to_apply_a_transform_that_is_seen(image: DocumentData) -> None:
    (layer,) = image.root.children
    mask = Node("warp", "transformmask", model="A")
    layer.attach(mask)
    assert refusal().startswith("“photo” has a transform mask.")
    mask.is_visible = False
    assert plugin_module("host").find_target(options()).layer is layer


def test_refuses_an_empty_layer(image: DocumentData) -> None:
    image.active = Node("empty")
    image.root.attach(image.active)
    assert refusal().startswith("The layer “empty” is empty.")


def test_sends_another_colour_model_as_rgb_and_leaves_no_document_behind(krita: Krita) -> None:
    layer = Node(model="CMYKA")
    image = make_image(krita, 8, 6, layer, 0, 0, 8, 6)
    select(image, 1, 1, [[255, 99]])
    pixels = read()
    inks = np.frombuffer(layer.pixelData(0, 0, 8, 6), np.uint8).reshape(-1, 5)
    sent = np.frombuffer(pixels.image.data, np.uint8).reshape(-1, 4)
    assert (sent[:, 2::-1] == 255 - inks[:, :3]).all()
    assert (sent[:, 3] == inks[:, 4]).all()
    assert (pixels.image.header.channels, pixels.colour) == ("bgra", "srgb")
    host = plugin_module("host")
    small = host.miniature_of(host.find_target(options()))
    assert small.image_data == bytes(pixels.image.data)
    assert krita.open_documents == [image]


def test_asks_to_convert_from_a_profile_that_krita_cannot_make_anew(krita: Krita) -> None:
    make_image(krita, 8, 6, Node(model="CMYKA", profile="embedded"), 0, 0, 8, 6)
    assert "does not hand over the colour profile “embedded”" in refusal()
    assert len(krita.open_documents) == 1


def test_refuses_a_selection_off_the_layer(krita: Krita) -> None:
    image = make_image(krita, 8, 6, Node(), 5, 0, 3, 6)
    select(image, 0, 0, [[255, 255]])
    assert refusal().startswith("The selection does not touch the layer “photo”.")


def test_refuses_a_selection_on_the_canvas_when_the_layer_lies_off_it(krita: Krita) -> None:
    image = make_image(krita, 8, 6, Node(), 50, 50, 3, 6)
    select(image, 0, 0, [[255, 255]])
    assert refusal().startswith("The selection does not touch the layer “photo”.")


def test_refuses_a_selection_of_nothing(image: DocumentData) -> None:
    image.selection = Selection()
    assert refusal().startswith("The selection does not touch")


def test_leaves_it_to_the_daemon_what_a_selection_of_everything_means(image: DocumentData) -> None:
    select(image, 0, 0, [[255] * 8] * 6)
    assert read().selection_u8 == bytes([255] * 48)


def test_takes_the_layers_own_selection_before_the_images(image: DocumentData) -> None:
    select(image, 0, 0, [[255]])
    own = Node("local", "selectionmask", model="A")
    own.setPixelData(bytes([7, 255]), 3, 2, 2, 1)
    (layer,) = image.root.children
    layer.attach(own)
    assert read().selection_u8 == own.pixelData(0, 0, 8, 6).data()
    own.is_visible = False
    assert read().selection_u8[:1] == b"\xff"


@pytest.mark.parametrize(("model", "depth", "channels", "dtype"), LAYOUTS)
def test_a_miniature_of_a_small_layer_is_the_layer_in_8_bits(
    krita: Krita, model: str, depth: str, channels: str, dtype: str
) -> None:
    layer = Node(model=model, depth=depth)
    image = make_image(krita, 8, 6, layer, 0, 0, 8, 6)
    host, small = plugin_module("host"), plugin_module("flyaway_client.miniature")
    assert host.miniature_of(host.find_target(options())) is None
    selection = select(image, 1, 1, [[255, 99]])
    made = host.miniature_of(host.find_target(options()))
    assert (made.width, made.height, made.selection_u8) == (8, 6, selection)
    assert (made.image.channels, made.image.dtype) == (channels, "u8")
    assert made.image_data == small.eight_bits(layer.pixelData(0, 0, 8, 6).data(), dtype)
    assert len(made.image_data) == made.image.bytes


def test_does_not_mind_the_selection_when_it_is_not_looked_at(image: DocumentData) -> None:
    select(image, 0, 0, [[255] * 8] * 6)
    host = plugin_module("host")
    blind = options(selection_is="automatic")
    assert host.read(host.find_target(blind), blind).selection_u8 is None


def test_refuses_more_bytes_than_krita_can_hand_over(
    krita: Krita, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_image(krita, 8, 6, Node(depth="F32"), 0, 0, 8, 6)
    monkeypatch.setattr(plugin_module("layouts"), "MAX_ARRAY_BYTES", 8 * 6 * 16 - 1)
    assert "Scale the image down" in refusal()
    assert image.undo_steps == []
