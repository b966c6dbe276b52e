"""Read a pickle that torch or Paddle wrote. It may be a stranger's: nothing in it is run, and it takes no more than its size."""

from __future__ import annotations

import io
import mmap
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import torch

from flyaway.engines import numbers_in_pickles
from flyaway.errors import DamagedWeightsError
from flyaway_client.wording import _

_ZIP = b"PK\x03\x04"
"""How torch tells its archives from its older files, which are pickles one after the other."""

_OLD_MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")
"""The number with which those begin; without it a pickle is another's, such as Paddle's."""

_OLD_PICKLES = 5
"""In an older file: two marks, a description, the content, and the order of the numbers behind them."""

_BEGIN_BYTES = 32
"""Of a file, in which that number is."""

_CONTENT = "data.pkl"

_LARGEST_PICKLE_BYTES = 4 << 20
"""Of what is beside the numbers; one of ours with two thousand tensors has 0.2 MB, and unpacks to 60 times that."""

_GROWING = {"bytearray", "encode"}
"""Of what torch's loading lets through, that which makes gigabytes of a number or of a few repeated bytes."""


def read(path: Path, device: str) -> object:
    """Tensors and plain containers of a pickle; archives are mapped, so that reading costs no memory.

    Args:
        path: the file.
        device: where the tensors go, as torch names it.

    Raises:
        DamagedWeightsError: it holds something else.
        Exception: whatever torch and pickle say of files that are damaged.
    """
    with path.open("rb") as file:
        begin = file.read(_BEGIN_BYTES)
    is_archive = begin.startswith(_ZIP)
    try:
        if not is_archive and _OLD_MAGIC not in begin:
            return numbers_in_pickles.read(path, device)
        _refuse_growing(path, is_archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of TorchScript files before refusing them
            return torch.load(path, map_location=device, weights_only=True, mmap=is_archive)
    except pickle.UnpicklingError as error:
        if not _begins_like_a_checkpoint(path):
            raise
        raise DamagedWeightsError(
            _(
                "{name} holds more than numbers and was not opened, because such a file can run "
                "programs. Use a file from the engine's own page, best one ending in .safetensors."
            ).format(name=path.name)
        ) from error


def _refuse_growing(path: Path, is_archive: bool) -> None:
    """Let only files pass that unpack to about what they are.

    Raises:
        pickle.UnpicklingError: one calls what makes much of little.
        ValueError: it is packed, or damaged.
    """
    if is_archive:
        with zipfile.ZipFile(path) as archive:
            for content in _contents(archive):
                _look_through(content)
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        for _ in range(_OLD_PICKLES):
            if whole.tell() < len(whole):
                _look_through(whole)


def _contents(archive: zipfile.ZipFile) -> Iterator[BinaryIO]:
    """The pickles of an archive in which, as torch writes it, nothing is packed or there twice."""
    entries = archive.infolist()
    if any(entry.file_size > entry.compress_size for entry in entries):
        raise ValueError("packed content")
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("two entries of one name")
    for entry in entries:
        if entry.filename.endswith(_CONTENT):
            if entry.file_size > _LARGEST_PICKLE_BYTES:
                raise ValueError("too large a pickle")
            yield io.BytesIO(archive.read(entry))


def _look_through(content: BinaryIO | mmap.mmap) -> None:
    """Read to the end of a pickle, following nothing that it says."""
    begin = content.tell()
    for opcode, argument, place in pickletools.genops(content):  # type: ignore[arg-type]
        if (place or 0) - begin > _LARGEST_PICKLE_BYTES:
            raise ValueError("too large a pickle")
        if opcode.name == "GLOBAL" and str(argument).rpartition(" ")[2] in _GROWING:
            raise pickle.UnpicklingError(f"it calls {argument}")


def _begins_like_a_checkpoint(path: Path) -> bool:
    """Tell what torch or pickle wrote from a web page that was saved in its place."""
    with path.open("rb") as file:
        return file.read(2).startswith((pickle.PROTO, b"PK"))
