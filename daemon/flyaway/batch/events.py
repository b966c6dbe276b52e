"""What a run tells whoever follows it, photo by photo."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; `photo` is its name from the root of all."""

    NAME: ClassVar[str]

    photo: str

    def to_line(self) -> dict[str, Any]:
        """What a line of JSON says of it."""
        return {"event": self.NAME, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The photo's results are in their place; the rest as in the manifest."""

    NAME: ClassVar[str] = "done"

    outputs: tuple[str, ...]
    engine: str
    confidence: float | None
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The photo could not be done, and why."""

    NAME: ClassVar[str] = "failed"

    sentence: str


@dataclass(frozen=True, slots=True)
class Passed(Event):
    """The photo is not worked on, and why: done before, or meanwhile by another run."""

    NAME: ClassVar[str] = "passed"

    why: str
