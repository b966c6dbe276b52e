"""What is known of each photo's results, in their folder; outlives every end of a run, and serves several at once.

One small file a photo, replaced in one step, and one lock while it is worked on, which the system takes back from
whoever dies. No file is shared, so that runs on many machines do not wait for each other.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from flyaway.batch import shelf
from flyaway.batch.inputs import Input, sha256
from flyaway.batch.locations import Location
from flyaway.batch.plan import STATE_FOLDER, Job
from flyaway.batch.store_path import StorePath
from flyaway.errors import RequestError
from flyaway.files import replacing
from flyaway_client.wording import _

_LOCK_LETTERS = 3
"""Of a photo's key. Locks leave files; so there are 4096 at most. Who shares one comes later, that is all."""

READERS = 32
"""Small files that are asked for at once where a store has them."""


class State(StrEnum):
    """How far a photo is."""

    PUBLISHING = "publishing"
    """Its results are whole, and about to get their names."""

    DONE = _("done")
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a photo.

    Attributes:
        photo: its name; see `Job.name`.
        state: how far it is.
        inputs: what it was made from.
        wanted: the settings that change a result.
        outputs: where its results are, from their folder -> their hash.
        origin: the photo that those were made from.
        replaced: the same of the results before, while they may still be there.
        former: the same of results that earlier settings gave other names.
        engine: who did the work, and `weights` with which files: engine -> hash.
        device: where.
        confidence: how sure the engine was of the subject, 0..1; None where it was told.
        soft: share of the pixels that are neither subject nor background.
        seconds: of the work.
        notes: sentences on it.
        sentence: why it failed.
        when: the time of day, for people.
    """

    photo: str
    state: State
    inputs: dict[str, Input]
    wanted: dict[str, Any]
    outputs: dict[str, str] = field(default_factory=dict)
    origin: Input | None = None
    replaced: dict[str, str] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)
    engine: str = ""
    weights: dict[str, str] = field(default_factory=dict)
    device: str = ""
    confidence: float | None = None
    soft: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    sentence: str = ""
    when: str = ""

    @classmethod
    def read(cls, content: bytes) -> Record:
        """The record that a file holds.

        Raises:
            ValueError, TypeError, KeyError: it holds none.
        """
        found: dict[str, Any] = json.loads(content)
        found["state"] = State(found["state"])
        found["inputs"] = {name: Input(**one) for name, one in found["inputs"].items()}
        found["origin"] = Input(**found["origin"]) if found["origin"] else None
        found["notes"] = tuple(found["notes"])
        return cls(**found)

    def line(self) -> bytes:
        """The record as a line of JSON."""
        return json.dumps(dataclasses.asdict(self)).encode() + b"\n"


class Manifest:
    """The records of one folder of results; makes nothing before something is kept.

    Args:
        output: the folder.
    """

    def __init__(self, output: Location) -> None:
        self.output = output
        self.folder = output / STATE_FOLDER
        self._shelf = shelf.of(self.folder)
        self._records = self.folder / "photos"

    def prepare(self) -> None:
        """Make its folders, and clear away what runs that died have left half done.

        Raises:
            RequestError: they cannot be made.
        """
        try:
            self._shelf.prepare()
        except OSError as error:
            raise RequestError(
                _("{output} cannot be written: {why}. Name another place with -o.").format(
                    output=self.output, why=error.strerror or error
                )
            ) from error
        self.clear_away()

    def clear_away(self) -> None:
        """Delete what those that died have left half done, but for photos that somebody works on."""
        for left in (self.folder / "work").iterdir():
            with self.claim(left.name.partition(".")[0]) as is_ours:
                if is_ours:
                    left.unlink(missing_ok=True)

    def record(self, key: str) -> Record | None:
        """What is known of a photo; None where nothing is."""
        return _read(self._records / f"{key}.json")

    def records(self) -> Iterator[Record]:
        """All records, in the order of their photos' names."""
        found = filter(None, _read_all(self._records))
        return iter(sorted(found, key=lambda record: record.photo))

    def keep(self, key: str, record: Record) -> None:
        """Remember a record in the place of the photo's last one, down to the disk; the photo is claimed.

        Raises:
            OSError: it cannot be written.
        """
        with self.replacing(f"{key}.record", self._records / f"{key}.json") as file:
            file.write(record.line())
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def replacing(self, name: str, target: Location) -> Iterator[BinaryIO]:
        """A file that takes the place of another once it is whole.

        Args:
            name: of its own until then; begins with what is claimed, so that the dead's can be cleared away.
            target: the other.

        Raises:
            OSError: it cannot be written.
        """
        fresh = self._shelf.work_file(name)
        fresh.unlink(missing_ok=True)
        try:
            with replacing.create(fresh) as file:
                yield file
            self._shelf.put(fresh, target, may_replace=True)
        finally:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)

    def work_file(self, key: str, kind: str) -> Path:
        """Where a result is written before it gets its name, on this machine."""
        return self._shelf.work_file(f"{key}.{kind}")

    def name(self, file: Path, path: str, may_replace: bool) -> None:
        """Give a result its name.

        Raises:
            FileExistsError: something else has it.
            OSError: it cannot be written.
        """
        self._shelf.put(file, self.output / path, may_replace)

    def mark(self, key: str) -> Location:
        """A small file on the work on a photo, which the next run clears away."""
        return self.folder / f"work/{key}.begun"

    def thumbnail(self, key: str) -> Location:
        """Where a small picture of a photo's results is."""
        return self.folder / f"thumbs/{key}.webp"

    def claim(self, key: str) -> AbstractContextManager[bool]:
        """Work on a photo in this, if it yields True: no other run does then. False where one does already."""
        return self._shelf.claim(key[:_LOCK_LETTERS])

    def alone(self, key: str) -> AbstractContextManager[None]:
        """Do in this what one run does at a time, however long others take for it."""
        return self._shelf.alone(key[:_LOCK_LETTERS])


