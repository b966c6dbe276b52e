"""Options on how work is to be done, the same in every command that cuts subjects out of a photo."""

from __future__ import annotations

import argparse

from flyaway_client.wording import _


def add_fine_engine(parser: argparse.ArgumentParser) -> None:
    """Describe the option that names what solves the edge."""
    parser.add_argument(
        "--fine-engine",
        default="auto",
        metavar="NAME",
        help=_(
            "what solves the edge that an automatic engine leaves uncertain; none: keep its own"
        ),
    )


def add_transparent(parser: argparse.ArgumentParser) -> None:
    """Describe the option that says what the subject is made of."""
    parser.add_argument(
        "--transparent",
        action="store_true",
        help=_("it is glass, a veil, smoke or the like; SDMatte makes use of that"),
    )


def add_here(parser: argparse.ArgumentParser) -> None:
    """Describe the option that leaves another computer out."""
    parser.add_argument(
        "--here",
        action="store_true",
        help=_("do it on this computer, whichever `flyaway remote` has chosen"),
    )
