"""What there is to do: which photos there are, what goes with each, and where its results go. Opens no file."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flyaway.batch.settings import FILE_NAME, BatchSettings, filled
from flyaway.errors import RequestError
from flyaway.files import formats
from flyaway.files.photos import SUFFIXES
from flyaway_client.wording import _

STATE_FOLDER = ".flyaway-batch"
"""In the folder for the results: what is known of them."""

FAILURES, PAGE, SHEET = REPORTS = "failures.csv", "contact-sheet.html", "contact-sheet.png"
"""In the folder for the results: what has failed, and what the others look like, as a page and as a picture."""

_KINDS = {"trimap": _("trimap"), "region": _("region"), "plate": _("plate")}
"""What goes with a photo, for people."""


@dataclass(frozen=True, slots=True)
class Job:
    """One photo: what it is made from, and where its results go.

    Attributes:
        name: the photo's path from the root of all, with slashes; names it everywhere.
        source: the photo.
        selection: its trimap or region, if it has one.
        plate: its picture of the empty scene, if it has one.
        targets: what is written -> where, from the folder for the results, with slashes.
        refusal: why it cannot be done, as far as names tell; "" if nothing is known against it.
    """

    name: str
    source: Path
    selection: Path | None = None
    plate: Path | None = None
    targets: dict[str, str] = field(default_factory=dict)
    refusal: str = ""

    @property
    def key(self) -> str:
        """Its name in letters that every file system has."""
        return self.key_of(self.name)

    @staticmethod
    def key_of(name: str) -> str:
        """The key of a photo of that name."""
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    @property
    def files(self) -> dict[str, Path]:
        """All that it is made from, by what it is."""
        files = {"photo": self.source, "selection": self.selection, "plate": self.plate}
        return {name: path for name, path in files.items() if path is not None}


@dataclass(frozen=True, slots=True)
class Plan:
    """All photos of a batch.

    Attributes:
        jobs: the photos, in the order of their names.
        aside: how many files beside them are none, by suffix.
        unreadable: sentences on folders that could not be looked into.
    """

    jobs: tuple[Job, ...]
    aside: dict[str, int] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What is met on the way through folders: see `Plan`; folders that hold results; and where it was already."""

    outputs: set[Path]
    seen: set[str] = field(default_factory=set)
    aside: Counter[str] = field(default_factory=Counter)
    errors: list[OSError] = field(default_factory=list)


