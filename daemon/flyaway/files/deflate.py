"""How pixels are compressed without loss, in PNG and TIFF alike: the differences of neighbours are mostly noise.

To look for repeated places in noise (zlib's default) takes twice as long and saves nothing: `scripts/bench compression`.
"""

from __future__ import annotations

import zlib

LEVEL = 1
"""Of 9; with this strategy, all are alike."""

STRATEGY = zlib.Z_RLE
"""Runs of equal bytes, and Huffman's codes for the others."""


def compressor() -> zlib._Compress:
    """To compress a stream in pieces."""
    return zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, STRATEGY)
