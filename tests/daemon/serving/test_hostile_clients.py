"""Clients that have the password and send whatever they like: the daemon answers on, and does not grow."""

from __future__ import annotations

import random
from typing import Any

import pytest
import zmq
from tests.daemon.servers import Daemon, Peer, request, serving
from tests.trust.mutants import with_odd_bytes, with_odd_fields

from flyaway.config import Settings
from flyaway_client import messages, protocol
from flyaway_client.messages import ImageHeader

CASES = 1500

GOOD = (
    messages.Hello(protocol.VERSION, "a test", "00" * 32),
    request(),
    request(image=ImageHeader(4, 3, "bgra", "u16"), colour="icc", icc_bytes=8),
    messages.Strip("r", "image", 0),
    messages.Strip("r", "selection", 0),
    messages.Cancel("r"),
    messages.StatusRequest("s"),
    messages.EnginesRequest("e"),
    messages.Ready("r"),
)


def drain(peer: Peer) -> int:
    """Throw away what has come for a peer; how many messages that was."""
    count = 0
    while peer.socket.poll(0):
        peer.socket.recv_multipart(zmq.NOBLOCK)
        count += 1
    return count


@pytest.fixture
def small_daemon() -> Any:
    """A daemon that takes many requests, all of them small."""
    with serving(settings=Settings(max_megapixels=0.05, max_waiting=500)) as running:
        yield running


@pytest.mark.parametrize("garble", [with_odd_fields, with_odd_bytes])
def test_garbled_headers_and_payloads(small_daemon: Daemon, garble: Any) -> None:
    peer, watcher, chance = small_daemon.peer(), small_daemon.peer(), random.Random(7)
    watcher.send(messages.EnginesRequest("e"))  # numpy is loaded from now on
    watcher.answer()
    before = watcher.status().rss_bytes
    for _ in range(CASES):
        header = chance.choice(GOOD).to_header()
        sizes = chance.choice([(), (), (0,), (12,), (36,), (5000,), (1, 1), (0, 0, 0, 0)])
        peer.send(garble(header, chance), *map(bytes, sizes))
        drain(peer)
    peer.close()
    after = watcher.status()
    assert after.rss_bytes - before < 64 * 2**20
    assert small_daemon.peer().hello().protocol == protocol.VERSION


def test_random_frames(small_daemon: Daemon) -> None:
    peer, chance = small_daemon.peer(), random.Random(11)
    for _ in range(CASES):
        frames = [chance.randbytes(chance.choice([0, 1, 40, 300])) for _ in range(3)]
        peer.send(*frames[: chance.randint(1, 3)])
    answered = 0
    while answered < CASES:
        refusal, _ = peer.receive()
        assert isinstance(refusal, messages.ErrorReply)
        assert refusal.code == protocol.BAD_REQUEST
        answered += 1
    assert small_daemon.peer().status().queued == 0


def test_uploads_begun_and_left_hold_only_what_was_sent() -> None:
    with serving(settings=Settings(max_waiting=1000)) as daemon:
        peer = daemon.peer()
        peer.begin(request("first"))  # numpy is loaded from now on
        before = peer.status().rss_bytes
        for index in range(900):
            large = request(str(index), 12_000, 12_000, selection=None)
            peer.send(large)
            assert peer.answer() == messages.Ready(large.id)
        assert peer.status().queued == 901
        assert peer.status().rss_bytes - before < 64 * 2**20
