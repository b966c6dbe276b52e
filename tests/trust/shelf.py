"""What weights a daemon has while editors are killed: of what is pointed with or not, and one's that are downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes import hub
from tests.hosts.hubs import PORTRAIT, PORTRAIT_FILE
from tests.trust import networks

from flyaway import engines
from flyaway.weights.store import Store

CONTENT = b"made up" * 1_000_000
PAUSE_S = 0.5


class Shelf:
    """The weights of this process's daemon.

    Attributes:
        endpoint: the address of the hub from which it downloads those for portraits.
    """

    def __init__(self, fake: hub.Hub) -> None:
        fake.files[PORTRAIT_FILE] = CONTENT
        fake.pause_s = PAUSE_S
        self.endpoint = fake.endpoint

    def arrange(self, *, has_pointer: bool) -> None:
        """Have those that are pointed with or not, with which rough regions would be understood, too, and others not.

        Half a download stays, and is gone on with.
        """
        (pointer,) = networks.POINTER
        gone = _paths(PORTRAIT)
        if not has_pointer:
            gone += _paths(pointer)
        elif not _paths(pointer):
            networks.bring(networks.POINTER)
        for path in gone:
            path.unlink()

    def downloaded(self) -> str:
        """What is there of what can be downloaded, in short; "" for nothing."""
        return "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in _paths(PORTRAIT))


def _paths(engine: str) -> list[Path]:
    return Store().paths(engines.record(engine))


@contextmanager
def shelf() -> Iterator[Shelf]:
    """With the hub running."""
    with hub.serve() as fake:
        yield Shelf(fake)
