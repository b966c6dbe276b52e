"""layer.py: the subject's own colours in a layer, and nothing else changed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from flyaway_client.layer import Picture, decontaminated, mixed_runs
from flyaway_client.messages import CHANNELS, DTYPES, OUTPUT_DTYPES, ImageHeader

KINDS = {"u8": "u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}
FULL = {"u8": 255, "u16": 65535, "f32": 1}
WIDTH, HEIGHT = 40, 30


def alpha_of(dtype: str) -> Any:
    """Noise with much 0, much 1, and what is next to them."""
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH)) * 3 - 1
    alpha = (noise.clip(0, 1) * FULL[dtype]).astype(KINDS[dtype])
    if dtype == "f32":
        alpha[0, :4] = (
            np.nextafter(1, 0, dtype=np.float32),
            np.nextafter(0, 1, dtype=np.float32),
            0.5,
            2**-126,
        )
    else:
        alpha[0, :5] = 1, FULL[dtype] - 1, 256 & FULL[dtype], 255, FULL[dtype] - 255
    return alpha


@pytest.mark.parametrize(
    ("channels", "dtype", "alpha_dtype"), list(itertools.product(CHANNELS, DTYPES, OUTPUT_DTYPES))
)
def test_changes_the_colours_of_mixed_pixels_alone(
    channels: str, dtype: str, alpha_dtype: str
) -> None:
    random = np.random.default_rng(1)
    header = ImageHeader(WIDTH, HEIGHT, channels, dtype)
    order = [0] if channels.startswith("gray") else [channels.index(name) for name in "rgb"]
    # Any bits there are: light beyond white, and what is no number.
    before = np.frombuffer(random.bytes(header.bytes), KINDS[dtype])
    before = before.reshape(HEIGHT, WIDTH, CHANNELS[channels])
    colours = np.frombuffer(random.bytes(HEIGHT * WIDTH * len(order) * DTYPES[dtype]), KINDS[dtype])
    alpha = alpha_of(alpha_dtype)

    picture = Picture(header, memoryview(before.tobytes()))
    result = decontaminated(picture, bytearray(colours.tobytes()), alpha.tobytes(), alpha_dtype)

    expected = before.copy()
    is_mixed = (alpha != 0) & (alpha != FULL[alpha_dtype])
    replaced = expected[is_mixed]
    replaced[:, order] = colours.reshape(HEIGHT, WIDTH, -1)[is_mixed]
    expected[is_mixed] = replaced
    assert result == expected.tobytes()


@pytest.mark.parametrize("dtype", OUTPUT_DTYPES)
def test_finds_mixed_pixels(dtype: str) -> None:
    alpha = alpha_of(dtype)
    found = np.zeros(alpha.size, bool)
    for run in mixed_runs(alpha.tobytes(), dtype):
        assert not found[run].any()
        found[run] = True
    assert np.array_equal(found.reshape(alpha.shape), (alpha != 0) & (alpha != FULL[dtype]))
    assert not list(mixed_runs(bytes(16), dtype))
