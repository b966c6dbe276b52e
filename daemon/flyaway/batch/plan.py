"""What there is to do: which photos there are, what goes with each, and where its results go. Opens no file."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flyaway.batch import locations
from flyaway.batch.locations import Location
from flyaway.batch.settings import FILE_NAME, BatchSettings, filled
from flyaway.batch.store_path import StorePath, is_url
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
    source: Location
    selection: Location | None = None
    plate: Location | None = None
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
    def files(self) -> dict[str, Location]:
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

    outputs: set[Location]
    seen: set[str] = field(default_factory=set)
    aside: Counter[str] = field(default_factory=Counter)
    errors: list[OSError] = field(default_factory=list)


class Planner:
    """Looks for photos; again and again where photos may come.

    Args:
        photos: files and folders, on disks or in a store.
        settings: the batch's.

    Raises:
        RequestError: a photo or folder is not there, or they have nothing in common.
    """

    def __init__(self, photos: Sequence[Location], settings: BatchSettings) -> None:
        self._photos = [locations.whole(photo) for photo in photos]
        self._settings = settings
        self._output = locations.whole(settings.output)
        self._folders = {locations.real(photo) for photo in self._photos}
        self.root = root(self._photos)
        self.names = frozenset[str]()
        """Those of all photos that there were at the last look, of other parts too."""

    def plan(self, results: Callable[[Location], Iterable[str]]) -> Plan:
        """All that there is to do, done before or not.

        Args:
            results: what batches have made in a folder, as in `Job.targets`, which are no photos. It is asked after the
                photos were looked for, so that one that has just come is among them.
        """
        found = _Found({self._output}, {locations.real(self._output)} - self._folders)
        sources = list(dict.fromkeys(self._sources(found)))
        own = {
            locations.identity(output / path)
            for output in found.outputs
            if any(locations.is_below(source, output) for source in sources)
            for path in results(output)
        }
        sources = [source for source in sources if locations.identity(source) not in own]
        jobs = [self._job(source) for source in sources]
        beside = {
            locations.identity(path)
            for job in jobs
            for path in (job.selection, job.plate)
            if path is not None and path != job.source
        }
        if self._settings.background_file:
            beside.add(locations.identity(locations.whole(self._settings.background_file)))
        jobs = [job for job in jobs if locations.identity(job.source) not in beside]
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

    def _sources(self, found: _Found) -> Iterator[Location]:
        for photo in self._photos:
            if isinstance(photo, StorePath):
                yield from self._in_store(photo, found)
            elif photo.is_dir():
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

    def _in_store(self, photo: StorePath, found: _Found) -> Iterator[StorePath]:
        """The photo, or the photos in the folder and those of the folders in it; hidden ones are not meant."""
        files = _listed(photo)
        if files == [photo]:
            yield photo
            return
        parts = {file: locations.below(file, photo).split("/") for file in files}
        found.outputs |= {
            replace(file, key=file.key[: file.key.index(f"/{STATE_FOLDER}/", len(photo.key))])
            for file in files
            if STATE_FOLDER in parts[file][:-1]
        }
        for file in files:
            is_told = file.parent in found.outputs and file.name in REPORTS
            is_seen = any(str(file).startswith(f"{folder}/") for folder in found.seen)
            is_hidden = any(part.startswith(".") and part.strip(".") for part in parts[file])
            if is_told or is_seen or is_hidden or file.name == FILE_NAME:
                continue
            suffix = file.suffix.lower()
            if suffix in SUFFIXES:
                yield file
            else:
                found.aside[suffix] += 1

    def _job(self, source: Location) -> Job:
        settings = self._settings
        name = locations.below(source, self.root)
        job = Job(
            name=name,
            source=source,
            selection=self._beside(source, settings.selection_pattern),
            plate=self._beside(source, settings.plate),
            targets=self._targets(name, Path(name).stem),
        )
        if isinstance(source, StorePath) and not _is_plain(name):
            sentence = _(
                "{source} has an empty name, dots or a backslash for a folder, so that its result "
                "could have no name like it. Rename it."
            ).format(source=source)
            return replace(job, refusal=sentence)
        if source in (job.selection, job.plate):
            what = _KINDS[settings.selection_is if source == job.selection else "plate"]
            return replace(
                job,
                refusal=_("{source} would be its own {what}. Use another pattern.").format(
                    source=source, what=what
                ),
            )
        return job

    def _beside(self, source: Location, pattern: str) -> Location | None:
        """The file that a pattern names for a photo; one without a field is the same for all."""
        if not pattern:
            return None
        if "{" not in pattern:
            return locations.whole(locations.of(pattern))
        named = filled(pattern, stem=source.stem, name=source.name)
        if is_url(pattern) or Path(named).is_absolute():
            return locations.whole(locations.of(named))
        return locations.whole(source.parent / named)

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


def root(photos: Iterable[Location]) -> Location:
    """The folder from which photos get their names: the one that is given, or the deepest that holds all.

    Raises:
        RequestError: one is not there, or there is no such folder.
    """
    folders = []
    for photo in map(locations.whole, photos):
        try:
            is_there, is_folder = photo.exists(), photo.is_dir()
        except PermissionError as error:
            raise RequestError(
                _("{path} cannot be read: {why}.").format(path=photo, why=error.strerror or error)
            ) from error
        if not is_there:
            raise RequestError(_("{photo} is not there.").format(photo=photo))
        folders.append(photo if is_folder else photo.parent)
    return locations.common(folders)


def _listed(photo: StorePath) -> list[StorePath]:
    try:
        return list(photo.walk())
    except OSError as error:
        raise RequestError(
            _("{path} cannot be read: {why}.").format(path=photo, why=error.strerror or error)
        ) from error


def _is_plain(name: str) -> bool:
    """Whether a name from a store can be one in a folder: there, any letters make one."""
    return not any(part.strip(".") == "" for part in name.split("/")) and not {"\\", "\0"} & {*name}


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
