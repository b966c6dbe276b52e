"""layer.py: a layer with other colours and its own alpha."""

from __future__ import annotations

import numpy as np
import pytest

from flyaway_client.layer import Picture, decontaminated
from flyaway_client.messages import ImageHeader


@pytest.mark.parametrize("channels", ["rgba", "bgra"])
@pytest.mark.parametrize(("dtype", "kind"), [("u8", "u1"), ("u16", "<u2")])
def test_gives_a_layer_other_colours_and_its_own_alpha(
    channels: str, dtype: str, kind: str
) -> None:
    before = np.array([[1, 2, 3, 40], [5, 6, 7, 255]], kind)
    colours = np.array([[10, 20, 30], [50, 60, 200]], kind)
    image = Picture(ImageHeader(2, 1, channels, dtype), memoryview(before.tobytes()))
    after = np.frombuffer(decontaminated(image, bytearray(colours.tobytes())), kind).reshape(2, 4)
    order = [channels.index(channel) for channel in "rgba"]
    assert after[:, order].tolist() == [[10, 20, 30, 40], [50, 60, 200, 255]]
    assert before.tolist() == [[1, 2, 3, 40], [5, 6, 7, 255]]
