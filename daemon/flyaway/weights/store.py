"""Weights files on disk: find one, download it, check it, import one by hand, remove it. Opens none.

A file counts as there only once its hash was checked; what is half finished or damaged is never handed
out. Downloads go through huggingface_hub, whose own settings (HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN,
proxies) hold. A file that is in the hub's own cache already is used where it lies.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from flyaway.engines.records import EngineRecord, WeightsRecord
from flyaway.errors import DamagedWeightsError, WeightsError
from flyaway.weights import hub
from flyaway.weights.checked import CheckedFile, CheckedFiles, State
from flyaway.weights.incoming import Report, another_file
from flyaway_client.wording import _

log = logging.getLogger(__name__)

_SPARE_BYTES = 200 * 1024 * 1024
"""Left free on the disk beside a download."""

_PARTIAL, _LOCK = ".partial", ".lock"

_PATIENCE_S = 10
"""How long to wait for others to change the store: they need the blink of an eye."""

_AT_WORK_S = 600
"""An import that has written nothing for this long has broken off."""

_SIZE_TOLERANCE = 0.02
"""Records give sizes to a percent; a file further off is cut short or another one."""

_CHUNK_BYTES = 1 << 20
"""Hashed between two looks at whether anybody still waits: a millisecond."""

SUFFIXES = frozenset({".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".pdparams"})
"""What weights files are called; some have a ".tar" behind that and are no such archives."""

FOLDER_VARIABLE = "FLYAWAY_WEIGHTS"

CancelCheck = Callable[[], None]
"""Asks whether anybody still waits; raises where nobody does."""


def _never_cancelled() -> None:
    """For those who wait to the end."""


def folder() -> Path:
    """Where downloads and imports lie: FLYAWAY_WEIGHTS, or the platform's place for caches."""
    override = os.environ.get(FOLDER_VARIABLE)
    return (
        Path(override)
        if override
        else Path(platformdirs.user_cache_dir("flyaway", False)) / "weights"
    )


def suffix_of(path: Path) -> str:
    """The one of `SUFFIXES` by which a file is called weights; "" if it is not."""
    name = path.with_suffix("") if path.suffix.lower() == ".tar" else path
    return name.suffix.lower() if name.suffix.lower() in SUFFIXES else ""


def none_in(place: Path) -> str:
    """What to say of a folder or an archive without weights files."""
    return _("There are no weights files in {path} ({names}).").format(
        path=place, names=", ".join(sorted(SUFFIXES))
    )


