"""What bad messages get at the daemon's desk: a sentence each, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.daemon.servers import (
    Daemon,
    Gate,
    request,
    serving,
)

from flyaway.config import Settings
from flyaway.serving import uploads
from flyaway.serving.engine_service import EngineService
from flyaway_client import messages, protocol


class TestRefusals:
    """What is refused by its header."""

    def test_of_an_image_over_the_limit_comes_before_any_pixel_or_memory(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def allocate(size: int) -> Any:
            raise AssertionError(f"{size} bytes were set aside")

        monkeypatch.setattr(uploads, "allocate", allocate)
        with serving(settings=Settings(max_megapixels=1)) as daemon:
            peer = daemon.peer()
            peer.send(request(width=1001, height=2000))
            refusal = peer.refusal()
            assert refusal.code == protocol.TOO_LARGE
            assert "2 megapixels, the limit is 1." in refusal.message
            assert "max_megapixels" in refusal.message
            assert peer.status().queued == 0

    @pytest.mark.parametrize("digits", [6, 7, 200, 4000, 5000])
    def test_of_an_absurd_size_does_no_sums_with_it(self, daemon: Daemon, digits: int) -> None:
        peer = daemon.peer()
        header = messages.encode(request(width=999_999, height=999_999))
        peer.send(header.replace(b"999999", b"9" * digits))
        expected = protocol.TOO_LARGE if digits == 6 else protocol.BAD_REQUEST
        assert peer.refusal().code == expected

    def test_of_more_memory_than_there_is(
        self, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def mmap(*_: object, **__: object) -> Any:
            raise OSError(12, "Cannot allocate memory")

        monkeypatch.setattr("flyaway.serving.uploads.mmap.mmap", mmap)
        peer = daemon.peer()
        peer.send(request())
        refusal = peer.refusal()
        assert refusal.code == protocol.OUT_OF_MEMORY
        assert "not enough memory" in refusal.message

    def test_of_an_engine_nobody_knows_names_those_there_are(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(request(engine="magic"))
        refusal = peer.refusal()
        assert refusal.code == protocol.UNKNOWN_ENGINE
        assert "'magic'" in refusal.message
        assert "builtin" in refusal.message

    def test_of_an_id_in_use_leaves_the_first_request_alone(self, daemon: Daemon) -> None:
        peer, asked = daemon.peer(), request()
        peer.begin(asked)
        peer.send(asked)
        assert "Use a new id" in peer.refusal().message
        for part, size in asked.parts().items():
            peer.send(messages.Strip(asked.id, part, 0), b"\x07" * size)
        assert peer.alpha(asked) == b"\x07" * 12

    def test_of_an_id_that_is_queued(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            peer.send(request())
            assert "Use a new id" in peer.refusal().message
            gate.opened.set()
            assert peer.alpha(request()) == b"\x07" * 12

    def test_of_more_requests_than_may_wait(self, gate: Gate) -> None:
        with serving(gate, Settings(max_waiting=2)) as daemon:
            peer = daemon.peer()
            peer.upload(request("working"))
            peer.begin(request("uploading"))
            peer.send(request("one too many"))
            refusal = peer.refusal()
            assert (refusal.id, refusal.code) == ("one too many", protocol.BUSY)
            assert "2 requests" in refusal.message
            gate.opened.set()
            peer.alpha(request("working"))
            peer.begin(request("now there is room"))

    @pytest.mark.parametrize(("places", "batches"), [(4, 2), (1, 1)])
    def test_of_a_batch_that_would_take_places_of_editors(
        self, gate: Gate, places: int, batches: int
    ) -> None:
        with serving(gate, Settings(max_waiting=places)) as daemon:
            peer = daemon.peer()
            peer.upload(request("batch 0", is_batch=True))
            for number in range(1, batches):
                peer.begin(request(f"batch {number}", is_batch=True))
            peer.send(request("one too many", is_batch=True))
            refusal = peer.refusal()
            assert (refusal.id, refusal.code) == ("one too many", protocol.BUSY)
            for number in range(places):
                peer.begin(request(f"editor {number}"))
            peer.send(request("no place"))
            assert peer.refusal().code == protocol.BUSY
            gate.opened.set()

    def test_of_an_unknown_request_names_it(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send({"type": "paint-me-a-house", "id": "7"})
        refusal = peer.refusal()
        assert (refusal.id, refusal.code) == ("7", protocol.UNKNOWN_REQUEST)
        assert "paint-me-a-house" in refusal.message

    def test_of_a_message_that_only_daemons_send(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(messages.ShutdownReply("7"))
        assert peer.refusal().code == protocol.UNKNOWN_REQUEST

    @pytest.mark.parametrize(
        "changes",
        [
            {"image": {"width": 0, "height": 3, "channels": "rgb", "dtype": "u8"}},
            {"image": {"width": 4, "height": -3, "channels": "rgb", "dtype": "u8"}},
            {"image": {"width": 4, "height": 3, "channels": "cmyk", "dtype": "u8"}},
            {"image": {"width": 4, "height": 3, "channels": "rgb", "dtype": "f64"}},
            {"image": {"width": "4", "height": 3, "channels": "rgb", "dtype": "u8"}},
            {"image": {"width": True, "height": 3, "channels": "rgb", "dtype": "u8"}},
            {"image": None},
            {"selection": {"width": 3, "height": 4, "channels": "gray", "dtype": "u8"}},
            {"selection": {"width": 4, "height": 3, "channels": "rgb", "dtype": "u8"}},
            {"selection_is": "whatever"},
            {"edge_width_px": 0},
            {"colour": "icc"},
            {"icc_bytes": 12},
            {"icc_bytes": -1, "colour": "icc"},
            {"icc_bytes": 2**40, "colour": "icc"},
            {"output_dtype": "f16"},
            {"engine": "\ud800"},
            {"id": ""},
            {"id": "x" * 65},
            {"id": 7},
        ],
        ids=str,
    )
    def test_of_a_header_that_contradicts_the_protocol(
        self, daemon: Daemon, changes: dict[str, object]
    ) -> None:
        peer = daemon.peer()
        peer.send(request().to_header() | changes)
        assert peer.refusal().code == protocol.BAD_REQUEST
        assert peer.status().queued == 0

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"\xff\xfe",
            b"[]",
            b"{}",
            b'{"type":7}',
            b'{"type":"extract","id":"r","image":{"width":4',
            b"[" * 100_000,
            b'{"type":"' + b"x" * protocol.MAX_HEADER_BYTES + b'"}',
        ],
        ids=lambda header: header[:12].decode("latin-1"),
    )
    def test_of_a_header_that_is_none(self, daemon: Daemon, header: bytes) -> None:
        peer = daemon.peer()
        peer.send(header)
        assert peer.refusal().code == protocol.BAD_REQUEST
        peer.hello()

    def test_of_too_many_frames(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(messages.StatusRequest("s"), b"payload", b"surplus")
        assert peer.refusal().code == protocol.BAD_REQUEST

    def test_of_what_the_daemon_itself_fails_at(
        self, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: EngineService, asked: object) -> None:
            raise RuntimeError("a bug")

        peer = daemon.peer()
        with monkeypatch.context() as patched:
            patched.setattr(EngineService, "check", fail)
            peer.send(request())
            refusal = peer.refusal()
        assert (refusal.id, refusal.code) == ("r", protocol.INTERNAL)
        assert "flyaway daemon logs" in refusal.message
        peer.begin(request())

    def test_of_a_nonce_that_is_no_text(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        hello = messages.Hello(protocol.VERSION, "a test", "\ud800")
        peer.send(hello.to_header())
        assert peer.refusal().code == protocol.BAD_REQUEST

    def test_of_an_id_that_is_no_text_can_be_read_by_a_client(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send({"type": "status", "id": "\ud800"})
        assert (peer.refusal().id, peer.status().queued) == ("", 0)


class TestStrips:
    """Pixels that are not where they should be."""

    @pytest.mark.parametrize(
        ("strips", "complaint"),
        [
            ([("selection", 0, 12)], "must be of the part 'image'"),
            ([("pixels", 0, 12)], "must be of the part 'image'"),
            ([("image", 4, 12)], "must start at 0"),
            ([("image", 0, 12), ("image", 0, 12)], "must start at 12"),
            ([("image", 0, 12), ("image", 24, 12)], "must start at 12"),
            ([("image", -1, 12)], "must start at 0"),
            ([("image", 0, 37)], "does not fit"),
            ([("image", 0, 0)], "does not fit"),
            ([("image", 0, 36), ("image", 36, 1)], "must be of the part 'selection'"),
            ([("image", 0, 36), ("selection", 0, 13)], "does not fit"),
            ([("image", 0, None)], "payload"),
        ],
        ids=str,
    )
    def test_out_of_place_end_the_request(
        self, daemon: Daemon, strips: list[tuple[str, int, int | None]], complaint: str
    ) -> None:
        peer, asked = daemon.peer(), request()
        peer.begin(asked)
        for part, offset, size in strips:
            payload = [] if size is None else [bytes(size)]
            peer.send(messages.Strip(asked.id, part, offset), *payload)
        refusal = peer.refusal()
        assert (refusal.id, refusal.code) == (asked.id, protocol.BAD_REQUEST)
        assert complaint in refusal.message
        assert peer.status().queued == 0
        peer.upload(asked)
        assert peer.alpha(asked) == b"\x07" * 12

    def test_that_nobody_asked_for_are_dropped(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(messages.Strip("nobody", "image", 0), bytes(12))
        assert peer.status().queued == 0

    def test_of_another_client_are_not_taken(self, daemon: Daemon) -> None:
        owner, thief, asked = daemon.peer(), daemon.peer(), request()
        owner.begin(asked)
        thief.send(messages.Strip(asked.id, "image", 0), bytes(36))
        thief.status()
        for part, size in asked.parts().items():
            owner.send(messages.Strip(asked.id, part, 0), b"\x07" * size)
        assert owner.alpha(asked) == b"\x07" * 12
