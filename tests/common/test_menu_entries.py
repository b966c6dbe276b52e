"""menu_entries.py: what the user can choose from, and what they read about it."""

from __future__ import annotations

from dataclasses import replace

from flyaway_client import messages
from flyaway_client.menu_entries import SELECTION_ENTRIES, EngineEntry, engine_menu
from flyaway_client.messages import EngineInfo
from flyaway_client.paid_work import PaidWork

BUILTIN = EngineInfo("builtin", "Built-in", "Outlines.", (), True, 0, "Apache-2.0", "", True)
NETWORK = EngineInfo("net", "Net", "Hair.", ("trimap",), True, 96_400_000, "MIT", "", None)
ABSENT = EngineInfo("absent", "Absent", "Fur.", (), False, 96_400_000, "MIT", "", True)
PLATE = EngineInfo("plates", "Plates", "Studio.", ("plate",), True, 0, "MIT", "", False)
ANY = replace(BUILTIN, suits=("any-subject", "fine-hair"), rank=100)
PORTRAIT = replace(ABSENT, name="faces", title="Faces", suits=("portrait",), rank=20)
HAIR = replace(NETWORK, suits=("fine-hair",), rank=5)
COMPARER = replace(PLATE, installed=False, page="https://example.org", suits=("empty-scene",))


def by_name(*engines: EngineInfo) -> tuple[EngineEntry, ...]:
    """The engines under "More"."""
    return engine_menu(engines, "auto").more


def test_says_what_an_engine_is_for_and_what_its_licence_allows() -> None:
    builtin, net = by_name(BUILTIN, NETWORK)
    assert builtin.about == "Outlines. Licence: Apache-2.0, paid work allowed."
    assert net.about == "Hair. Licence: MIT, not known whether for paid work."


def test_marks_engines_not_known_to_allow_paid_work_in_the_menu_itself() -> None:
    missing = replace(ABSENT, paid_work=None)
    menu = by_name(BUILTIN, replace(NETWORK, paid_work=False), NETWORK, missing)
    assert [entry.label for entry in menu] == [
        "Built-in",
        "Net — not for paid work",
        "Net — paid work unclear",
        "Absent — download, 96 MB, paid work unclear",
    ]


def test_says_which_engines_need_a_photo_of_the_empty_scene() -> None:
    menu = by_name(BUILTIN, PLATE, replace(PLATE, name="absent", installed=False))
    assert [entry.name for entry in menu] == ["builtin", "plates", "absent"]
    assert [entry.needs_plate for entry in menu] == [False, True, True]
    words = "Studio. Needs a photo of the empty scene in another layer. Licence: MIT"
    assert all(entry.about.startswith(words) for entry in menu[1:])


def test_offers_missing_engines_last_with_what_they_weigh() -> None:
    menu = by_name(BUILTIN, ABSENT, NETWORK)
    assert [entry.name for entry in menu] == ["builtin", "net", "absent"]
    assert [entry.is_missing for entry in menu] == [False, False, True]
    assert menu[-1].label == "Absent — download, 96 MB"
    assert menu[-1].about.startswith(
        "Fur. Licence: MIT, paid work allowed. Download it first (96 MB)"
    )
    assert menu[-1].download_label == "Download (96 MB)"


def test_says_where_weights_come_from_that_no_program_can_download() -> None:
    by_hand = replace(ABSENT, page="https://example.org/weights")
    downloadable, fetched = by_name(ABSENT, replace(by_hand, name="by hand"))
    assert (downloadable.is_missing, downloadable.downloads) == (True, "absent")
    assert (fetched.is_missing, fetched.downloads) == (True, "")
    assert fetched.label == "Absent — to be fetched by hand"
    assert fetched.about.endswith(
        "Fetch its weights (96 MB) from https://example.org/weights and run "
        "`flyaway models import FILE`, or choose another engine."
    )
    (here,) = by_name(replace(by_hand, installed=True))
    assert (here.label, here.is_missing) == ("Absent", False)


def test_leaves_out_engines_not_known_to_allow_paid_work_when_told_so() -> None:
    engines = (BUILTIN, NETWORK, replace(ABSENT, paid_work=False))
    menu = engine_menu(engines, "auto", paid_work=PaidWork.WEIGHTS)
    assert [entry.name for entry in menu.more] == ["builtin"]


