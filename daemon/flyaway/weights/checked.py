"""What is known of weights files without reading them: which were checked, which are damaged."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, replace
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
class CheckedFile:
    """An engine's file had this hash when it was in this state.

    `is_imported` says that a user brought another file than the published one, so that its hash counts.
    """

    state: State
    sha256: str
    is_imported: bool = False


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """What is known of files without reading them.

    Attributes:
        by_engine: the checked file of each engine, by the engine's name.
        damaged: files that did not stand the check, or could not be opened as weights.
    """

    by_engine: dict[str, CheckedFile] = field(default_factory=dict)
    damaged: frozenset[State] = frozenset()

    @classmethod
    def read(cls, file: Path) -> CheckedFiles:
        """What a file says; a damaged one only means checking again."""
        try:
            content: dict[str, Any] = json.loads(file.read_bytes())
            checked = {
                name: CheckedFile(State(**entry["state"]), entry["sha256"], entry["is_own"])
                for name, entry in content["pins"].items()
            }
            return cls(checked, frozenset(State(**state) for state in content["damaged"]))
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return cls()

    def write(self, file: Path) -> None:
        """Keep it under the names that such files have always had.

        Raises:
            OSError: it cannot be written.
        """
        content = {
            "pins": {
                name: {
                    "state": asdict(checked.state),
                    "sha256": checked.sha256,
                    "is_own": checked.is_imported,
                }
                for name, checked in self.by_engine.items()
            },
            "damaged": [asdict(state) for state in self.damaged],
        }
        write_private(file, json.dumps(content, indent=2).encode())

    def with_checked(self, engine: str, checked: CheckedFile) -> CheckedFiles:
        """The same with the checked file of an engine, which is not damaged then."""
        damaged = frozenset(
            state
            for state in self.damaged
            if state.path != checked.state.path and Path(state.path).exists()
        )
        return CheckedFiles({**self.by_engine, engine: checked}, damaged)

    def with_damaged(self, state: State) -> CheckedFiles:
        """The same with one more damaged file."""
        return replace(self, damaged=self.damaged | {state})

    def without(self, engine: str) -> CheckedFiles:
        """The same without the checked file of an engine."""
        kept = {name: checked for name, checked in self.by_engine.items() if name != engine}
        return replace(self, by_engine=kept)
