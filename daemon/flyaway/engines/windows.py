"""Solve a trimap window by window, of which only those run that hold unknown pixels and have changed."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from flyaway.engines import progress
from flyaway.engines.contract import Extraction, Inputs, Report, silent
from flyaway.engines.memo import Memo, digest
from flyaway.engines.network import NetworkEngine
from flyaway.errors import RequestError
from flyaway.images import rectangles
from flyaway.images.arrays import BACKGROUND, FOREGROUND, Alpha, Image, Trimap
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

SMALLEST_SIDE_PX = 384
"""Of a window: with less around a pixel an engine no longer sees what it belongs to."""

SIDE_MULTIPLE_PX = 32

ALPHAS_BYTES = 128 << 20
"""For what a network made of the windows of a picture: the unknown pixels of 32 windows at the most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A window of a picture, and how much its result counts there.

    Attributes:
        place: rows and columns.
        down, across: weight of each row and column; those of all pieces add up to 1 at every pixel.
    """

    place: Window
    down: NDArray[np.float32]
    across: NDArray[np.float32]

    @classmethod
    def all_of(cls, shape: tuple[int, ...]) -> Piece:
        """The piece that is the whole picture."""
        height, width = shape[:2]
        return cls(rectangles.whole(shape), np.ones(height, np.float32), np.ones(width, np.float32))

    def weights(self) -> NDArray[np.float32]:
        """The weight of each pixel of the piece."""
        return np.outer(self.down, self.across)

    def counted(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those wanted pixels of the picture that lie in the piece and count there."""
        return wanted[self.place] & (self.down > 0)[:, None] & (self.across > 0)


