"""A hub with one engine's weights, made up, which editors download again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes import hub
from tests.hosts.hubs import PORTRAIT, PORTRAIT_FILE

from flyaway import engines
from flyaway.weights.store import Store

CONTENT = b"made up" * 1_000_000
PAUSE_S = 0.5


class Downloads:
    """What is downloaded, and whether it is there.

    Attributes:
        endpoint: the hub's address.
    """

    def __init__(self, fake: hub.Hub) -> None:
        fake.files[PORTRAIT_FILE] = CONTENT
        fake.pause_s = PAUSE_S
        self.endpoint = fake.endpoint

    def forget(self) -> None:
        """Take the file from the store of this process's daemon; half a one stays, and is gone on with."""
        for path in self._paths():
            path.unlink()

    def digest(self) -> str:
        """What is there of it, in short; "" for nothing."""
        return "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in self._paths())

    def _paths(self) -> list[Path]:
        return Store().paths(engines.record(PORTRAIT))


@contextmanager
def downloads() -> Iterator[Downloads]:
    """A hub that runs."""
    with hub.serve() as fake:
        yield Downloads(fake)
