"""Entering what takes long and hears no cancel, such as the loading of an engine: nobody need wait for it to the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY_S = 0.1


@contextmanager
def entered(context: AbstractContextManager[T], report: Callable[[], object]) -> Iterator[T]:
    """A context that is entered in a thread of its own.

    Args:
        context: to be entered; left in this thread.
        report: called again and again until it is entered. If that raises, nobody waits any longer, and the
            context is left as soon as it is entered.
    """
    future: Future[tuple[T, ExitStack]] = Future()
    threading.Thread(target=_enter, args=(context, future), daemon=True).start()
    try:
        while wait((future,), _LOOK_EVERY_S).not_done:
            report()
    except BaseException:
        future.add_done_callback(_leave)
        raise
    thing, stack = future.result()
    with stack:
        yield thing


def _enter(context: AbstractContextManager[T], future: Future[tuple[T, ExitStack]]) -> None:
    try:
        with ExitStack() as stack:
            thing = stack.enter_context(context)
            future.set_result((thing, stack.pop_all()))
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        future.set_exception(error)


def _leave(future: Future[tuple[T, ExitStack]]) -> None:
    if future.exception() is None:
        future.result()[1].close()
