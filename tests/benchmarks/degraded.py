"""Photos as cameras leave them: with the traces of JPEG and with noise, made from clean ones.

Only the image is harmed; trimap and truth stay. The same seed makes the same noise.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

_SUBSAMPLINGS = {"444": 0, "422": 1, "420": 2}
"""Of chroma, as JPEG writes them, and what Pillow calls them."""

OPTIONS = ("noise", "jpeg", "subsampling", "noise_seed")
"""Names of the options that say what is done to photos."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What is done to each photo, in the order of a camera: noise first.

    Attributes:
        noise: standard deviation, of 255, of each channel of each pixel; 0 for none.
        jpeg: quality to save it with, 1..100; None to leave it.
        subsampling: "420", "422" or "444".
        noise_seed: of the noise.
    """

    noise: float = 0.0
    jpeg: int | None = None
    subsampling: str = "420"
    noise_seed: int = 0

    def done_to(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image, HxWx3 uint8 sRGB, with noise and then JPEG's traces."""
        if self.noise > 0:
            image = _noisy(image, self.noise, self.noise_seed)
        if self.jpeg is not None:
            image = _saved_as_jpeg(image, self.jpeg, self.subsampling)
        return image


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a command line ask for harm."""
    parser.add_argument(
        "--noise", type=float, default=0.0, metavar="SIGMA", help="add noise to photos, of 255"
    )
    parser.add_argument(
        "--jpeg", type=int, metavar="QUALITY", help="save photos as JPEG first, 1 to 100"
    )
    parser.add_argument(
        "--subsampling", choices=sorted(_SUBSAMPLINGS), default="420", help="of JPEG's chroma (420)"
    )
    parser.add_argument("--noise-seed", type=int, default=0, help="of the noise (0)")


def asked_for(arguments: argparse.Namespace) -> Harm:
    """The harm that a command line asks for."""
    return Harm(**{name: getattr(arguments, name) for name in OPTIONS})


def _noisy(image: NDArray[np.uint8], sigma: float, seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0.0, sigma, image.shape)
    return np.rint(image + noise).clip(0, 255).astype(np.uint8)


def _saved_as_jpeg(image: NDArray[np.uint8], quality: int, subsampling: str) -> NDArray[np.uint8]:
    saved = io.BytesIO()
    Pictures.fromarray(image).save(
        saved, "JPEG", quality=quality, subsampling=_SUBSAMPLINGS[subsampling]
    )
    return np.asarray(Pictures.open(saved).convert("RGB"))
