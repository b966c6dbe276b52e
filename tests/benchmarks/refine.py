"""What a retoucher waits for: strokes on a 24 megapixel photo, measured at the client of a real daemon."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.repeats import spread
from tests.benchmarks.wire import fresh_daemon

from flyaway_client import messages, protocol
from flyaway_client.client import Client
from flyaway_client.easel import Easel
from flyaway_client.messages import ImageHeader
from flyaway_client.planes import Box, Plane
from flyaway_client.retouching import Image, Patch, Retouch

WIDTH, HEIGHT = 6000, 4000
REGION_PX = 1000
UNKNOWN_WIDTH_PX = 150
"""150 000 unknown pixels in the region."""

STROKE_PX = 120
"""2 % of the photo's longer side."""

_SETTLED = 25
"""Strokes after which the daemon's memory is looked at first: caches and pools are filled by then."""

_EDITORS_STROKES = 12
"""How many strokes go by way of an easel."""

_REST_S = 6.0
"""Without work, after which a daemon has given back what it can."""


def refine(strokes: int = 50) -> dict[str, Any]:
    """Seconds from a stroke to its first feedback and to its final alpha, bytes on the wire, the daemon's memory."""
    photo, mask = _scene()
    image = Image(ImageHeader(WIDTH, HEIGHT, "rgb", "u8"), photo.data)
    patches = [_patch(mask, number) for number in range(strokes + 1)]
    firsts, finals, memory = list[float](), list[float](), list[int]()
    editors: dict[str, Any] = {}
    with fresh_daemon(), Client.connect("benchmark") as client:
        retouch = Retouch(lambda stop: Client.connect("benchmark", should_stop=stop), image)
        opening_s = _seconds(retouch.open)
        for patch in patches:
            first_s, final_s = _stroke(retouch, patch)
            firsts.append(first_s)
            finals.append(final_s)
            if len(finals) in (_SETTLED, len(patches)):
                time.sleep(_REST_S)
                memory.append(client.status().rss_bytes)
        status = client.status()
        for name, level in (("unknown", messages.UNKNOWN), ("keep", messages.KEEP)):
            editors |= _as_editors_do(retouch, mask, name, level)
        retouch.close()
    settled, last = memory
    planes = [patch.mask, patch.strokes, patch.mask]  # the last is the answer
    return {
        "image": f"{WIDTH}x{HEIGHT}",
        "region_px": REGION_PX,
        "unknown_px": REGION_PX * UNKNOWN_WIDTH_PX,
        "stroke_px": f"{STROKE_PX}x{STROKE_PX}",
        "warm": list(status.warm),
        "opening_s": round(opening_s, 3),
        "first_stroke_s": round(finals[0], 3),
        **spread("first_feedback_s", firsts[1:], 3),
        **spread("final_s", finals[1:], 3),
        "pixel_bytes_on_the_wire": sum(
            len(memoryview(plane).cast("B")) for plane in planes if plane
        ),
        "patch_px": patch.width * patch.height,
        "strokes": strokes,
        **editors,
        "memory_growth_percent": round(100 * (last - settled) / settled, 2),
        "rss_mb": round(last / 1e6),
    }


def _stroke(retouch: Retouch, patch: Patch) -> tuple[float, float]:
    """Seconds to the first feedback and to the end."""
    began_s, first_s = time.perf_counter(), list[float]()

    def see(preview: messages.Preview, pixels: bytes) -> None:
        first_s.append(time.perf_counter() - began_s)

    retouch.refine(patch, on_preview=see)
    final_s = time.perf_counter() - began_s
    return (first_s or [final_s])[0], final_s


def _as_editors_do(
    retouch: Retouch, mask: NDArray[np.uint8], name: str, level: int
) -> dict[str, Any]:
    """The same by way of an easel, as the editors' strokes go: seconds from the pen's lift to the mask.

    First all of the region's edge is painted; then come strokes of that level across it, each solved by itself.
    """
    board = Easel(Plane(WIDTH, HEIGHT, 1, mask.data), "u8")
    whole = _patch(mask, 0)
    assert whole.strokes is not None
    board.draw(Box(whole.left, whole.top, whole.width, whole.height), whole.strokes)
    took_s = list[float]()
    for number in range(_EDITORS_STROKES + 1):
        if number:
            top = whole.top + number * (REGION_PX - STROKE_PX) // _EDITORS_STROKES
            left = WIDTH // 2 + (STROKE_PX if number % 2 else -2 * STROKE_PX)
            board.draw(Box(left, top, STROKE_PX, STROKE_PX), bytes([level]) * STROKE_PX**2)
        began_s = time.perf_counter()
        patch = board.patch()
        assert patch is not None
        board.take(patch, retouch.refine(patch).alpha)
        took_s.append(time.perf_counter() - began_s)
    return {
        f"editor_first_{name}_s": round(took_s[0], 3),
        **spread(f"editor_{name}_s", took_s[1:], 3),
    }


def _seconds(work: Any) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _patch(mask: NDArray[np.uint8], number: int) -> Patch:
    """The region in the middle with its margin: the edge in it is drawn as unknown, and beside it a last stroke is."""
    margin_px = protocol.REFINE_MARGIN_PX
    side_px = REGION_PX + 2 * margin_px
    left, top = (WIDTH - side_px) // 2, (HEIGHT - side_px) // 2
    marked = np.zeros((side_px, side_px), np.bool_)
    marked[margin_px:-margin_px, margin_px:-margin_px] = True
    beyond_px = np.arange(left, left + side_px) - _edge()[top : top + side_px, None]
    is_near = np.abs(beyond_px) < UNKNOWN_WIDTH_PX / 2
    begin = margin_px + number * (REGION_PX - STROKE_PX) // 50
    at_rows = np.abs(np.arange(side_px)[:, None] - begin - STROKE_PX / 2) < STROKE_PX / 2
    is_near |= at_rows & (beyond_px < 0) & (beyond_px > -UNKNOWN_WIDTH_PX / 2 - STROKE_PX)
    strokes = np.where(is_near & marked, messages.UNKNOWN, 0).astype(np.uint8)
    cut = np.ascontiguousarray(mask[top : top + side_px, left : left + side_px])
    return Patch(left, top, side_px, side_px, cut.data, strokes=strokes.data)


def _scene() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A dark subject with hair on the right of a wavy edge, noise over all; and the mask of its body."""
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    beyond_px = columns - _edge()[:, None].astype(np.float32)
    is_hair = (np.sin(rows / 5 + columns / 40) > 0.7) & (beyond_px > -70)
    alpha = np.clip(np.maximum(beyond_px / 12 + 0.5, is_hair * 0.8), 0, 1)
    photo = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    for channel, (subject, ground) in enumerate(((60, 170), (45, 190), (40, 200))):
        clean = ground + alpha * (subject - ground)
        clean += random.standard_normal(clean.shape, np.float32) * 4
        photo[..., channel] = np.clip(clean, 0, 255)
    return photo, np.where(beyond_px > 0, 255, 0).astype(np.uint8)


def _edge() -> NDArray[np.float64]:
    """The column of the edge in each row."""
    rows = np.arange(HEIGHT)
    return WIDTH / 2 + 60 * np.sin(rows / 70) + 20 * np.sin(rows / 11)
