"""What a dialog asks of the daemon: in a thread of its own, with the answers in GTK's main loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from gi.repository import GLib
from host import client_name

from flyaway_client.client import Client
from flyaway_client.errors import ClientError

T = TypeVar("T")

THREAD = "flyaway errand"


class Errand(Generic[T]):
    """One question to the daemon, under way from the start; the daemon is started if need be."""

    def __init__(
        self,
        ask: Callable[[Client, Errand[T]], T],
        answered: Callable[[T], None],
        failed: Callable[[ClientError], None],
    ) -> None:
        """Send it off.

        Args:
            ask: called in the thread; it gets this errand, to ask whether it should stop.
            answered: called in the main loop with what `ask` has returned.
            failed: called there with the reason why it has not.
        """
        self._ask, self._answered, self._failed = ask, answered, failed
        self._stop = threading.Event()
        # A daemon thread: one that hangs must not keep the plug-in from ending.
        threading.Thread(target=self._run, name=THREAD, daemon=True).start()

    def cancel(self) -> None:
        """Ask it to stop; it fails soon after."""
        self._stop.set()

    def should_stop(self) -> bool:
        """For the thread: whether somebody has cancelled it."""
        return self._stop.is_set()

    def _run(self) -> None:
        try:
            with Client.connect(client_name(), should_stop=self.should_stop) as client:
                answer = self._ask(client, self)
        except ClientError as error:
            GLib.idle_add(self._failed, error)
        else:
            GLib.idle_add(self._answered, answer)
