"""host.py: what of a layer is read, and what is refused before that."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from flyaway_client.options import NEW_LAYER, Options

# Images and layers are the fake Gimp's, which is imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@pytest.fixture
def host(script: ModuleType) -> ModuleType:
    import host

    return host


def refusal(host, layer) -> str:
    with pytest.raises(host.DocumentError) as caught:
        host.find_target(layer, Options())
    return str(caught.value)


def read(host, layer, **chosen: Any):
    """What the plugin would send of the layer."""
    options = Options(**chosen)
    return host.read(host.find_target(layer, options), options)


def test_refuses_a_mask_for_a_locked_layer_but_not_a_copy(host, image) -> None:
    (layer,) = image.layers
    layer.is_locked = True
    assert "“photo” is locked" in refusal(host, layer)
    assert host.find_target(layer, Options(output=NEW_LAYER)).layer is layer


def test_refuses_a_mask_where_the_group_around_the_layer_is_locked(host, gimp, image) -> None:
    (layer,) = image.layers
    layer.parent = gimp.GroupLayer(image, "all", np.zeros((4, 6, 4)))
    assert host.find_target(layer, Options()).layer is layer
    layer.parent.is_locked = True
    assert "“all” is locked" in refusal(host, layer)


def test_reads_pixels_as_srgb_in_the_images_depth(host, gimp, image) -> None:
    pixels = read(host, image.layers[0])
    assert pixels.image.data == bytes([200, 100, 50, 255]) * 24
    deep = gimp.Image(6, 4, gimp.Precision.FLOAT_LINEAR)
    layer = gimp.Layer(deep, "photo", np.ones((4, 6, 4)))
    assert read(host, layer).image.data == b"\xff\xff" * 96


def test_reads_no_selection_where_nothing_is_selected(host, image) -> None:
    assert read(host, image.layers[0]).selection_u8 is None


def test_cuts_the_selection_to_a_layer_that_reaches_beyond_the_canvas(host, gimp, image) -> None:
    image.get_selection().get_buffer().pixels[:2, :3] = 1
    layer = gimp.Layer(image, "photo", np.ones((3, 4, 4)), offsets=(-2, -1))
    pixels = read(host, layer)
    assert np.frombuffer(pixels.selection_u8, np.uint8).reshape(3, 4).tolist() == [
        [0, 0, 0, 0],
        [0, 0, 255, 255],
        [0, 0, 255, 255],
    ]


def test_refuses_a_selection_beside_the_layer_unless_it_is_not_used(host, gimp, image) -> None:
    image.get_selection().get_buffer().pixels[0, 0] = 1
    layer = gimp.Layer(image, "aside", np.ones((2, 2, 4)), offsets=(3, 2))
    with pytest.raises(
        host.DocumentError, match=r"does not touch the layer “aside”.*Select > None"
    ):
        read(host, layer)
    assert read(host, layer, selection_is="automatic").selection_u8 is None
