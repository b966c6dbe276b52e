"""What a person waits for after *Extract*: a made-up photo of 24 megapixels, at the client of a real daemon.

The layer goes as Krita sends it (B, G, R, opacity). Each kind of selection is asked for once before it counts.
"""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.builtin import scene
from tests.benchmarks.repeats import spread
from tests.benchmarks.wire import fresh_daemon

from flyaway_client import messages
from flyaway_client.client import Client, new_request_id
from flyaway_client.messages import ImageHeader

WIDTH, HEIGHT = 6000, 4000
_EDGE_SHARE = 0.05
"""Part of the picture that its soft, ragged edge takes."""


def waiting(repeats: int = 5) -> dict[str, Any]:
    """Seconds to the mask and to the first look, for a lasso, a rectangle, and nothing selected."""
    image, alpha, _ = scene(WIDTH, HEIGHT, _EDGE_SHARE)
    layer: NDArray[np.uint8] = cv2.cvtColor(image, cv2.COLOR_RGB2BGRA)  # type: ignore[assignment] # as image
    selections = {"lasso": _lasso(alpha), "rectangle": _rectangle(alpha), "nothing": None}
    figures: dict[str, Any] = {"image": f"{WIDTH}x{HEIGHT}"}
    with fresh_daemon(), Client.connect("benchmark") as client:
        for name, selection in selections.items():
            seen = [_extract(client, layer, selection) for _ in range(repeats + 1)][1:]
            figures[name] = {
                "taken_for": seen[0][2],
                **spread("first_look_s", [first_s for first_s, _, _ in seen], 2),
                **spread("mask_s", [mask_s for _, mask_s, _ in seen], 2),
            }
    return figures


def _extract(
    client: Client, layer: NDArray[np.uint8], selection: NDArray[np.uint8] | None
) -> tuple[float, float, str]:
    """Seconds to the first look and to the mask, and what the selection was taken for."""
    looks: list[float] = []
    parts = {"image": layer.data}
    if selection is not None:
        parts["selection"] = selection.data
    request = messages.ExtractRequest(
        id=new_request_id(),
        image=ImageHeader(WIDTH, HEIGHT, "bgra", "u8"),
        selection=None if selection is None else ImageHeader(WIDTH, HEIGHT, "gray", "u8"),
        engine="builtin",
        wants_preview=True,
    )
    began_s = time.perf_counter()
    extracted = client.extract(
        request, parts, on_preview=lambda *_: looks.append(time.perf_counter() - began_s)
    )
    mask_s = time.perf_counter() - began_s
    return (looks or [mask_s])[0], mask_s, extracted.result.understood


def _lasso(alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What a hand draws along the middle of an edge, without its teeth."""
    smooth = cv2.blur((alpha > 0.5).astype(np.float32), (201, 201))
    return np.where(smooth > 0.5, 255, 0).astype(np.uint8)


def _rectangle(alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A rectangle around the subject, with some room."""
    left, top, width, height = cv2.boundingRect((alpha > 0).view(np.uint8))
    drawn = np.zeros(alpha.shape, np.uint8)
    room = 120
    drawn[top - room : top + height + room, left - room : left + width + room] = 255
    return drawn
