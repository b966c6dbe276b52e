"""Small photos in folders, runs of `flyaway batch` over them as programs, and what is in folders then."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from flyaway.batch.manifest import Manifest, State

WIDTH, HEIGHT = 48, 36


def save(path: Path, seed: int, **options: Any) -> None:
    """A small photo of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed)).save(path, **options)


def pixels(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def read(path: Path) -> Any:
    with Image.open(path) as image:
        return np.array(image)


def tree(folder: Path) -> dict[str, str]:
    """All files but those that hold the state: path -> hash."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and ".flyaway-batch" not in path.parts
    }


def results(folder: Path) -> set[str]:
    """The results in a folder, without what is told of them."""
    told = ("failures.csv", "contact-sheet.html", "contact-sheet.png")
    return {path for path in tree(folder) if path not in told}


def make_many(folder: Path, count: int) -> Path:
    """Small photos with trimaps, in folders."""
    trimap = np.zeros((HEIGHT, WIDTH), np.uint8)
    trimap[8:28, 12:36], trimap[12:24, 18:30] = 128, 255
    for index in range(count):
        save(folder / f"{index % 3}" / f"{index}.jpg", index, quality=95)
        Image.fromarray(trimap).save(folder / f"{index % 3}" / f"{index}_trimap.png")
    return folder


def command(photos: Path, out: Path, *options: str) -> list[str]:
    arguments = ["batch", str(photos), "-o", str(out), "--json", *options]
    return [sys.executable, "-m", "flyaway", *arguments]


MANY = ("--both", "--trimap-pattern", "{stem}_trimap.png")


@contextmanager
def begun(argv: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A run as a process; it is over at the end."""
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told_by(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Results that are recorded as done: path -> which file it is."""
    files = (
        path
        for record in Manifest(out).records()
        if record.state is State.DONE
        for path in record.outputs
    )
    return {path: ((out / path).stat().st_ino, (out / path).stat().st_mtime_ns) for path in files}
