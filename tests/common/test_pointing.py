"""Client.point: what the user may have pointed at, and a mask for each."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes import daemon as fake
from tests.fakes.daemon import FakeDaemon, Peer, running

from flyaway_client import messages, protocol
from flyaway_client.client import Client, PointedAt, new_request_id
from flyaway_client.errors import RefusedError, TransportError
from flyaway_client.messages import Message, PointRequest
from flyaway_client.prompts import Box, Candidate, Point, Prompts

CLICK = Prompts((Point(1, 0),))


def point(prompts: Prompts = CLICK) -> PointedAt:
    with Client.connect("test", start=False) as client:
        return client.point(PointRequest(new_request_id(), "session", prompts))


def test_each_candidate_has_its_mask(home: Path) -> None:
    with running(home) as daemon:
        found = point()
    assert [candidate.size for candidate in found.answer.candidates] == ["part", "whole"]
    assert found.masks == (b"ab", b"cd")
    (asked,) = (one for one in daemon.received if isinstance(one, PointRequest))
    assert asked.prompts == CLICK


def test_without_prompts_nothing_is_found(home: Path) -> None:
    with running(home):
        found = point(Prompts())
    assert found.masks == ()
    assert found.answer.mask is None


@pytest.mark.parametrize("payload", [b"abc", b"abcde", b""])
def test_masks_of_another_size_are_refused(home: Path, payload: bytes) -> None:
    def answer(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, PointRequest)
        (candidate, other) = (Candidate("part", 0.5, Box(0, 0, right, 1)) for right in (1, 2))
        mask = messages.ImageHeader(2, 1, "gray", "u8")
        reply = messages.Pointed(message.id, "session", "fake", (candidate, other), mask)
        daemon.send(peer, reply, *([payload] if payload else []))

    with running(home, {"point": answer}), pytest.raises(TransportError, match="not 4"):
        point()


def test_the_daemons_sentence_on_missing_weights_is_passed_on(home: Path) -> None:
    sentence = "Get MobileSAM (41 MB) with `flyaway models download mobile-sam`."
    script = {"point": fake.refuse(protocol.WEIGHTS_MISSING, sentence)}
    with running(home, script), pytest.raises(RefusedError, match="41 MB") as refused:
        point()
    assert refused.value.code == protocol.WEIGHTS_MISSING
