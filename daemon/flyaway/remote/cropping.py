"""Only that part of a photo goes to another computer which the work on it looks at: the selection, and room around it.

The room is several times as wide as hair is looked for along an outline, and holds enough background to tell the subject
from. Outside of a selection everything is background, and outside of a refined place the mask stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway_client import messages
from flyaway_client.client import Extracted
from flyaway_client.messages import ExtractRequest, ImageHeader, Preview
from flyaway_client.zmtp import Buffer

_ROOM_SHARE = 0.12
"""Of the mean side: nearly five times what `engines.builtin.outline` takes for edge where nobody says how much."""

_LEAST_ROOM_PX = 256
_WORTH = 0.85
"""Of the pixels: a part that is larger is not worth the paste."""

_CROPPED = ("image", "selection", "mask", "strokes")
_PREVIEW_SIDE_PX = 512

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Crop:
    """A request for a part of an image, and the way back.

    Attributes:
        whole: the request as it was.
        request: for the part alone.
        parts: its pixels.
        left, top: of the part, in the whole.
        canvas: HxWxB bytes of the alpha that the part goes into.
        colours: HxWxB bytes of the foreground that the part goes into; None where nobody wants it.
    """

    whole: ExtractRequest
    request: ExtractRequest
    parts: Mapping[str, Buffer]
    left: int
    top: int
    canvas: Pixels
    colours: Pixels | None

    def pasted(self, extracted: Extracted) -> Extracted:
        """What came of the part, as what came of the whole; the canvas is used up."""
        image = self.whole.image
        header = ImageHeader(image.width, image.height, "gray", self.whole.output_dtype)
        result = replace(extracted.result, alpha=header, foreground=self.whole.foreground)
        alpha = self._paste(self.canvas, extracted.alpha)
        if self.colours is None or extracted.foreground is None:
            return Extracted(result, alpha)
        return Extracted(result, alpha, self._paste(self.colours, extracted.foreground))

    def _paste(self, canvas: Pixels, content: Buffer) -> bytearray:
        """A canvas with the part in it, as bytes."""
        part = self.request.image
        own = np.frombuffer(content, np.uint8).reshape(part.height, part.width, -1)
        canvas[self.top : self.top + part.height, self.left : self.left + part.width] = own
        return bytearray(canvas.reshape(-1).data)

    def preview(self, preview: Preview, pixels: bytes) -> tuple[Preview, bytes]:
        """An early alpha of the part, as one of the whole."""
        part, image = self.request.image, self.whole.image
        scale = min(1.0, _PREVIEW_SIDE_PX / max(image.width, image.height))
        width, height = (max(1, round(side * scale)) for side in (image.width, image.height))
        whole = np.zeros((height, width), np.uint8)
        left, top = round(self.left * scale), round(self.top * scale)
        right = min(width, max(left + 1, round((self.left + part.width) * scale)))
        bottom = min(height, max(top + 1, round((self.top + part.height) * scale)))
        small = np.frombuffer(pixels, np.uint8).reshape(preview.image.height, preview.image.width)
        size = (right - left, bottom - top)
        whole[top:bottom, left:right] = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
        return Preview(preview.id, ImageHeader(width, height, "gray", "u8")), whole.tobytes()


def without_opacity(
    request: ExtractRequest, parts: Mapping[str, Buffer]
) -> tuple[ExtractRequest, Mapping[str, Buffer]]:
    """The same without the image's own alpha, where that is opaque everywhere and says nothing."""
    image = request.image
    kept = {"rgba": "rgb", "bgra": "bgr", "graya": "gray"}.get(image.channels)
    if kept is None or request.plate is not None or image.dtype not in ("u8", "u16"):
        return request, parts
    kind = np.dtype(f"<u{messages.DTYPES[image.dtype]}")
    samples = np.frombuffer(parts["image"], kind).reshape(image.height, image.width, -1)
    if not (samples[..., -1] == np.iinfo(kind).max).all():
        return request, parts
    if image.channels in ("rgba", "bgra") and image.dtype == "u8":
        opaque = cv2.cvtColor(samples, cv2.COLOR_RGBA2RGB)  # five times as fast as a strided copy
    else:
        opaque = np.ascontiguousarray(samples[..., :-1])
    return (
        replace(request, image=replace(image, channels=kept)),
        {**parts, "image": opaque.reshape(-1).data.cast("B")},
    )


def cropped(request: ExtractRequest, parts: Mapping[str, Buffer]) -> Crop | None:
    """The part of a request that has to travel; None where that is all of it."""
    if request.plate is not None or request.prompts is not None or request.colours_alone:
        return None
    image = request.image
    place = _place(request, parts)
    if place is None:
        return None
    room = max(_LEAST_ROOM_PX, round(_ROOM_SHARE * (image.width * image.height) ** 0.5))
    if request.edge_width_px is not None:
        room = max(room, 2 * request.edge_width_px)
    left, top = max(0, place[0] - room), max(0, place[1] - room)
    right, bottom = min(image.width, place[2] + room), min(image.height, place[3] + room)
    if (right - left) * (bottom - top) > _WORTH * image.pixels:
        return None
    window = (slice(top, bottom), slice(left, right))
    own = {name: _cut(request, name, parts[name], window) for name in parts if name in _CROPPED}
    headers = {
        name: replace(header, width=right - left, height=bottom - top)
        for name in _CROPPED
        if (header := getattr(request, name)) is not None
    }
    if request.mask is not None:
        canvas = _pixels(request.mask, parts["mask"]).copy()
    else:
        samples = messages.DTYPES[request.output_dtype]
        canvas = np.zeros((image.height, image.width, samples), np.uint8)
    colours = _colours(request, parts["image"]) if request.wants_foreground else None
    smaller = replace(request, **headers)
    return Crop(request, smaller, {**parts, **own}, left, top, canvas, colours)


def _colours(request: ExtractRequest, content: Buffer) -> Pixels:
    """The image's own colours, laid out as a result's foreground, HxWxB."""
    image = request.image
    size = messages.DTYPES[image.dtype]
    samples = _pixels(image, content).reshape(image.height, image.width, -1, size)
    kept = {"graya": [0], "rgba": [0, 1, 2], "bgr": [2, 1, 0], "bgra": [2, 1, 0]}
    chosen = samples[:, :, kept[image.channels]] if image.channels in kept else samples.copy()
    return np.ascontiguousarray(chosen).reshape(image.height, image.width, -1)


def _place(
    request: ExtractRequest, parts: Mapping[str, Buffer]
) -> tuple[int, int, int, int] | None:
    """Where anything is selected or drawn, as left, top, right and bottom; None where that does not bound the work."""
    if request.selection_is == "automatic" and request.mask is None:
        return None
    marked = [
        _pixels(header, parts[name]).any(axis=2)
        for name in ("selection", "strokes")
        if (header := getattr(request, name)) is not None
    ]
    if not marked:
        return None
    anywhere = np.logical_or.reduce(marked)
    rows, columns = np.flatnonzero(anywhere.any(axis=1)), np.flatnonzero(anywhere.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _pixels(header: ImageHeader, content: Buffer) -> Pixels:
    """A part as its bytes, HxWxB."""
    return np.frombuffer(content, np.uint8)[: header.bytes].reshape(header.height, header.width, -1)


def _cut(
    request: ExtractRequest, name: str, content: Buffer, window: tuple[slice, slice]
) -> memoryview:
    pixels = _pixels(getattr(request, name), content)[window]
    return np.ascontiguousarray(pixels).reshape(-1).data
