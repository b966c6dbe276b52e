"""What the user sees of an extraction in GIMP: its progress bar, and what to know of the result."""

from __future__ import annotations

from gi.repository import Gimp

from flyaway_client import outcome
from flyaway_client.messages import ExtractResult, Progress


def start() -> None:
    """Let GIMP show its progress bar, with its own Cancel button beside it."""
    Gimp.progress_init("Reading the layer")


def show_progress(progress: Progress) -> None:
    """Show how far the work is."""
    Gimp.progress_set_text(progress.stage)
    Gimp.progress_update(progress.fraction)


def show_result(result: ExtractResult, run_mode: Gimp.RunMode) -> None:
    """Say what the user should know of the result, where there is a user; the bar goes."""
    if result.notes and run_mode != Gimp.RunMode.NONINTERACTIVE:
        # While there is a progress bar, GIMP shows what fits there for some seconds: no dialog to close. But
        # always with the sign of a warning, so only where there is something to say.
        Gimp.message(outcome.success(result))
    Gimp.progress_end()
