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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from tests.benchmarks import coarse, contestants, degraded, hands, metrics, pointed, retouch
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.provenance import provenance

from flyaway.engines.records import Role
from flyaway.errors import FlyawayError

_COLUMNS = ("mse", "sad", "grad", "conn", "iou", "seconds", "peak_mib")
_MASKS = ("trimap", "alpha", "reference")
_TEXTS = {"id", "image", "trimap_wide", *_MASKS}
_SHEET_HEIGHT = 240
_GREEN = (0.1, 0.7, 0.2)


class UnusableError(Exception):
    """The folder cannot be measured on; the text says what to mend."""


class FailedError(Exception):
    """A contestant failed on a photo."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of the folder, with what is known of it."""

    name: str
    image: NDArray[np.uint8]
    trimap: NDArray[np.uint8] | None = None
    truth: NDArray[np.float32] | None = None
    reference: NDArray[np.bool_] | None = None
    region: NDArray[np.bool_] | None = None

    @property
    def role(self) -> Role:
        """What is asked: to solve a trimap where there is one, else to find the subject."""
        return Role.FIND if self.trimap is None else Role.SOLVE


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
    parser.add_argument(
        "--region",
        type=float,
        metavar="PERCENT",
        help="without a trimap, give the reference grown by so much of the mean side as a rough region",
    )
    parser.add_argument(
        "--megapixels",
        type=float,
        metavar="N",
        help="enlarge photos without a trimap to that size; those that hands draw on all, without their trimaps",
    )
    degraded.add_options(parser)
    parser.add_argument("--hand", choices=hands.HANDS, help="select as people do")
    parser.add_argument(
        "--retouch", action="store_true", help="mend what a lasso gives, a stroke at a time"
    )
    parser.add_argument(
        "--coarse",
        type=float,
        metavar="SPREAD",
        help="edges of a right alpha that was seen so small",
    )
    parser.add_argument(
        "--pointed", action="store_true", help="plan from the true alpha as a network's small mask"
    )
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="which hands")
    parser.add_argument("--hands", type=Path, default=hands.DEFAULT, help="file of the hands")
    parser.add_argument("--only", nargs="*", metavar="ID", help="these photos only")
    parser.add_argument("--json", type=Path, help="write the scores here")
    parser.add_argument("--sheet", type=Path, help="draw photo, trimap, alpha and cut-out here")
    arguments = parser.parse_args()
    try:
        if arguments.pointed:
            return _run_pointed(arguments)
        if arguments.coarse is not None:
            return _run_coarse(arguments)
        if arguments.retouch:
            return _run_retouching(arguments)
        return _run_by_hand(arguments) if arguments.hand else _run(arguments)
    except (UnusableError, hands.NoHandsError, FlyawayError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(arguments: argparse.Namespace) -> int:
    entrants = [contestants.engine(arguments.engine)]
    if not arguments.alone:
        entrants += contestants.rivals()
    harm = degraded.asked_for(arguments)
    scores, rows, failed = [], [], 0
    for entry in _entries(arguments.folder, arguments.wide, arguments.only):
        photo = _photo(arguments.folder, entry, arguments.region, arguments.megapixels)
        photo = replace(photo, image=harm.done_to(photo.image))
        for entrant in entrants:
            if photo.role not in entrant.roles:
                continue
            try:
                alpha, score = measure(entrant, photo)
            except FailedError as error:
                failed += 1
                sys.stderr.write(f"{error}\n")
                continue
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
        _keep(arguments, ("engine", "wide", "region", "megapixels", *degraded.OPTIONS), scores)
    if rows:
        Pictures.fromarray(_stacked(rows)).save(arguments.sheet)
    return 1 if failed else 0


def _run_by_hand(arguments: argparse.Namespace) -> int:
    """Measure selections as people draw them."""
    drawn = hands.load(arguments.hands)
    entries = _entries(arguments.folder, arguments.wide, arguments.only)
    if arguments.megapixels:  # only photos without a trimap are enlarged
        entries = [{part: entry[part] for part in entry if part != "trimap"} for entry in entries]
    photos = (_photo(arguments.folder, entry, None, arguments.megapixels) for entry in entries)
    scores = hands.measure(photos, drawn, arguments.hand, arguments.seed, arguments.engine)
    if not scores:
        sys.stderr.write(f"No photo of {arguments.folder} has a true alpha.\n")
        return 1
    if arguments.json:
        _keep(arguments, ("engine", "wide", "hand", "seed", "megapixels"), scores)
    return 1 if any(score.ours is None for score in scores) else 0


def _run_retouching(arguments: argparse.Namespace) -> int:
    """Measure how soon a retoucher mends what a lasso gives."""
    drawn = hands.load(arguments.hands)
    photos = (
        _photo(arguments.folder, entry, None, arguments.megapixels)
        for entry in _entries(arguments.folder, arguments.wide, arguments.only)
    )
    scores = retouch.measure(photos, drawn, arguments.seed, arguments.engine)
    if not scores:
        sys.stderr.write(f"No photo of {arguments.folder} has a true alpha and a trimap.\n")
        return 1
    if arguments.json:
        _keep(arguments, ("engine", "wide", "seed"), scores)
    return 0


def _run_pointed(arguments: argparse.Namespace) -> int:
    """Measure what is made of masks as networks make them that are pointed with."""
    return _run_known(arguments, pointed.measure, ("engine", "wide"))


def _run_coarse(arguments: argparse.Namespace) -> int:
    """Measure what a second engine makes of right alphas that were seen from afar."""
    if arguments.coarse < 1:
        sys.stderr.write("--coarse is how many pixels were seen as one: 1 or more.\n")
        return 2
    measure = partial(coarse.measure, spread=arguments.coarse)
    return _run_known(arguments, measure, ("engine", "wide", "coarse"))


def _run_known(
    arguments: argparse.Namespace,
    measure: Callable[[Iterator[Photo], str], list[coarse.Score] | list[pointed.Score]],
    names: tuple[str, ...],
) -> int:
    """Measure on the photos whose true alpha is known."""
    entries = _entries(arguments.folder, arguments.wide, arguments.only)
    photos = (_photo(arguments.folder, entry, None, None) for entry in entries)
    scores = measure(photos, arguments.engine)
    if not scores:
        sys.stderr.write(f"No photo of {arguments.folder} has a true alpha and a trimap.\n")
        return 1
    if arguments.json:
        _keep(arguments, names, scores)
    return 0


def _keep(
    arguments: argparse.Namespace,
    names: tuple[str, ...],
    scores: list[Score]
    | list[coarse.Score]
    | list[hands.Score]
    | list[pointed.Score]
    | list[retouch.Score],
) -> None:
    """Write scores as JSON, with where they come from and what was asked."""
    asked = {name: getattr(arguments, name) for name in names}
    kept = {**provenance(), **asked, "scores": [asdict(score) for score in scores]}
    arguments.json.write_text(json.dumps(kept, indent=1) + "\n")


def measure(entrant: Contestant, photo: Photo) -> tuple[NDArray[np.float32], Score]:
    """Let a contestant do one photo, in a process of its own so that its memory can be told.

    Raises:
        FailedError: it could not; why stands on the terminal.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_solve_and_send, args=(entrant, photo, sender))
    worker.start()
    sender.close()
    try:
        alpha, seconds, peak_mib = receiver.recv()
    except EOFError:
        raise FailedError(f"{entrant.name} failed on {photo.name}.") from None
    finally:
        worker.join()
    return alpha, _score(photo, entrant.name, alpha, seconds, peak_mib)


def _solve_and_send(
    entrant: Contestant, photo: Photo, sender: multiprocessing.connection.Connection
) -> None:
    entrant.prepare()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    alpha = entrant.solve(photo.image, photo.trimap, photo.region)
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


def photos(folder: Path) -> Iterator[Photo]:
    """Read the photos of a folder one after the other.

    Raises:
        UnusableError: it cannot be measured on.
    """
    return (_photo(folder, entry, None, None) for entry in _entries(folder, False, None))


def _entries(folder: Path, is_wide: bool, only: list[str] | None) -> list[dict[str, str]]:
    """What the index says of each photo, every file of which is there; `trimap` is the one asked for."""
    index = folder / "index.json"
    if not folder.is_dir():
        raise UnusableError(f"There is no folder {folder}: name one with photos and an index.json.")
    try:
        entries = json.loads(index.read_text())
    except FileNotFoundError:
        raise UnusableError(f"{folder} has no index.json: see --help for what it holds.") from None
    except (OSError, ValueError) as error:
        raise UnusableError(f"{index} cannot be read: {error}.") from None
    if not isinstance(entries, list) or not all(_is_entry(each) for each in entries):
        raise UnusableError(f"{index} is not a list of photos with an id and an image: see --help.")
    known = {entry["id"] for entry in entries}
    if missing := sorted(set(only or ()) - known):
        raise UnusableError(f"{index} has no photo {', '.join(missing)}.")
    if only:
        entries = [entry for entry in entries if entry["id"] in only]
    for entry in entries:
        if is_wide and "trimap_wide" in entry:
            entry["trimap"] = entry["trimap_wide"]
        for part in ("image", "trimap", "alpha", "reference"):
            if part in entry and not (folder / entry[part]).is_file():
                raise UnusableError(
                    f"The {part} of {entry['id']} is not there: {folder / entry[part]}. Put it back, "
                    f"or take it out of {index}."
                )
    return entries


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and {"id", "image"} <= entry.keys()
        and all(isinstance(entry[part], str) for part in _TEXTS & entry.keys())
    )


def _photo(
    folder: Path, entry: dict[str, str], region: float | None, megapixels: float | None
) -> Photo:
    """Read a photo with all that is known of it; `region` is how far its reference is to be grown."""
    image = _opened(folder / entry["image"], "RGB")
    grey = {part: _opened(folder / entry[part], "L") for part in _MASKS if part in entry}
    for part, levels in grey.items():
        if levels.shape != image.shape[:2]:
            raise UnusableError(
                f"The {part} of {entry['id']} is {levels.shape[1]}x{levels.shape[0]} pixels, its "
                f"image {image.shape[1]}x{image.shape[0]}: they must be of one size."
            )
    if megapixels and "trimap" not in grey:
        image = _enlarged(image, megapixels)
        grey = {part: _enlarged(levels, megapixels) for part, levels in grey.items()}
    reference = grey["reference"] > 127 if "reference" in grey else None
    given = None
    if region is not None and reference is not None and "trimap" not in grey:
        given = _grown(reference, region)
    return Photo(
        entry["id"],
        image,
        _trimap(grey["trimap"]) if "trimap" in grey else None,
        (grey["alpha"] / 255).astype(np.float32) if "alpha" in grey else None,
        reference,
        given,
    )


def _enlarged(levels: NDArray[np.uint8], megapixels: float) -> NDArray[np.uint8]:
    height, width = levels.shape[:2]
    scale = np.sqrt(megapixels * 1e6 / (width * height))
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _grown(mask: NDArray[np.bool_], percent: float) -> NDArray[np.bool_]:
    """A mask with all that is nearer to it than that share of the picture's mean side."""
    away_px = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away_px <= percent / 100 * np.sqrt(mask.size))


def _opened(path: Path, mode: str) -> NDArray[np.uint8]:
    try:
        with Pictures.open(path) as picture:
            return np.asarray(picture.convert(mode))
    except OSError as error:
        raise UnusableError(f"{path} cannot be read as a picture: {error}.") from None


def _trimap(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
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
    share = alpha[..., None]
    over_green = share * foreground + (1 - share) * np.array(_GREEN, np.float32)
    panels: list[NDArray[Any]] = [
        colours,
        _three((trimap / 255).astype(np.float32)),
        _three(alpha),
        over_green,
    ]
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
