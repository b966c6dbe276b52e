"""miniature.py: small copies of a selection and its picture, and the question about them."""

from __future__ import annotations

import pytest

from flyaway_client import miniature, protocol
from flyaway_client.messages import ImageHeader
from flyaway_client.miniature import Miniature
from flyaway_client.options import Options


def test_a_small_layer_stays_as_it_is() -> None:
    assert miniature.size(3, 2) == (3, 2)
    assert miniature.shrunk(b"abcdef", 3, 2) == b"abcdef"


@pytest.mark.parametrize("pixel_bytes", [1, 2, 4, 8])
def test_a_large_one_keeps_each_so_manieth_pixel(
    pixel_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(miniature, "SIDE_PX", 3)
    pixels = b"".join(bytes([number]) * pixel_bytes for number in range(5 * 4))
    kept = [0, 2, 4, 10, 12, 14]
    assert miniature.size(5, 4) == (3, 2)
    assert miniature.shrunk(pixels, 5, 4, pixel_bytes) == b"".join(
        bytes([number]) * pixel_bytes for number in kept
    )


@pytest.mark.parametrize(("width", "height"), [(1, 1_000_000), (6001, 4000), (769, 768), (767, 1)])
def test_what_is_kept_has_the_size_that_is_said(width: int, height: int) -> None:
    small = miniature.size(width, height)
    assert max(small) <= miniature.SIDE_PX
    assert len(miniature.shrunk(bytes(width * height), width, height)) == small[0] * small[1]


def test_the_largest_fits_into_one_message() -> None:
    header = ImageHeader(miniature.SIDE_PX, miniature.SIDE_PX, "rgba", "u8")
    large = Miniature(9000, 9000, header, bytes(header.bytes), bytes(header.pixels))
    asked, payload = miniature.request(large, Options())
    assert len(payload) == asked.payload_bytes <= protocol.STRIP_BYTES


def test_asks_with_the_users_options() -> None:
    small = Miniature(40, 20, ImageHeader(2, 1, "gray", "u8"), b"ab", b"cd")
    asked, payload = miniature.request(small, Options(selection_is="outline", edge_width_px=9))
    assert (asked.width, asked.height) == (40, 20)
    assert (asked.selection_is, asked.edge_width_px) == ("outline", 9)
    assert payload == b"abcd"
    assert miniature.request(small, Options())[0].edge_width_px is None
