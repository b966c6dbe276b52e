"""Small photos, and answers to requests for them, without a daemon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flyaway.batch.manifest import Manifest
from flyaway.batch.plan import Job
from flyaway.batch.settings import settle
from flyaway.batch.work import Wishes
from flyaway_client.client import Extracted
from flyaway_client.messages import ExtractRequest, ExtractResult, ImageHeader
from flyaway_client.zmtp import Buffer

WIDTH, HEIGHT = 24, 18
LIMIT = 1_000_000


class DiskManifest(Manifest):
    """A manifest in a folder, whose paths are known for paths."""

    output: Path
    folder: Path

    def thumbnail(self, key: str) -> Path:
        file = super().thumbnail(key)
        assert isinstance(file, Path)
        return file


def pixels(seed: int = 0) -> NDArray[np.uint8]:
    """HxWx3."""
    return np.random.default_rng(seed).integers(1, 255, (HEIGHT, WIDTH, 3), np.uint8)


def alpha() -> NDArray[np.uint8]:
    """HxW: a subject of 8 rows and 10 columns, and one soft column beside it."""
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[4:12, 6:16], alpha[4:12, 16] = 255, 128
    return alpha


def wishes(output: Path, **options: Any) -> Wishes:
    """What options want, named with underscores."""
    given = {name.replace("_", "-"): value for name, value in options.items()}
    return Wishes.of(settle({"output": str(output)} | given, {}), LIMIT)


def photo(folder: Path, name: str = "a.png", seed: int = 0, **fields: Any) -> Job:
    """A photo, and the job that it is: a cut-out beside its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed)).save(path)
    targets = {"cutout": f"{Path(name).with_suffix('').as_posix()}-cutout.png"}
    return replace(Job(name, path, targets=targets), **fields)


def answer(request: ExtractRequest, confidence: float | None = 0.5) -> Extracted:
    """The alpha above, in the photo's own colours."""
    header = ImageHeader(WIDTH, HEIGHT, "gray", "u8")
    result = ExtractResult(
        request.id, header, "copy", "test bench", 0.25, ("A note.",), request.foreground, confidence
    )
    foreground = bytearray(request.foreground.bytes) if request.foreground else None
    return Extracted(result, bytearray(alpha().tobytes()), foreground)


@dataclass
class Solver:
    """Answers at once, or as a test says, and notes what it was asked."""

    reply: Callable[[ExtractRequest], Extracted] = answer
    asked: list[ExtractRequest] = field(default_factory=list)

    def __call__(
        self,
        request: ExtractRequest,
        parts: Mapping[str, Buffer],
        should_stop: Callable[[], bool],
    ) -> Extracted:
        self.asked.append(request)
        return self.reply(request)


def read(path: Path) -> NDArray[Any]:
    """A file's pixels."""
    with Image.open(path) as image:
        return np.array(image)
