"""What is known of weights files without reading them: which were checked, which are damaged."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from flyaway_client.connection import write_private

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """A file as it lies there: one that has changed has another size or time."""

    path: str
    bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> State:
        """The file's state now."""
        found = path.stat()
        return cls(str(path), found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Pin:
    """What was checked: an engine's file had this hash when it was in this state.

    `is_own` says that a user brought it, so that its hash counts and not the published one.
    """

    state: State
    sha256: str
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of files without reading them.

    Attributes:
        pins: the checked file of each engine, by its name.
        damaged: files that did not stand the check, or could not be opened as weights.
    """

    pins: dict[str, Pin] = field(default_factory=dict)
    damaged: frozenset[State] = frozenset()

    @classmethod
    def read(cls, file: Path) -> Notes:
        """The notes in a file; damaged ones only mean checking again."""
        try:
            content: dict[str, Any] = json.loads(file.read_bytes())
            pins = {
                name: Pin(State(**pin.pop("state")), **pin) for name, pin in content["pins"].items()
            }
            return cls(pins, frozenset(State(**state) for state in content["damaged"]))
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return cls()

    def write(self, file: Path) -> None:
        """Keep them; if that cannot be, files are checked again next time."""
        content = {
            "pins": {name: asdict(pin) for name, pin in self.pins.items()},
            "damaged": [asdict(state) for state in self.damaged],
        }
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_private(file, json.dumps(content, indent=2).encode())
        except OSError as error:
            log.warning("what was checked could not be noted: %s", error)

    def without(self, path: Path) -> frozenset[State]:
        """What is damaged beside the file at `path`, and still there."""
        return frozenset(
            state for state in self.damaged if state.path != str(path) and Path(state.path).exists()
        )
