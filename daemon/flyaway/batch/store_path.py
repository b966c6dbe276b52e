"""A file or folder in a store that fsspec knows, such as S3, with as much of `pathlib.Path` as a batch needs.

The one edge to fsspec: whatever its stores raise ends here, as OSError where it is this file's, else as BatchError.
"""

from __future__ import annotations

import datetime
import fnmatch
import hashlib
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from flyaway.errors import BatchError, RequestError
from flyaway_client.wording import _

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")

_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs"}
"""What brings a store, where fsspec's own words need help."""

_WHOLE_AT_ONCE = {"s3", "s3a", "gs", "gcs"}
"""Stores where an upload is seen once it is whole, and can be told to take no name that is taken; in others what was
uploaded under a name of ours is moved."""

_THIS_FILE = (
    FileNotFoundError,
    PermissionError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
)
"""What says something about a file and nothing about its store."""

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified")
"""Where stores tell when a file was changed: fsspec's local and SFTP, S3, Azure, Google, HTTP."""

_TAGS = ("ETag", "etag")
"""Where stores tell which version of a file it is: S3, Azure and Google."""

_SECOND_NS = 1_000_000_000


class Stat(NamedTuple):
    """What is known of a file without reading it, as `os.stat` names it."""

    st_size: int
    st_mtime_ns: int


def is_url(text: str) -> bool:
    """Whether a text names something in a store, and not a path."""
    return _URL.match(text) is not None


