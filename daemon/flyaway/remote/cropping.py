"""Only that part of a photo goes to another computer which the work on it looks at: the selection, and room around it.

The room is several times as wide as hair is looked for along an outline, and holds enough background to tell the subject
from. Outside of a selection everything is background, and outside of a refined place the mask stays. How wide an edge is where
nobody says so goes by the size of the picture, which is the part's then: the band may differ by a few pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

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
        canvas: the bytes of the alpha that the part goes into.
        colours: those of the foreground that the part goes into; None where nobody wants it.
    """

    whole: ExtractRequest
    request: ExtractRequest
    parts: Mapping[str, Buffer]
    left: int
    top: int
    canvas: bytearray
    colours: bytearray | None

    def pasted(self, extracted: Extracted) -> Extracted:
        """What came of the part, as what came of the whole; the canvas is used up."""
        image = self.whole.image
        header = ImageHeader(image.width, image.height, "gray", self.whole.output_dtype)
        result = replace(extracted.result, alpha=header, foreground=self.whole.foreground)
        alpha = self._paste(self.canvas, extracted.alpha)
        if self.colours is None or extracted.foreground is None:
            return Extracted(result, alpha)
        return Extracted(result, alpha, self._paste(self.colours, extracted.foreground))

    def _paste(self, canvas: bytearray, content: Buffer) -> bytearray:
        """The canvas, with the part in it."""
        part, image = self.request.image, self.whole.image
        own = np.frombuffer(content, np.uint8).reshape(part.height, part.width, -1)
        whole = np.frombuffer(canvas, np.uint8).reshape(image.height, image.width, -1)
        whole[self.top : self.top + part.height, self.left : self.left + part.width] = own
        return canvas

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
    if request.plate is not None:  # which has the image's layout
        return request, parts
    image, content = _sent(request.image, _pixels(request.image, parts["image"]))
    if image == request.image:
        return request, parts
    return replace(request, image=image), {**parts, "image": content}


def _sent(image: ImageHeader, pixels: Pixels) -> tuple[ImageHeader, memoryview]:
    """Pixels, HxWxB, as they travel, tightly packed; `image` is how they are laid out, but for their number."""
    height, width = pixels.shape[:2]
    own = replace(image, width=width, height=height)
    kept = {"rgba": "rgb", "bgra": "bgr", "graya": "gray"}.get(image.channels)
    if kept is None or image.dtype not in ("u8", "u16"):
        return own, _bytes(pixels)
    size = messages.DTYPES[image.dtype]
    if not (pixels[..., -size:] == 255).all():
        return own, _bytes(pixels)
    if pixels.shape[2] == 4 and size == 1:
        opaque = cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB)  # five times as fast as a strided copy
        return replace(own, channels=kept), _bytes(opaque)
    return replace(own, channels=kept), _bytes(pixels[..., :-size])


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
    headers, own = dict[str, Any](), dict[str, Buffer]()
    for name in _CROPPED:
        header = getattr(request, name)
        if header is not None:
            headers[name], own[name] = _sent(header, _pixels(header, parts[name])[window])
    if request.mask is not None:
        canvas = bytearray(parts["mask"])
    else:
        canvas = bytearray(image.pixels * messages.DTYPES[request.output_dtype])
    colours = _colours(request, parts["image"]) if request.wants_foreground else None
    smaller = replace(request, **headers)
    return Crop(request, smaller, {**parts, **own}, left, top, canvas, colours)


def _colours(request: ExtractRequest, content: Buffer) -> bytearray:
    """The image's own colours, laid out as a result's foreground."""
    image = request.image
    size = messages.DTYPES[image.dtype]
    samples = _pixels(image, content).reshape(image.height, image.width, -1, size)
    kept = {"graya": [0], "rgba": [0, 1, 2], "bgr": [2, 1, 0], "bgra": [2, 1, 0]}
    chosen = samples[:, :, kept[image.channels]] if image.channels in kept else samples
    return bytearray(np.ascontiguousarray(chosen).reshape(-1).data)


def _place(
    request: ExtractRequest, parts: Mapping[str, Buffer]
) -> tuple[int, int, int, int] | None:
    """Where anything is selected or drawn, as left, top, right and bottom; None where that does not bound the work."""
    if request.selection_is == "automatic" and request.mask is None:
        return None
    boxes = [
        cv2.boundingRect(_marked(_pixels(header, parts[name])))
        for name in ("selection", "strokes")
        if (header := getattr(request, name)) is not None
    ]
    drawn = [box for box in boxes if box[2]]
    if not drawn:
        return None
    left, top = min(box[0] for box in drawn), min(box[1] for box in drawn)
    return left, top, max(x + w for x, _, w, _ in drawn), max(y + h for _, y, _, h in drawn)


def _marked(pixels: Pixels) -> Pixels:
    """HxW, more than 0 where any byte of a pixel is."""
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels.max(axis=2)


def _pixels(header: ImageHeader, content: Buffer) -> Pixels:
    """A part as its bytes, HxWxB."""
    return np.frombuffer(content, np.uint8)[: header.bytes].reshape(header.height, header.width, -1)


def _bytes(pixels: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(pixels).reshape(-1).data
