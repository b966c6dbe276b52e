"""Results on their way to clients: as much ahead as a client reads, and not for ever to one that reads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flyaway.serving.tasks import Reply, Task
from flyaway.serving.transport import PeerFullError, PeerGoneError, Transport

PATIENCE_S = 60.0
"""How long a client may read nothing of a result that waits for it."""

Key = tuple[bytes, str]
"""A request: whose it is, and the id they gave it."""


@dataclass(slots=True)
class _Delivery:
    task: Task
    replies: Iterator[Reply]
    moved_s: float
    held: Reply | None = None
    """Taken from `replies` and not yet sent."""

    def next_reply(self) -> Reply | None:
        """The one to be sent next; None where all are sent."""
        if self.held is None:
            self.held = next(self.replies, None)
        return self.held


class Deliveries:
    """Sends results in pieces as their clients read; used in the desk's thread alone.

    A result that waits is what the work left, not a copy; whoever does not read keeps the place of the request.

    Args:
        transport: where they go out.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waiting: dict[Key, _Delivery] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._waiting

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._waiting)

    @property
    def tasks(self) -> list[Task]:
        """Those whose results are not all sent."""
        return [delivery.task for delivery in self._waiting.values()]

    def add(self, task: Task, now_s: float) -> None:
        """Take over finished work, whose engines and pixels are given back at once."""
        delivery = _Delivery(task, task.replies(), now_s)
        delivery.next_reply()
        task.close()
        self._waiting[task.peer, task.id] = delivery

    def go_on(self, now_s: float) -> tuple[list[Task], list[Task]]:
        """Send what is read; whose client has left, and whose has read nothing for too long."""
        gone, unread = [], []
        for key, delivery in list(self._waiting.items()):
            try:
                is_over = self._send(delivery, now_s)
            except PeerGoneError:
                gone.append(delivery.task)
            else:
                if not is_over and now_s - delivery.moved_s <= PATIENCE_S:
                    continue
                if not is_over:
                    unread.append(delivery.task)
            del self._waiting[key]
        return gone, unread

    def _send(self, delivery: _Delivery, now_s: float) -> bool:
        """Send what there is room for; whether that is all. Results for one peer go one after the other."""
        peer = delivery.task.peer
        while (reply := delivery.next_reply()) is not None:
            if not self._transport.has_room(peer):
                return False
            try:
                self._transport.send(peer, *reply)
            except PeerFullError:
                return False
            delivery.held, delivery.moved_s = None, now_s
        return True
