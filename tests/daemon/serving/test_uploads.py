"""Pixels that arrive in pieces."""

from __future__ import annotations

import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.daemon.servers import request

from flyaway.errors import DeviceError
from flyaway.serving import uploads
from flyaway.serving.uploads import Upload, allocate
from flyaway_client.messages import ImageHeader, MessageError, Strip


@given(st.data())
def test_pieces_of_any_size_make_the_parts_whole(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    asked = request(
        width=width, height=height, colour="icc", icc_bytes=data.draw(st.integers(1, 90))
    )
    content = {
        name: data.draw(st.randoms()).randbytes(size) for name, size in asked.parts().items()
    }
    upload = Upload(asked, 0.0)
    for name, size in asked.parts().items():
        done = 0
        while done < size:
            assert not upload.is_complete
            end = data.draw(st.integers(done + 1, size))
            upload.add(Strip("r", name, done), memoryview(content[name][done:end]), float(end))
            done = end
    assert upload.is_complete
    assert {name: bytes(part) for name, part in upload.parts.items()} == content


def test_nothing_is_taken_after_the_last_piece() -> None:
    asked = request(image=ImageHeader(1, 1, "gray", "u8"), selection=None)
    upload = Upload(asked, 0.0)
    upload.add(Strip("r", "image", 0), memoryview(b"x"), 1.0)
    with pytest.raises(MessageError, match="here already"):
        upload.add(Strip("r", "image", 1), memoryview(b"x"), 1.0)


def test_each_piece_says_that_the_client_lives() -> None:
    upload = Upload(request(), 3.0)
    assert upload.last_heard_s == 3.0
    upload.add(Strip("r", "image", 0), memoryview(b"x"), 5.0)
    assert upload.last_heard_s == 5.0


def test_memory_is_empty_and_writable() -> None:
    block = allocate(3 * uploads._HUGE_PAGE_BYTES)
    assert block[-1] == 0
    block[-1] = 7
    assert block[-1] == 7


def test_memory_comes_without_huge_pages_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Block(mmap.mmap):
        def madvise(self, *_: int) -> None:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(mmap, "mmap", Block)
    assert len(allocate(3 * uploads._HUGE_PAGE_BYTES)) == 3 * uploads._HUGE_PAGE_BYTES


def test_memory_comes_where_maps_have_no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mmap, "MAP_PRIVATE")
    assert len(allocate(4096)) == 4096


def test_too_much_memory_is_a_sentence() -> None:
    with pytest.raises(DeviceError, match="not enough memory"):
        allocate(2**62)
