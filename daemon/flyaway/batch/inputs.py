"""Files that results are made from: what tells that one has changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flyaway.batch.locations import Location

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Input:
    """A file as it was read: one that has changed has another size or time, or else another hash."""

    path: str
    bytes: int
    modified_ns: int
    sha256: str = ""

    @classmethod
    def of(cls, path: Location) -> Input:
        """The file as it lies there, without its hash; of less than no bytes where it cannot be seen."""
        try:
            found = path.stat()
        except OSError:
            return cls(str(path), -1, 0)
        return cls(str(path), found.st_size, found.st_mtime_ns)

    @property
    def is_there(self) -> bool:
        """Whether the file could be seen."""
        return self.bytes >= 0

    def is_state_of(self, other: Input) -> bool:
        """Whether nothing tells them apart that can be seen without reading."""
        return (self.bytes, self.modified_ns) == (other.bytes, other.modified_ns)


def sha256(path: Location) -> str:
    """The hash of a file.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
