"""Runs one extraction, from the layer to its mask."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypeVar

import host
import kept_points
import outputs
from gi.repository import Gimp

from flyaway_client import calls
from flyaway_client.background import Work
from flyaway_client.clicks import Kept
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


def extract(
    layer: Gimp.Layer, options: Options, watch: Watch, kept: Kept | None = None, session: str = ""
) -> ExtractResult:
    """Cut the subject out of the layer.

    Args:
        layer: which.
        options: how; with `kept` they do not use the selection.
        watch: shows how far the work is.
        kept: what the user pointed at, which stays with the layer.
        session: the daemon's session on the same pixels, or none.

    Raises:
        DocumentError: it cannot be cut out of, or is no longer what it was.
        ClientError: any of flyaway_client.errors.
    """
    target = host.find_target(layer, options)
    pixels = host.read(target, options)
    if kept is not None:
        pixels = replace(pixels, prompts=kept.prompts, session=session)
    dtype, name = target.layout.mask_dtype, host.client_name()
    work = calls.cut_out(name, pixels, options, dtype, watch.on_preview)
    image = layer.get_image()
    extracted = watch.wait(work, image)
    if kept is None:
        host.put(target, pixels, extracted, options.output)
    else:
        with outputs.one_undo_step(image):
            host.put(target, pixels, extracted, options.output)
            kept_points.put(layer, kept)
    return extracted.result
