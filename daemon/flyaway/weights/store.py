"""Weights files on disk: find one, download it, check it, import one by hand, remove it. Opens none.

A file counts as there only once its hash was checked; what is half finished or damaged is never handed
out. Downloads go through huggingface_hub, whose own settings (HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN,
proxies) hold. A file that is in the hub's own cache already is used where it lies.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from flyaway.engines.records import EngineRecord, WeightsRecord
from flyaway.errors import DamagedWeightsError, WeightsError
from flyaway.weights import hub
from flyaway.weights.checked import Notes, Pin, State

log = logging.getLogger(__name__)

_SPARE_BYTES = 200 * 1024 * 1024
"""Left free on the disk beside a download."""

_PARTIAL, _LOCK = ".partial", ".lock"

_SIZE_TOLERANCE = 0.02
"""Records give sizes to a percent; a file further off is cut short or another one."""

_CHUNK_BYTES = 1 << 20
"""Hashed between two looks at whether anybody still waits: a millisecond."""

SUFFIXES = frozenset({".safetensors", ".pth", ".pt", ".ckpt", ".bin"})
"""What weights files are called."""

FOLDER_VARIABLE = "FLYAWAY_WEIGHTS"

Look = Callable[[], None]
"""Asks whether anybody still waits; raises where nobody does."""


def _no_look() -> None:
    """For those who wait to the end."""


def folder() -> Path:
    """Where downloads and imports lie: FLYAWAY_WEIGHTS, or the platform's place for caches."""
    override = os.environ.get(FOLDER_VARIABLE)
    return (
        Path(override)
        if override
        else Path(platformdirs.user_cache_dir("flyaway", False)) / "weights"
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
        self._notes_file = self._root / "checked.json"

    def files(self, record: EngineRecord) -> list[Path]:
        """Where an engine's files lie, damaged or not, in the order of preference."""
        shared = hub.cached(_weights(record))
        found = self._own(record) + ([shared] if shared is not None else [])
        return [path for path in found if path.is_file()]

    def holds(self, record: EngineRecord) -> bool:
        """Whether an engine's file is here and, as far as can be told without reading it, whole."""
        return any(self._seems_sound(record, path) for path in self.files(record))

    def find(self, record: EngineRecord, look: Look = _no_look) -> Path | None:
        """An engine's checked weights file, or None. Reads the whole file only if it has changed.

        Args:
            record: whose file.
            look: called again and again while a file is read; what it raises ends that.
        """
        for path in self.files(record):
            if self._is_sound(record, path, look):
                return path
        return None

    def locate(self, record: EngineRecord) -> Path:
        """An engine's checked weights file.

        Raises:
            WeightsError: it is not here, or damaged; the text says how to get it.
        """
        path = self.find(record)
        if path is None:
            raise _damaged(record) if self.files(record) else _missing(record)
        return path

    def download(self, record: EngineRecord, progress: hub.Progress) -> Path:
        """Fetch an engine's weights, going on where an earlier try broke off.

        Raises:
            WeightsError: it could not be had; the text says why and what to do.
            CancelledError: `progress` said so; what came so far is kept for the next try.
        """
        weights = _weights(record)
        told = 0, weights.bytes

        def tell(*far: int) -> None:
            nonlocal told
            told = far[0], far[1]
            progress(*told)

        def look() -> None:
            progress(*told)

        present = self.find(record, look)
        if present is not None:
            return present
        if not weights.repository:
            raise _missing(record)
        target = self._path(record, Path(weights.file).suffix)
        partial = target.with_name(target.name + _PARTIAL)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(partial.with_suffix(_LOCK), blocking=False):
                published = hub.fetch(weights, partial, _SPARE_BYTES, tell, self._endpoint)
                return self._keep(record, partial, target, published, look)
        except Timeout:
            raise WeightsError(
                f"{record.title} is being downloaded already. Wait for that download to end."
            ) from None
        except OSError as error:
            raise WeightsError(
                f"{target.parent} cannot be written: {error.strerror or error}. Make it writable, or point "
                f"{FOLDER_VARIABLE} at another folder."
            ) from error

    def verify(self, record: EngineRecord) -> Path:
        """Hash an engine's file anew, whatever was noted of it.

        Raises:
            WeightsError: there is none, or it is damaged.
        """
        path = next(iter(self.files(record)), None)
        if path is None:
            raise _missing(record)
        return self._check(record, path)

    def reject(self, record: EngineRecord, path: Path) -> None:
        """Note that an engine's file holds no weights for it: it counts as damaged from now on.

        Its hash is no longer held against the next file. One with the published hash stays what it is:
        the same would come again.
        """
        notes = self._notes()
        pin = notes.pins.get(record.name)
        if pin is not None and pin.sha256 == _weights(record).sha256:
            return
        pins = {name: pin for name, pin in notes.pins.items() if name != record.name}
        Notes(pins, notes.damaged | {State.of(path)}).write(self._notes_file)

    def adopt(self, record: EngineRecord, source: Path) -> Path:
        """Copy a weights file that the user has into the store, in one step.

        It need not be the published file, of which there are other forms and people's own versions: that
        it is for this engine is for the caller to know, and it counts as whole while it stays as it is now.

        Raises:
            WeightsError: it cannot be copied.
        """
        suffix = source.suffix if source.suffix in SUFFIXES else Path(_weights(record).file).suffix
        target = self._path(record, suffix)
        partial = target.with_name(f"{target.name}.import{_PARTIAL}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, partial)
            found = _sha256(partial)
            self._put(record, partial, target)
            self._note(record, target, found, is_own=found != _weights(record).sha256)
            return target
        except OSError as error:
            raise WeightsError(
                f"{source.name} could not be copied: {error.strerror or error}."
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def remove(self, record: EngineRecord) -> int:
        """Delete an engine's files from the store; returns the bytes freed. The hub's own cache is not ours.

        Raises:
            WeightsError: the engine has no weights.
        """
        _weights(record)
        own = [path for path in self._files.glob(f"{record.name}.*") if path.suffix != _LOCK]
        freed = sum(path.stat().st_size for path in own)
        for path in own:
            path.unlink()
        notes = self._notes()
        pins = {name: pin for name, pin in notes.pins.items() if name != record.name}
        Notes(pins, notes.damaged).write(self._notes_file)
        return freed

    @property
    def _files(self) -> Path:
        return self._root / "files"

    def _path(self, record: EngineRecord, suffix: str) -> Path:
        return self._files / f"{record.name}{suffix}"

    def _own(self, record: EngineRecord) -> list[Path]:
        """The whole files of an engine in the store."""
        found = sorted(self._files.glob(f"{record.name}.*"))
        return [path for path in found if path.suffix in SUFFIXES]

    def _keep(
        self, record: EngineRecord, partial: Path, target: Path, expected: str, look: Look
    ) -> Path:
        """Check a file that is whole and give it its name; one that fails the check is deleted."""
        try:
            found = _checked_hash(record, partial, _weights(record).sha256 or expected, look)
        except DamagedWeightsError as error:
            partial.unlink()
            raise hub.another_file(_weights(record)) from error
        self._put(record, partial, target)
        self._note(record, target, found)
        return target

    def _put(self, record: EngineRecord, partial: Path, target: Path) -> None:
        """Give a file that is whole its name; it takes the place of one with another suffix."""
        partial.replace(target)
        for other in self._own(record):
            if other != target:
                other.unlink()

    def _seems_sound(self, record: EngineRecord, path: Path) -> bool:
        """Whether a file is what was checked before, or of the right size if it never was."""
        notes, state = self._notes(), State.of(path)
        pin = notes.pins.get(record.name)
        if state in notes.damaged:
            return False
        if pin is not None and pin.state.path == state.path:
            is_as_checked = pin.sha256 == _expected(record, path, pin)
            return is_as_checked and state.bytes == pin.state.bytes
        size = _weights(record).bytes
        return abs(state.bytes - size) <= _SIZE_TOLERANCE * size

    def _is_sound(self, record: EngineRecord, path: Path, look: Look) -> bool:
        """Whether a file is what was checked before, or stands a check now."""
        notes, state = self._notes(), State.of(path)
        if state in notes.damaged:
            return False
        pin = notes.pins.get(record.name)
        if pin is not None and pin.state == state and pin.sha256 == _expected(record, path, pin):
            return True
        try:
            self._check(record, path, look)
        except DamagedWeightsError as error:
            log.warning("%s", error)
            return False
        return True

    def _check(self, record: EngineRecord, path: Path, look: Look = _no_look) -> Path:
        """Hash a file and note what came of it.

        Raises:
            DamagedWeightsError: it is another file than it should be.
        """
        pin = self._notes().pins.get(record.name)
        try:
            found = _checked_hash(record, path, _expected(record, path, pin), look)
        except DamagedWeightsError:
            notes = self._notes()
            Notes(notes.pins, notes.damaged | {State.of(path)}).write(self._notes_file)
            raise
        self._note(record, path, found, _is_own(pin, path))
        return path

    def _note(self, record: EngineRecord, path: Path, sha256: str, is_own: bool = False) -> None:
        notes = self._notes()
        pins = {**notes.pins, record.name: Pin(State.of(path), sha256, is_own)}
        Notes(pins, notes.without(path)).write(self._notes_file)

    def _notes(self) -> Notes:
        return Notes.read(self._notes_file)


def _weights(record: EngineRecord) -> WeightsRecord:
    if record.weights is None:
        raise WeightsError(f"{record.title} has no weights: it is always there.")
    return record.weights


def _missing(record: EngineRecord) -> WeightsError:
    weights = _weights(record)
    if not weights.repository:
        return WeightsError(
            f"{record.title} is not installed and cannot be downloaded by a program. "
            f"{_way_to_get(record)}"
        )
    return WeightsError(
        f"{record.title} is not installed. Run `flyaway models download {record.name}` "
        f"({weights.bytes / 1e6:.0f} MB), or choose another engine."
    )


def _damaged(record: EngineRecord) -> DamagedWeightsError:
    return DamagedWeightsError(
        f"The weights file of {record.title} is damaged or not the published one. {_way_to_get(record)}"
    )


def _way_to_get(record: EngineRecord) -> str:
    weights = _weights(record)
    if weights.repository:
        return f"Run `flyaway models download {record.name}`."
    return (
        f"Fetch {Path(weights.file).name} from {weights.page} and run `flyaway models import FILE`."
    )


def _is_own(pin: Pin | None, path: Path) -> bool:
    return pin is not None and pin.is_own and pin.state.path == str(path)


def _expected(record: EngineRecord, path: Path, pin: Pin | None) -> str:
    """The hash a file must have; "" where any will do, because none is known."""
    noted = pin.sha256 if pin else ""
    return noted if _is_own(pin, path) else _weights(record).sha256 or noted


def _checked_hash(record: EngineRecord, path: Path, expected: str, look: Look = _no_look) -> str:
    """The SHA-256 of a file that is what it should be.

    Args:
        record: whose weights it shall be.
        path: the file.
        expected: the hash it must have; "" takes whatever is found.
        look: see `Store.find`.

    Raises:
        DamagedWeightsError: it is another file than it should be.
    """
    found = _sha256(path, look)
    if expected and found != expected:
        raise _damaged(record)
    return found


def _sha256(path: Path, look: Look = _no_look) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            look()
    return digest.hexdigest()
