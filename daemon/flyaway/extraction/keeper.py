"""Keeps engines warm: loads one once, lends it, lets go of what is idle or in the way. Knows none by name."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flyaway.errors import DeviceError

if TYPE_CHECKING:
    from flyaway.engines.contract import AnyEngine

log = logging.getLogger(__name__)


class Loader(Protocol):
    """Loads engines and knows the memory they lie in."""

    def needed_bytes(self, name: str) -> int:
        """About how much memory an engine takes once loaded."""

    def free_bytes(self) -> int:
        """How much memory of the device is free now."""

    def load(self, name: str, is_last_try: bool = False) -> AnyEngine:
        """Load an engine; at the last try on another device, if the settings allow it.

        Raises:
            DeviceError: there is not enough memory.
            FlyawayError: anything else that keeps it from being loaded.
        """

    def release(self) -> None:
        """Give memory of engines that were let go back to the device."""


@dataclass(slots=True)
class _WarmEngine:
    """A loaded engine, how many use it now, and when it was last given back."""

    engine: AnyEngine
    users: int = 0
    idle_since_s: float = 0.0


class Keeper:
    """Lends loaded engines by name.

    Args:
        loader: loads them.
        idle_s: an engine unused for this long is let go by `unload_idle`; 0 keeps it.
        budget_bytes: what warm engines may take together; 0 for what the device has free.
        clock: seconds that only grow.
        bytes_beside: what else is kept within the budget: pictures that are being retouched.
    """

    def __init__(
        self,
        loader: Loader,
        idle_s: float,
        budget_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
        bytes_beside: Callable[[], int] = lambda: 0,
    ) -> None:
        self._loader = loader
        self._idle_s = idle_s
        self._budget_bytes = budget_bytes
        self._clock = clock
        self._bytes_beside = bytes_beside
        self._warm: dict[str, _WarmEngine] = {}
        self._lock = threading.Lock()  # guards the table, never held while loading
        self._load_lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The engines that are loaded, in the order they were."""
        with self._lock:
            return tuple(self._warm)

    @contextmanager
    def lend(self, name: str) -> Iterator[AnyEngine]:
        """An engine for the length of a `with`, loaded first if it is not warm.

        Raises:
            FlyawayError: what the loader raises; nothing is kept then.
        """
        warm = self._lend_warm(name) or self._lend_cold(name)
        try:
            yield warm.engine
        finally:
            with self._lock:
                warm.users -= 1
                warm.idle_since_s = self._clock()
            if warm.engine.is_makeshift:
                self._let_go(lambda one: one is warm, "the device may have room for it next time")

    def held_bytes(self, names: Iterable[str]) -> int:
        """What those of these engines hold that are loaded."""
        with self._lock:
            return sum(self._warm[name].engine.held_bytes for name in names if name in self._warm)

    def has_room_for(self, name: str) -> bool:
        """Whether an engine fits beside those in use, as far as can be told; lets go of idle ones for it."""
        if name in self.names:
            return True
        self._make_room(name)
        return not self._is_short_of(self._loader.needed_bytes(name))

    def unload_idle(self) -> tuple[str, ...]:
        """Let go of what has been idle for too long; returns the names."""
        if not self._idle_s:
            return ()
        limit_s = self._clock() - self._idle_s
        return self._let_go(lambda warm: warm.idle_since_s <= limit_s, "unused for long")

    def _lend_warm(self, name: str) -> _WarmEngine | None:
        with self._lock:
            warm = self._warm.get(name)
            if warm is not None:
                warm.users += 1
            return warm

    def _lend_cold(self, name: str) -> _WarmEngine:
        """Load an engine, once however many ask for it; one load at a time."""
        with self._load_lock:
            warm = self._lend_warm(name)
            if warm is not None:
                return warm
            started_s = self._clock()
            self._make_room(name)
            engine = self._load(name)
            log.info("loaded %s on %s in %.1f s", name, engine.device, self._clock() - started_s)
            with self._lock:
                warm = self._warm[name] = _WarmEngine(engine, users=1)
            return warm

    def _load(self, name: str) -> AnyEngine:
        """Load; out of memory, let go of all that is idle and try once more."""
        try:
            return self._loader.load(name)
        except DeviceError:
            self._let_go(lambda warm: True, f"{name} did not fit beside it")
        return self._loader.load(name, is_last_try=True)

    def _make_room(self, name: str) -> None:
        """Let go of idle engines, the longest unused first, until the next one fits as far as can be told."""
        needed = self._loader.needed_bytes(name)
        while self._is_short_of(needed):
            with self._lock:
                idle = [warm for warm in self._warm.values() if not warm.users]
            if not idle:
                return
            oldest = min(idle, key=lambda warm: warm.idle_since_s)
            self._let_go(lambda warm, oldest=oldest: warm is oldest, f"{name} needs its memory")  # type: ignore[misc]

    def _is_short_of(self, needed: int) -> bool:
        if needed > self._loader.free_bytes():
            return True
        taken = sum(self._loader.needed_bytes(name) for name in self.names) + self._bytes_beside()
        return bool(self._budget_bytes) and taken + needed > self._budget_bytes

    def _let_go(self, condition: Callable[[_WarmEngine], bool], why: str) -> tuple[str, ...]:
        """Forget idle engines that meet a condition; never one in use. Returns their names."""
        with self._lock:
            names = tuple(
                name for name, warm in self._warm.items() if not warm.users and condition(warm)
            )
            for name in names:
                del self._warm[name]
        for name in names:
            log.info("let go of %s: %s", name, why)
        if names:
            self._loader.release()
        return names


class Reservation:
    """Engines held for one request until it has used each of them. `close` gives back those it has not.

    Attributes:
        loading_s: how long the request has waited for engines to be loaded.

    Args:
        keeper: lends them.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.loading_s = 0.0
        self._keeper = keeper
        self._held: dict[str, tuple[AnyEngine, ExitStack]] = {}

    def hold(self, names: Sequence[str]) -> None:
        """Load the engines of a request and hold them.

        Only the first must fit now: the others are used after it was given back.

        Raises:
            FlyawayError: one cannot be loaded.
        """
        for name in names:
            if self._held and not self._keeper.has_room_for(name):
                return
            with ExitStack() as stack:
                engine = stack.enter_context(self._lent(name))
                self._held[name] = engine, stack.pop_all()

    @contextmanager
    def lend(self, name: str) -> Iterator[AnyEngine]:
        """An engine for the length of a `with`; one that was held is held no longer after it.

        Raises:
            FlyawayError: it was not held and cannot be loaded.
        """
        if name not in self._held:
            with self._lent(name) as engine:
                yield engine
            return
        engine, stack = self._held.pop(name)
        with stack:
            yield engine

    @contextmanager
    def _lent(self, name: str) -> Iterator[AnyEngine]:
        """An engine of the keeper's, the wait for it counted."""
        is_cold, asked_s = name not in self._keeper.names, time.perf_counter()
        with self._keeper.lend(name) as engine:
            if is_cold:
                self.loading_s += time.perf_counter() - asked_s
            yield engine

    def close(self) -> None:
        """Give back what is still held."""
        while self._held:
            _, (_, stack) = self._held.popitem()
            stack.close()
