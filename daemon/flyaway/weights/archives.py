"""Zips in which authors hand their weights out: the weights files in them, unpacked for as long as they are looked at."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from zipfile import ZipFile, ZipInfo

from flyaway.errors import WeightsError
from flyaway.weights.store import none_in, suffix_of
from flyaway_client.wording import _

MAX_BYTES = 16 * 2**30
"""Of all that is unpacked: four times the largest file that is published, and no disk full of zeros."""


def is_archive(path: Path) -> bool:
    """Whether a file is called a zip; PyTorch's own files are zips, too, but not called so."""
    return path.suffix.lower() == ".zip"


@contextmanager
def unpacked(path: Path) -> Iterator[list[Path]]:
    """The weights files of a zip, in a folder of its name for the length of a `with`.

    Folders within it count for nothing, so that nothing gets anywhere else; each file keeps its name.

    Raises:
        WeightsError: it cannot be read or holds none; the text says what to do.
    """
    with tempfile.TemporaryDirectory(prefix="flyaway-") as place:
        try:
            with ZipFile(path) as archive:
                files = _unpack(archive, path, Path(place))
        # What zipfile raises at what is damaged, needs a password, or is packed in another way.
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
            raise WeightsError(
                _("{path} cannot be unpacked ({error}). Unpack it, and import the file.").format(
                    path=path, error=error
                )
            ) from error
        except OSError as error:
            raise WeightsError(
                _(
                    "{path} could not be unpacked: {why}. Unpack it where there is room, and import "
                    "the file."
                ).format(path=path, why=error.strerror or error)
            ) from error
        yield files


def _unpack(archive: ZipFile, path: Path, place: Path) -> list[Path]:
    found = [member for member in archive.infolist() if _is_weights(member)]
    if not found:
        raise WeightsError(none_in(path))
    if sum(member.file_size for member in found) > MAX_BYTES:
        raise WeightsError(
            _(
                "{path} holds more than any engine's weights. Unpack it, and import the file."
            ).format(path=path)
        )
    files = []
    for number, member in enumerate(found):
        file = place / str(number) / path.stem / _name(member)
        file.parent.mkdir(parents=True)
        with archive.open(member) as source, file.open("xb") as target:
            # No more than it is said to be: zipfile sees to that.
            shutil.copyfileobj(source, target, 2**20)
        files.append(file)
    return files


def _is_weights(member: ZipInfo) -> bool:
    """Whether it is called so, and is not what macOS puts beside each file."""
    name = _name(member)
    return not member.is_dir() and bool(suffix_of(Path(name))) and not name.startswith("._")


def _name(member: ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).name
