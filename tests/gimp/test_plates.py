"""plates.py: the layer of the empty scene, for engines that compare with it."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

# Images and layers are the fake Gimp's, which is imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@pytest.fixture
def plates(script: ModuleType) -> ModuleType:
    import plates

    return plates


def find(plates, plate, layer):
    return plates.find(layer, str(plate.get_id()))


def read(plates, plate, layer):
    """What the plugin would send of the plate for `layer`."""
    import layouts

    layout = layouts.layout_of(layer.get_image().get_precision().value_nick)
    return plates.read(find(plates, plate, layer), layer, layout)


def graded(height: int, width: int):
    """Opaque pixels, each of another grey."""
    greys = np.arange(height * width).reshape(height, width, 1) / 255
    return np.concatenate([greys, greys, greys, np.ones_like(greys)], axis=2)


def test_reads_the_empty_scene_where_it_lies_under_the_layer(plates, gimp, image) -> None:
    layer = gimp.Layer(image, "photo", np.ones((2, 3, 4)), offsets=(-1, 1))
    plate = gimp.Layer(image, "empty", graded(5, 6), offsets=(-3, -1))
    picture = read(plates, plate, layer)
    greys = np.frombuffer(picture.data, np.uint8).reshape(2, 3, 4)[..., 0]
    assert greys.tolist() == [[14, 15, 16], [20, 21, 22]]


def test_reads_the_empty_scene_of_another_image_in_the_layers_depth(plates, gimp, image) -> None:
    deep = gimp.Image(6, 4, gimp.Precision.FLOAT_LINEAR)
    layer = gimp.Layer(deep, "photo", np.ones((4, 6, 4)))
    picture = read(plates, image.layers[0], layer)
    assert (picture.header.dtype, len(picture.data)) == ("u16", 6 * 4 * 8)


def test_refuses_the_layer_itself_as_the_empty_scene(plates, image) -> None:
    with pytest.raises(plates.DocumentError, match="“photo” is the layer to cut out of"):
        find(plates, image.layers[0], image.layers[0])


@pytest.mark.parametrize("offsets", [(1, 0), (0, 1), (-1, 0), (0, -1)])
def test_refuses_an_empty_scene_that_leaves_some_of_the_layer_uncovered(
    plates, gimp, image, offsets: tuple[int, int]
) -> None:
    plate = gimp.Layer(image, "empty", np.ones((4, 6, 4)), offsets=offsets)
    with pytest.raises(
        plates.DocumentError, match="“empty” does not cover all of the layer “photo”"
    ):
        find(plates, plate, image.layers[0])


def test_refuses_an_empty_scene_that_was_deleted_since_it_was_chosen(plates, gimp, image) -> None:
    plate = gimp.Layer(image, "empty", np.ones((4, 6, 4)))
    plate.exists = False
    with pytest.raises(plates.DocumentError, match="is gone"):
        find(plates, plate, image.layers[0])
