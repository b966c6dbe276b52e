"""The work on many photos at once, here: reading, the engines and writing overlap, and each photo in hand is bounded."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from flyaway.batch.events import Event
from flyaway.batch.feed import Feed
from flyaway.batch.hand import Hand, Watch
from flyaway.batch.manifest import Manifest
from flyaway.batch.work import Answer, Prepared, Wishes
from flyaway.errors import BatchError, RequestError
from flyaway_client import protocol
from flyaway_client.errors import (
    CancelledError,
    ClientError,
    DaemonLostError,
    DaemonUnreachableError,
    RefusedError,
    VersionError,
)
from flyaway_client.messages import ExtractRequest
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer

Solver = Callable[[ExtractRequest, Mapping[str, Buffer], Callable[[], bool]], Answer]
"""Has the engines do a request, until told to stop; raises ClientError."""

_HANDS_BESIDE = 2
"""Photos in hand beyond those with the engines: the next is read while the last is written."""

_WORKERS = 2
"""Photos with the engines at once, where nobody says how many: one is read while the other is solved."""

_BUSY_S = 0.5
"""How long until an engine's queue that was full is tried again."""

_LOST_TRIES = 3
"""How often a photo is sent at whose work the daemon goes away, before it counts as what sends it away."""

_HOPELESS = {protocol.UNKNOWN_ENGINE, protocol.WEIGHTS_MISSING}
"""Refusals that every other photo would meet as well."""


class Run:
    """One run of a batch.

    Args:
        wishes: what is wanted of each photo.
        manifest: what is known of them; prepared.
        solve: has the engines.
        tell: told of each photo's end, in any thread, one at a time.
        weights: the hash of an engine's file as it is now, None where there is none.
        is_stopping: set when no more photos shall be begun.
        watched: see `Hand`.
    """

    def __init__(
        self,
        wishes: Wishes,
        manifest: Manifest,
        solve: Solver,
        tell: Callable[[Event], None],
        weights: Callable[[str], str | None],
        is_stopping: threading.Event,
        watched: Watch | None = None,
    ) -> None:
        self.hand = Hand(wishes, manifest, self._ask, weights, watched)
        self._solve = solve
        self._tell = tell
        self._is_stopping = is_stopping
        self._is_abandoned = threading.Event()
        self._workers = wishes.settings.workers or _WORKERS
        self._places = threading.Semaphore(self._workers)
        self._trying_again = threading.Lock()
        self._telling = threading.Lock()

    def work_off(self, feed: Feed, meanwhile: Callable[[], None], every_s: float = 0.5) -> None:
        """Do all photos of a feed.

        Args:
            feed: the photos.
            meanwhile: called now and then, in this thread.
            every_s: how often.

        Raises:
            BatchError: it cannot go on.
            KeyboardInterrupt: Ctrl-C, and whatever else `meanwhile` raises; photos in hand are given up.
        """
        hands = self._workers + _HANDS_BESIDE
        with concurrent.futures.ThreadPoolExecutor(hands, "flyaway-batch") as pool:
            working = [pool.submit(self._keep_at_it, feed) for _ in range(hands)]
            try:
                while concurrent.futures.wait(working, every_s).not_done:
                    meanwhile()
            except BaseException:
                self._is_abandoned.set()
                self._is_stopping.set()
                raise
        for hand in working:
            hand.result()

    def _keep_at_it(self, feed: Feed) -> None:
        """Do photo after photo; a fault of ours ends the run and comes out of `work_off`."""
        try:
            while not self._is_stopping.is_set() and (job := feed.next()) is not None:
                event = self.hand.attempt(job)
                if event is None:
                    feed.put_back(job)
                    continue
                with self._telling:
                    self._tell(event)
        except CancelledError:
            return  # abandoned: the photo is there for the next run
        except BaseException:
            self._is_stopping.set()
            raise

    def _ask(self, prepared: Prepared) -> Answer:
        """Have the engines do a request; a daemon that is full is waited for, one that went away asked again.

        Raises:
            BatchError: nobody can be asked.
            RequestError: it is refused.
            CancelledError: the photo is given up.
        """
        lost = 0
        while True:
            try:
                with self._turn(is_alone=lost > 0):
                    return self._solve(prepared.request, prepared.parts, self._is_abandoned.is_set)
            except RefusedError as error:
                if error.code in _HOPELESS:
                    raise BatchError(error.message) from error
                if error.code not in (protocol.BUSY, protocol.CANCELLED):
                    raise RequestError(error.message) from error
            except DaemonLostError as error:
                lost += 1
                if lost == _LOST_TRIES:
                    raise RequestError(_LOST.format(count=lost)) from error
            except CancelledError:
                raise
            except (DaemonUnreachableError, VersionError) as error:
                raise BatchError(error.message) from error
            except ClientError as error:
                raise RequestError(error.message) from error
            if self._is_abandoned.wait(_BUSY_S):
                raise CancelledError

    @contextmanager
    def _turn(self, is_alone: bool) -> Iterator[None]:
        """A place among those that are asked for at once; of those that are asked for again one at a time."""
        with ExitStack() as stack:
            if is_alone:  # so that it is known which one the daemon does not survive
                stack.enter_context(self._trying_again)
            while not self._places.acquire(timeout=_BUSY_S):
                if self._is_abandoned.is_set():
                    raise CancelledError
            stack.callback(self._places.release)
            yield


_LOST = _(
    "The daemon went away {count} times at the work on this photo. `flyaway daemon logs` may "
    "tell why; is it too large?"
)
