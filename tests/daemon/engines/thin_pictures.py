"""Run in a process of its own: pictures of one size and every shape, in little more memory than that size needs."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np

from flyaway.engines.builtin import foreground
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.contract import Inputs
from flyaway.errors import NoSubjectError

PIXELS = 60_000
ROOM_BYTES = 768 << 20
"""Beyond what the process has after its first picture. A line padded to blocks would take gigabytes."""

SHAPES = [(height, PIXELS // height) for height in (1, 3, 30, 245)]


def main() -> None:
    """Every shape, lying and standing."""
    work(100, 100)
    taken_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken_bytes + ROOM_BYTES,) * 2)
    # As long as a side may be, which asks for the coarsest blocks.
    image, inside, _ = picture(1, 999_999)
    for inputs in (Inputs(), Inputs(region=inside)):
        find(image, inputs)
    for height, width in SHAPES:
        for shape in ((height, width), (width, height)):
            work(*shape)


def work(height: int, width: int) -> None:
    """Cut out of a picture in all ways."""
    image, inside, core = picture(height, width)
    for inputs in (Inputs(), Inputs(region=inside)):
        find(image, inputs)
    trimap = np.where(core, 255, np.where(inside, 128, 0)).astype(np.uint8)
    alpha = BuiltinEngine().extract(image, Inputs(trimap)).alpha
    foreground.estimate(image, alpha)


def find(image: np.ndarray, inputs: Inputs) -> None:
    """Find the subject; that there is none to be seen in a line is no failure here."""
    try:
        alpha = BuiltinEngine().extract(image, inputs).alpha
    except NoSubjectError:
        return
    assert alpha.shape == image.shape[:2]


def picture(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright middle, a rough region around it, and the inside of it."""
    image = np.random.default_rng(0).integers(0, 60, (height, width, 3), np.uint8)
    inside, core = np.zeros((2, height, width), bool)
    inside[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    core[height // 3 : height - height // 3, width // 3 : width - width // 3] = True
    image[core] += np.uint8(150)
    return image, inside, core


if __name__ == "__main__":
    main()