class Store:
    """The weights files of one user.

    Args:
        root: its folder; see `folder`.
        endpoint: the hub's address; None for what huggingface_hub's own settings say.
    """

    def __init__(self, root: Path | None = None, endpoint: str | None = None) -> None:
        self._root = root or folder()
        self._endpoint = endpoint
        self._checked_file = self._root / "checked.json"
        self._lock = FileLock(self._checked_file.with_suffix(_LOCK), timeout=_PATIENCE_S)

    def paths(self, record: EngineRecord) -> list[Path]:
        """Where an engine's files lie, damaged or not, in the order of preference."""
        shared = hub.cached(_weights(record))
        found = self._stored(record) + ([shared] if shared is not None else [])
        return [path for path in found if path.is_file()]

    def holds(self, record: EngineRecord) -> bool:
        """Whether an engine's files are here and, as far as can be told without reading them, whole."""
        is_whole = any(self._seems_sound(record, path) for path in self.paths(record))
        return is_whole and (record.companion is None or self.holds(record.companion))

    def find(
        self, record: EngineRecord, check_cancelled: CancelCheck = _never_cancelled
    ) -> Path | None:
        """An engine's checked weights file, or None. Reads the whole file only if it has changed.

        Args:
            record: whose file.
            check_cancelled: called again and again while a file is read; what it raises ends that.
        """
        for path in self.paths(record):
            if self._is_sound(record, path, check_cancelled):
                return path
        return None

    def locate(self, record: EngineRecord) -> Path:
        """An engine's checked weights file.

        Raises:
            WeightsError: it is not here, or damaged; the text says how to get it.
        """
        path = self.find(record)
        if path is None:
            raise _damaged(record) if self.paths(record) else _missing(record)
        return path

    def download(self, record: EngineRecord, report: Report) -> Path:
        """Fetch an engine's weights, going on where an earlier try broke off.

        Raises:
            WeightsError: it could not be had; the text says why and what to do.
            CancelledError: `report` said so; what came so far is kept for the next try.
        """
        weights = _weights(record)
        latest = 0, weights.bytes

        def report_line(done: int, total: int) -> None:
            nonlocal latest
            latest = done, total
            report(*latest)

        def check_cancelled() -> None:
            report(*latest)

        present = self.find(record, check_cancelled)
        if present is not None:
            return present
        if not weights.repository:
            raise _missing(record)
        target = self._path(record, suffix_of(Path(weights.file)))
        partial = self._partial(record)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(partial.with_suffix(_LOCK), blocking=False):
                published = hub.fetch(weights, partial, _SPARE_BYTES, report_line, self._endpoint)
                return self._keep(record, partial, target, published, check_cancelled)
        except Timeout:
            raise WeightsError(
                _("{title} is being downloaded already. Wait for that download to end.").format(
                    title=record.title
                )
            ) from None
        except OSError as error:
            raise WeightsError(
                _(
                    "{folder} cannot be written: {why}. Make it writable, or point {variable} at "
                    "another folder."
                ).format(
                    folder=target.parent,
                    why=error.strerror or error,
                    variable=FOLDER_VARIABLE,
                )
            ) from error

    def unfinished(self, record: EngineRecord) -> int:
        """How many bytes are here of a download that broke off; 0 where there is none, or it goes on now."""
        partial = self._partial(record)
        if not partial.is_file():
            return 0
        try:
            with FileLock(partial.with_suffix(_LOCK), blocking=False):
                return partial.stat().st_size
        except (OSError, Timeout):
            return 0

    def litter(self) -> list[Path]:
        """What imports that broke off have left; one that is at work now has just written."""
        half_copied = re.compile(rf".+\.[0-9a-f]{{16}}{re.escape(_PARTIAL)}")
        latest = time.time() - _AT_WORK_S
        found = self._folder.glob(f"*{_PARTIAL}")
        return [
            path
            for path in sorted(found)
            if half_copied.fullmatch(path.name) and path.stat().st_mtime < latest
        ]

    def digest(self, record: EngineRecord) -> str | None:
        """The hash that an engine's file had when it was last checked; None where it never was."""
        checked = self._checked().by_engine.get(record.name)
        return checked.sha256 if checked else None

    def verify(self, record: EngineRecord) -> Path:
        """Hash an engine's file anew, whatever is recorded of it.

        Raises:
            WeightsError: there is none, or it is damaged.
        """
        path = next(iter(self.paths(record)), None)
        if path is None:
            raise _missing(record)
        return self._check(record, path)

    def reject(self, record: EngineRecord, path: Path) -> None:
        """Record that an engine's file holds no weights for it: it counts as damaged from now on.

        Its hash is no longer held against the next file. One with the published hash stays what it is:
        the same would come again.
        """
        checked = self._checked().by_engine.get(record.name)
        if checked is not None and checked.sha256 == _weights(record).sha256:
            return
        state = State.of(path)
        self._record(lambda known: known.without(record.name).with_damaged(state))

    def adopt(self, record: EngineRecord, source: Path) -> Path:
        """Copy a weights file that the user has into the store, in one step.

        It need not be the published file, of which there are other forms and people's own versions: that
        it is for this engine is for the caller to know, and it counts as whole while it stays as it is now.

        Raises:
            WeightsError: it cannot be copied.
        """
        suffix = suffix_of(source) or suffix_of(Path(_weights(record).file))
        target = self._path(record, suffix)
        # two imports may run at once
        partial = target.with_name(f"{target.name}.{secrets.token_hex(8)}{_PARTIAL}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, partial)
            found = _sha256(partial)
            self._put(record, partial, target, found, is_imported=found != _weights(record).sha256)
            return target
        except OSError as error:
            raise WeightsError(
                _("{name} could not be copied: {why}.").format(
                    name=source.name, why=error.strerror or error
                )
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def remove(self, record: EngineRecord) -> int:
        """Delete an engine's files from the store; returns the bytes freed. The hub's own cache is not ours.

        Raises:
            WeightsError: the engine has no weights.
        """
        _weights(record)
        stored = [p for p in self._folder.glob(f"{record.name}.*") if p.suffix != _LOCK]
        freed = sum(path.stat().st_size for path in stored)
        for path in stored:
            path.unlink()
        self._record(lambda known: known.without(record.name))
        return freed

    @property
    def _folder(self) -> Path:
        return self._root / "files"

    def _path(self, record: EngineRecord, suffix: str) -> Path:
        return self._folder / f"{record.name}{suffix}"

    def _partial(self, record: EngineRecord) -> Path:
        """Where a download goes until it is whole."""
        target = self._path(record, suffix_of(Path(_weights(record).file)))
        return target.with_name(target.name + _PARTIAL)

    def _stored(self, record: EngineRecord) -> list[Path]:
        """The whole files of an engine in the store."""
        found = sorted(self._folder.glob(f"{record.name}.*"))
        return [path for path in found if path.suffix in SUFFIXES]

    def _keep(
        self,
        record: EngineRecord,
        partial: Path,
        target: Path,
        expected: str,
        check_cancelled: CancelCheck,
    ) -> Path:
        """Check a file that is whole and give it its name; one that fails the check is deleted."""
        try:
            found = _checked_hash(
                record, partial, _weights(record).sha256 or expected, check_cancelled
            )
        except DamagedWeightsError as error:
            partial.unlink()
            raise another_file(_weights(record)) from error
        self._put(record, partial, target, found)
        return target

    def _put(
        self,
        record: EngineRecord,
        partial: Path,
        target: Path,
        sha256: str,
        is_imported: bool = False,
    ) -> None:
        """Give a file that is whole its name, and record it; it takes the place of one with another suffix.

        Raises:
            OSError: it could not be renamed.
        """
        with self._lock:
            partial.replace(target)
            for other in self._stored(record):
                if other != target:
                    other.unlink()
            checked = CheckedFile(State.of(target), sha256, is_imported)
            self._record(lambda known: known.with_checked(record.name, checked))

    def _seems_sound(self, record: EngineRecord, path: Path) -> bool:
        """Whether a file is what was checked before, or of the right size if it never was."""
        known, state = self._checked(), State.of(path)
        checked = known.by_engine.get(record.name)
        if state in known.damaged:
            return False
        if checked is not None and checked.state.path == state.path:
            is_as_checked = checked.sha256 == _expected(record, path, checked)
            return is_as_checked and state.bytes == checked.state.bytes
        size = _weights(record).bytes
        return abs(state.bytes - size) <= _SIZE_TOLERANCE * size

    def _is_sound(self, record: EngineRecord, path: Path, check_cancelled: CancelCheck) -> bool:
        """Whether a file is what was checked before, or stands a check now."""
        known, state = self._checked(), State.of(path)
        if state in known.damaged:
            return False
        checked = known.by_engine.get(record.name)
        if (
            checked is not None
            and checked.state == state
            and checked.sha256 == _expected(record, path, checked)
        ):
            return True
        try:
            self._check(record, path, check_cancelled)
        except DamagedWeightsError as error:
            log.warning("%s", error)
            return False
        return True

    def _check(
        self, record: EngineRecord, path: Path, check_cancelled: CancelCheck = _never_cancelled
    ) -> Path:
        """Hash a file and record what came of it.

        Raises:
            DamagedWeightsError: it is another file than it should be.
        """
        before, state = self._checked().by_engine.get(record.name), State.of(path)
        try:
            found = _checked_hash(record, path, _expected(record, path, before), check_cancelled)
        except DamagedWeightsError:
            self._record(lambda known: known.with_damaged(state))
            raise
        checked = CheckedFile(state, found, _is_imported(before, path))
        self._record(lambda known: known.with_checked(record.name, checked))
        return path

    def _checked(self) -> CheckedFiles:
        return CheckedFiles.read(self._checked_file)

    def _record(self, change: Callable[[CheckedFiles], CheckedFiles]) -> None:
        """Change what is known, alone; if that cannot be, files are checked again next time."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with self._lock:
                change(self._checked()).write(self._checked_file)
        except OSError as error:  # filelock's Timeout is one
            log.warning("what was checked could not be recorded: %s", error)


def _weights(record: EngineRecord) -> WeightsRecord:
    if record.weights is None:
        raise WeightsError(
            _("{title} has no weights: it is always there.").format(title=record.title)
        )
    return record.weights


def _missing(record: EngineRecord) -> WeightsError:
    weights = _weights(record)
    if not weights.repository:
        return WeightsError(
            _("{title} is not installed and cannot be downloaded by a program. {way}").format(
                title=record.title, way=_way_to_get(record)
            )
        )
    return WeightsError(
        _(
            "{title} is not installed. Run `flyaway models download {name}` ({mb:.0f} MB), or "
            "choose another engine."
        ).format(title=record.title, name=record.name, mb=weights.bytes / 1e6)
    )


def _damaged(record: EngineRecord) -> DamagedWeightsError:
    return DamagedWeightsError(
        _("The weights file of {title} is damaged or not the published one. {way}").format(
            title=record.title, way=_way_to_get(record)
        )
    )


def _way_to_get(record: EngineRecord) -> str:
    weights = _weights(record)
    if weights.repository:
        return _("Run `flyaway models download {name}`.").format(name=record.name)
    return _("Fetch {name} from {page} and run `flyaway models import FILE`.").format(
        name=Path(weights.file).name, page=weights.page
    )


def _is_imported(checked: CheckedFile | None, path: Path) -> bool:
    return checked is not None and checked.is_imported and checked.state.path == str(path)


def _expected(record: EngineRecord, path: Path, checked: CheckedFile | None) -> str:
    """The hash a file must have; "" where any will do, because none is known."""
    known = checked.sha256 if checked else ""
    return known if _is_imported(checked, path) else _weights(record).sha256 or known


def _checked_hash(
    record: EngineRecord, path: Path, expected: str, check_cancelled: CancelCheck = _never_cancelled
) -> str:
    """The SHA-256 of a file that is what it should be.

    Args:
        record: whose weights it shall be.
        path: the file.
        expected: the hash it must have; "" takes whatever is found.
        check_cancelled: see `Store.find`.

    Raises:
        DamagedWeightsError: it is another file than it should be.
    """
    found = _sha256(path, check_cancelled)
    if expected and found != expected:
        raise _damaged(record)
    return found


def _sha256(path: Path, check_cancelled: CancelCheck = _never_cancelled) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            check_cancelled()
    return digest.hexdigest()