@dataclass(frozen=True, slots=True)
class Division:
    """How a picture is divided into pieces for a network.

    Attributes:
        whole_px: up to so many pixels a picture is one piece.
        side_px: of a piece.
        overlap_px: what neighbours share at least.
        margin_px: the outermost part of a piece, which only gives context to the rest.
        context_px: what a network is shown around a window that was asked for, at least.
        grid_px: such a window with its context begins and ends at multiples of this, so that the network's
            own inner windows lie where they lie in the whole picture.
    """

    whole_px: int
    side_px: int
    overlap_px: int
    margin_px: int
    context_px: int
    grid_px: int

    def pieces(self, shape: tuple[int, ...]) -> list[Piece]:
        """The pieces of a picture of a shape, height and width first."""
        # Networks pad a side that is shorter: a line of a megapixel would be 32 of them.
        if math.prod(max(side, SIDE_MULTIPLE_PX) for side in shape[:2]) <= self.whole_px:
            return [Piece.all_of(shape)]
        return spread(shape, self.side_px, self.overlap_px, self.margin_px)

    def around(self, window: Window, shape: tuple[int, ...]) -> Window:
        """A window with its context, in a picture of a shape; a picture no larger than a piece is all context."""
        if shape[0] * shape[1] <= self.side_px**2:
            return rectangles.whole(shape)
        rows, columns = (self._grown(span, size) for span, size in zip(window, shape, strict=False))
        return rows, columns

    def _grown(self, span: slice, size: int) -> slice:
        start, stop = span.start - self.context_px, span.stop + self.context_px
        return slice(max(0, start - start % self.grid_px), min(stop + -stop % self.grid_px, size))

    def halved(self, picture_px: int) -> Division | None:
        """Pieces of half the pixels that those of a picture have; None if they would be too small."""
        piece_px = picture_px if picture_px <= self.whole_px else self.side_px**2
        side_px = math.isqrt(piece_px // 2) // SIDE_MULTIPLE_PX * SIDE_MULTIPLE_PX
        if side_px < SMALLEST_SIDE_PX:
            return None
        return replace(
            self, whole_px=min(self.whole_px, side_px**2), side_px=min(self.side_px, side_px)
        )


@dataclass(frozen=True, slots=True)
class Solved:
    """What a network made of the wanted pixels of a piece, row by row.

    Attributes:
        alpha: of each.
        tally: of how many it thinks what; empty for a network that only solves.
    """

    alpha: NDArray[np.float32]
    tally: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self.alpha.nbytes + self.tally.nbytes


@dataclass(frozen=True, slots=True)
class Pieces:
    """An image, and what the network made of those pieces of it that it has seen.

    Attributes:
        image: HxWx3.
        solved: place and digest of what was known and wanted there to what came of it.
    """

    image: Image
    solved: Memo[Solved] = field(default_factory=lambda: Memo(ALPHAS_BYTES))


@dataclass(frozen=True, slots=True)
class _Task:
    """One piece to be solved: its key in the memo, and which of its pixels are wanted."""

    piece: Piece
    key: tuple[int, int, bytes]
    wanted: NDArray[np.bool_]


class TrimapEngine(NetworkEngine[Pieces]):
    """A network that solves the unknown pixels of a trimap; known pixels come back as they are.

    Attributes:
        title: for people.
        division: how it divides pictures now; `economise` makes the pieces smaller.
    """

    title = "This engine"

    def __init__(self, network: nn.Module, division: Division, *steps: type[nn.Module]) -> None:
        super().__init__(network, *steps)
        self.division = self._usual = division

    @abstractmethod
    def solve_piece(self, image: Image, trimap: Trimap, wanted: NDArray[np.bool_]) -> Alpha:
        """The alpha of a piece of a picture, right at least where it is wanted.

        Args:
            image: HxWx3.
            trimap: HxW.
            wanted: HxW.
        """

    def whole(self, image: Image, trimap: Trimap) -> Alpha:
        """What the network makes of every pixel at once, known ones too: upstream's output."""
        with torch.inference_mode():
            return self.solve_piece(image, trimap, np.ones(trimap.shape, np.bool_))

    def solve_wanted(self, image: Image, trimap: Trimap, wanted: NDArray[np.bool_]) -> Solved:
        """What comes of the wanted pixels of a piece; for engines that have more to tell than alpha."""
        return Solved(self.solve_piece(image, trimap, wanted)[wanted])

    def remarks(self, tally: NDArray[np.int64]) -> tuple[str, ...]:
        """Sentences for the user on what all that was wanted was taken for; see `Solved`."""
        return ()

    @abstractmethod
    def steps_of(self, wanted: NDArray[np.bool_]) -> int:
        """How many steps solving a piece comes to of which these pixels are wanted."""

    def encode(self, image: Image, report: Report = silent) -> Pieces:
        """Keep the image: the network sees the trimap beside it from its first layer on."""
        return Pieces(image)

    def solve(
        self,
        features: Pieces,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Solve the unknown pixels of the trimap; see `Engine.solve`.

        A window of a large picture is solved as a picture of its own, with some context: in time for a
        brush, and nearly what solving all gives there.
        """
        if inputs.trimap is None:
            raise RequestError(
                _(
                    "{title} refines a trimap and finds no subject by itself. Make a selection with a soft "
                    "or unknown edge, or choose an automatic engine."
                ).format(title=self.title)
            )
        trimap = inputs.trimap
        window = window or rectangles.whole(trimap.shape)
        around = self.division.around(window, trimap.shape)
        alpha = (trimap[around] == FOREGROUND).astype(np.float32)
        tasks = list(self._tasks(trimap, window, around))
        steps = sum(self.steps_of(t.wanted) for t in tasks if t.key not in features.solved)
        tallies = []
        with torch.inference_mode(), progress.reporting(report, steps):
            for task in tasks:
                solved = self._solved(features, trimap, task)
                place = rectangles.inside(task.piece.place, around)
                alpha[place][task.wanted] += solved.alpha * task.piece.weights()[task.wanted]
                tallies.append(solved.tally)
        alpha = np.clip(alpha[rectangles.inside(window, around)], 0, 1)
        return Extraction(alpha, notes=self.remarks(np.sum(tallies, 0)) if tallies else ())

    def kept_bytes(self, features: Pieces) -> int:
        """The alphas of pieces that were solved; see `Engine.kept_bytes`."""
        return features.solved.nbytes

    def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
        """Smaller pieces before anything else; see `Engine.economise`."""
        halved = self.division.halved(picture_px)
        if halved is None:
            return super().economise(picture_px, may_use_cpu)
        self.division = halved
        return _("Memory was short, so the photo was solved in smaller windows.")

    def restore(self) -> None:
        """Back to pieces of the usual size, and where it was placed; see `Engine.restore`."""
        self.division = self._usual
        super().restore()

    def _tasks(self, trimap: Trimap, window: Window, around: Window) -> Iterator[_Task]:
        """The pieces of a window with its context that hold unknown pixels of the window."""
        known = trimap[around]
        wanted = np.zeros(known.shape, np.bool_)
        inner = rectangles.inside(window, around)
        wanted[inner] = (known[inner] != BACKGROUND) & (known[inner] != FOREGROUND)
        for piece in self.division.pieces(known.shape):
            counted = piece.counted(wanted)
            if counted.any():
                place = rectangles.outside(piece.place, around)
                key = place[0].start, place[1].start, digest(trimap[place], counted)
                yield _Task(replace(piece, place=place), key, counted)

    def _solved(self, pieces: Pieces, trimap: Trimap, task: _Task) -> Solved:
        """What comes of a task, which may be known already."""
        place = task.piece.place
        return pieces.solved.get(
            task.key, lambda: self.solve_wanted(pieces.image[place], trimap[place], task.wanted)
        )


def spread(shape: tuple[int, ...], side_px: int, overlap_px: int, margin_px: int) -> list[Piece]:
    """Pieces of at most `side_px` a side over a picture, evenly spread.

    Args:
        shape: of the picture, height and width first.
        side_px: of a piece.
        overlap_px: what neighbours share at least.
        margin_px: the outermost part of a piece counts nothing where a neighbour has it too.
    """
    rows, columns = (_along(size, side_px, overlap_px, margin_px) for size in shape[:2])
    return [Piece((row, column), down, across) for row, down in rows for column, across in columns]


def _along(
    size: int, side: int, overlap: int, margin: int
) -> list[tuple[slice, NDArray[np.float32]]]:
    """Spans along one direction and the weights within each."""
    if size <= side:
        return [(slice(0, size), np.ones(size, np.float32))]
    count = -(-(size - overlap) // (side - overlap))
    starts = [round(index * (size - side) / (count - 1)) for index in range(count)]
    places = np.arange(size, dtype=np.float32) + 0.5
    spans = [slice(start, start + side) for start in starts]
    profiles = [_profile(places[span], span, size, overlap, margin) for span in spans]
    total: NDArray[np.float32] = np.zeros(size, np.float32)
    for span, profile in zip(spans, profiles, strict=True):
        total[span] += profile
    return [
        (span, np.asarray(profile / total[span], np.float32))
        for span, profile in zip(spans, profiles, strict=True)
    ]


def _profile(
    places: NDArray[np.float32], span: slice, size: int, overlap: int, margin: int
) -> NDArray[np.float32]:
    """0 in the margins, 1 well inside, a ramp between; no ramp at the picture's own edge."""
    ramp = overlap - 2 * margin
    start, stop = span.start, span.stop
    from_start = np.ones_like(places) if start == 0 else (places - start - margin) / ramp
    from_stop = np.ones_like(places) if stop == size else (stop - places - margin) / ramp
    profile: NDArray[np.float32] = np.clip(np.minimum(from_start, from_stop), 0, 1)
    return profile
