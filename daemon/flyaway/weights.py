"""Weights files on disk: find one, download it, check it, import one by hand, remove it. Opens none.

A file counts as there only once its hash was checked; what is half finished or damaged is never handed
out. Downloads go through huggingface_hub, whose own settings (HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN,
proxies) hold. A file that is in the hub's own cache already is used where it lies.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from flyaway import hub
from flyaway.engines.base import EngineRecord, WeightsRecord
from flyaway.errors import WeightsError
from flyaway_client.connection import write_private

log = logging.getLogger(__name__)

_SPARE_BYTES = 200 * 1024 * 1024
"""Left free on the disk beside a download."""

_PARTIAL, _LOCK = ".partial", ".lock"

SUFFIXES = frozenset({".safetensors", ".pth", ".pt", ".ckpt", ".bin"})
"""What weights files are called."""

FOLDER_VARIABLE = "FLYAWAY_WEIGHTS"


def folder() -> Path:
    """Where downloads and imports lie: FLYAWAY_WEIGHTS, or the platform's place for caches."""
    override = os.environ.get(FOLDER_VARIABLE)
    return (
        Path(override)
        if override
        else Path(platformdirs.user_cache_dir("flyaway", False)) / "weights"
    )


@dataclass(frozen=True, slots=True)
class Pin:
    """What was checked: the file at `path` had this hash when its size and time were these.

    `is_own` says that a user brought it, so that its hash counts and not the published one.
    """

    path: str
    sha256: str
    bytes: int
    modified_ns: int
    is_own: bool = False


