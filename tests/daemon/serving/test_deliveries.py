"""Clients that do not read: what they cost, and that they hold up nobody."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import zmq
from tests.daemon.servers import Clock, Daemon, Peer, request, serving, wait_until

from flyaway.config import Settings
from flyaway.extraction.pipeline import Outcome
from flyaway.serving import deliveries, doorway
from flyaway.serving.tasks import ExtractionTask
from flyaway.serving.unread import Unread
from flyaway_client import messages, protocol

PLACES = 4
RESULT_BYTES = 48 * 2**20
"""More than is sent ahead (`Unread.MOST_BYTES`), so that a part of it waits for its client."""


def large_result(task: ExtractionTask) -> Outcome:
    """A new result with every page of it touched, but for who asks for a small one."""
    size = 12 if task.id == "small" else RESULT_BYTES
    return Outcome(np.full((1, size), 7, np.uint8), "copy", "test bench")


@pytest.fixture
def clock() -> Clock:
    """Seconds that a test lets pass."""
    return Clock()


@pytest.fixture
def daemon(clock: Clock) -> Iterator[Daemon]:
    """A daemon that makes large results of small requests."""
    with serving(large_result, Settings(max_waiting=PLACES), clock) as running:
        yield running


def deaf_peer(daemon: Daemon) -> Peer:
    """One that has its computer take in no more than a connection's own buffers hold."""
    peer = daemon.peer()
    peer.socket.rcvhwm = 1
    return peer


def ask(peer: Peer, name: str) -> None:
    """Send a request and its pixels without waiting for an answer."""
    asked = request(name)
    peer.send(asked)
    for part, size in asked.parts().items():
        peer.send(messages.Strip(name, part, 0), bytes(size))


def test_a_client_that_reads_nothing_keeps_its_places_and_costs_no_more(daemon: Daemon) -> None:
    deaf, watcher = deaf_peer(daemon), daemon.peer()
    watcher.hello()
    watcher.upload(request("small"))  # numpy is loaded from now on
    assert watcher.alpha(request("small")) == b"\x07" * 12
    before = watcher.status().rss_bytes
    for number in range(10 * PLACES):
        ask(deaf, str(number))
    wait_until(lambda: watcher.status().done == 1 + PLACES)
    status = watcher.status()
    assert status.queued == PLACES
    assert status.rss_bytes - before < (PLACES + 1) * RESULT_BYTES


def test_others_are_served_meanwhile(daemon: Daemon) -> None:
    deaf, other = deaf_peer(daemon), daemon.peer()
    other.hello()
    for number in range(2 * PLACES):
        ask(deaf, str(number))
    wait_until(lambda: other.status().queued == PLACES)
    other.upload(request("small"))
    assert other.alpha(request("small")) == b"\x07" * 12


def test_a_result_that_is_not_read_is_let_go_of_with_a_sentence(
    daemon: Daemon, clock: Clock
) -> None:
    deaf, watcher = deaf_peer(daemon), daemon.peer()
    ask(deaf, "r")
    wait_until(lambda: watcher.status().done == 1)
    clock.now_s += deliveries.PATIENCE_S - 1
    assert watcher.status().queued == 1
    clock.now_s += 2
    wait_until(lambda: watcher.status().queued == 0)
    answer, read_bytes = deaf.receive()
    while not isinstance(answer, messages.ErrorReply):
        answer, payload = deaf.receive()
        read_bytes += payload
    assert len(read_bytes) < RESULT_BYTES
    assert (answer.id, answer.code) == ("r", protocol.CANCELLED)
    assert "not read" in answer.message


def test_a_slow_reader_has_all_of_its_result(daemon: Daemon, clock: Clock) -> None:
    slow, watcher = deaf_peer(daemon), daemon.peer()
    ask(slow, "r")
    wait_until(lambda: watcher.status().done == 1)
    read = 0
    while read < RESULT_BYTES:
        message, payload = slow.receive()
        read += len(payload)
        clock.now_s += deliveries.PATIENCE_S / 4
        watcher.status()
        assert not isinstance(message, messages.ErrorReply)
    wait_until(lambda: watcher.status().queued == 0)


def test_a_result_whose_client_leaves_is_let_go_of(daemon: Daemon) -> None:
    deaf, watcher = deaf_peer(daemon), daemon.peer()
    ask(deaf, "r")
    wait_until(lambda: watcher.status().done == 1)
    deaf.close()
    wait_until(lambda: watcher.status().queued == 0)


def test_an_id_cannot_be_used_again_before_its_result_is_read(daemon: Daemon) -> None:
    deaf, watcher = deaf_peer(daemon), daemon.peer()
    ask(deaf, "r")
    wait_until(lambda: watcher.status().done == 1)
    ask(deaf, "r")
    while not isinstance(answer := deaf.receive()[0], messages.ErrorReply):
        pass
    assert "new id" in answer.message


def test_answers_without_pixels_that_nobody_reads_are_bounded(daemon: Daemon) -> None:
    deaf, watcher = deaf_peer(daemon), daemon.peer()
    deaf.send(messages.EnginesRequest("first"))
    deaf.receive()
    before = watcher.status().rss_bytes
    for number in range(5000):  # 80 MB of answers
        deaf.send(messages.EnginesRequest(str(number)))
    assert watcher.status().rss_bytes - before < 64 * 2**20


class TestUnread:
    """What libzmq holds."""

    def test_of_one_peer_and_of_all_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        unread = Unread()
        monkeypatch.setattr(Unread, "MOST_BYTES", 100)
        monkeypatch.setattr(Unread, "MOST_ALL_BYTES", 250)
        trackers = [zmq.MessageTracker(threading.Event()) for _ in range(3)]
        for name, tracker in zip((b"a", b"b", b"c"), trackers, strict=True):
            assert unread.has_room(name)
            unread.note(name, tracker, 90)
        assert not any(map(unread.has_room, (b"a", b"b", b"c")))
        assert unread.has_room(b"d")
        for event in trackers[0].events:
            event.set()
        assert unread.has_room(b"b")
        unread.note(b"b", trackers[1], 10)
        assert not unread.has_room(b"b")


@pytest.mark.skipif(os.name == "nt", reason="descriptors are POSIX'")
def test_there_are_only_so_many_connections_and_whoever_waits_for_work_keeps_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doorway, "MOST_HEARD", 5)
    with serving(large_result) as daemon:
        working, watcher = daemon.peer(), daemon.peer()
        working.begin(request("small"))
        for _ in range(20):
            peer = daemon.peer()
            peer.socket.reconnect_ivl = -1
            peer.hello()
            assert watcher.status().queued == 1
        assert daemon.server._transport.arrivals == 22
        wait_until(lambda: len(daemon.server._transport.peers) <= 5)
        for part, size in request("small").parts().items():
            working.send(messages.Strip("small", part, 0), bytes(size))
        assert working.alpha(request("small")) == b"\x07" * 12
