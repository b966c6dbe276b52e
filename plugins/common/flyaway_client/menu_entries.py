"""The entries of the menus that users choose from: the same in Krita and in GIMP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .messages import JOBS, EngineInfo
from .options import AUTO
from .paid_work import PaidWork
from .wording import _


@dataclass(frozen=True)
class MenuEntry:
    """One line of a menu: its name on the wire, what the user reads, and more about it."""

    name: str
    label: str
    about: str


SELECTION_ENTRIES = (
    MenuEntry(
        "guess",
        _("Automatic"),
        _("A line along the subject is an outline, a rectangle or a loose loop a rough region"),
    ),
    MenuEntry("outline", _("Outline of the subject"), _("Hair may cross its edge, both ways")),
    MenuEntry("region", _("Rough region around the subject"), _("All outside is background")),
    MenuEntry(
        "soft",
        _("Soft: what is partly selected is unknown"),
        _("What is fully selected is the subject"),
    ),
    MenuEntry(
        "trimap",
        _("Trimap: black, white, and grey for unknown"),
        _("As soft, but nearly black and nearly white count as such"),
    ),
    MenuEntry("automatic", _("Nothing: find the subject"), _("The selection is not looked at")),
)
"""What a selection can mean, the usual one first."""


@dataclass(frozen=True)
class EngineEntry(MenuEntry):
    """An engine in a menu.

    `is_missing` where its weights must come before it can work; `downloads` is the engine whose weights a
    program can fetch then, `download_label` what the button for it says. `needs_plate` where it can do nothing
    without a photo of the empty scene, `takes_transparent` where it helps to tell it that the subject is glass.
    """

    is_missing: bool = False
    needs_plate: bool = False
    downloads: str = ""
    download_label: str = ""
    takes_transparent: bool = False


AUTO_ENGINE = EngineEntry(
    AUTO, _("Best one available"), _("Flyaway takes the best engine it has for the task.")
)

MORE = MenuEntry("more", _("More…"), _("Every engine by its own name."))
"""What opens the rest of the menu; no engine has its name."""


@dataclass(frozen=True)
class EngineMenu:
    """What can work: a few everyday choices, and each engine by its own name under "More"."""

    everyday: tuple[EngineEntry, ...]
    more: tuple[EngineEntry, ...] = ()

    def listed(self, chosen: str, is_open: bool) -> tuple[MenuEntry, ...]:
        """What is to be seen: all of it where `is_open`, or where it would hide what is chosen; else `MORE` instead."""
        if is_open or any(entry.name == chosen for entry in self.more):
            return (*self.everyday, *self.more)
        return (*self.everyday, *((MORE,) if self.more else ()))

    def find(self, name: str) -> EngineEntry | None:
        """The entry of that name; None where there is none."""
        return next((entry for entry in (*self.everyday, *self.more) if entry.name == name), None)


_JOB_TITLES = {
    "any-subject": (_("Any subject"), _("Finds what stands out.")),
    "portrait": (_("Portrait"), _("Finds people.")),
    "fine-hair": (
        _("Fine hair"),
        _("The best at hair, fur and veils; at its best with a selection."),
    ),
    "empty-scene": (
        _("With a photo of the empty scene"),
        _("Compares with the same view without the subject, in another layer."),
    ),
}
"""What users read for each of messages.JOBS, and about it as long as no engine for it is known."""

NEEDS_PLATE = _("Needs a photo of the empty scene in another layer.")


def engine_menu(
    engines: Iterable[EngineInfo], chosen: str, *, paid_work: PaidWork = PaidWork.ANY
) -> EngineMenu:
    """What photographers want done, and under "More" the daemon's engines, missing ones last.

    Args:
        engines: the daemon's; none if it has not named them yet. Those that must be pointed with are left out.
        chosen: stays in the menu even if the daemon does not have it: running it then says what to do.
            It goes only where `paid_work` leaves it out.
        paid_work: what has to allow paid work; engines of which that is not known are left out.
    """
    known = tuple(info for info in engines if "prompts" not in info.needs)
    allowed = list(filter(paid_work.allows, known))
    present_first = sorted(allowed, key=lambda info: not info.installed)
    jobs = (_job_entry(job, allowed) for job in JOBS if not known or _best(allowed, job))
    menu = EngineMenu((_auto_entry(allowed), *jobs), tuple(map(engine_entry, present_first)))
    if menu.find(chosen) or chosen in {info.name for info in known}:
        return menu
    about = _("The daemon has not said that it can run this engine.")
    return replace(menu, more=(*menu.more, EngineEntry(chosen, chosen, about)))


def _auto_entry(allowed: Sequence[EngineInfo]) -> EngineEntry:
    best = _best(allowed, "any-subject")
    if best is None:
        return AUTO_ENGINE
    return replace(
        AUTO_ENGINE,
        takes_transparent=any(info.installed and info.transparent for info in allowed),
        label=_("{label} (now: {title})").format(label=AUTO_ENGINE.label, title=best.title),
    )


def _job_entry(job: str, allowed: Sequence[EngineInfo]) -> EngineEntry:
    """The best installed engine for a job, or the one to fetch for it; as long as none is known, the job alone."""
    title, about = _JOB_TITLES[job]
    best = _best(allowed, job)
    if best is None:
        return EngineEntry(job, title, about, needs_plate=job == "empty-scene")
    entry = engine_entry(best)
    return replace(entry, name=job, label=f"{title} ({entry.label})")


def _best(engines: Iterable[EngineInfo], job: str) -> EngineInfo | None:
    """The best for a job that is here; else the best that a program can fetch; else the best at all."""
    able = (info for info in engines if job in info.suits)
    return min(
        able, key=lambda info: (not info.installed, bool(info.page), info.rank), default=None
    )


def engine_entry(info: EngineInfo) -> EngineEntry:
    """An engine by its own name."""
    needs_plate = "plate" in info.needs
    sentences = [info.purpose, *([NEEDS_PLATE] if needs_plate else []), licence(info)]
    sentences += [training(info)] if training(info) else []
    if info.installed:
        return EngineEntry(
            info.name,
            _label(info, ""),
            " ".join(sentences),
            needs_plate=needs_plate,
            takes_transparent=info.transparent,
        )
    way = (
        _("download, {size}").format(size=megabytes(info.download_bytes))
        if not info.page
        else _("to be fetched by hand")
    )
    return EngineEntry(
        info.name,
        _label(info, way),
        " ".join((*sentences, fetch_first(info) if info.page else _download_first(info))),
        is_missing=True,
        needs_plate=needs_plate,
        downloads="" if info.page else info.name,
        download_label=_("Download ({size})").format(size=megabytes(info.download_bytes)),
    )


def advised_entry(info: EngineInfo) -> EngineEntry:
    """An engine that is worth fetching, offered where no menu names it."""
    entry = engine_entry(info)
    size = megabytes(info.download_bytes)
    return replace(
        entry, download_label=_("Download {title} ({size})").format(title=info.title, size=size)
    )


def can_point(engines: Iterable[EngineInfo], *, paid_work: PaidWork = PaidWork.ANY) -> bool:
    """Whether an engine that can be pointed with is here; see `pointing_entry` for the arguments."""
    return any(info.installed for info in _pointed(engines, paid_work))


def pointing_entry(
    engines: Iterable[EngineInfo], *, paid_work: PaidWork = PaidWork.ANY
) -> EngineEntry | None:
    """The smallest network to be pointed with that a program can fetch, where none is here.

    Args:
        engines: the daemon's.
        paid_work: what has to allow paid work; engines of which that is not known are left out.
    """
    able = _pointed(engines, paid_work)
    fetched = [info for info in able if not info.page]
    if not fetched or any(info.installed for info in able):
        return None
    smallest = min(fetched, key=lambda info: info.download_bytes)
    size = megabytes(smallest.download_bytes)
    return replace(
        engine_entry(smallest), download_label=_("Find by clicking ({size})").format(size=size)
    )


def _pointed(engines: Iterable[EngineInfo], paid_work: PaidWork) -> list[EngineInfo]:
    """Those that are pointed with."""
    return [info for info in engines if "prompts" in info.needs and paid_work.allows(info)]


def _label(info: EngineInfo, way: str) -> str:
    """The title with what has to be known before it is chosen: the way to get it, a limited licence."""
    badge = {True: "", False: _("not for paid work"), None: _("paid work unclear")}[info.paid_work]
    marks = ", ".join(filter(None, (way, badge)))
    return f"{info.title} — {marks}" if marks else info.title


def _download_first(info: EngineInfo) -> str:
    """The size again: where a docker is narrow, the menu's own words are cut off before it."""
    return _("Download it first ({size}), or choose another engine.").format(
        size=megabytes(info.download_bytes)
    )


def fetch_first(info: EngineInfo) -> str:
    """What to do about a missing engine that no program can download."""
    return _(
        "Fetch its weights ({size}) from {page} and run `flyaway models import FILE`, or choose another engine."
    ).format(size=megabytes(info.download_bytes), page=info.page)


def megabytes(size_bytes: int) -> str:
    """A size for people."""
    return f"{max(size_bytes / 1e6, 1):.0f} MB"


def licence(info: EngineInfo) -> str:
    """A sentence on an engine's licence and whether it allows paid work."""
    paid_work = {
        True: _("paid work allowed"),
        False: _("not for paid work"),
        None: _("not known whether for paid work"),
    }
    return _("Licence: {licence}, {paid_work}.").format(
        licence=info.licence, paid_work=paid_work[info.paid_work]
    )


def training(info: EngineInfo) -> str:
    """A sentence on what an engine was trained on, and whether that allows paid work; "" where nobody tells."""
    if not info.training:
        return ""
    paid_work = {
        True: "",
        False: _("Not all who made that allow paid work."),
        None: _("It is not known whether all of that may be used for paid work."),
    }
    return " ".join(filter(None, (info.training, paid_work[info.training_paid_work])))
