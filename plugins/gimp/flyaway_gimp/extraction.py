"""Runs one extraction, from the layer to its mask."""

from __future__ import annotations

from typing import Protocol, TypeVar

import host
from gi.repository import Gimp

from flyaway_client import calls
from flyaway_client.background import Work
from flyaway_client.messages import ExtractResult, Preview
from flyaway_client.options import Options

T = TypeVar("T")


class Watch(Protocol):
    """Who shows how far the work is, and waits for it."""

    def on_preview(self, header: Preview, alpha_u8: bytes) -> None:
        """Take an early result; called in the thread of the work."""

    def wait(self, work: Work[T], image: Gimp.Image) -> T:
        """Have the work done on a layer of that image and return what comes of it.

        Raises:
            CancelledError: the user wants no more of it, or has closed the image.
            ClientError: any other of flyaway_client.errors.
        """


def extract(layer: Gimp.Layer, options: Options, watch: Watch) -> ExtractResult:
    """Cut the subject out of the layer.

    Raises:
        DocumentError: it cannot be cut out of, or is no longer what it was.
        ClientError: any of flyaway_client.errors.
    """
    target = host.find_target(layer, options)
    pixels = host.read(target, options)
    dtype, name = target.layout.mask_dtype, host.client_name()
    work = calls.cut_out(name, pixels, options, dtype, watch.on_preview)
    extracted = watch.wait(work, layer.get_image())
    host.put(target, pixels, extracted, options.output)
    return extracted.result