class Planner:
    """Looks for photos; again and again where photos may come.

    Args:
        photos: files and folders.
        settings: the batch's.

    Raises:
        RequestError: a photo or folder is not there, or they have nothing in common.
    """

    def __init__(self, photos: Sequence[Path], settings: BatchSettings) -> None:
        self._photos = [_whole(photo) for photo in photos]
        self._settings = settings
        self._output = _whole(settings.output)
        self._folders = {os.path.realpath(photo) for photo in self._photos}
        self.root = root(self._photos)
        self.names = frozenset[str]()
        """Those of all photos that there were at the last look, of other parts too."""

    def plan(self, results: Callable[[Path], Iterable[str]]) -> Plan:
        """All that there is to do, done before or not.

        Args:
            results: what batches have made in a folder, as in `Job.targets`, which are no photos. It is asked after the
                photos were looked for, so that one that has just come is among them.
        """
        found = _Found({self._output}, {os.path.realpath(self._output)} - self._folders)
        sources = list(dict.fromkeys(self._sources(found)))
        own = {
            os.path.normcase(output / path)
            for output in found.outputs
            if any(source.is_relative_to(output) for source in sources)
            for path in results(output)
        }
        sources = [source for source in sources if os.path.normcase(source) not in own]
        jobs = [self._job(source) for source in sources]
        beside = {
            os.path.normcase(path)
            for job in jobs
            for path in (job.selection, job.plate)
            if path is not None and path != job.source
        }
        if self._settings.background_file:
            beside.add(os.path.normcase(_whole(self._settings.background_file)))
        jobs = [job for job in jobs if os.path.normcase(job.source) not in beside]
        jobs = self._apart(jobs)
        self.names = frozenset(job.name for job in jobs)
        number, count = self._settings.shard
        return Plan(
            tuple(job for job in jobs if int(job.key, 16) % count == number - 1),
            dict(found.aside),
            tuple(
                _("{path} cannot be read: {why}.").format(path=error.filename, why=error.strerror)
                for error in found.errors
            ),
        )

    def _sources(self, found: _Found) -> Iterator[Path]:
        for photo in self._photos:
            if photo.is_dir():
                yield from self._in_folder(photo, found)
            else:
                yield photo

    def _in_folder(self, folder: Path, found: _Found) -> Iterator[Path]:
        """Its photos and those of the folders in it, in the order of their names; hidden ones are not meant.

        Links to folders are followed, each folder once, so that a circle ends.
        """
        for place, folders, files in os.walk(folder, onerror=found.errors.append, followlinks=True):
            here, real = Path(place), os.path.realpath(place)
            if real in found.seen:
                folders.clear()
                continue
            found.seen.add(real)
            if STATE_FOLDER in folders:
                found.outputs.add(here)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                is_told = here in found.outputs and name in REPORTS
                if name.startswith(".") or name == FILE_NAME or is_told:
                    continue
                suffix = Path(name).suffix.lower()
                if suffix in SUFFIXES:
                    yield here / name
                else:
                    found.aside[suffix] += 1

    def _job(self, source: Path) -> Job:
        settings = self._settings
        name = source.relative_to(self.root).as_posix()
        job = Job(
            name=name,
            source=source,
            selection=self._beside(source, settings.selection_pattern),
            plate=self._beside(source, settings.plate),
            targets=self._targets(name, Path(name).stem),
        )
        if source in (job.selection, job.plate):
            what = _KINDS[settings.selection_is if source == job.selection else "plate"]
            return replace(
                job,
                refusal=_("{source} would be its own {what}. Use another pattern.").format(
                    source=source, what=what
                ),
            )
        return job

    def _beside(self, source: Path, pattern: str) -> Path | None:
        """The file that a pattern names for a photo; one without a field is the same for all."""
        if not pattern:
            return None
        if "{" not in pattern:
            return _whole(Path(pattern))
        named = filled(pattern, stem=source.stem, name=source.name)
        return _whole(source.parent / named)

    def _targets(self, name: str, stem: str) -> dict[str, str]:
        settings, folder = self._settings, Path(name).parent
        suffix = formats.SUFFIXES[settings.format]
        return {
            kind: (
                folder
                / (filled(settings.name, stem=stem, name=Path(name).name, kind=kind) + suffix)
            ).as_posix()
            for kind in settings.kinds
        }

    def _apart(self, jobs: Sequence[Job]) -> list[Job]:
        """Jobs of which no two write the same file: those that would get the whole name, as in a.jpg-cutout.png."""
        clashing = _clashing(jobs)
        jobs = [
            replace(job, targets=self._targets(job.name, Path(job.name).name))
            if job.name in clashing
            else job
            for job in jobs
        ]
        clashing = _clashing(jobs)
        return [_refused(job) if job.name in clashing else job for job in jobs]


def root(photos: Iterable[Path]) -> Path:
    """The folder from which photos get their names: the one that is given, or the deepest that holds all.

    Raises:
        RequestError: one is not there, or there is no such folder.
    """
    folders = []
    for photo in map(_whole, photos):
        if not photo.exists():
            raise RequestError(_("{photo} is not there.").format(photo=photo))
        folders.append(photo if photo.is_dir() else photo.parent)
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:  # on Windows, where they are on several drives
        raise RequestError(
            _("The photos are on several drives. Run a batch for each drive.")
        ) from error


def _whole(path: Path) -> Path:
    """A path from the file system's root, without dots; links stay as they are named."""
    return Path(os.path.normpath(path.absolute()))


def _clashing(jobs: Sequence[Job]) -> set[str]:
    """The names of those that write the same file as another, on file systems too that take a for A."""
    targets = [(target.casefold(), job.name) for job in jobs for target in job.targets.values()]
    counts = Counter(target for target, _ in targets)
    return {name for target, name in targets if counts[target] > 1}


def _refused(job: Job) -> Job:
    sentence = _("{name} and another photo would both become {target}. Rename one of them.").format(
        name=job.name, target=next(iter(job.targets.values()))
    )
    return replace(job, refusal=job.refusal or sentence)
