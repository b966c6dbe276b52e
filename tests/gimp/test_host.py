"""host.py: which layer is meant, what of it is read, where the alpha goes."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

# Images and layers are the fake Gimp's, which is imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@pytest.fixture
def host(script: ModuleType) -> ModuleType:
    import host

    return host


def refusal(host, image, drawables) -> str:
    with pytest.raises(host.DocumentError) as caught:
        host.find_layer(image, drawables)
    return str(caught.value)


def test_takes_the_selected_layer(host, image) -> None:
    assert host.find_layer(image, image.layers) is image.layers[0]


def test_takes_the_layer_of_a_mask_that_is_being_edited(host, gimp, image) -> None:
    layer = image.layers[0]
    layer.add_mask(layer.create_mask(gimp.AddMaskType.BLACK))
    assert host.find_layer(image, [layer.get_mask()]) is layer


def test_refuses_no_layer_and_several(host, image) -> None:
    assert "no layer" in refusal(host, image, [])
    assert "Several layers" in refusal(host, image, image.layers * 2)


@pytest.mark.parametrize(
    ("kind", "called"),
    [("GroupLayer", "layer group"), ("TextLayer", "text layer"), ("VectorLayer", "vector layer")],
)
def test_refuses_layers_that_hold_no_photo(host, gimp, image, kind: str, called: str) -> None:
    layer = getattr(gimp, kind)(image, "thing", np.zeros((4, 6, 4)))
    assert f"“thing” is a {called}" in refusal(host, image, [layer])


def test_refuses_a_channel(host, image) -> None:
    assert "is a channel" in refusal(host, image, [image.get_selection()])


def test_refuses_while_a_selection_floats(host, image) -> None:
    image.floating = image.layers[0]
    assert "Anchor it" in refusal(host, image, image.layers)


def test_refuses_a_mask_for_a_locked_layer_but_not_a_copy(host, image) -> None:
    (layer,) = image.layers
    layer.is_locked = True
    with pytest.raises(host.DocumentError, match="“photo” is locked"):
        host.check_output(layer, host.LAYER_MASK)
    host.check_output(layer, host.NEW_LAYER)


def test_refuses_a_mask_where_the_group_around_the_layer_is_locked(host, gimp, image) -> None:
    (layer,) = image.layers
    layer.parent = gimp.GroupLayer(image, "all", np.zeros((4, 6, 4)))
    host.check_output(layer, host.LAYER_MASK)
    layer.parent.is_locked = True
    with pytest.raises(host.DocumentError, match="“all” is locked"):
        host.check_output(layer, host.LAYER_MASK)


def test_reads_pixels_as_srgb_in_the_images_depth(host, gimp, image) -> None:
    pixels = host.read_layer(image.layers[0], with_selection=True)
    assert pixels.image_rgba == bytes([200, 100, 50, 255]) * 24
    deep = gimp.Image(6, 4, gimp.Precision.FLOAT_LINEAR)
    layer = gimp.Layer(deep, "photo", np.ones((4, 6, 4)))
    assert host.read_layer(layer, with_selection=True).image_rgba == b"\xff\xff" * 96


def test_reads_no_selection_where_nothing_is_selected(host, image) -> None:
    assert host.read_layer(image.layers[0], with_selection=True).selection_u8 is None


def test_cuts_the_selection_to_a_layer_that_reaches_beyond_the_canvas(host, gimp, image) -> None:
    image.get_selection().get_buffer().pixels[:2, :3] = 1
    layer = gimp.Layer(image, "photo", np.ones((3, 4, 4)), offsets=(-2, -1))
    pixels = host.read_layer(layer, with_selection=True)
    assert np.frombuffer(pixels.selection_u8, np.uint8).reshape(3, 4).tolist() == [
        [0, 0, 0, 0],
        [0, 0, 255, 255],
        [0, 0, 255, 255],
    ]


def test_refuses_a_selection_beside_the_layer_unless_it_is_not_used(host, gimp, image) -> None:
    image.get_selection().get_buffer().pixels[0, 0] = 1
    layer = gimp.Layer(image, "aside", np.ones((2, 2, 4)), offsets=(3, 2))
    with pytest.raises(host.DocumentError, match="does not touch the layer “aside”"):
        host.read_layer(layer, with_selection=True)
    assert host.read_layer(layer, with_selection=False).selection_u8 is None


# --- the empty scene -------------------------------------------------------------------------------


def graded(height: int, width: int):
    """Opaque pixels, each of another grey."""
    greys = np.arange(height * width).reshape(height, width, 1) / 255
    return np.concatenate([greys, greys, greys, np.ones_like(greys)], axis=2)


def test_reads_the_empty_scene_where_it_lies_under_the_layer(host, gimp, image) -> None:
    layer = gimp.Layer(image, "photo", np.ones((2, 3, 4)), offsets=(-1, 1))
    plate = gimp.Layer(image, "empty", graded(5, 6), offsets=(-3, -1))
    host.check_plate(layer, plate)
    pixels = host.read_layer(layer, with_selection=False, plate=plate)
    greys = np.frombuffer(pixels.plate_rgba, np.uint8).reshape(2, 3, 4)[..., 0]
    assert greys.tolist() == [[14, 15, 16], [20, 21, 22]]


def test_reads_the_empty_scene_of_another_image_in_the_layers_depth(host, gimp, image) -> None:
    deep = gimp.Image(6, 4, gimp.Precision.FLOAT_LINEAR)
    layer = gimp.Layer(deep, "photo", np.ones((4, 6, 4)))
    pixels = host.read_layer(layer, with_selection=False, plate=image.layers[0])
    assert len(pixels.plate_rgba) == len(pixels.image_rgba)


def test_reads_no_empty_scene_where_none_is_chosen(host, image) -> None:
    assert host.read_layer(image.layers[0], with_selection=False).plate_rgba is None


def test_refuses_the_layer_itself_as_the_empty_scene(host, image) -> None:
    with pytest.raises(host.DocumentError, match="“photo” is the layer to cut out of"):
        host.check_plate(image.layers[0], image.layers[0])


@pytest.mark.parametrize("offsets", [(1, 0), (0, 1), (-1, 0), (0, -1)])
def test_refuses_an_empty_scene_that_leaves_some_of_the_layer_uncovered(
    host, gimp, image, offsets: tuple[int, int]
) -> None:
    plate = gimp.Layer(image, "empty", np.ones((4, 6, 4)), offsets=offsets)
    with pytest.raises(host.DocumentError, match="“empty” does not cover all of the layer “photo”"):
        host.check_plate(image.layers[0], plate)
