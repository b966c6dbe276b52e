"""What can be said: every message of the protocol as PROTOCOL.md shows it, and small enough to be sent often."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import flyaway_client
from flyaway_client import messages, protocol
from flyaway_client.messages import Message

PAGE = Path(flyaway_client.__file__).with_name("PROTOCOL.md").read_text(encoding="utf-8")

EXAMPLES = re.findall(r"^```json$\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
"""Every example of a message, as JSON; a test holds that there is one of each type."""

WIDTH, HEIGHT, ICC_BYTES = 12, 8, 40
"""What all pictures are made in `small`, so that thousands of them fit into a second."""

_ACROSS, _DOWN = {"x", "left", "right"}, {"y", "top", "bottom"}


def small(example: str, id: str) -> dict[str, Any]:
    """An example's header with another id, and all that it says of sizes and places made to fit 12 x 8 pixels.

    All mean the same session, whose opening is right.
    """
    header: dict[str, Any] = _shrunk(json.loads(example))
    if "id" in header:
        header["id"] = id
    if header.get("session"):
        header["session"] = "one session"
    if header["type"] == messages.OpenSession.TYPE:
        header.update(colour="srgb", icc_bytes=0)  # the made-up profile would open none
        opening = messages.decode(json.dumps(header).encode())
        assert isinstance(opening, messages.OpenSession)
        header["digest"] = opening.digest_of(pixels_of(opening))
    return header


def parts_of(message: Message) -> dict[str, int]:
    """What a client uploads after a message: name of the part -> bytes; nothing after most."""
    parts = getattr(message, "parts", None)
    return parts() if parts is not None else {}


def pixels_of(message: Message) -> dict[str, bytes]:
    """Pixels for every part of a message: the same each time, dark on the left and light on the right."""
    return {name: _gradient(size) for name, size in parts_of(message).items()}


def payload_of(message: Message) -> bytes | None:
    """The payload that belongs into the same message as this header, if one does."""
    if isinstance(message, (messages.DescribeRequest, messages.Pointed)):
        return _gradient(message.payload_bytes)
    if isinstance(message, messages.Preview):
        return _gradient(message.image.bytes)
    return None


def strips_of(message: Message) -> list[tuple[dict[str, Any], bytes]]:
    """The strips that follow a request, each part in one."""
    assert all(size <= protocol.STRIP_BYTES for size in parts_of(message).values())
    id = getattr(message, "id", "")
    return [
        (messages.Strip(id, name, 0).to_header(), content)
        for name, content in pixels_of(message).items()
    ]


@functools.cache
def _gradient(size: int) -> bytes:
    return bytes(place * 255 // max(1, size - 1) for place in range(size))


def _shrunk(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_shrunk(one, name) for one in value]
    if isinstance(value, dict):
        return {key: _shrunk(one, key) for key, one in value.items()}
    if name == "icc_bytes":
        return ICC_BYTES if value else 0
    if name in ("width", "height"):
        return WIDTH if name == "width" else HEIGHT
    if name in _ACROSS or name in _DOWN:
        return _within(value, name)
    return value


def _within(value: float, name: str) -> float:
    """A place in the small picture; a box keeps a size."""
    if name in ("right", "bottom"):
        return (WIDTH if name == "right" else HEIGHT) - 1
    return min(value, 2) if name in ("x", "y") else 0
