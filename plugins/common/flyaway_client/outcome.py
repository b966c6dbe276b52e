"""What to say at the end: one sentence, whatever has happened."""

from __future__ import annotations

import sys
import traceback

from .errors import CancelledError, ClientError, RefusedError
from .messages import ExtractResult
from .protocol import REMOTE_LOST
from .refusals import DocumentError
from .wording import _


def success(result: ExtractResult, *remarks: str) -> str:
    """Who did the work, where and in how long, what the selection was taken for, and what else should be known."""
    understood = (_("{sentence}.").format(sentence=result.understood),) if result.understood else ()
    done = (
        _("Done in {seconds:.1f} s by {worker}.")
        if result.worker
        else _("Done in {seconds:.1f} s.")
    )
    done = done.format(seconds=result.seconds, worker=result.worker)
    return " ".join((done, *understood, *result.notes, *remarks))


def failure(error: BaseException) -> str:
    """Why there is no result and what to do; where it happened goes to stderr, for a bug report."""
    if isinstance(error, DocumentError):
        return str(error)
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, ClientError):
        return error.message
    return _("Flyaway's plugin met a defect of its own: {error}").format(error=repr(error))


def is_lost_remote(error: BaseException | None) -> bool:
    """Whether another computer was to do the work and cannot: the user is offered to have it done on this one."""
    return isinstance(error, RefusedError) and error.code == REMOTE_LOST


def failure_unless_cancelled(error: BaseException | None) -> str:
    """The same; "" where there is no error, or the user stopped it and knows."""
    return "" if error is None or isinstance(error, CancelledError) else failure(error)
