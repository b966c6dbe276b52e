"""What has to allow paid work: two arguments of GIMP's procedures, and the switches for them in a window of our own."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp, GObject, Gtk

from flyaway_client import texts
from flyaway_client.paid_work import PaidWork

WEIGHTS, TRAINING = NAMES = ("paid-work-only", "paid-training-only")
"""The arguments."""

INDENT_PX = 18
"""What shows that the second switch belongs to the first."""


def add_arguments(procedure: Gimp.Procedure, label: str = texts.PAID_WORK) -> None:
    """Describe them to GIMP; the first by a label of the procedure's own, where it wants a mnemonic."""
    flags = GObject.ParamFlags.READWRITE
    procedure.add_boolean_argument(WEIGHTS, label, texts.PAID_WORK_ABOUT, False, flags)
    procedure.add_boolean_argument(
        TRAINING, texts.PAID_TRAINING, texts.PAID_TRAINING_ABOUT, False, flags
    )


def load(config: Gimp.ProcedureConfig) -> PaidWork:
    """What the arguments say."""
    return PaidWork.of(*map(config.get_property, NAMES))


class PaidWorkSwitches(Gtk.Box):
    """The switches, one above the other, the second usable where the first is pressed.

    Args:
        config: where they are kept.
        changed: called when the user has pressed one.
    """

    def __init__(self, config: Gimp.ProcedureConfig, changed: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL)
        self._config, self._changed = config, changed
        texts_of = {
            WEIGHTS: (texts.PAID_WORK, texts.PAID_WORK_ABOUT),
            TRAINING: (texts.PAID_TRAINING, texts.PAID_TRAINING_ABOUT),
        }
        self.switches = {
            name: Gtk.CheckButton(
                label=label,
                active=config.get_property(name),
                tooltip_text=about,
                focus_on_click=False,
                margin_start=INDENT_PX if name == TRAINING else 0,
            )
            for name, (label, about) in texts_of.items()
        }
        for name, switch in self.switches.items():
            switch.connect("toggled", self._press, name)
            self.pack_start(switch, False, False, 0)
        self._allow()

    def _press(self, switch: Gtk.CheckButton, name: str) -> None:
        self._config.set_property(name, switch.get_active())
        weights, training = self.switches.values()
        if name == WEIGHTS and training.get_active() and not weights.get_active():
            training.set_active(False)  # tells of the change itself
        else:
            self._changed()
        self._allow()

    def _allow(self) -> None:
        weights, training = self.switches.values()
        training.set_sensitive(weights.get_active())
