"""How many requests may be under way, and for whom: of a program, of another computer, of all. Knows no message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flyaway.errors import BusyError
from flyaway.serving.doorway import MOST_CONNECTIONS
from flyaway_client.wording import _


@dataclass(frozen=True, slots=True)
class Place:
    """A request that is uploading, queued, worked on, or answered and not read yet.

    Attributes:
        client: the other computer that it is of; "" for this one.
        program: how whoever asked calls itself; "" where it has not said so. Several connections may be of one.
        is_batch: whether it is one of a batch.
        nbytes: of the pixels that came with it, or will.
    """

    client: str
    program: str
    is_batch: bool
    nbytes: int = 0


def check(wanted: Place, taken: Sequence[Place], most: int) -> None:
    """Refuse a request for which there is no place.

    A program of this computer may have `most`; for others there is always a quarter more, so that none can take all.
    A batch takes no place that somebody at an editor could want, and half of them at most.

    Args:
        wanted: for which.
        taken: those that there are.
        most: how many one program may have.

    Raises:
        BusyError: it has as many already, or all have.
    """
    own = [one for one in taken if one.client == wanted.client]
    if wanted.client:  # each has a connection of its own, and there are only so many
        most = min(most, MOST_CONNECTIONS // 2)
    if wanted.is_batch:
        _refuse_over(max(1, most // 2), len(own))
        return
    seen = [one for one in own if not one.is_batch]
    if wanted.client:
        _refuse_over(most, len(seen))
        return
    _refuse_over(most, sum(one.program == wanted.program for one in seen))
    _refuse_over(most + max(1, most // 4), len(seen))


def check_memory(wanted: Place, taken: Sequence[Place], most_bytes: int) -> None:
    """Refuse pixels of another computer for which there is no memory with all that others sent.

    Raises:
        BusyError: there is none.
    """
    if not wanted.client:
        return
    held = sum(one.nbytes for one in taken if one.client)
    if held + wanted.nbytes > most_bytes:
        raise BusyError(
            _(
                "Too many pictures of other computers are in hand. Wait for one to finish and try "
                "again."
            )
        )


def _refuse_over(most: int, count: int) -> None:
    if count >= most:
        raise BusyError(
            _(
                "Flyaway is working on {limit} requests already. Wait for one to finish, or cancel "
                "one, and try again."
            ).format(limit=most)
        )
