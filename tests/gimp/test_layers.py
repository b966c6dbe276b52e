"""layers.py: which layer is meant."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from flyaway_client.refusals import DocumentError

# Images and layers are the fake Gimp's, which is imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@pytest.fixture
def layers(script: ModuleType) -> ModuleType:
    import layers

    return layers


def refusal(layers, image, drawables) -> str:
    with pytest.raises(DocumentError) as caught:
        layers.of_selected(image, drawables)
    return str(caught.value)


def test_takes_the_selected_layer(layers, image) -> None:
    assert layers.of_selected(image, image.layers) is image.layers[0]


def test_takes_the_layer_of_a_mask_that_is_being_edited(layers, gimp, image) -> None:
    layer = image.layers[0]
    layer.add_mask(layer.create_mask(gimp.AddMaskType.BLACK))
    assert layers.of_selected(image, [layer.get_mask()]) is layer


def test_refuses_no_layer_and_several(layers, image) -> None:
    assert "no layer" in refusal(layers, image, [])
    assert "Several layers" in refusal(layers, image, image.layers * 2)


@pytest.mark.parametrize(
    ("kind", "called"),
    [("GroupLayer", "layer group"), ("TextLayer", "text layer"), ("VectorLayer", "vector layer")],
)
def test_refuses_layers_that_hold_no_photo(layers, gimp, image, kind: str, called: str) -> None:
    layer = getattr(gimp, kind)(image, "thing", np.zeros((4, 6, 4)))
    assert f"“thing” is a {called}" in refusal(layers, image, [layer])


def test_refuses_a_channel(layers, image) -> None:
    assert "is a channel" in refusal(layers, image, [image.get_selection()])


def test_refuses_while_a_selection_floats(layers, image) -> None:
    image.floating = image.layers[0]
    assert "Anchor it" in refusal(layers, image, image.layers)