@dataclass(frozen=True, slots=True)
class StorePath:
    """A file or folder in a store.

    Its key is what the store calls it, and is not tidied: in S3 `a//b` and `a/b` are two.

    Attributes:
        prefix: what stands before the key in its URL.
        key: the file's name in the store.
        origin: the URL by which the store was named; it may say more than those of its files.
    """

    prefix: str
    key: str
    origin: str = field(compare=False)

    @classmethod
    def of(cls, url: str) -> StorePath:
        """What a URL names.

        Raises:
            RequestError: no store can be reached by it; the text says why.
        """
        if "::" in url:
            raise RequestError(
                _(
                    "{url} names one store through another. Name the one that has the photos."
                ).format(url=url)
            )
        place = url.partition("://")[2].partition("/")[0]
        if "@" in place and ":" in place.partition("@")[0]:
            hidden = url.replace(place.partition("@")[0], "…", 1)
            raise RequestError(
                _(
                    "{url} has a password in it, which would be written down with the results. Leave it "
                    "out, and give it as the store's package takes it, such as in a variable or a file of "
                    "its own."
                ).format(url=hidden)
            )
        filesystem, key = _opened(url)
        if not key.strip("/") or (_is_whole_at_once(url) and not place):
            raise RequestError(
                _("{url} names no bucket and no folder. Give it as s3://bucket/photos.").format(
                    url=url
                )
            )
        whole = url.rstrip("/")
        if not whole.endswith(key):  # such as a relative one
            whole = filesystem.unstrip_protocol(key)
        return cls(whole[: len(whole) - len(key)], key, url)

    def __str__(self) -> str:
        return self.prefix + self.key

    def __truediv__(self, below: str) -> StorePath:
        """What is there below this; steps up are taken, but not out of the store."""
        key = f"{self.key}/{below}"
        if ".." in below.split("/"):
            key = posixpath.normpath(key)
            if key.startswith(".."):
                raise RequestError(
                    _("{place} leads out of {store}. Name a place in that store.").format(
                        place=below, store=self
                    )
                )
        return replace(self, key=key)

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """Its name without suffix."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """That of its name, with the dot."""
        return Path(self.name).suffix

    @property
    def parent(self) -> StorePath:
        """The folder it is in."""
        return replace(self, key=self.key.rpartition("/")[0])

    def absolute(self) -> StorePath:
        """Itself: there are no others."""
        return self

    def stat(self) -> Stat:
        """How large it is and when it was changed.

        S3 tells times in whole seconds, in which a file can be changed twice: a version's tag stands for what is below
        a second, and where a store tells no time, for all of it.

        Raises:
            FileNotFoundError, PermissionError: it cannot be seen.
            BatchError: the store cannot be reached.
        """
        with self._asked() as filesystem:
            info = filesystem.info(self.key)
            if info.get("type") == "directory":
                raise IsADirectoryError(str(self))
            when = next((info[name] for name in _TIMES if info.get(name)), None)
            if when is None:
                with suppress(NotImplementedError):
                    when = filesystem.modified(self.key)
            tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
            return Stat(int(info.get("size") or 0), _in_ns(when, tag))

    def exists(self) -> bool:
        """Whether there is such a file or folder."""
        with self._asked() as filesystem:
            return bool(filesystem.exists(self.key))

    def is_file(self) -> bool:
        """Whether it is a file."""
        with self._asked() as filesystem:
            return bool(filesystem.isfile(self.key))

    def is_dir(self) -> bool:
        """Whether it is a folder: whether any file is in it, where folders are only parts of names."""
        with self._asked() as filesystem:
            return bool(filesystem.isdir(self.key))

    @contextmanager
    def open(self, mode: str, buffering: int = -1) -> Iterator[BinaryIO]:
        """The file, to be read; how it is buffered is the store's affair."""
        assert mode == "rb"
        with self._asked() as filesystem, filesystem.open(self.key, mode) as file:
            yield file

    def read_bytes(self) -> bytes:
        """All that the file holds."""
        with self._asked() as filesystem:
            return bytes(filesystem.cat_file(self.key))

    def write_bytes(self, content: bytes) -> None:
        """Give the file this content; for small ones of ours."""
        with self._asked() as filesystem:
            self._make_folder(filesystem)
            filesystem.pipe_file(self.key, content)

    def unlink(self, missing_ok: bool = False) -> None:
        """Delete the file."""
        with self._asked() as filesystem, suppress(*((FileNotFoundError,) if missing_ok else ())):
            filesystem.rm_file(self.key)

    def iterdir(self) -> Iterator[StorePath]:
        """The files in a folder; none where there is no such folder."""
        with self._asked() as filesystem:
            try:
                found = filesystem.ls(self.key, detail=True)
            except FileNotFoundError:
                return
        keys = (one["name"] for one in found if one["type"] == "file")
        yield from (replace(self, key=key) for key in keys if key.startswith(f"{self.key}/"))

    def glob(self, pattern: str) -> Iterator[StorePath]:
        """Those of a folder's files whose names have a pattern."""
        return (file for file in self.iterdir() if fnmatch.fnmatchcase(file.name, pattern))

    def walk(self) -> Iterator[StorePath]:
        """The file itself, or all files in the folder and in its folders, in the order of their names.

        Raises:
            OSError: it cannot be looked into.
            BatchError: the store cannot be reached.
        """
        with self._asked() as filesystem:
            found = sorted(filesystem.find(self.key))
        # A key with a slash at its end is what consoles make for a folder.
        yield from (replace(self, key=key) for key in found if not key.endswith("/"))

    def fetch(self, file: Path) -> None:
        """Copy it onto this machine.

        Raises:
            FileNotFoundError, PermissionError: it cannot be read.
            BatchError: the store cannot be reached, or this machine's disk is full.
        """
        with self._asked() as filesystem:
            filesystem.get_file(self.key, str(file))

    def put(self, file: Path, spare: StorePath, may_replace: bool) -> None:
        """Give it a file's content, at once: nobody sees a part of it.

        Args:
            file: on this machine.
            spare: where it may be meanwhile, in stores that show files which are being written.
            may_replace: whether what has the name goes.

        Raises:
            FileExistsError: the name is taken.
            PermissionError: it cannot be written.
            BatchError: the store cannot be reached.
        """
        with self._asked() as filesystem:
            if not _is_whole_at_once(self.origin):
                spare._make_folder(filesystem)
                filesystem.put_file(str(file), spare.key)
                if not may_replace and filesystem.exists(self.key):
                    raise FileExistsError(str(self))
                self._make_folder(filesystem)
                _move(filesystem, spare.key, self.key)
            elif may_replace:
                filesystem.put_file(str(file), self.key)
            else:
                self._create(filesystem, file)

    def _create(self, filesystem: Any, file: Path) -> None:
        """Upload to a name that is free; one that an answer which was lost has given already is ours."""
        try:
            filesystem.put_file(str(file), self.key, mode="create")
        except Exception as error:
            if not filesystem.exists(self.key):
                raise
            if filesystem.cat_file(self.key) != file.read_bytes():
                raise FileExistsError(str(self)) from error

    def _make_folder(self, filesystem: Any) -> None:
        """Make the folder it is in, where folders are more than parts of names: a bucket is never made."""
        if not _is_whole_at_once(self.origin):
            filesystem.makedirs(self.parent.key, exist_ok=True)

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        """Its file system; what is raised in this becomes an error of ours.

        Raises:
            OSError: this file cannot be used so; one of `_THIS_FILE`.
            BatchError: the store cannot be reached.
        """
        try:
            yield _filesystem(self.origin)
        except (*_THIS_FILE, BatchError, RequestError):
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}".rstrip(": .")
            raise BatchError(
                _(
                    "{store} cannot be reached ({what}). See that this machine may use that store, then run "
                    "the same command again; it goes on where it was."
                ).format(store=self, what=what)
            ) from error


