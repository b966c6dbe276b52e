"""Runs one extraction, from the layer to its mask. GIMP's Cancel ends this process, and with it the request."""

from __future__ import annotations

import feedback
import host
from gi.repository import Gimp

from flyaway_client import calls, request
from flyaway_client.messages import ExtractResult
from flyaway_client.options import Options


def extract(layer: Gimp.Layer, options: Options) -> ExtractResult:
    """Cut the subject out of the layer.

    Raises:
        DocumentError: it cannot be cut out of, or is no longer what it was.
        ClientError: any of flyaway_client.errors.
    """
    target = host.find_target(layer, options)
    feedback.start()
    pixels = host.read(target, options)
    asked, parts = request.build(pixels, options, target.layout.mask_dtype)
    extracted = calls.extract(host.client_name(), asked, parts, feedback.show_progress)
    host.put(target, pixels, extracted, options.output)
    return extracted.result
