"""What a layer of any kind shows, without its own masks: as Krita has it, and as the daemon gets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from krita import Document, Node

from . import conversion, layers, layouts, masks, profiles
from .conversion import Space
from .flyaway_client import miniature
from .flyaway_client.layer import Picture
from .flyaway_client.messages import ImageHeader
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .qt import QtCore


def read(document: Document, layer: Node, place: QtCore.QRect) -> tuple[Picture, str, bytes]:
    """A layer's pixels at a place of the image as the daemon gets them, how their colours are encoded, and the profile.

    Raises:
        DocumentError: they cannot be sent.
    """
    header = layouts.header(layer.name(), _sent_space(layer), place)
    colour, icc = _encoding(layer)
    pixels = native(document, layer, place)
    if _sent_space(layer) != space_of(layer):
        width, height = place.width(), place.height()
        pixels = conversion.convert(pixels, width, height, space_of(layer), _sent_space(layer))
    return Picture(header, pixels), colour, icc


def small(layer: Node, place: QtCore.QRect) -> tuple[ImageHeader, bytes]:
    """A small copy in 8 bits: its layout and its pixels. The layer's own masks may be seen in it.

    Raises:
        DocumentError: it cannot be sent.
    """
    space, sent = space_of(layer), _sent_space(layer)
    channels = layouts.header(layer.name(), sent, place).channels
    width, height = place.width(), place.height()
    samples, sample_bytes = layouts.samples(space)
    has_own = layer.type() == layers.PAINT

    def row(number: int) -> bytes:
        strip = place.x(), place.y() + number, width, 1
        pixels = layer.pixelData(*strip) if has_own else layer.projectionPixelData(*strip)
        return pixels.data()

    pixels = miniature.shrunk(row, width, height, sample_bytes, samples)
    size = miniature.size(width, height)
    if sent != space:
        pixels = conversion.convert(pixels, *size, space, sent)
    header = ImageHeader(*size, channels, "u8")
    return header, miniature.eight_bits(pixels, layouts.LAYOUTS[sent[:2]][1])


def native(document: Document, layer: Node, place: QtCore.QRect) -> bytes:
    """A layer's pixels at a place of the image as Krita has them: a paint layer's own, or what another kind shows."""
    if layer.type() == layers.PAINT:
        return layers.pixels(layer, place).data()
    box = place.x(), place.y(), place.width(), place.height()
    if not masks.seen(layer):
        return layer.projectionPixelData(*box).data()
    with _copied(document) as copy:
        twin = copy.nodeByUniqueID(layer.uniqueId())
        assert twin is not None  # a copy has all nodes
        for mask in masks.seen(twin):
            mask.setVisible(False)
        copy.refreshProjection()
        copy.waitForDone()
        return twin.projectionPixelData(*box).data()


def as_native(pixels: bytes, layer: Node, place: QtCore.QRect) -> bytes:
    """Pixels that were read, and changed since, as Krita has the layer's."""
    space, sent = space_of(layer), _sent_space(layer)
    if space == sent:
        return pixels
    return conversion.convert(pixels, place.width(), place.height(), sent, space)


def is_converted(layer: Node) -> bool:
    """Whether the daemon gets other pixels than Krita has."""
    return _sent_space(layer) != space_of(layer)


def space_of(layer: Node) -> Space:
    """A layer's colour space."""
    return layer.colorModel(), layer.colorDepth(), layer.colorProfile()


def _sent_space(layer: Node) -> Space:
    """The space that the layer's pixels are sent in: its own, or RGB where the wire does not know that."""
    space = space_of(layer)
    return space if space[:2] in layouts.LAYOUTS else layouts.RGB[space[1]]


def _encoding(layer: Node) -> tuple[str, bytes]:
    """How the values that are sent are encoded."""
    if not is_converted(layer):
        return layers.colour_of(layer)
    return profiles.known(_sent_space(layer)[2]), b""


@contextmanager
def _copied(document: Document) -> Iterator[Document]:
    """A copy of an image that nobody sees, in which masks may be hidden: the image itself would show it."""
    document.waitForDone()
    copy = document.clone()
    try:
        yield copy
    finally:
        copy.setModified(False)
        copy.close()


def check(layer: Node) -> None:
    """Make sure that what the layer shows can be had.

    Raises:
        DocumentError: it is a group that lets what is below through.
    """
    passes_through = getattr(layer, "passThroughMode", None)
    if passes_through is not None and passes_through():
        raise DocumentError(
            _(
                "“{layer}” is a group in Pass Through mode, which shows nothing of its own. Switch "
                "that off in the Layers docker, then try again."
            ).format(layer=layer.name())
        )
