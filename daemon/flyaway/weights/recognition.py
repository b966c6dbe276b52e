"""Tells which engine a weights file is for: by its hash, by its tensors' names and shapes, by its name.

No tensor is loaded for that: of safetensors the header is read, of pickles the outline.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from flyaway import engines
from flyaway.engines.records import EngineRecord
from flyaway.errors import DeviceError, WeightsError
from flyaway_client.wording import _

_Words = tuple[str, ...]

_FOLDERS = 3
"""So many folders above a file may name it: the hub's cache has repository/snapshots/commit/file."""


_COMMON_NAMES = {"model", "pytorch_model", "ckpt_best"}
"""What files of several engines are called, which tells nothing."""


def recognise(path: Path, name: str | None = None) -> EngineRecord:
    """The engine whose weights a file holds.

    Several engines of a family are built alike and differ in what they were trained on: among them the
    published hash decides, then what the file or a folder around it is called.

    Args:
        path: the file.
        name: the engine that it is said to be for; that is checked.

    Raises:
        UnknownEngineError: there is no engine called `name`.
        WeightsError: the file is for none, may be for several, or cannot be read.
    """
    records = engines.weights_records()
    if name is not None:
        records = tuple(record for record in (engines.weights_record(name),) if record.weights)
    published = _by_hash(path, records)
    if published:
        return published
    fitting = _by_tensors(path, records, is_sure=name is not None)
    if not fitting:
        raise WeightsError(
            _("{path} is for none of the engines. `flyaway models list` names them.").format(
                path=path
            )
        )
    if len(fitting) > 1:
        fitting = _by_name(path, fitting) or fitting
    if len(fitting) > 1:
        candidates = ", ".join(record.name for record in fitting)
        raise WeightsError(
            _(
                "{path} may be for any of {candidates}. Say which: add --as and one of these names."
            ).format(path=path, candidates=candidates)
        )
    return fitting[0]


def _by_hash(path: Path, records: Iterable[EngineRecord]) -> EngineRecord | None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            _("{path} cannot be read: {why}.").format(path=path, why=error.strerror or error)
        ) from error
    matches = (record for record in records if record.weights and record.weights.sha256 == found)
    return next(matches, None)


def _by_tensors(path: Path, records: Iterable[EngineRecord], is_sure: bool) -> list[EngineRecord]:
    """The engines whose networks take these tensors; on "meta" trying that costs no memory.

    With `is_sure`, a misfit is an error that names the tensors.
    """
    from flyaway.engines import checkpoint, device  # deferred: loads torch

    try:
        with device.memory_errors():
            tensors = checkpoint.read(path, "meta")
    except DeviceError as error:
        raise WeightsError(
            _(
                "{path} asks for more memory than there is. Close other programs, or choose another "
                "file."
            ).format(path=path)
        ) from error
    fitting = []
    for record in records:
        try:
            engines.load(record.name, tensors, "meta")
            fitting.append(record)
        except WeightsError:
            if is_sure:
                raise
    return fitting


def _by_name(path: Path, records: Iterable[EngineRecord]) -> list[EngineRecord]:
    """Those that the file is called after, else the nearest folder that is called after any."""
    for called in (path.stem, *(folder.name for folder in path.absolute().parents[:_FOLDERS])):
        likeness = {record.name: _likeness(_words(called), record) for record in records}
        most = max(likeness.values())
        if most:
            return [record for record in records if likeness[record.name] == most]
    return []


def _likeness(called: _Words, record: EngineRecord) -> int:
    """How many words of a file's or folder's name are one of the names of an engine; 0 for none."""
    weights = record.weights
    assert weights  # none else is looked for
    stem = Path(weights.file).stem
    own = [record.name, *record.also_called]
    own += [stem] if stem not in _COMMON_NAMES else []
    found = [len(name) for name in map(_words, own) if _has(called, name)]
    # more than a name that is the beginning of others', or a repository's with several files
    found += [len(called) + 1] if called in map(_words, own) else []
    # a repository's name is the beginning of others' names, so nothing may come after it
    whole, last = _words(weights.repository), _words(weights.repository.rpartition("/")[2])
    found += [len(whole)] if whole and called[-len(whole) :] == whole else []
    found += [len(last)] if last and called == last else []
    return max(found, default=0)


def _has(called: _Words, name: _Words) -> bool:
    """Whether `called` holds `name`, word after word."""
    return any(called[i : i + len(name)] == name for i in range(len(called) - len(name) + 1))


def _words(text: str) -> _Words:
    return tuple(re.findall(r"[a-z0-9]+", text.lower()))
