"""How whoever started a run on a cluster tells its workers to begin no more, and learns that nobody is at work any more."""

from __future__ import annotations

from typing import Any, Protocol


class Bell:
    """Hangs somewhere on the cluster, once for a run. Whoever is at a block of photos when it is rung finishes those in hand."""

    def __init__(self) -> None:
        self._is_rung = False
        self._at_work: set[str] = set()
        self._told = 0

    def ring(self) -> None:
        """Nobody shall begin anything any more."""
        self._is_rung = True

    def is_rung(self) -> bool:
        """Whether it was rung."""
        return self._is_rung

    def begin(self, block: str) -> bool:
        """Say that a block is begun; False where it shall not be. One that is begun again, after a death, counts once."""
        if self._is_rung:
            self._at_work.discard(block)
            return False
        self._at_work.add(block)
        return True

    def end(self, block: str, told: int) -> None:
        """Say that a block is over, and how many events it is about to tell."""
        self._at_work.discard(block)
        self._told += told

    def is_quiet(self, heard: int) -> bool:
        """Whether nobody is at work any more, and as many events as were told are heard."""
        return self._is_rung and not self._at_work and heard >= self._told


class Rope(Protocol):
    """How the bell is reached from one process; a bell that cannot be reached was not rung."""

    def begin(self, block: str) -> bool:
        """As for `Bell`."""

    def end(self, block: str, told: int) -> None:
        """As for `Bell`."""

    def is_rung(self) -> bool:
        """As for `Bell`."""


class NoBell:
    """Where none hangs."""

    def begin(self, block: str) -> bool:
        """Always."""
        return True

    def end(self, block: str, told: int) -> None:
        """Nobody listens."""

    def is_rung(self) -> bool:
        """Never."""
        return False


class RayRope:
    """The way to a bell that is an actor of Ray's.

    Args:
        bell: the actor.
    """

    _WAIT_S = 5.0

    def __init__(self, bell: Any) -> None:
        self._bell = bell

    @classmethod
    def hang(cls) -> RayRope:
        """Hang a bell; whatever happens to its node, it is hung anew elsewhere, and then has to be rung again."""
        import ray

        return cls(ray.remote(Bell).options(num_cpus=0, max_restarts=-1).remote())

    def begin(self, block: str) -> bool:
        """See `Bell`."""
        return bool(self._asked(self._bell.begin, True, block))

    def end(self, block: str, told: int) -> None:
        """See `Bell`."""
        self._asked(self._bell.end, None, block, told)

    def is_rung(self) -> bool:
        """See `Bell`."""
        return bool(self._asked(self._bell.is_rung, False))

    def ring(self) -> None:
        """See `Bell`."""
        self._asked(self._bell.ring, None)

    def is_quiet(self, heard: int) -> bool:
        """See `Bell`."""
        return bool(self._asked(self._bell.is_quiet, False, heard))

    def _asked(self, method: Any, otherwise: Any, *arguments: Any) -> Any:
        import ray

        try:
            return ray.get(method.remote(*arguments), timeout=self._WAIT_S)
        except ray.exceptions.RayError:
            return otherwise