def test_the_rest_of_the_menu_is_seen_once_it_is_asked_for() -> None:
    menu = engine_menu((ANY, HAIR), "auto")
    jobs = ["auto", "any-subject", "fine-hair"]
    assert [entry.name for entry in menu.listed("auto", is_open=False)] == [*jobs, "more"]
    assert [entry.name for entry in menu.listed("auto", is_open=True)] == [*jobs, "builtin", "net"]
    assert menu.listed("net", is_open=False) == menu.listed("auto", is_open=True)
    until_known = engine_menu((), "auto")
    assert until_known.listed("auto", is_open=False) == until_known.everyday


def test_every_meaning_of_a_selection_is_one_of_the_wires() -> None:
    names = [entry.name for entry in SELECTION_ENTRIES]
    assert set(names) == set(messages.SELECTION_KINDS)
    assert names[0] == "guess"


JOBS = ["auto", "any-subject", "portrait", "fine-hair", "empty-scene"]


def test_offers_what_photographers_want_done_and_the_engines_under_more() -> None:
    menu = engine_menu((ANY, PORTRAIT, HAIR, COMPARER), "auto")
    assert [entry.name for entry in menu.everyday] == JOBS
    assert [entry.label for entry in menu.everyday] == [
        "Best one available (now: Built-in)",
        "Any subject (Built-in)",
        "Portrait (Faces — download, 96 MB)",
        "Fine hair (Net — paid work unclear)",
        "With a photo of the empty scene (Plates — to be fetched by hand, not for paid work)",
    ]
    assert [entry.name for entry in menu.more] == ["builtin", "net", "faces", "plates"]


def test_a_job_for_which_nothing_is_here_offers_what_to_download_for_it() -> None:
    portrait = engine_menu((ANY, PORTRAIT), "auto").find("portrait")
    assert portrait is not None
    assert portrait.is_missing
    assert portrait.downloads == "faces"
    assert portrait.download_label == "Download (96 MB)"
    assert portrait.about.startswith("Fur. Licence: MIT")


def test_a_job_prefers_what_is_here_then_what_a_program_can_fetch_then_the_better() -> None:
    by_hand = replace(PORTRAIT, name="by hand", page="https://example.org", rank=1)
    worse = replace(PORTRAIT, name="worse", rank=30)
    portrait = engine_menu((by_hand, worse, PORTRAIT), "auto").find("portrait")
    assert portrait is not None
    assert portrait.downloads == "faces"
    here = engine_menu((by_hand, replace(worse, installed=True), PORTRAIT), "auto").find("portrait")
    assert here is not None
    assert not here.is_missing


def test_only_the_empty_scene_needs_a_plate() -> None:
    menu = engine_menu((ANY, COMPARER), "auto")
    assert [entry.name for entry in menu.everyday if entry.needs_plate] == ["empty-scene"]
    until_known = engine_menu((), "auto")
    assert [entry.name for entry in until_known.everyday if entry.needs_plate] == ["empty-scene"]


def test_a_job_goes_where_no_engine_that_is_allowed_can_do_it() -> None:
    menu = engine_menu(
        (ANY, replace(PORTRAIT, paid_work=False)), "auto", paid_work=PaidWork.WEIGHTS
    )
    assert menu.find("portrait") is None
    assert [entry.name for entry in menu.more] == ["builtin"]


def test_before_the_daemon_answers_every_job_can_be_chosen_and_what_was() -> None:
    menu = engine_menu((), "net")
    assert [entry.name for entry in menu.everyday] == JOBS
    assert not any(entry.is_missing for entry in menu.everyday)
    assert [entry.name for entry in menu.more] == ["net"]
    assert engine_menu((), "portrait").more == ()


def test_what_the_daemon_does_not_name_stays_and_what_is_not_allowed_goes() -> None:
    assert [entry.name for entry in engine_menu((ANY,), "elsewhere").more] == [
        "builtin",
        "elsewhere",
    ]
    assert engine_menu((ANY, HAIR), "net", paid_work=PaidWork.WEIGHTS).find("net") is None


def test_engines_that_must_be_pointed_with_are_for_tools_and_not_for_menus() -> None:
    pointed = EngineInfo("sam", "SAM", "Clicks.", ("prompts",), True, 41_000_000, "MIT", "", True)
    assert [entry.name for entry in by_name(BUILTIN, pointed)] == ["builtin"]
