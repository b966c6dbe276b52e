"""How much of what was sent lies in libzmq, because its peer does not read."""

from __future__ import annotations

from collections import deque

import zmq


class Unread:
    """What libzmq holds of the payloads that were sent: those that it has not given to the system yet."""

    MOST_BYTES = 32 * 2**20
    """Of one peer. A fast line takes 5 ms for it, and so long the desk may be away."""

    MOST_ALL_BYTES = 256 * 2**20
    """Of all; beyond, each peer is sent one piece after the other."""

    def __init__(self) -> None:
        self._sent: dict[bytes, deque[tuple[zmq.MessageTracker, int]]] = {}

    def note(self, peer: bytes, tracker: zmq.MessageTracker, size: int) -> None:
        """That a payload of so many bytes was handed to libzmq."""
        for other in list(self._sent):  # else whoever was ever sent something would be remembered
            self._bytes_of(other)
        self._sent.setdefault(peer, deque()).append((tracker, size))

    def has_room(self, peer: bytes) -> bool:
        """Whether a peer may be sent more."""
        own = self._bytes_of(peer)
        if not own:
            return True
        return (
            own < self.MOST_BYTES
            and sum(map(self._bytes_of, list(self._sent))) < self.MOST_ALL_BYTES
        )

    def _bytes_of(self, peer: bytes) -> int:
        sent = self._sent.get(peer)
        if sent is None:
            return 0
        while sent and sent[0][0].done:
            sent.popleft()
        if not sent:
            del self._sent[peer]
        return sum(size for _, size in sent)
