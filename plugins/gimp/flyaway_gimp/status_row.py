"""What goes on below the canvas: a sentence, a bar while there is work, and an offer where another computer was lost."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk
from here_button import HereButton
from paragraph import Paragraph

from flyaway_client.messages import Progress
from flyaway_client.pace import Pace

BAR_WIDTH_PX = 220


class StatusRow:
    """A row with all three."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._sentence = Paragraph()
        self._sentence.set_max_width_chars(-1)
        _, two_lines_px = self._sentence.create_pango_layout("\n").get_pixel_size()
        # Room for a second line from the start: one that came later would move the canvas under the brush.
        self._sentence.set_size_request(-1, two_lines_px)
        self._bar = Gtk.ProgressBar(
            show_text=True, width_request=BAR_WIDTH_PX, valign=Gtk.Align.CENTER
        )
        self._here = HereButton()
        self.row = Gtk.Box(spacing=12)
        self.row.pack_start(self._sentence, True, True, 0)
        self.row.pack_start(self._here, False, False, 0)
        self.row.pack_start(self._bar, False, False, 0)

    def rest(self, sentence: str) -> None:
        """Say what there is to know while nothing is being done."""
        self._sentence.show_text(sentence)
        self._stop()

    def fail(self, sentence: str) -> None:
        """Say what went wrong."""
        self._sentence.show_problem(sentence)
        self._stop()

    def offer_here(self, do: Callable[[], object]) -> None:
        """Offer to do on this computer what another one could not, until something else is said."""
        self._here.offer(do)

    def work(self, sentence: str) -> None:
        """Say what is being done; how far that is follows."""
        self._here.withdraw()
        self._sentence.show_text(sentence)
        self._pace = Pace()
        self._bar.set_fraction(0.0)
        self._bar.set_text("")
        self._bar.set_opacity(1.0)

    def show_progress(self, progress: Progress) -> None:
        """Show how far the work is."""
        self._bar.set_fraction(progress.fraction)
        self._bar.set_text(self._pace.words(progress))

    def _stop(self) -> None:
        self._here.withdraw()
        # Hidden it would make the canvas jump.
        self._bar.set_opacity(0.0)
