"""What the user sees of an extraction without a dialog: GIMP's progress bar, and what to know of the result."""

from __future__ import annotations

from typing import TypeVar

from gi.repository import Gimp

from flyaway_client import outcome
from flyaway_client.background import Work
from flyaway_client.messages import ExtractResult, Preview, Progress
from flyaway_client.pace import Pace
from flyaway_client.wording import _

T = TypeVar("T")


class ProgressBar:
    """GIMP's own bar, with a Cancel button beside it that ends this process, and with it the request."""

    def __init__(self) -> None:
        Gimp.progress_init(_("Reading the layer"))
        self._pace = Pace()

    def on_preview(self, header: Preview, alpha_u8: bytes) -> None:
        """There is no place to show it."""

    def wait(self, work: Work[T], image: Gimp.Image) -> T:
        """Do the work; see `extraction.Watch`."""
        return work(self._show, lambda: not image.is_valid())

    def _show(self, progress: Progress) -> None:
        Gimp.progress_set_text(self._pace.words(progress))
        Gimp.progress_update(progress.fraction)


def show_result(result: ExtractResult, run_mode: Gimp.RunMode) -> None:
    """Say what the user should know of the result, where there is a user; the bar goes."""
    if (result.notes or result.place) and run_mode != Gimp.RunMode.NONINTERACTIVE:
        # While there is a progress bar, GIMP shows what fits there for some seconds: no dialog to close. But
        # always with the sign of a warning, so only where there is something to say.
        Gimp.message(outcome.success(result))
    Gimp.progress_end()
