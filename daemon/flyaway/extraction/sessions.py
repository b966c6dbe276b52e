"""Pictures that are being retouched, and what engines made of them; bounded, and let go of when unused.

Imported before the first request: brings neither numpy nor torch.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flyaway.engines.contract import AnyEngine, Report
    from flyaway.extraction.request import Step
    from flyaway.images.arrays import Alpha, Image, Trimap
    from flyaway.images.rectangles import Window

MOST_SESSIONS = 16


@dataclass(frozen=True, slots=True)
class Solved:
    """What was solved last in a picture.

    Attributes:
        place: where.
        transparent: whether it was said that light shines through the subject.
        trimap: HxW of the place.
        alpha: HxW of the place.
    """

    place: Window
    transparent: bool
    trimap: Trimap
    alpha: Alpha


@dataclass(slots=True, eq=False)
class Encoding:
    """What the last engine of a kind has made of an image alone.

    Attributes:
        nbytes: what it takes in memory, when it was last weighed.
    """

    nbytes: int = field(default=0, init=False)
    _features: Any = field(default=None, init=False)
    _engine: weakref.ref[AnyEngine] | None = field(default=None, init=False)

    def is_of(self, engine: AnyEngine) -> bool:
        """Whether that engine made it."""
        return self._engine is not None and self._engine() is engine

    def made(self, engine: AnyEngine, image: Image, report: Report) -> Any:
        """What `engine` makes of the image, made now if it was not kept."""
        if not self.is_of(engine):
            self._features = self._engine = None  # before there are two of them
            self._features = engine.encode(image, report)
            self._engine = weakref.ref(engine)
            self.weigh(engine)
        return self._features

    def weigh(self, engine: AnyEngine) -> None:
        """Note how much `engine` has kept of its work on the image."""
        self.nbytes = engine.kept_bytes(self._features)


@dataclass(slots=True, eq=False)
class Picture:
    """An image, and what the engines that worked on it last have made of it. For one worker's thread at a time.

    Attributes:
        image: HxWx3 sRGB; must not change.
        pointed: what the engine made of it that was pointed with.
        solved: what the next patch need not solve again.
        trimap: HxW, room for one of the image's size: fresh memory takes as long as filling it.
    """

    image: Image
    pointed: Encoding = field(default_factory=Encoding, init=False)
    solved: Solved | None = field(default=None, init=False)
    trimap: Trimap | None = field(default=None, init=False)
    _solving: Encoding = field(default_factory=Encoding, init=False)

    def encoded(self, engine: AnyEngine, report: Report) -> Any:
        """What `engine`, which solves, makes of the image alone, made now if it was not kept."""
        if not self._solving.is_of(engine):
            self.solved = None
        return self._solving.made(engine, self.image, report)

    def weigh(self, engine: AnyEngine) -> None:
        """Note how much `engine` has kept of its work on the picture."""
        self._solving.weigh(engine)

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        trimap_bytes = 0 if self.trimap is None else self.trimap.nbytes
        solved = self.solved
        solved_bytes = 0 if solved is None else solved.trimap.nbytes + solved.alpha.nbytes
        kept_bytes = self._solving.nbytes + self.pointed.nbytes
        return self.image.nbytes + trimap_bytes + solved_bytes + kept_bytes


@dataclass(slots=True, eq=False)
class Session:
    """One retouching sequence.

    Attributes:
        digest: of the picture, as the client states it.
        picture: which is shared by all sessions with that digest.
        step: the engine that solves.
        transparent: whether light shines through the subject.
        used_s: when it was last used.
    """

    digest: str
    picture: Picture
    step: Step
    transparent: bool
    used_s: float


class Sessions:
    """The sessions of one daemon, by the names that clients gave them. May be used by several threads.

    Args:
        limit_bytes: what pictures may take together; the longest unused go first. The last one always stays.
        idle_s: a session unused for this long is let go of by `expire`; 0 keeps it.
        clock: seconds that only grow.
    """

    def __init__(
        self, limit_bytes: int, idle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit_bytes = limit_bytes
        self._idle_s = idle_s
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def nbytes(self) -> int:
        """What all pictures take together."""
        with self._lock:
            return self._nbytes()

    def find(self, name: str) -> Session | None:
        """The session of that name, which counts as used now; None where it was let go of, or never was."""
        with self._lock:
            session = self._sessions.get(name)
            if session is not None:
                session.used_s = self._clock()
            return session

    def picture(self, digest: str) -> Picture | None:
        """The picture of that digest, if a session has it."""
        with self._lock:
            found = (one.picture for one in self._sessions.values() if one.digest == digest)
            return next(found, None)

    def open(
        self, name: str, digest: str, picture: Picture, step: Step, *, transparent: bool = False
    ) -> None:
        """Begin a session; others, the longest unused first, make room for it."""
        with self._lock:
            self._sessions[name] = Session(digest, picture, step, transparent, self._clock())
            while len(self._sessions) > 1 and self._is_over():
                del self._sessions[min(self._sessions, key=lambda one: self._sessions[one].used_s)]

    def close(self, name: str) -> None:
        """End a session, if there is one of that name."""
        with self._lock:
            self._sessions.pop(name, None)

    def expire(self) -> None:
        """Let go of what has been unused for too long."""
        if not self._idle_s:
            return
        limit_s = self._clock() - self._idle_s
        with self._lock:
            for name in [name for name, one in self._sessions.items() if one.used_s <= limit_s]:
                del self._sessions[name]

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._sessions.clear()

    def _is_over(self) -> bool:
        return len(self._sessions) > MOST_SESSIONS or self._nbytes() > self._limit_bytes

    def _nbytes(self) -> int:
        pictures = {id(one.picture): one.picture for one in self._sessions.values()}
        return sum(picture.nbytes for picture in pictures.values())
