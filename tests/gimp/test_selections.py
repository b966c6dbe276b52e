"""selections.py: what the selection can be taken from, and the levels that it gives."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

# Images and layers are the fake Gimp's, which is imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@pytest.fixture
def selections(script: ModuleType) -> ModuleType:
    import selections

    return selections


def levels(selections, layer, source) -> list[list[int]]:
    """What counts for the layer when it is taken from there."""
    import layers

    found = selections.find(layer, "" if source is None else layers.identity(source))
    content = selections.reader(layer, found)(layers.whole(layer))
    selections.check_painted(content, found, layer)
    rows: list[list[int]] = (
        np.frombuffer(content, np.uint8).reshape(layer.get_height(), -1).tolist()
    )
    return rows


def grey(gimp, image, name: str, rows: Any, offsets=(0, 0), opacity: float = 1):
    """A layer on top of the image, painted in those levels."""
    values = np.array(rows, float)[..., None] / 255
    alpha = np.full_like(values, opacity)
    layer = gimp.Layer(image, name, np.concatenate([values] * 3 + [alpha], axis=2), offsets)
    image.layers.insert(0, layer)
    return layer


def channel(gimp, image, name: str, rows: Any):
    made = gimp.Channel(image, name, np.array(rows, float)[..., None] / 255)
    image.channels.append(made)
    return made


PAINTED = [[0, 0, 128, 255, 255, 255]] * 4


def test_lists_the_selection_first_then_what_the_image_has(selections, gimp, image) -> None:
    (photo,) = image.layers
    assert [label for _, label in selections.candidates(photo)] == ["Selection"]
    photo.add_mask(photo.create_mask(None))
    channel(gimp, image, "hair", PAINTED)
    group = gimp.GroupLayer(image, "all", np.zeros((4, 6, 4)))
    grey(gimp, image, "inside", PAINTED).parent = group
    image.layers.insert(0, group)
    assert [label for _, label in selections.candidates(photo)] == [
        "Selection",
        "Layer mask",
        "Channel “hair”",
        "Layer “all”",
        "Layer “inside”",
    ]


def test_takes_levels_as_they_were_painted_from_all_of_them(selections, gimp, image) -> None:
    (photo,) = image.layers
    mask = photo.create_mask(None)
    mask.get_buffer().pixels[..., 0] = np.array(PAINTED) / 255
    photo.add_mask(mask)
    for source in (
        mask,
        channel(gimp, image, "hair", PAINTED),
        grey(gimp, image, "trimap", PAINTED),
    ):
        assert levels(selections, photo, source) == PAINTED
    image.get_selection().get_buffer().pixels[:, 3:] = 1
    assert levels(selections, photo, None) == [[0, 0, 0, 255, 255, 255]] * 4


def test_a_layer_says_nothing_where_it_is_transparent_or_ends(selections, gimp, image) -> None:
    (photo,) = image.layers
    source = grey(gimp, image, "trimap", [[255, 255, 0], [255, 0, 0]], offsets=(-1, 3))
    source.get_buffer().pixels[0, 2, 3] = 0.5
    assert levels(selections, photo, source) == [[128] * 6] * 3 + [[255, 128, 128, 128, 128, 128]]


def test_a_channel_is_taken_where_the_layer_lies(selections, gimp, image) -> None:
    layer = gimp.Layer(image, "small", np.ones((1, 3, 4)), offsets=(4, 2))
    assert levels(selections, layer, channel(gimp, image, "hair", PAINTED)) == [[255, 255, 0]]


def test_takes_a_deep_channel_in_8_bits(selections, gimp) -> None:
    image = gimp.Image(6, 4, gimp.Precision.FLOAT_LINEAR)
    layer = gimp.Layer(image, "photo", np.ones((4, 6, 4)))
    assert levels(selections, layer, channel(gimp, image, "hair", PAINTED)) == PAINTED


def refusal(selections, layer, source) -> str:
    from flyaway_client.refusals import DocumentError

    with pytest.raises(DocumentError) as caught:
        levels(selections, layer, source)
    return str(caught.value)


def test_refuses_the_layer_itself(selections, image) -> None:
    (photo,) = image.layers
    assert "“photo” is the layer to cut out of" in refusal(selections, photo, photo)


def test_refuses_one_that_was_deleted(selections, gimp, image) -> None:
    source = grey(gimp, image, "trimap", PAINTED)
    source.exists = False
    assert "is gone. Choose something else" in refusal(selections, image.layers[1], source)


@pytest.mark.parametrize("offsets", [(6, 0), (-6, 0), (0, 4), (0, -4)])
def test_refuses_one_beside_the_layer(selections, gimp, image, offsets: tuple[int, int]) -> None:
    source = grey(gimp, image, "trimap", PAINTED, offsets)
    sentence = refusal(selections, image.layers[1], source)
    assert "“trimap” does not touch the layer “photo”" in sentence


def test_refuses_one_that_says_nothing(selections, gimp, image) -> None:
    (photo,) = image.layers
    black = [[0] * 6] * 4
    for source in (
        channel(gimp, image, "black", black),
        grey(gimp, image, "black", black),
        grey(gimp, image, "clear", PAINTED, opacity=0),
    ):
        name = source.get_name()
        assert f"“{name}” says nothing about" in refusal(selections, photo, source)
