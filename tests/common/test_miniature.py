"""miniature.py: small copies of a selection and its picture, and the question about them."""

from __future__ import annotations

import struct

import pytest

from flyaway_client import miniature, protocol
from flyaway_client.messages import ImageHeader
from flyaway_client.miniature import Miniature
from flyaway_client.options import Options


def test_a_small_layer_stays_as_it_is() -> None:
    assert miniature.size(3, 2) == (3, 2)
    assert miniature.shrunk([b"abc", b"def"].__getitem__, 3, 2) == b"abcdef"


@pytest.mark.parametrize("sample_bytes", [1, 2, 4])
@pytest.mark.parametrize("samples", [1, 2, 4])
def test_a_large_one_keeps_each_so_manieth_pixel(
    sample_bytes: int, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(miniature, "SIDE_PX", 3)

    def pixel(number: int) -> bytes:
        return b"".join(bytes([number, place, 7, 9])[:sample_bytes] for place in range(samples))

    def row(number: int) -> bytes:
        assert number in (0, 2), "a row that is not kept was read"
        return b"".join(map(pixel, range(5 * number, 5 * number + 5)))

    assert miniature.size(5, 4) == (3, 2)
    kept = b"".join(map(pixel, [0, 2, 4, 10, 12, 14]))
    assert miniature.shrunk(row, 5, 4, sample_bytes, samples) == kept


def test_deep_samples_become_bytes_in_the_same_order() -> None:
    values = [0.0, 0.01, 0.1, 0.5, 1.0]
    deep = {
        "u8": bytes(round(255 * value) for value in values),
        "u16": struct.pack("<5H", *(round(65535 * value) for value in values)),
        "f16": struct.pack("<5e", *values),
        "f32": struct.pack("<5f", *values),
    }
    for dtype, pixels in deep.items():
        levels = miniature.eight_bits(pixels, dtype)
        assert list(levels) == sorted(set(levels)), dtype
        assert levels[0] == 0
        assert levels[-1] >= 240


def test_floats_beyond_what_can_be_shown_are_the_darkest_and_the_brightest() -> None:
    pixels = struct.pack("<3f", -3.0, 1e30, 1.0)
    assert miniature.eight_bits(pixels, "f32")[0] == 0
    assert miniature.eight_bits(pixels, "f32")[1] == miniature.eight_bits(pixels, "f32")[2]
    assert list(miniature.eight_bits(struct.pack("<2e", -3.0, 60000.0), "f16")) == [0, 255]


@pytest.mark.parametrize(("width", "height"), [(1, 1_000_000), (6001, 4000), (769, 768), (767, 1)])
def test_what_is_kept_has_the_size_that_is_said(width: int, height: int) -> None:
    small = miniature.size(width, height)
    assert max(small) <= miniature.SIDE_PX
    row = bytes(width)
    assert len(miniature.shrunk(lambda _: row, width, height)) == small[0] * small[1]


def test_a_selection_tells_how_much_of_it_is_partly_selected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [b"\0\x01\xfe\xff\x80", bytes(5), b"\xff\xff\xff\x7f\xff", bytes([9] * 5)]
    assert miniature.shrunk_levels(rows.__getitem__, 5, 4) == (b"".join(rows), 9)
    monkeypatch.setattr(miniature, "SIDE_PX", 3)
    # Those of the rows that are kept stand for all.
    assert miniature.shrunk_levels(rows.__getitem__, 5, 4) == (b"\0\xfe\x80\xff\xff\xff", 8)


def test_the_largest_fits_into_one_message() -> None:
    header = ImageHeader(miniature.SIDE_PX, miniature.SIDE_PX, "rgba", "u8")
    large = Miniature(9000, 9000, header, bytes(header.bytes), bytes(header.pixels))
    asked, payload = miniature.request(large, Options())
    assert len(payload) == asked.payload_bytes <= protocol.STRIP_BYTES


def test_asks_with_the_users_options() -> None:
    small = Miniature(40, 20, ImageHeader(2, 1, "gray", "u8"), b"ab", b"cd", 7)
    asked, payload = miniature.request(small, Options(selection_is="outline", edge_width_px=9))
    assert (asked.width, asked.height) == (40, 20)
    assert (asked.selection_is, asked.edge_width_px) == ("outline", 9)
    assert payload == b"abcd"
    assert asked.partly_px == 7
    assert miniature.request(small, Options())[0].edge_width_px is None