@cache
def _filesystem(origin: str) -> Any:
    return _opened(origin)[0]


def _opened(url: str) -> tuple[Any, str]:
    """A URL's file system, which remembers no listing, and the key in it.

    Raises:
        RequestError: there is none.
    """
    import fsspec  # deferred: who has no stores needs none

    protocol = url.partition("://")[0].lower()
    try:
        filesystem, key = fsspec.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        what = (
            _("`pip install {package}` brings it").format(package=package)
            if package
            else str(error)
        )
        raise RequestError(
            _(
                "{protocol}:// needs a package that is not installed: {what}; on a cluster, on all "
                "nodes."
            ).format(protocol=protocol, what=what)
        ) from error
    except ValueError as error:
        raise RequestError(
            _(
                "{url} names a kind of store that is not known ({error}). Give a path, or a URL such "
                "as s3://bucket/photos."
            ).format(url=url, error=error)
        ) from error
    except Exception as error:
        raise BatchError(
            _("{url} cannot be reached ({kind}: {error}).").format(
                url=url, kind=type(error).__name__, error=error
            )
        ) from error
    return filesystem, str(key)


def _is_whole_at_once(url: str) -> bool:
    return url.partition(":")[0].lower() in _WHOLE_AT_ONCE


def _move(filesystem: Any, source: str, target: str) -> None:
    """Give a file another name, in one step where the store can."""
    from fsspec.spec import AbstractFileSystem

    if type(filesystem).mv is AbstractFileSystem.mv:  # which takes a * in a name for many
        filesystem.cp_file(source, target)
        filesystem.rm_file(source)
    else:
        filesystem.mv(source, target)


def _in_ns(when: Any, tag: str) -> int:
    """A time as nanoseconds, whose part below a second a version's tag makes its own; 0 where there is neither."""
    if isinstance(when, str):
        try:
            when = datetime.datetime.fromisoformat(when)
        except ValueError:
            when, tag = None, tag + when
    if isinstance(when, datetime.datetime):
        when = when.timestamp()
    known_ns = round(when * _SECOND_NS) if isinstance(when, int | float) else 0
    if not tag:
        return known_ns
    own = int.from_bytes(hashlib.sha256(tag.encode()).digest()[:6], "big")
    return known_ns // _SECOND_NS * _SECOND_NS + own % _SECOND_NS if known_ns else own