class Store:
    """The weights files of one user.

    Args:
        root: its folder; see `folder`.
        endpoint: the hub's address; None for what huggingface_hub's own settings say.
    """

    def __init__(self, root: Path | None = None, endpoint: str | None = None) -> None:
        self._root = root or folder()
        self._endpoint = endpoint
        self._pins_file = self._root / "checked.json"

    def holds(self, record: EngineRecord) -> bool:
        """Whether an engine's file is here, whole; answers at once, so it may still prove damaged."""
        return any(path.is_file() for path in self._candidates(record))

    def find(self, record: EngineRecord) -> Path | None:
        """An engine's checked weights file, or None. Reads the whole file only if it has changed."""
        for path in self._candidates(record):
            if path.is_file() and self._is_sound(record, path):
                return path
        return None

    def locate(self, record: EngineRecord) -> Path:
        """An engine's checked weights file.

        Raises:
            WeightsError: it is not here; the text says how to get it.
        """
        path = self.find(record)
        if path is None:
            raise _missing(record)
        return path

    def download(self, record: EngineRecord, progress: hub.Progress) -> Path:
        """Fetch an engine's weights, going on where an earlier try broke off.

        Raises:
            WeightsError: it could not be had; the text says why and what to do.
            CancelledError: `progress` said so; what came so far is kept for the next try.
        """
        weights = _weights(record)
        present = self.find(record)
        if present is not None:
            return present
        if not weights.repository:
            raise _missing(record)
        target = self._path(record, Path(weights.file).suffix)
        partial = target.with_name(target.name + _PARTIAL)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(partial.with_suffix(_LOCK), blocking=False):
                published = hub.fetch(weights, partial, _SPARE_BYTES, progress, self._endpoint)
                return self._keep(record, partial, target, published)
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
        path = next((path for path in self._candidates(record) if path.is_file()), None)
        if path is None:
            raise _missing(record)
        pin = self._pins().get(record.name)
        found = _checked_hash(record, path, _expected(record, path, pin))
        self._note(record, path, found, _is_own(pin, path))
        return path

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
        self._write_pins({name: pin for name, pin in self._pins().items() if name != record.name})
        return freed

    @property
    def _files(self) -> Path:
        return self._root / "files"

    def _path(self, record: EngineRecord, suffix: str) -> Path:
        return self._files / f"{record.name}{suffix}"

    def _candidates(self, record: EngineRecord) -> list[Path]:
        """Where an engine's whole file lies, in the order of preference."""
        weights = _weights(record)
        shared = hub.cached(weights)
        return self._own(record) + ([shared] if shared is not None else [])

    def _own(self, record: EngineRecord) -> list[Path]:
        """The whole files of an engine in the store."""
        found = sorted(self._files.glob(f"{record.name}.*"))
        return [path for path in found if path.suffix in SUFFIXES]

    def _keep(self, record: EngineRecord, partial: Path, target: Path, expected: str) -> Path:
        """Check a file that is whole and give it its name; one that fails the check is deleted."""
        try:
            found = _checked_hash(record, partial, _weights(record).sha256 or expected)
        except WeightsError:
            partial.unlink()
            raise
        self._put(record, partial, target)
        self._note(record, target, found)
        return target

    def _put(self, record: EngineRecord, partial: Path, target: Path) -> None:
        """Give a file that is whole its name; it takes the place of one with another suffix."""
        partial.replace(target)
        for other in self._own(record):
            if other != target:
                other.unlink()

    def _is_sound(self, record: EngineRecord, path: Path) -> bool:
        """Whether a file is what was checked before, or stands a check now."""
        pin = self._pins().get(record.name)
        expected = _expected(record, path, pin)
        if pin is not None and pin == _stamp(path, expected, pin.is_own):
            return True
        try:
            found = _checked_hash(record, path, expected)
        except WeightsError as error:
            log.warning("%s", error)
            return False
        self._note(record, path, found, _is_own(pin, path))
        return True

    def _note(self, record: EngineRecord, path: Path, sha256: str, is_own: bool = False) -> None:
        self._write_pins({**self._pins(), record.name: _stamp(path, sha256, is_own)})

    def _pins(self) -> dict[str, Pin]:
        """What was checked so far; a damaged note only means checking again."""
        try:
            content: dict[str, Any] = json.loads(self._pins_file.read_bytes())
            return {name: Pin(**pin) for name, pin in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write_pins(self, pins: dict[str, Pin]) -> None:
        content = {name: asdict(pin) for name, pin in pins.items()}
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            write_private(self._pins_file, json.dumps(content, indent=2).encode())
        except OSError as error:
            log.warning("what was checked could not be noted: %s", error)


def _weights(record: EngineRecord) -> WeightsRecord:
    if record.weights is None:
        raise WeightsError(f"{record.title} has no weights: it is always there.")
    return record.weights


def _missing(record: EngineRecord) -> WeightsError:
    weights = _weights(record)
    if not weights.repository:
        return WeightsError(
            f"{record.title} is not installed and cannot be downloaded by a program. Fetch "
            f"{Path(weights.file).name} from {weights.page} and run `flyaway models import FILE`."
        )
    return WeightsError(
        f"{record.title} is not installed. Run `flyaway models download {record.name}` "
        f"({weights.bytes / 1e6:.0f} MB), or choose another engine."
    )


def _stamp(path: Path, sha256: str, is_own: bool) -> Pin:
    state = path.stat()
    return Pin(str(path), sha256, state.st_size, state.st_mtime_ns, is_own)


def _is_own(pin: Pin | None, path: Path) -> bool:
    return pin is not None and pin.is_own and pin.path == str(path)


def _expected(record: EngineRecord, path: Path, pin: Pin | None) -> str:
    """The hash a file must have; "" where any will do, because none is known."""
    noted = pin.sha256 if pin else ""
    return noted if _is_own(pin, path) else _weights(record).sha256 or noted


def _checked_hash(record: EngineRecord, path: Path, expected: str) -> str:
    """The SHA-256 of a file that is what it should be.

    Args:
        record: whose weights it shall be.
        path: the file.
        expected: the hash it must have; "" takes whatever is found.

    Raises:
        WeightsError: it is another file than it should be.
    """
    found = _sha256(path)
    if expected and found != expected:
        raise WeightsError(
            f"The weights file of {record.title} is damaged or not the published one. Run `flyaway "
            f"models download {record.name}`."
        )
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
