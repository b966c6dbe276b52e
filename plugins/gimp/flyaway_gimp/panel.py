"""Where the user chooses, and sees the work: the dialog, with GIMP's own rows for some options and ours for the rest."""

from __future__ import annotations

from typing import TypeVar

import background
import host
import options
import paid_work
import transparent
from engine_row import EngineRow
from gi.repository import Gimp, GimpUi, GObject, Gtk
from here_button import HereButton
from output_row import OutputRow
from paragraph import Paragraph
from preview import PreviewPicture
from selection_row import SelectionRow
from source_row import SourceRow

from flyaway_client import calls, outcome, texts
from flyaway_client.background import BackgroundCall, Work
from flyaway_client.latest import Latest
from flyaway_client.messages import Preview, Progress
from flyaway_client.pace import Pace
from flyaway_client.wording import _

T = TypeVar("T")

TITLE = _("Flyaway: Extract Foreground")


class ExtractDialog:
    """The dialog of one extraction, open until that is done.

    Args:
        procedure: ours.
        config: where the choices are kept.
        layer: what is to be cut out of.
    """

    def __init__(
        self, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, layer: Gimp.Layer
    ) -> None:
        GimpUi.init("flyaway")
        options.forget_what_another_image_had(config, layer.get_image())
        options.forget_plate(config)
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, TITLE)
        self._dialog.set_ok_label(_("E_xtract"))
        extract = self._dialog.get_widget_for_response(Gtk.ResponseType.OK)
        extract.set_tooltip_text(texts.EXTRACT_ABOUT)
        self._config = config
        self._is_asking: bool = False
        self._is_wanted: bool = False
        self._previews = Latest[tuple[Preview, bytes]]()
        self._fill(config, layer)

    def ask(self) -> bool:
        """Let the user choose; False if they chose not to go on."""
        is_accepted: bool = self._dialog.run()
        if not is_accepted:
            options.keep(self._config)
        self._engine.close()
        self._selection.close()
        return is_accepted

    def on_preview(self, header: Preview, alpha_u8: bytes) -> None:
        """Take an early result; called in the thread of the work."""
        self._previews.put((header, alpha_u8))

    def wait(self, work: Work[T], image: Gimp.Image) -> T:
        """Have the work done while the dialog shows how far it is; see `extraction.Watch`."""
        self._choices.set_sensitive(False)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, False)
        self._work.set_visible(True)
        pace = Pace()

        def show(progress: Progress) -> None:
            if not image.is_valid():
                call.cancel()
            self._bar.set_fraction(progress.fraction)
            self._bar.set_text(pace.words(progress))
            early = self._previews.take()
            if early is not None:
                self._preview.show_alpha(early[0].image, early[1])

        call: BackgroundCall[T] = background.start(work, lambda _: Gtk.main_quit(), show)
        self._dialog.connect("response", lambda *_: call.cancel())
        Gtk.main()
        error = call.error
        if outcome.is_lost_remote(error) and self._is_wanted_here(error):
            return self.wait(calls.here(host.client_name(), work), image)
        return call.result()

    def _is_wanted_here(self, error: BaseException | None) -> bool:
        """Say that another computer could not do it; whether the user has it done on this one."""
        self._lost.show_problem(str(error))
        self._here.offer(lambda: self._decide(True))
        self._offer.set_visible(True)
        self._work.set_visible(False)
        self._is_asking = True
        Gtk.main()
        self._is_asking = False
        self._offer.set_visible(False)
        return self._is_wanted

    def _decide(self, is_wanted: bool) -> None:
        """The user has pressed the button of the offer, or closed the dialog."""
        if self._is_asking:
            self._is_wanted = is_wanted
            Gtk.main_quit()

    def close(self) -> None:
        """The dialog goes."""
        self._dialog.destroy()

    def _fill(self, config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> None:
        dialog = self._dialog
        names = ("selection-is", "edge-width", "plate", *paid_work.NAMES, transparent.NAME)
        own = {name: dialog.get_widget(name, GObject.TYPE_NONE) for name in names}
        edge_width = own["edge-width"]
        self._selection = SelectionRow(config, layer, edge_width)
        more = Gtk.Expander(label=_("_More"), use_underline=True, tooltip_text=texts.MORE_ABOUT)
        self._transparent = own[transparent.NAME]
        self._transparent.set_no_show_all(True)
        self._engine = EngineRow(
            config,
            self._allow_ok,
            self._selection.describe,
            lambda: more.set_expanded(True),
            self._ask_transparent,
        )
        self._bar = Gtk.ProgressBar(show_text=True)
        self._bar.set_tooltip_text(texts.WORK_ABOUT)
        self._preview = PreviewPicture()
        self._work = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, no_show_all=True)
        for shown in (self._bar, self._preview):
            shown.show()
            self._work.pack_start(shown, False, False, 0)
        self._lost: Paragraph = Paragraph()
        self._here = HereButton()
        self._offer: Gtk.Box = Gtk.Box(
            orientation=Gtk.Orientation.VERTICAL, spacing=6, no_show_all=True
        )
        self._dialog.connect("response", lambda *_: self._decide(False))
        self._lost.show()
        for offered in (self._lost, self._here):
            self._offer.pack_start(offered, False, False, 0)
        output = OutputRow(config, layer)
        self._choices = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        for name in names[:3]:
            self._labels.add_widget(own[name].get_label())
        self._source = SourceRow(config, layer)
        source = self._labelled(_("Taken _from"), self._source.menu, self._source.menu)
        self._source.show_in(source)
        engine = Gtk.Box(spacing=6)
        engine.pack_start(self._engine.menu, True, True, 0)
        engine.pack_start(self._engine.download.button, False, False, 0)
        rest = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for name in names[2:-1]:
            rest.pack_start(own[name], False, False, 0)
        more.add(rest)
        rows = (
            own["selection-is"],
            source,
            self._selection.sentence,
            edge_width,
            self._labelled(_("_Engine"), self._engine.menu, engine),
            self._engine.download.bar,
            self._engine.about,
            self._transparent,
            self._labelled(_("Out_put to"), output.menu, output.menu),
            more,
        )
        for row in rows:
            self._choices.pack_start(row, False, False, 0)
        self._choices.show_all()
        dialog.connect("notify::is-active", lambda *_: self._look())
        for widget in (self._choices, self._work, self._offer):
            dialog.get_content_area().pack_start(widget, False, False, 0)

    def _ask_transparent(self, is_asked: bool) -> None:
        """Ask whether the subject is glass where an engine makes use of that; what is not asked is not so."""
        self._transparent.set_visible(is_asked)
        if not is_asked:
            self._config.set_property(transparent.NAME, False)

    def _look(self) -> None:
        """The user comes back to the dialog, or leaves it: what there is to take may have changed."""
        if self._dialog.is_active() and self._choices.get_sensitive():
            self._source.refresh()
            self._selection.describe()

    def _labelled(self, text: str, target: Gtk.Widget, content: Gtk.Widget) -> Gtk.Box:
        """A row with a label that is as wide as those of GIMP's own rows."""
        label = Gtk.Label(label=text, use_underline=True, xalign=0)
        label.set_mnemonic_widget(target)
        self._labels.add_widget(label)
        row = Gtk.Box(spacing=6)
        row.pack_start(label, False, False, 0)
        row.pack_start(content, True, True, 0)
        return row

    def _allow_ok(self, is_allowed: bool) -> None:
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, is_allowed)
