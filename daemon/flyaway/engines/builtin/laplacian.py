"""The matting Laplacian of Levin, Lischinski and Weiss (2008), rows of the unknown band only.

Each 3x3 window says that alpha is an affine function of colour within it. What a window asks of two of
its pixels depends on their offset, so the rows are kept as a 5x5 stencil a pixel, not as triplets.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.functional import max_pool2d, pad

from flyaway.engines.builtin.band import Band
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report

EPSILON = 1e-7
"""How far alpha may leave the affine function where colours hardly differ (Levin's regulariser)."""

WINDOW = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
STENCIL = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
CENTRE = STENCIL.index((0, 0))
_CHUNK = 8192
"""Windows worked on at once."""


def matting_stencil(
    image: torch.Tensor,
    band: Band,
    workers: Workers,
    report: Report,
    epsilon: float = EPSILON,
) -> torch.Tensor:
    """Sum what all windows that touch the band ask of its pixels.

    Args:
        image: HxWx3 float32, at least 3x3.
        band: its N unknown pixels.
        workers: say how many windows to take at once.
        report: told the done fraction; may raise.
        epsilon: regulariser of the windows' covariances.

    Returns:
        25xN float32: for each unknown pixel its coefficients to the 5x5 pixels around it, in STENCIL order.
    """
    count = len(band)
    # One column more: the place where coefficients of known pixels go, thrown away at the end.
    stencil = torch.zeros(len(STENCIL), count + 1, device=image.device)
    flat, number = image.reshape(-1, 3), band.number.reshape(-1)
    width = image.shape[1]
    steps = torch.tensor([[dy * width + dx] for dy, dx in WINDOW], device=image.device)
    for done, chunk in _chunks(_window_centres(band), workers.chunk(_CHUNK)):
        around = chunk + steps
        whitened = _whitened(flat[around], epsilon)
        places = number[around]
        places = places.where(places >= 0, count)
        for first in range(len(WINDOW)):
            asked = _asked(whitened, first)
            for second in range(first, len(WINDOW)):
                # Within a chunk each window is another pixel's, so no place is met twice but the last.
                offset = _offset(first, second)
                coefficients = asked[second - first]
                stencil[CENTRE + offset].index_add_(0, places[first], coefficients)
                if offset:
                    stencil[CENTRE - offset].index_add_(0, places[second], coefficients)
        report(done)
    return stencil[:, :count]


def _window_centres(band: Band) -> torch.Tensor:
    """Flat places of the centres of all windows within the image that hold an unknown pixel."""
    is_unknown = (band.number >= 0).float()[None]
    touched = max_pool2d(is_unknown, 3, stride=1, padding=1)[0] > 0
    touched[0] = touched[-1] = False
    touched[:, 0] = touched[:, -1] = False
    return touched.reshape(-1).nonzero()[:, 0]


def _chunks(centres: torch.Tensor, size: int) -> Iterator[tuple[float, torch.Tensor]]:
    for start in range(0, len(centres), size):
        chunk = centres[start : start + size]
        yield (start + len(chunk)) / len(centres), chunk


def _offset(first: int, second: int) -> int:
    """How far two pixels of a window are from each other in the order of STENCIL."""
    (ay, ax), (by, bx) = WINDOW[first], WINDOW[second]
    return (by - ay) * 5 + (bx - ax)


def _asked(whitened: torch.Tensor, first: int) -> torch.Tensor:
    """Coefficients between one pixel of each of M windows and itself and those after it, up to 9xM."""
    red, green, blue = whitened
    asked = red[first] * red[first:]
    asked.addcmul_(green[first], green[first:]).addcmul_(blue[first], blue[first:])
    asked.neg_().sub_(1.0 / len(WINDOW))
    asked[0] += 1.0
    return asked


def _whitened(colours: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Colours of windows, 9xMx3, as coordinates whose products are the affinities, 3x9xM.

    With X the colours less their mean, the affinities X(X'X + eps)^-1X' are QQ', where QR is X with the
    unit matrix times sqrt(eps) below. Making one channel after the other orthogonal to those before (Gram
    and Schmidt) loses digits as X does, a factor of the covariance X'X as their square: so single precision
    is enough, and not every device has more.
    """
    centred = colours - colours.mean(dim=0)
    # Once more, for the mean was rounded: what is left of it would pull alpha.
    centred -= centred.mean(dim=0)
    channels = pad(centred.permute(2, 0, 1), (0, 0, 0, 3))
    for each, channel in enumerate(channels):
        channel[len(WINDOW) + each] = epsilon**0.5
        for before in channels[:each]:
            channel -= (before * channel).sum(dim=0) * before
        channel /= channel.square().sum(dim=0).sqrt()
    return channels[:, : len(WINDOW)]
