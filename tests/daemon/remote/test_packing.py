"""Packed pixels: the same come out, only where it is faster, and nothing blows up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyaway.remote import packing
from flyaway.remote.packing import BLOCK_BYTES, LineSpeed, Packer, Sample
from flyaway_client import protocol
from flyaway_client.messages import MessageError

SLOW, FAST = 1e5, 1e12


def photo(size: int) -> bytes:
    """Samples that change slowly, with noise, three to a pixel."""
    chance = np.random.default_rng(1)
    slow = np.repeat(chance.integers(0, 256, size // 300 + 1), 300)[:size]
    return bytes(((slow + chance.integers(-2, 3, size)) % 256).astype(np.uint8))


def frames(payload: bytes, speed: float | None) -> list[bytes]:
    packer = Packer(LineSpeed(speed), cores=2)
    try:
        return [bytes(frame) for frame in packer.frames(payload)]
    finally:
        packer.close()


@pytest.mark.parametrize(
    "size", [packing.SMALLEST_BYTES, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES]
)
@pytest.mark.parametrize("kind", ["photo", "mask"])
def test_packed_pixels_come_out_as_they_were(size: int, kind: str) -> None:
    payload = photo(size) if kind == "photo" else bytes(size // 2) + b"\xff" * (size - size // 2)

    how, packed = frames(payload, SLOW)

    assert len(packed) < len(payload)
    assert bytes(packing.unpacked(how, memoryview(packed))) == payload


@given(st.binary(min_size=1, max_size=300), st.sampled_from(packing.DISTANCES))
def test_any_bytes_come_out_as_they_were(content: bytes, distance: int) -> None:
    packed = packing._packed(memoryview(content), distance)
    how = f"{distance}:{len(content)}:{len(packed)}".encode()

    assert bytes(packing.unpacked(how, memoryview(packed))) == content


def test_nothing_is_packed_for_a_line_that_is_faster_or_not_known() -> None:
    payload = photo(BLOCK_BYTES)

    assert frames(payload, FAST) == [payload]
    assert frames(payload, None) == [payload]


def test_noise_is_not_packed() -> None:
    payload = np.random.default_rng(2).bytes(BLOCK_BYTES)

    assert frames(payload, SLOW) == [payload]


def test_small_payloads_go_as_they_are() -> None:
    payload = bytes(packing.SMALLEST_BYTES - 1)

    assert frames(payload, SLOW) == [payload]


@pytest.mark.parametrize(
    ("ratio", "pack_bytes_s", "cores", "line_bytes_s", "is_faster"),
    [
        (0.5, 140e6, 1, 12.5e6, True),
        (0.5, 130e6, 1, 125e6, False),
        (0.5, 130e6, 2, 125e6, True),
        (0.02, 700e6, 1, 125e6, True),
        (0.95, 700e6, 1, 12.5e6, False),
    ],
)
def test_is_chosen_by_what_takes_longest(
    ratio: float, pack_bytes_s: float, cores: int, line_bytes_s: float, is_faster: bool
) -> None:
    assert packing.is_faster(Sample(3, ratio, pack_bytes_s), line_bytes_s, cores) is is_faster


def test_differences_are_taken_from_the_pixel_before() -> None:
    assert packing.sampled(memoryview(photo(BLOCK_BYTES))).distance in (1, 3, 6)
    assert packing.sampled(memoryview(bytes(BLOCK_BYTES))).distance == 0


def test_speed_is_learnt() -> None:
    speed = LineSpeed()
    speed.note(1000, 1.0)
    assert speed.bytes_s == 1000
    speed.note(3000, 1.0)
    assert speed.bytes_s == 2000
    speed.note(5, 0.0)
    assert speed.bytes_s == 2000


class TestHostile:
    """Frames that nobody packed."""

    @pytest.mark.parametrize(
        "how",
        [
            b"",
            b"0",
            b"0:5",
            b"2:5:5",
            b"0:0:5",
            b"0:-1:5",
            b"0:5:4",
            b"0:5:5,0",
            b"0:5:6,-1",
            b"x:5:5",
            b"0:99999999999:5",
            b"0:5:" + b"1," * 500,
            b"\xff\xfe",
            f"0:{protocol.STRIP_BYTES + 1}:5".encode(),
            f"0:{2 * BLOCK_BYTES}:5".encode(),
        ],
    )
    def test_how_that_makes_no_sense_is_refused(self, how: bytes) -> None:
        with pytest.raises(MessageError):
            packing.unpacked(how, memoryview(b"12345"))

    def test_more_than_was_announced_is_not_unpacked(self) -> None:
        bomb = packing._packed(memoryview(bytes(BLOCK_BYTES)), 0)
        assert len(bomb) < 6000

        with pytest.raises(MessageError, match="another size"):
            packing.unpacked(f"0:100:{len(bomb)}".encode(), memoryview(bomb))

    def test_less_than_was_announced_is_refused(self) -> None:
        packed = packing._packed(memoryview(bytes(99)), 0)

        with pytest.raises(MessageError, match="another size"):
            packing.unpacked(f"0:100:{len(packed)}".encode(), memoryview(packed))

    @given(st.binary(min_size=1, max_size=200))
    def test_any_bytes_are_refused_or_unpacked(self, content: bytes) -> None:
        try:
            result = packing.unpacked(f"3:50:{len(content)}".encode(), memoryview(content))
        except MessageError:
            return
        assert len(result) == 50
