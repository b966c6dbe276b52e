"""The arrays that everything here is made of, and the values of a trimap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
"""Pixels of uint8, uint16 (full range) or float32 (0..1)."""

Image = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
"""HxWx3 sRGB in R, G, B order; uint8 and uint16 use their full range, float32 means 0..1."""

Alpha = NDArray[np.float32]
"""HxW, 0..1."""

Region = NDArray[np.bool_]
"""HxW, True where the subject may be."""

Trimap = NDArray[np.uint8]
"""HxW of `BACKGROUND`, `UNKNOWN` and `FOREGROUND`, nothing else."""

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
