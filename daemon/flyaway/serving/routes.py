"""From the type of a message to what handles it, each handler with messages of its own type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flyaway_client.messages import Message

Payload = memoryview | None
"""The second frame of a message, if it has one."""

Handler = Callable[[bytes, Mapping[str, Any], Payload], None]
"""Handles a message of a peer by its header as JSON; raises MessageError where that is not as the protocol says."""

M = TypeVar("M", bound=Message)


def route(kind: type[M], handle: Callable[[bytes, M, Payload], None]) -> tuple[str, Handler]:
    """The name of a message on the wire, and a handler that reads it first."""
    return kind.TYPE, lambda peer, header, payload: handle(peer, kind.from_header(header), payload)
