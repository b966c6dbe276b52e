"""Unread: what libzmq has not given to the system counts, and whoever has read all is forgotten."""

from __future__ import annotations

from flyaway.serving.unread import Unread


class Tracker:
    """Of a payload that lies in libzmq until it is `done`."""

    done = False


def test_a_peer_that_does_not_read_has_no_room_until_it_does() -> None:
    unread, tracker = Unread(), Tracker()
    unread.note(b"slow", tracker, Unread.MOST_BYTES)  # type: ignore[arg-type]
    assert not unread.has_room(b"slow")
    assert unread.has_room(b"another")
    tracker.done = True
    assert unread.has_room(b"slow")


def test_all_together_are_bounded() -> None:
    unread = Unread()
    peers = Unread.MOST_ALL_BYTES // (Unread.MOST_BYTES // 2)
    for number in range(peers):
        unread.note(b"%d" % number, Tracker(), Unread.MOST_BYTES // 2)  # type: ignore[arg-type]
    assert not unread.has_room(b"0")
    assert unread.has_room(b"another")


def test_who_has_read_all_is_not_remembered_though_nobody_asks() -> None:
    unread, trackers = Unread(), [Tracker() for _ in range(100)]
    for number, tracker in enumerate(trackers):
        unread.note(b"%d" % number, tracker, 1)  # type: ignore[arg-type]
        tracker.done = True
    assert len(unread._sent) == 1
