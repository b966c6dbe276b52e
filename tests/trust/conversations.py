"""What editors have done by a daemon in the runs that kill them, by a script or at a dialog of GIMP's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.hosts.gimp_host import DIALOG, POINT_DIALOG, REFINE_DIALOG
from tests.hosts.hubs import PORTRAIT


@dataclass(frozen=True)
class Step:
    """What a user does at a dialog, again where it was not heard, until the daemon is seen to be asked or to answer.

    Attributes:
        seen: the moment by which that is seen, such as "before refine".
        nth: of the moments called so, from 1.
        keys: that are pressed.
        clicks: whether the middle of the photo is clicked instead. Neither: the user waits.
    """

    seen: str
    nth: int = 1
    keys: tuple[str, ...] = ()
    clicks: bool = False


@dataclass(frozen=True)
class Dialog:
    """Where a user has it done.

    Attributes:
        title: of the dialog, as a pattern.
        steps: taken in it.
        end: the key that ends it.
    """

    title: str
    steps: tuple[Step, ...] = ()
    end: str = "Return"


@dataclass(frozen=True)
class Conversation:
    """What an editor has done by the daemon.

    Attributes:
        document: "plain", with a selection, or "masked", with a mask as well.
        args: of the script that has it done.
        dialog: where the user does it, the second time.
        points: whether something is pointed at.
        downloads: whether weights are downloaded, and no mask is made.
    """

    document: str
    args: Mapping[str, object]
    dialog: Dialog | None = None
    points: bool = False
    downloads: bool = False


_EXTRACT, _REFINE, _COMPARE = (
    {"procedure": f"plug-in-flyaway-{name}"}
    for name in ("extract-foreground", "refine-edge", "compare-engines")
)

_POINTING = (
    Step("after pointed"),  # it has looked at the photo
    Step("before point", 2, clicks=True),
    Step("after pointed", 2),
)

_DOWNLOADING = (
    Step("after engines-reply"),  # the menu is whole
    # Open the menu of engines, choose the third, have it downloaded.
    Step("before download", keys=("alt+e", "space", "Home", "Down", "Down", "Return", "alt+d")),
    Step("after download-reply"),
)

CONVERSATIONS: Mapping[str, Mapping[str, Conversation]] = {
    "gimp": {
        "extraction": Conversation("plain", _EXTRACT),
        "refinement": Conversation("masked", _REFINE),
        "comparison": Conversation("plain", {**_COMPARE, "settings": {"engines": "builtin"}}),
    },
    "dialogs": {
        "dialog of extraction": Conversation("plain", _EXTRACT, Dialog(DIALOG)),
        "dialog of refinement": Conversation(
            "masked", _REFINE, Dialog(REFINE_DIALOG, (Step("before refine", keys=("alt+l",)),))
        ),
        "clicking": Conversation("plain", _EXTRACT, Dialog(POINT_DIALOG, _POINTING), points=True),
        "download": Conversation(
            "plain", _EXTRACT, Dialog(DIALOG, _DOWNLOADING, "Escape"), downloads=True
        ),
    },
    "krita": {
        "extraction": Conversation("plain", {"what": "extraction"}),
        "refinement": Conversation("masked", {"what": "refinement"}),
        "comparison": Conversation("plain", {"what": "comparison"}),
        "clicking": Conversation("plain", {"what": "clicking"}, points=True),
        "download": Conversation("plain", {"what": "download", "engine": PORTRAIT}, downloads=True),
    },
}
"""A run, of the editor that it is called after or of GIMP's dialogs -> name -> conversation."""
