"""What argparse itself says, in the user's language: Python brings no translations of it."""

from __future__ import annotations

import argparse

from flyaway_client import wording
from flyaway_client.wording import _

WORDS = (
    _("usage: "),
    _("positional arguments"),
    _("options"),
    _("show this help message and exit"),
    _("show program's version number and exit"),
    _("%(prog)s: error: %(message)s\n"),
    _("argument %(argument_name)s: %(message)s"),
    _("the following arguments are required: %s"),
    _("one of the arguments %s is required"),
    _("unrecognized arguments: %s"),
    _("not allowed with argument %s"),
    _("invalid choice: %(value)r (choose from %(choices)s)"),
    _("invalid %(type)s value: %(value)r"),
    _("ambiguous option: %(option)s could match %(matches)s"),
    _("ignored explicit argument %r"),
    _("expected one argument"),
    _("expected at most one argument"),
    _("expected at least one argument"),
    _("expected %s argument"),
    _("expected %s arguments"),
)
"""As they stand in argparse of Python 3.11 to 3.13; what another version words otherwise stays English."""


def translate() -> None:
    """Have argparse say its own words in the language that is spoken."""
    # It looks them up by gettext's names, in its own module and in a catalogue that Python does not bring.
    argparse._ = wording.Text  # type: ignore[attr-defined]
    argparse.ngettext = _one_or_many  # type: ignore[attr-defined]


def as_sentence(text: str) -> str:
    """A command's short help as its description."""
    return _("{sentence}.").format(sentence=text[:1].upper() + text[1:])


def _one_or_many(one: str, many: str, count: int) -> str:
    return wording.Text(one if count == 1 else many)