def results(output: Location) -> set[str]:
    """All that was ever made in a folder for results."""
    records = Manifest(output).records()
    return {path for record in records for path in (*record.outputs, *record.former)}


class Verdict(StrEnum):
    """What is to be done with a photo, and why."""

    NEW = _("new")
    CHANGED = _("the photo, or what goes with it, has changed")
    OTHER_SETTINGS = _("the settings have changed")
    OTHER_WEIGHTS = _("the engine's weights have changed")
    LOST = _("its results are gone")
    UNFINISHED = _("the work on it was broken off")
    FAILED = _("it failed before")
    DONE = _("done")


def judge(
    job: Job,
    record: Record | None,
    wanted: Mapping[str, Any],
    weights: Callable[[str], str | None],
    output: Location,
) -> Verdict:
    """What is to be done with a photo. Reads files only where their size or time have changed.

    Args:
        job: the photo.
        record: what is known of it.
        wanted: the settings that change a result.
        weights: the hash of an engine's file as it is now, None where there is none.
        output: the folder for the results.

    Raises:
        OSError: a file cannot be read.
    """
    if record is None:
        return Verdict.NEW
    if record.wanted != wanted:
        return Verdict.OTHER_SETTINGS
    if record.state is State.PUBLISHING:
        return Verdict.UNFINISHED
    if not _is_unchanged(job, record):
        return Verdict.CHANGED
    if record.state is State.FAILED:
        return Verdict.FAILED
    if any(weights(engine) not in (None, known) for engine, known in record.weights.items()):
        return Verdict.OTHER_WEIGHTS
    if not all((output / path).exists() for path in record.outputs):
        return Verdict.LOST
    return Verdict.DONE


def _is_unchanged(job: Job, record: Record) -> bool:
    """Whether a photo and what goes with it are what they were."""
    if job.files.keys() != record.inputs.keys():
        return False
    for name, path in job.files.items():
        known, now = record.inputs[name], Input.of(path)
        if known.is_state_of(now):
            continue
        if not now.is_there or not known.sha256 or sha256(path) != known.sha256:
            return False
    return True


def _read_all(folder: Location) -> list[Record | None]:
    """The records in a folder; of a store many at a time, since each takes a while to come."""
    if not isinstance(folder, StorePath):
        return [_read(file) for file in folder.glob("*.json")]
    with ThreadPoolExecutor(READERS, "flyaway-records") as pool:
        return list(pool.map(_read, folder.glob("*.json")))


def _read(file: Location) -> Record | None:
    """A record; None where there is none, or one that no run of this version wrote."""
    try:
        return Record.read(file.read_bytes())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
