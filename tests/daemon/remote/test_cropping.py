"""What of a photo travels, and how what comes back becomes the whole again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flyaway.remote import cropping
from flyaway_client.client import Extracted
from flyaway_client.messages import ExtractRequest, ExtractResult, ImageHeader, Preview
from flyaway_client.zmtp import Buffer

WIDTH, HEIGHT = 2400, 1600
PLACE = (slice(700, 900), slice(1500, 1700))


def asked(
    channels: str = "rgb", dtype: str = "u8", **changes: Any
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """A request with a square selection, and its pixels."""
    fields: dict[str, Any] = {
        "image": ImageHeader(WIDTH, HEIGHT, channels, dtype),
        "selection": ImageHeader(WIDTH, HEIGHT, "gray", "u8"),
        "selection_is": "outline",
    }
    request = ExtractRequest("r", **(fields | changes))
    chance = np.random.default_rng(5)
    parts: dict[str, Buffer] = {name: chance.bytes(size) for name, size in request.parts().items()}
    if request.selection is not None:
        parts["selection"] = square().tobytes()
    return request, parts


def square() -> NDArray[np.uint8]:
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    selection[PLACE] = 255
    return selection


def made(request: ExtractRequest, parts: Mapping[str, Buffer]) -> Extracted:
    """An answer whose alpha is the selection that was sent."""
    image = request.image
    header = ImageHeader(image.width, image.height, "gray", request.output_dtype)
    return Extracted(ExtractResult("r", header, "e", "CPU", 1.0), bytearray(parts["selection"]))


class TestCrop:
    """The part around a selection."""

    def test_holds_the_selection_with_room(self) -> None:
        request, parts = asked()
        crop = cropping.cropped(request, parts)
        assert crop is not None

        image = np.frombuffer(parts["image"], np.uint8).reshape(HEIGHT, WIDTH, 3)
        own = crop.request.image
        sent = np.frombuffer(crop.parts["image"], np.uint8).reshape(own.height, own.width, 3)
        bottom, right = crop.top + own.height, crop.left + own.width
        assert (sent == image[crop.top : bottom, crop.left : right]).all()
        assert crop.top <= 700 - 256 and bottom >= 900 + 256
        assert crop.left <= 1500 - 256 and right >= 1700 + 256
        assert {name: len(part) for name, part in crop.parts.items()} == crop.request.parts()

    def test_comes_back_as_the_whole(self) -> None:
        request, parts = asked()
        crop = cropping.cropped(request, parts)
        assert crop is not None

        whole = crop.pasted(made(crop.request, crop.parts))

        assert whole.alpha == square().tobytes()
        assert whole.result.alpha == ImageHeader(WIDTH, HEIGHT, "gray", "u8")

    def test_refined_mask_stays_outside(self) -> None:
        mask = ImageHeader(WIDTH, HEIGHT, "gray", "u8")
        request, parts = asked(mask=mask)
        crop = cropping.cropped(request, parts)
        assert crop is not None

        whole = crop.pasted(made(crop.request, crop.parts))

        before = np.frombuffer(parts["mask"], np.uint8).reshape(HEIGHT, WIDTH)
        after = np.frombuffer(whole.alpha, np.uint8).reshape(HEIGHT, WIDTH)
        assert (after[:300] == before[:300]).all()
        assert (after[PLACE] == 255).all()

    @pytest.mark.parametrize("channels", ["gray", "graya", "rgb", "rgba", "bgr", "bgra"])
    @pytest.mark.parametrize("dtype", ["u8", "u16"])
    def test_foreground_is_the_images_own_outside(self, channels: str, dtype: str) -> None:
        request, parts = asked(channels, dtype, wants_foreground=True)
        crop = cropping.cropped(request, parts)
        assert crop is not None
        assert request.foreground is not None and crop.request.foreground is not None
        answer = made(crop.request, crop.parts)
        sent = replace(answer, foreground=bytearray(crop.request.foreground.bytes))

        whole = crop.pasted(sent)

        kind = np.uint8 if dtype == "u8" else np.uint16
        image = np.frombuffer(parts["image"], kind).reshape(HEIGHT, WIDTH, -1)
        if channels in ("bgr", "bgra"):
            image = image[..., 2::-1]
        expected = image[..., : 1 if channels.startswith("gray") else 3].copy()
        own = crop.request.image
        expected[crop.top : crop.top + own.height, crop.left : crop.left + own.width] = 0
        assert whole.result.foreground == request.foreground
        assert bytes(whole.foreground or b"") == expected.tobytes()

    def test_at_the_frame_ends_there(self) -> None:
        request, parts = asked()
        selection = np.zeros((HEIGHT, WIDTH), np.uint8)
        selection[:50, :50] = 1
        crop = cropping.cropped(request, {**parts, "selection": selection.tobytes()})

        assert crop is not None
        assert (crop.left, crop.top) == (0, 0)

    def test_room_is_as_wide_as_an_edge_that_was_asked_for(self) -> None:
        request, parts = asked(edge_width_px=300)
        crop = cropping.cropped(request, parts)

        assert crop is not None
        assert crop.top == 700 - 600

    @pytest.mark.parametrize(
        "changes",
        [
            {"selection": None},
            {"selection_is": "automatic"},
            {"plate": ImageHeader(WIDTH, HEIGHT, "rgb", "u8")},
        ],
    )
    def test_all_travels_where_all_is_looked_at(self, changes: dict[str, Any]) -> None:
        assert cropping.cropped(*asked(**changes)) is None

    @pytest.mark.parametrize("level", [0, 255])
    def test_all_travels_where_nothing_or_everything_is_selected(self, level: int) -> None:
        request, parts = asked()
        parts["selection"] = bytes([level]) * (WIDTH * HEIGHT)

        assert cropping.cropped(request, parts) is None

    def test_preview_becomes_one_of_the_whole(self) -> None:
        request, parts = asked()
        crop = cropping.cropped(request, parts)
        assert crop is not None
        small = ImageHeader(100, 100, "gray", "u8")

        preview, pixels = crop.preview(Preview("r", small), b"\xff" * 10000)

        assert (preview.image.width, preview.image.height) == (512, 341)
        shown = np.frombuffer(pixels, np.uint8).reshape(341, 512)
        assert shown[0, 0] == 0
        assert shown[800 * 341 // 1600, 1600 * 512 // 2400] == 255


class TestOpacity:
    """A layer's own transparency."""

    @pytest.mark.parametrize(
        ("channels", "kept"), [("rgba", "rgb"), ("bgra", "bgr"), ("graya", "gray")]
    )
    @pytest.mark.parametrize("dtype", ["u8", "u16"])
    def test_that_says_nothing_does_not_travel(self, channels: str, kept: str, dtype: str) -> None:
        request, parts = asked(channels, dtype)
        kind = np.uint8 if dtype == "u8" else np.uint16
        samples = np.frombuffer(parts["image"], kind).reshape(HEIGHT * WIDTH, -1).copy()
        samples[:, -1] = np.iinfo(kind).max
        less, sent = cropping.without_opacity(request, {**parts, "image": samples.tobytes()})

        assert less.image.channels == kept
        assert bytes(sent["image"]) == samples[:, :-1].tobytes()
        assert less.foreground == request.foreground

    def test_of_the_part_that_travels_counts_alone(self) -> None:
        request, parts = asked("rgba")
        image = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        image[300:1300, 1000:2200] = 255
        crop = cropping.cropped(request, {**parts, "image": image.tobytes()})

        assert crop is not None
        assert crop.request.image.channels == "rgb"
        assert bytes(crop.parts["image"]) == b"\xff" * crop.request.image.bytes

    def test_that_says_something_travels(self) -> None:
        request, parts = asked("rgba")

        assert cropping.without_opacity(request, parts) == (request, parts)
