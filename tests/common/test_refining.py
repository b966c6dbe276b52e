"""refining.py: a patch around the selection goes out, and the whole mask comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer

from flyaway_client import calls
from flyaway_client.client import Extracted
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import (
    ExtractResult,
    ImageHeader,
    Message,
    OpenSession,
    RefineRequest,
)
from flyaway_client.options import REFINED_MASK, Options
from flyaway_client.paid_work import PaidWork

WIDTH, HEIGHT = 400, 300
IMAGE = Picture(ImageHeader(WIDTH, HEIGHT, "gray", "u8"), bytes(WIDTH * HEIGHT))
OPTIONS = Options(
    engine="fine-hair", paid_work=PaidWork.WEIGHTS, transparent=True, output=REFINED_MASK
)


def selection(top: int, left: int, bottom: int, right: int) -> bytes:
    inside = bytes(left) + b"\xff" * (right - left) + bytes(WIDTH - right)
    return bytes(top * WIDTH) + inside * (bottom - top) + bytes((HEIGHT - bottom) * WIDTH)


def invert(fake: FakeDaemon, peer: Peer, message: Message) -> None:
    """Once a patch is there, answer with its mask, each byte turned round."""
    if not isinstance(peer.request, RefineRequest):
        daemon.finish_when_complete(fake, peer, message)
    elif daemon.is_complete(peer):
        asked = peer.request
        fake.send(peer, ExtractResult(asked.id, asked.mask, "builtin", "CPU", 0.1))
        daemon.send_part(fake, peer, "alpha", bytes(255 - one for one in peer.parts["mask"]))


def refined(home: Path, mask: Picture, inside: bytes) -> tuple[Extracted, RefineRequest]:
    pixels = LayerPixels(IMAGE, selection_u8=inside, mask=mask)
    with daemon.running(home, {"strip": invert}) as fake:
        work = calls.cut_out("test 1", pixels, OPTIONS, mask.header.dtype, lambda *_: None)
        extracted = work(lambda _: None, lambda: False)
        (opened,) = (one for one in fake.received if isinstance(one, OpenSession))
        (asked,) = (one for one in fake.received if isinstance(one, RefineRequest))
    assert (opened.engine, opened.paid_work_only) == ("fine-hair", True)
    assert opened.transparent
    return extracted, asked


@pytest.mark.parametrize(
    ("box", "patch"),
    [
        ((150, 160, 170, 200), (32, 22, 296, 276)),
        ((0, 0, 1, 1), (0, 0, 129, 129)),
        ((0, 0, HEIGHT, WIDTH), (0, 0, WIDTH, HEIGHT)),
    ],
)
def test_sends_the_selection_with_its_margin_and_pastes_what_comes(
    home: Path, box: tuple[int, int, int, int], patch: tuple[int, int, int, int]
) -> None:
    mask = Picture(ImageHeader(WIDTH, HEIGHT, "gray", "u8"), b"\x07" * (WIDTH * HEIGHT))
    extracted, asked = refined(home, mask, selection(*box))
    left, top, width, height = patch
    assert (asked.left, asked.top, asked.mask.width, asked.mask.height) == patch
    rows = [extracted.alpha[start : start + WIDTH] for start in range(0, WIDTH * HEIGHT, WIDTH)]
    for number, row in enumerate(rows):
        is_inside = top <= number < top + height
        changed = b"\xf8" * width if is_inside else b"\x07" * width
        assert row == b"\x07" * left + changed + b"\x07" * (WIDTH - left - width)


def test_a_deep_mask_stays_deep(home: Path) -> None:
    mask = Picture(ImageHeader(WIDTH, HEIGHT, "gray", "u16"), b"\x01\x02" * (WIDTH * HEIGHT))
    extracted, asked = refined(home, mask, selection(150, 160, 170, 200))
    assert asked.mask.dtype == "u16"
    assert len(extracted.alpha) == 2 * WIDTH * HEIGHT
    assert extracted.alpha[:2] == b"\x01\x02"
    middle = 2 * (160 * WIDTH + 180)
    assert extracted.alpha[middle : middle + 2] == b"\xfe\xfd"
