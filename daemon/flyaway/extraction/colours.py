"""The subject's own colours: in the space and the range of the photo's, whatever engines see of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import foreground
from flyaway.engines.contract import Extraction, Report, silent
from flyaway.extraction.request import ResolvedRequest
from flyaway.images.arrays import Samples
from flyaway.images.encoding import as_float

_BAND_ROWS = 256

_SAME = 1.01 / 255
"""What an 8-bit level may change on its way through a profile that says sRGB in other numbers."""


def of_subject(
    request: ResolvedRequest, extraction: Extraction, report: Report = silent
) -> NDArray[np.float32]:
    """The colours that the subject has where the background shines through it.

    Those that an engine gave are sRGB of 0 to 1: they are taken where the photo is that too. Elsewhere
    they would lose what lies outside of it, so the colours are estimated from the photo's own.

    Args:
        request: for what.
        extraction: what came of it.
        report: told how far it is; may raise CancelledError.

    Returns:
        HxWx1 (grey) or HxWx3, encoded as `request.colours`.
    """
    own = request.image if request.colours is None else request.colours
    count = own.shape[2]
    if extraction.foreground is not None and count == 3 and _is_srgb(request):
        return _mixed(own, extraction.foreground, request.output.foreground_amount)
    picture = np.broadcast_to(own, (*own.shape[:2], 3))
    # As many threads as the loader allows.
    threads = cv2.getNumThreads()
    clean = foreground.estimate(picture, extraction.alpha, report, threads)[..., :count]
    return _mixed(own, clean, request.output.foreground_amount)


def _mixed(own: Samples, clean: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """As much of the clean colours as is wanted, and of the photo's for the rest."""
    if amount == 1:
        return clean
    mixed = np.empty_like(clean)
    for top in range(0, len(own), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        photo = as_float(own[rows])
        mixed[rows] = photo + np.float32(amount) * (clean[rows] - photo)
    return mixed


def _is_srgb(request: ResolvedRequest) -> bool:
    """Whether the photo's own colours are sRGB of 0 to 1, by whatever name."""
    if request.colours is None:
        return True
    return all(
        _is_same(request.colours[top : top + _BAND_ROWS], request.image[top : top + _BAND_ROWS])
        for top in range(0, len(request.image), _BAND_ROWS)
    )


def _is_same(one: Samples, other: Samples) -> bool:
    # Not a number is nowhere near.
    return bool((np.abs(as_float(one) - as_float(other)) <= _SAME).all())
