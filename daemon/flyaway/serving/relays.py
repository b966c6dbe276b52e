"""Requests that another computer works on: each is followed in a thread of its own until its answer is here."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyaway.errors import EngineError, FlyawayError, RemoteLostError
from flyaway.remote.records import Remote
from flyaway.remote.workplace import OFFER, Answer, Relayed, Watching, Workplace
from flyaway.serving.tasks import Reply, Task, strips
from flyaway.serving.workshop import Asked, OnEnd, Workshop
from flyaway_client import messages
from flyaway_client.wording import _

if TYPE_CHECKING:
    import mmap

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class RelayTask(Task):
    """A request that another computer works on.

    Attributes:
        request: its header.
        parts: its pixels.
        remote: who works on it.
        language: in which its client is answered.
        on_preview: called in the thread that follows it when there is an early result.
        preview: an early result that was not passed on yet.
        answer: what came of it.
    """

    request: Relayed
    parts: Mapping[str, mmap.mmap]
    remote: Remote
    language: str
    on_preview: Callable[[], None]
    preview: Reply | None = field(default=None, init=False)
    answer: Answer | None = field(default=None, init=False)

    @property
    def session(self) -> str:
        """The session that it is about; "" for none."""
        return getattr(self.request, "session", "")

    @property
    def subject(self) -> str:
        """What kind, and where; never pixels."""
        return f"{self.request.TYPE} at {self.remote.name}"

    @property
    def result(self) -> str:
        """Who did it."""
        message = self.answer.message if self.answer is not None else None
        if isinstance(message, messages.ExtractResult):
            return f"done by {message.worker or 'nobody'}"
        return "done"

    def take_preview(self) -> Reply | None:
        """The latest early result."""
        preview, self.preview = self.preview, None
        return preview

    def replies(self) -> Iterator[Reply]:
        """What the other computer answered."""
        answer = self.answer
        assert answer is not None  # `follow` leaves one
        yield answer.message, memoryview(answer.payload) if answer.payload else None
        for part, content in (answer.parts or {}).items():
            yield from strips(self.id, part, memoryview(content))

    def follow(self, workplace: Workplace) -> None:
        """Have it done, telling how far it is.

        Raises:
            FlyawayError: it was not done, and why.
        """
        self.report(_("Sending to {name}").format(name=self.remote.name), 0.0)
        watching = Watching(self._pass_on, self.is_cancelled.is_set, self._show, self.language)
        parts = {name: memoryview(part) for name, part in self.parts.items()}
        self.answer = workplace.do(self.remote, self.request, parts, watching)

    def close(self) -> None:
        """Let go of the pixels."""
        self.parts, self.answer, self.preview = {}, None, None

    def _pass_on(self, progress: messages.Progress) -> None:
        self.stage, self.fraction = (
            _("{stage}, at {name}").format(stage=progress.stage, name=self.remote.name),
            progress.fraction,
        )

    def _show(self, preview: messages.Preview, pixels: bytes) -> None:
        self.preview = preview, memoryview(pixels)
        self.on_preview()


class RelayWorkshop(Workshop):
    """The other computer that is chosen to work for this one, if any.

    Args:
        workplace: the way there.
        on_end: told what became of each task.
        wake: makes the desk look at once; called in any thread.
    """

    def __init__(self, workplace: Workplace, on_end: OnEnd, wake: Callable[[], None]) -> None:
        self._workplace = workplace
        self._on_end = on_end
        self._wake = wake
        self._threads: dict[int, threading.Thread] = {}

    @property
    def is_chosen(self) -> bool:
        """Whether another computer is to do the work now.

        Raises:
            RemoteError: the file that says so is damaged.
        """
        return self._workplace.chosen is not None

    def choose(self, name: str) -> None:
        """Have that computer do the work from now on; "" this one.

        Raises:
            RemoteError: none is called so.
        """
        self._workplace.choose(name)
        log.info("work is done at %s from now on", name or "this computer")

    def check(self, request: messages.ExtractRequest | messages.DownloadRequest) -> None:
        """Nothing: the engines are there, and so is the refusal."""

    def reopen(self, request: messages.OpenSession) -> None:
        """Never at once: what pictures are there is asked with those pixels in hand."""

    def check_session(self, request: messages.RefineRequest | messages.PointRequest) -> None:
        """Nothing: the sessions are there."""

    def begin(self, asked: Asked) -> Task:
        """Have it done by the chosen computer."""
        remote = self._workplace.chosen
        if remote is None:
            raise RemoteLostError(
                _("No other computer is used any more. {offer}").format(offer=OFFER)
            )
        request = asked.request
        assert isinstance(request, Relayed)  # the desk does all else here
        task = RelayTask(
            asked.peer, request.id, request, asked.parts, remote, asked.language, self._wake
        )
        thread = threading.Thread(
            target=self._follow, args=(task,), name=f"flyaway-relay-{task.id[:8]}", daemon=True
        )
        self._threads[id(thread)] = thread
        thread.start()
        return task

    def withdraw(self, task: Task) -> bool:
        """Never: the other computer is told in its own thread."""
        return False

    def start(self) -> None:
        """Nothing: each request begins its own thread."""

    def stop(self, timeout_s: float) -> None:
        """Wait for those whose tasks were cancelled, then hang up."""
        deadline_s = time.monotonic() + timeout_s
        for thread in list(self._threads.values()):
            thread.join(max(0.0, deadline_s - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads.values()):
            self._workplace.close()

    def _follow(self, task: RelayTask) -> None:
        """Be one request's thread."""
        began_s = time.perf_counter()
        error: FlyawayError | None = None
        task.is_running = True
        try:
            task.follow(self._workplace)
        except FlyawayError as refusal:
            error = refusal
        except Exception as fault:  # a defect of ours must not leave the client without an answer
            log.exception("request %s could not be relayed", task.id)
            error = EngineError(
                _(
                    "Passing the work on failed ({kind}: {fault}). {offer} `flyaway daemon logs` tells "
                    "more."
                ).format(kind=type(fault).__name__, fault=fault, offer=OFFER)
            )
        task.is_running = False
        task.seconds = time.perf_counter() - began_s
        self._threads.pop(id(threading.current_thread()), None)
        self._on_end(task, error)
