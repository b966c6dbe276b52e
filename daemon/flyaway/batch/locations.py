"""Where photos and results lie, on disks or in stores: what can be said of both alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from flyaway.batch import scratch
from flyaway.batch.store_path import StorePath, is_url
from flyaway.errors import RequestError, TooLargeError
from flyaway.files.photos import SUFFIXES
from flyaway_client.wording import _

Location = Path | StorePath


def of(text: str) -> Location:
    """What a path or a URL names.

    Raises:
        RequestError: no store can be reached by the URL.
    """
    return StorePath.of(text) if is_url(text) else Path(text)


def whole(location: Location) -> Location:
    """A path from the file system's root, without dots; links stay as they are named."""
    if isinstance(location, StorePath):
        return location
    return Path(os.path.normpath(location.absolute()))


def identity(location: Location) -> str:
    """The same for names that name the same file here."""
    return str(location) if isinstance(location, StorePath) else os.path.normcase(location)


def real(location: Location) -> str:
    """The same for all names of a folder, links among them."""
    return str(location) if isinstance(location, StorePath) else os.path.realpath(location)


def is_below(location: Location, folder: Location) -> bool:
    """Whether it is in a folder, or in one of its folders."""
    if isinstance(location, StorePath) or isinstance(folder, StorePath):
        return str(location).startswith(f"{folder}/")
    return location.is_relative_to(folder)


def below(location: Location, folder: Location) -> str:
    """Its name from a folder that it is in, with slashes."""
    if isinstance(location, StorePath) or isinstance(folder, StorePath):
        return str(location)[len(f"{folder}/") :]
    return location.relative_to(folder).as_posix()


def common(folders: list[Location]) -> Location:
    """The deepest folder that holds all.

    Raises:
        RequestError: there is none.
    """
    paths = [folder for folder in folders if isinstance(folder, Path)]
    stores = [folder for folder in folders if isinstance(folder, StorePath)]
    if not stores:
        try:
            return Path(os.path.commonpath(paths))
        except ValueError as error:  # on Windows, where they are on several drives
            raise RequestError(
                _("The photos are on several drives. Run a batch for each drive.")
            ) from error
    keys = zip(*(folder.key.split("/") for folder in stores), strict=False)
    shared = [parts[0] for parts in takewhile(lambda parts: len({*parts}) == 1, keys)]
    if paths or len({folder.prefix for folder in stores}) > 1 or not any(shared):
        raise RequestError(_("The photos are in several stores. Run a batch for each of them."))
    return replace(stores[0], key="/".join(shared))


@contextmanager
def local(location: Location, max_bytes: int) -> Iterator[Path]:
    """A file as one of this machine; sentences that name it so name its place after all.

    Args:
        location: the file.
        max_bytes: larger ones are not fetched.

    Raises:
        RequestError: it cannot be fetched.
        BatchError: its store cannot be reached.
    """
    if isinstance(location, Path):
        yield location
        return
    with TemporaryDirectory(dir=scratch.own()) as folder:
        suffix = location.suffix.lower()
        file = Path(folder) / f"photo{suffix if suffix in SUFFIXES else ''}"
        try:
            if location.stat().st_size > max_bytes:
                raise TooLargeError(
                    _("{path} is larger than a photo can be. Make it smaller.").format(
                        path=location
                    )
                )
            location.fetch(file)
        except OSError as error:
            why = _("It is not there") if isinstance(error, FileNotFoundError) else error
            raise RequestError(
                _("{path} cannot be opened: {why}.").format(path=location, why=why)
            ) from error
        try:
            yield file
        except RequestError as error:
            raise type(error)(str(error).replace(str(file), str(location))) from error
