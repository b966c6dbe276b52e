"""`scripts/quality`: how good alphas are on a folder of photos, beside what else is installed.

The folder holds an index.json: a list of photos with an `id`, an `image` and, relative to the folder, a
`trimap`, a `trimap_wide`, an `alpha` (the truth) or a `reference` (of another network, for the overlap).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from tests.benchmarks import contestants, metrics
from tests.benchmarks.contestants import Contestant

_COLUMNS = ("mse", "sad", "grad", "conn", "iou", "seconds", "peak_mib")
_SHEET_HEIGHT = 240
_GREEN = (0.1, 0.7, 0.2)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of the folder, with what is known of it."""

    name: str
    image: NDArray[np.uint8]
    trimap: NDArray[np.uint8] | None = None
    truth: NDArray[np.float32] | None = None
    reference: NDArray[np.bool_] | None = None

    @property
    def job(self) -> str:
        """What is asked: "fine" with a trimap, "automatic" without."""
        return "automatic" if self.trimap is None else "fine"


@dataclass(frozen=True, slots=True)
class Score:
    """What one contestant did on one photo; None where there is nothing to hold it against."""

    photo: str
    contestant: str
    seconds: float
    peak_mib: float
    mse: float | None = None
    sad: float | None = None
    grad: float | None = None
    conn: float | None = None
    iou: float | None = None


def main() -> int:
    """Measure, print the table, keep JSON and contact sheet if asked."""
    parser = argparse.ArgumentParser(prog="scripts/quality", description=__doc__)
    parser.add_argument("folder", type=Path, help="photos with an index.json")
    parser.add_argument("--engine", default="builtin", help="one of ours (builtin)")
    parser.add_argument("--alone", action="store_true", help="without the others beside it")
    parser.add_argument("--wide", action="store_true", help="use the wide trimaps where there are")
    parser.add_argument("--only", nargs="*", metavar="ID", help="these photos only")
    parser.add_argument("--json", type=Path, help="write the scores here")
    parser.add_argument("--sheet", type=Path, help="draw photo, trimap, alpha and cut-out here")
    arguments = parser.parse_args()
    entrants = [contestants.engine(arguments.engine)]
    if not arguments.alone:
        entrants += contestants.rivals()
    scores, rows = [], []
    for photo in _photos(arguments.folder, arguments.wide, arguments.only):
        for entrant in entrants:
            if photo.job in entrant.jobs:
                alpha, score = measure(entrant, photo)
                scores.append(score)
                sys.stdout.write(_line(score.photo, score.contestant, asdict(score)))
                sys.stdout.flush()
                if arguments.sheet and entrant is entrants[0]:
                    rows.append(_row(photo, alpha))
    if not scores:
        sys.stderr.write(f"No photo of {arguments.folder} can be given to {arguments.engine}.\n")
        return 1
    _write_means(scores)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(score) for score in scores], indent=1))
    if rows:
        Pictures.fromarray(_stacked(rows)).save(arguments.sheet)
    return 0


def measure(entrant: Contestant, photo: Photo) -> tuple[NDArray[np.float32], Score]:
    """Let a contestant do one photo, in a process of its own so that its memory can be told."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_solve_and_send, args=(entrant, photo, sender))
    worker.start()
    sender.close()
    try:
        alpha, seconds, peak_mib = receiver.recv()
    except EOFError:
        raise RuntimeError(f"{entrant.name} failed on {photo.name}") from None
    finally:
        worker.join()
    return alpha, _score(photo, entrant.name, alpha, seconds, peak_mib)


def _solve_and_send(
    entrant: Contestant, photo: Photo, sender: multiprocessing.connection.Connection
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    alpha = entrant.solve(photo.image, photo.trimap)
    seconds = time.perf_counter() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sender.send((alpha, seconds, grown / 1024))


def _score(
    photo: Photo, name: str, alpha: NDArray[np.float32], seconds: float, peak_mib: float
) -> Score:
    iou = None
    if photo.reference is not None:
        iou = metrics.overlap(alpha > 0.5, photo.reference)
    if photo.truth is None or photo.trimap is None:
        return Score(photo.name, name, seconds, peak_mib, iou=iou)
    found = metrics.errors(alpha, photo.truth, photo.trimap == 128)
    return Score(
        photo.name, name, seconds, peak_mib, found.mse, found.sad, found.grad, found.conn, iou
    )


def _photos(folder: Path, is_wide: bool, only: list[str] | None) -> Iterator[Photo]:
    for entry in json.loads((folder / "index.json").read_text()):
        if only and entry["id"] not in only:
            continue
        trimap = entry.get("trimap_wide" if is_wide else "trimap", entry.get("trimap"))
        yield Photo(
            entry["id"],
            np.asarray(Pictures.open(folder / entry["image"]).convert("RGB")),
            None if trimap is None else _trimap(folder / trimap),
            _grey(folder / entry["alpha"]) / np.float32(255) if "alpha" in entry else None,
            _grey(folder / entry["reference"]) > 127 if "reference" in entry else None,
        )


def _grey(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Pictures.open(path).convert("L"))


def _trimap(path: Path) -> NDArray[np.uint8]:
    levels = _grey(path)
    return np.where(levels == 0, 0, np.where(levels == 255, 255, 128)).astype(np.uint8)


def _write_means(scores: list[Score]) -> None:
    for name in dict.fromkeys(score.contestant for score in scores):
        own = [asdict(score) for score in scores if score.contestant == name]
        for summary, take in (("mean", np.mean), ("median", np.median)):
            figures = {}
            for column in _COLUMNS:
                values = [each[column] for each in own if each[column] is not None]
                figures[column] = float(take(values)) if values else None
            sys.stdout.write(_line(summary, name, figures))


def _line(photo: str, name: str, figures: dict[str, float | None]) -> str:
    cells = [f"{photo:<16}{name:<14}"]
    for column in _COLUMNS:
        value = figures[column]
        digits = {"mse": 4, "iou": 3, "peak_mib": 0}.get(column, 2)
        cells.append(" " * 15 if value is None else f"{column:>6} {value:8.{digits}f}")
    return "  ".join(cells).rstrip() + "\n"


def _row(photo: Photo, alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Photo, trimap, alpha and cut-out over green, side by side."""
    colours = photo.image.astype(np.float32) / 255
    trimap = np.zeros(alpha.shape, np.uint8) if photo.trimap is None else photo.trimap
    foreground = _cut_out_colours(photo.image, alpha)
    over_green = alpha[..., None] * foreground + (1 - alpha[..., None]) * np.float32(_GREEN)
    panels = [colours, _three(trimap / np.float32(255)), _three(alpha), over_green]
    height = min(_SHEET_HEIGHT, alpha.shape[0])
    size = (max(1, round(alpha.shape[1] * height / alpha.shape[0])), height)
    small = [cv2.resize(panel, size, interpolation=cv2.INTER_AREA) for panel in panels]
    return np.asarray((np.hstack(small) * 255).round().clip(0, 255), np.uint8)


def _cut_out_colours(image: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    from flyaway.engines.builtin.foreground import estimate  # deferred: only sheets want it

    return estimate(image, alpha)


def _three(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.repeat(levels[..., None], 3, axis=2)


def _stacked(rows: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])


if __name__ == "__main__":
    sys.exit(main())
