"""Descriptions of selections over the wire: answered beside the work, refused where they do not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.daemon.servers import Daemon, Gate, Peer, request, serving

from flyaway_client import protocol
from flyaway_client.messages import DescribeRequest, Description, ImageHeader

SIDE = 40
SIZE = ImageHeader(SIDE, SIDE, "gray", "u8")
ASKED = DescribeRequest("d", 4000, 4000, SIZE, SIZE)
ROWS = b"".join(bytes(10) + b"\xff" * 20 + bytes(10) for _ in range(20))
RECTANGLE = bytes(10 * SIDE) + ROWS + bytes(10 * SIDE)
PAYLOAD = bytes(SIDE * SIDE) + RECTANGLE


def ask(peer: Peer, asked: DescribeRequest, *payload: bytes) -> None:
    peer.send(asked, *payload)


class TestDescriptions:
    """What a dialog shows while people draw."""

    def test_are_answered(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        ask(peer, ASKED, PAYLOAD)
        sentence = "Rough region, because it is a rectangle"
        assert peer.answer() == Description("d", "region", sentence)

    def test_do_not_wait_for_work(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            gate.wait_until_begun()
            other = daemon.peer()
            ask(other, ASKED, PAYLOAD)
            assert isinstance(other.answer(), Description)
            gate.opened.set()

    def test_of_a_selection_with_nothing_in_it_are_refused_with_a_sentence(
        self, daemon: Daemon
    ) -> None:
        peer = daemon.peer()
        ask(peer, ASKED, bytes(2 * SIDE * SIDE))
        assert peer.refusal().code == protocol.NO_SUBJECT

    @pytest.mark.parametrize("payload", [(), (b"",), (PAYLOAD + b"x",), (PAYLOAD[1:],)])
    def test_without_the_pixels_that_are_announced_are_refused(
        self, daemon: Daemon, payload: tuple[bytes, ...]
    ) -> None:
        peer = daemon.peer()
        ask(peer, ASKED, *payload)
        assert peer.refusal().code == protocol.BAD_REQUEST

    def test_can_be_asked_for_again_with_a_new_id(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        for name in ("one", "two"):
            ask(peer, replace(ASKED, id=name), PAYLOAD)
            answer = peer.answer()
            assert isinstance(answer, Description)
            assert answer.id == name
