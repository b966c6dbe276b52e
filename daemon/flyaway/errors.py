"""All errors a caller may catch. Each has a code for the wire and a sentence a photographer can act on.

FlyawayError
├── RequestError              what was asked cannot be done; the caller's to mend
│   ├── TooLargeError         the image is over the limit
│   ├── UnknownEngineError    no engine has that name
│   ├── UnknownSessionError   there is no session of that name any more
│   ├── NoSubjectError        nothing to cut out
│   ├── OutputError           the disk for results is full or gone
│   ├── CancelledError        the caller no longer wants it
│   └── BusyError             too many requests wait already
├── EngineError           an engine failed at its work
├── DeviceError           the device is out of memory or gone
│   └── DeviceLostError       it failed, and does nothing more for this process
├── WeightsError          a checkpoint is missing, damaged or not what it should be
│   └── DamagedWeightsError   its file is here, but is not what it should be
├── BatchError            a batch cannot go on
├── RemoteError           keys, names or addresses of other computers do not do
├── RemoteLostError       the other computer that works for this one cannot be reached, or was lost
└── DaemonError           the daemon cannot start or its folder cannot be used
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from flyaway_client import protocol
from flyaway_client.wording import _


class FlyawayError(Exception):
    """Base of all errors; `code` is the wire's."""

    code: ClassVar[str] = protocol.INTERNAL


class RequestError(FlyawayError):
    """What was asked cannot be done. The text says what to change."""

    code = protocol.BAD_REQUEST


class TooLargeError(RequestError):
    """The image is over the limit."""

    code = protocol.TOO_LARGE


class UnknownEngineError(RequestError):
    """No engine has that name."""

    code = protocol.UNKNOWN_ENGINE


class UnknownSessionError(RequestError):
    """No session has that name; its client opens it anew."""

    code = protocol.UNKNOWN_SESSION


class CancelledError(RequestError):
    """The caller no longer wants the result."""

    code = protocol.CANCELLED


class BusyError(RequestError):
    """Too many requests wait already."""

    code = protocol.BUSY


class NoSubjectError(RequestError):
    """The selection or image holds no subject to cut out."""

    code = protocol.NO_SUBJECT


class OutputError(RequestError):
    """The disk for results is full or gone: what comes next could not be written either."""


class EngineError(FlyawayError):
    """An engine failed at its work."""

    code = protocol.ENGINE_FAILED


class DeviceError(FlyawayError):
    """The device is out of memory or gone."""

    code = protocol.OUT_OF_MEMORY


class DeviceLostError(DeviceError):
    """The device's driver failed; what lay on it is gone, and this process can use it no more."""


def out_of_memory() -> DeviceError:
    """The error for an image that does not fit into memory."""
    return DeviceError(
        _(
            "There is not enough memory for this image. Close other programs, or work on a smaller "
            "part of it."
        )
    )


class WeightsError(FlyawayError):
    """A checkpoint is missing, damaged or not what it should be."""

    code = protocol.WEIGHTS_MISSING


class DamagedWeightsError(WeightsError):
    """A weights file holds something else than it should; another one must come."""


class BatchError(FlyawayError):
    """A batch cannot go on. What it has not done, the next run does."""


class RemoteError(FlyawayError):
    """Keys, names or addresses of other computers do not do."""


class RemoteLostError(FlyawayError):
    """The other computer that works for this one cannot be reached, or was lost; the work can be done here."""

    code = protocol.REMOTE_LOST


class DaemonError(FlyawayError):
    """The daemon cannot start, or its folder cannot be used."""


def all_kinds(root: type[FlyawayError] = FlyawayError) -> Iterator[type[FlyawayError]]:
    """Every error of the tree, the general before the special."""
    yield root
    for kind in root.__subclasses__():
        yield from all_kinds(kind)
