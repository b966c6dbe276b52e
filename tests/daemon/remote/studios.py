"""Two computers on one: a studio that works, and a laptop that has it work, each with a home of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.daemon.servers import Daemon, serving

from flyaway.remote import records
from flyaway.remote.records import KeyPair, Remote
from flyaway.remote.workplace import Workplace
from flyaway.serving.encrypted_door import Listening


def keys_of(home: Path) -> KeyPair:
    """The pair of a computer; made at first use."""
    pair = records.own_keys(home, make=True)
    assert pair is not None
    return pair


@dataclass
class Studio:
    """A computer that works for others."""

    home: Path
    daemon: Daemon

    @property
    def address(self) -> str:
        """host:port where it serves them."""
        return self.daemon.far_address


@contextlib.contextmanager
def studio(home: Path, *laptops: Path, **options: Any) -> Iterator[Studio]:
    """A studio that lets in these laptops, under the names of their folders; `options` as for `serving`."""
    keys_of(home)
    for laptop in laptops:
        records.allow(home, laptop.name, keys_of(laptop).public)
    listening = Listening("127.0.0.1:*", home, keys_of(home))  # a free port
    with serving(listening=listening, **options) as daemon:
        yield Studio(home, daemon)


def choose(laptop: Path, studio_home: Path, address: str) -> Remote:
    """Have the work of a laptop done in the studio."""
    remote = Remote("studio", address, keys_of(studio_home).public)
    records.add(laptop, remote)
    records.use(laptop, "studio")
    return remote


@contextlib.contextmanager
def laptop_at(home: Path, studio_home: Path, address: str, **options: Any) -> Iterator[Daemon]:
    """The daemon of a laptop whose work is done at an address."""
    choose(home, studio_home, address)
    with serving(workplace=Workplace(home), **options) as daemon:
        yield daemon
