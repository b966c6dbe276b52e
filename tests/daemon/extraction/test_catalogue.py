"""Which engines a request means."""

from __future__ import annotations

from typing import Any

import pytest
from tests.daemon.servers import request

from flyaway import engines
from flyaway.engines.records import EngineRecord, Job, Role
from flyaway.errors import RequestError, UnknownEngineError, WeightsError
from flyaway.extraction import resolution
from flyaway.extraction.catalogue import Catalogue
from flyaway.extraction.request import Step
from flyaway.weights.store import Store
from flyaway_client import messages
from flyaway_client.messages import ImageHeader
from flyaway_client.paid_work import PaidWork
from flyaway_client.prompts import Point, Prompts


class Installed(Store):
    """A store that says it holds the weights of these engines."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def holds(self, record: EngineRecord) -> bool:
        return record.name in self._names


PLATE = ImageHeader(4, 3, "rgb", "u8")
VITMATTE, BIREFNET = "vitmatte-small-composition-1k", "birefnet-lite"
PORTRAIT = "modnet-photographic"
PLATED = "backgroundmattingv2-resnet50"


def steps(catalogue: Catalogue, **asked: Any) -> tuple[Step, ...]:
    """The engines of a request, as far as its header tells."""
    wish = request(**asked)
    return catalogue.choose(resolution.announced(wish), resolution.wishes(wish))


def chosen(
    *installed: str, paid_work: PaidWork = PaidWork.ANY, **asked: Any
) -> tuple[str | None, str | None]:
    """The names of the engines that find the subject and that solve its edge."""
    catalogue = Catalogue(paid_work, Installed(*installed))
    found = {step.role is Role.SOLVE: step.record.name for step in steps(catalogue, **asked)}
    return found.get(False), found.get(True)


@pytest.mark.parametrize("kind", ["guess", "soft", "outline", "trimap"])
def test_a_selection_that_draws_the_edge_needs_only_a_fine_engine(kind: str) -> None:
    assert chosen(selection_is=kind) == (None, "builtin")
    assert chosen(VITMATTE, selection_is=kind) == (None, VITMATTE)
    assert chosen(VITMATTE, selection_is=kind, engine="builtin") == (None, "builtin")


@pytest.mark.parametrize(
    "asked", [{"selection": None}, {"selection_is": "region"}, {"selection_is": "automatic"}]
)
def test_without_an_edge_the_subject_is_found_first(asked: dict[str, Any]) -> None:
    assert chosen(**asked) == ("builtin", None)
    assert chosen(BIREFNET, **asked) == (BIREFNET, "builtin")
    assert chosen(BIREFNET, VITMATTE, **asked) == (BIREFNET, VITMATTE)
    assert chosen(BIREFNET, VITMATTE, fine_engine="none", **asked) == (BIREFNET, None)
    assert chosen(BIREFNET, VITMATTE, fine_engine="builtin", **asked) == (BIREFNET, "builtin")
    assert chosen(engine="builtin", fine_engine="builtin", **asked) == ("builtin", None)


def test_an_automatic_engine_that_is_named_narrows_a_selection_down() -> None:
    assert chosen(VITMATTE, engine=BIREFNET, selection_is="outline") == (BIREFNET, VITMATTE)


@pytest.mark.parametrize("asked", [{"selection": None}, {"selection_is": "region"}])
def test_an_engine_that_only_solves_edges_gets_one_from_the_best_that_finds(
    asked: dict[str, Any],
) -> None:
    assert chosen(engine=VITMATTE, **asked) == ("builtin", VITMATTE)
    assert chosen(BIREFNET, engine=VITMATTE, fine_engine="none", **asked) == (BIREFNET, VITMATTE)


def test_a_job_takes_the_best_engine_that_is_here_for_it() -> None:
    assert chosen(engine="any-subject", selection=None) == ("builtin", None)
    assert chosen(BIREFNET, engine="any-subject", selection=None) == (BIREFNET, "builtin")
    assert chosen(BIREFNET, PORTRAIT, engine="portrait", selection=None) == (PORTRAIT, "builtin")
    assert chosen(PLATED, engine="empty-scene", plate=PLATE)[0] == PLATED


@pytest.mark.parametrize("kind", ["automatic", "region"])
def test_fine_hair_is_found_by_the_best_finder_and_solved_by_the_best_solver(kind: str) -> None:
    assert chosen(engine="fine-hair", selection_is=kind) == ("builtin", None)
    assert chosen(BIREFNET, engine="fine-hair", selection_is=kind) == (BIREFNET, "builtin")
    assert chosen(BIREFNET, VITMATTE, engine="fine-hair", selection_is=kind) == (BIREFNET, VITMATTE)
    assert chosen(BIREFNET, VITMATTE, engine="fine-hair", selection_is="outline")[0] is None


def test_a_job_for_which_nothing_is_here_names_the_best_that_could_be() -> None:
    assert chosen(engine="portrait", selection=None)[0] == "birefnet-portrait"


def test_a_job_leaves_out_engines_not_known_to_allow_paid_work() -> None:
    wish = {"engine": "fine-hair", "selection_is": "outline", "paid_work_only": True}
    here = Catalogue(store=Installed("semanticimagematting-simd"))
    assert steps(here, **wish)[0].record.name == "builtin"


def test_pictures_that_do_not_allow_paid_work_count_where_the_user_asks_for_that() -> None:
    wish = {"engine": "fine-hair", "selection_is": "outline", "paid_work_only": True}
    here = Catalogue(store=Installed(VITMATTE))
    assert steps(here, **wish)[0].record.name == VITMATTE
    wish = {"engine": "fine-hair", "selection_is": "outline", "paid_training_only": True}
    assert steps(here, **wish)[0].record.name == "builtin"
    with pytest.raises(RequestError, match=r"trained on pictures .* paid_training_only is set"):
        here.record(VITMATTE, PaidWork.TRAINING)
    with pytest.raises(RequestError, match="trained on pictures"):
        Catalogue(PaidWork.TRAINING, Installed(VITMATTE)).record(VITMATTE)


@pytest.mark.parametrize("name", engines.names())
def test_every_record_says_what_its_engine_was_trained_on_or_where_nobody_tells(name: str) -> None:
    training = engines.record(name).training
    assert training.told.endswith(".") or training.paid_work is None
    assert training.url.startswith("https://") or not engines.record(name).weights


POINTED = "sam2-tiny"
AT = Prompts((Point(1, 1),))


def test_what_is_pointed_at_is_found_by_the_best_that_can_and_its_edge_solved() -> None:
    asked: dict[str, Any] = {"selection": None, "prompts": AT}
    assert chosen("mobile-sam", **asked) == ("mobile-sam", "builtin")
    assert chosen("mobile-sam", POINTED, BIREFNET, **asked) == (POINTED, "builtin")
    assert chosen("mobile-sam", POINTED, VITMATTE, engine="mobile-sam", **asked) == (
        "mobile-sam",
        VITMATTE,
    )
    assert chosen("mobile-sam", VITMATTE, fine_engine="builtin", **asked)[1] == "builtin"


def test_pointing_needs_weights_that_allow_what_is_done() -> None:
    assert chosen("repvit-sam", selection=None, prompts=AT)[0] == "repvit-sam"
    wish = {"selection": None, "prompts": AT, "paid_work_only": True}
    with pytest.raises(WeightsError, match=r"MobileSAM \(41 MB\) with `flyaway models download"):
        steps(Catalogue(store=Installed("repvit-sam")), **wish)
    assert (
        steps(Catalogue(store=Installed("repvit-sam", POINTED)), **wish)[0].record.name == POINTED
    )


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"prompts": AT, "fine_engine": "none"}, "its edge must be solved"),
        ({"prompts": AT, "engine": BIREFNET}, r"cannot be pointed with.*MobileSAM"),
        ({"engine": "mobile-sam"}, "must be told where the subject is"),
        ({"engine": "mobile-sam", "plate": PLATE}, "makes nothing of a photo of the empty scene"),
        ({"prompts": AT, "fine_engine": "mobile-sam"}, "cannot solve an edge"),
    ],
)
def test_what_pointing_cannot_do_is_said(asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        chosen("mobile-sam", selection=None, **asked)


def all_steps(*installed: str, **asked: Any) -> list[tuple[str, Role]]:
    found = steps(Catalogue(store=Installed(*installed)), **asked)
    return [(step.record.name, step.role) for step in found]


DETAIL = ("builtin", Role.SOLVE)


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        ({"selection": None}, Role.FIND),
        ({"selection": None, "prompts": AT}, Role.POINT),
        ({"selection_is": "trimap"}, Role.SOLVE),
    ],
)
def test_one_that_sees_all_in_a_square_gets_its_detail_from_the_built_in(
    asked: dict[str, Any], role: Role
) -> None:
    wish = {**asked, "engine": "sdmatte"}
    assert all_steps("sdmatte", VITMATTE, **wish) == [("sdmatte", role), DETAIL]
    assert all_steps("sdmatte", fine_engine="none", **wish) == [("sdmatte", role)]


def test_it_solves_what_others_have_found_too() -> None:
    assert all_steps(BIREFNET, "sdmatte", selection=None, fine_engine="sdmatte") == [
        (BIREFNET, Role.FIND),
        ("sdmatte", Role.SOLVE),
        DETAIL,
    ]
    named = all_steps("sdmatte", VITMATTE, selection=None, engine="sdmatte", fine_engine=VITMATTE)
    assert named == [("sdmatte", Role.FIND), (VITMATTE, Role.SOLVE)]


def test_a_brush_does_not_wait_for_it_unless_it_was_named() -> None:
    catalogue = Catalogue(store=Installed("sdmatte"))
    assert catalogue.solver("auto").record.name == "builtin"
    assert catalogue.solver("sdmatte").record.name == "sdmatte"
    assert catalogue.solver("fine-hair", transparent=True).record.name == "sdmatte"
    assert all_steps("sdmatte", selection_is="outline") == [DETAIL]


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        ({"selection": None}, Role.FIND),
        ({"selection": None, "prompts": AT}, Role.POINT),
        ({"selection_is": "outline"}, Role.SOLVE),
    ],
)
def test_of_what_lets_light_through_those_that_know_go_first(
    asked: dict[str, Any], role: Role
) -> None:
    here = (BIREFNET, VITMATTE, "mobile-sam")
    told = all_steps(*here, "sdmatte-lite", **asked, transparent=True)
    assert told == [("sdmatte-lite", role), DETAIL]
    assert all_steps(*here, "sdmatte-lite", **asked) == all_steps(*here, **asked)
    assert all_steps(*here, **asked, transparent=True) == all_steps(*here, **asked)


def test_every_job_has_an_engine() -> None:
    assert set(messages.JOBS) == {str(job) for job in Job}
    for job in messages.JOBS:
        assert any(job in info.suits for info in Catalogue(store=Installed()).infos())


def test_a_network_that_finds_subjects_is_advised_until_one_is_here() -> None:
    advised = Catalogue(store=Installed(VITMATTE, PORTRAIT)).advice()
    assert advised is not None
    assert advised.name == engines.FIRST_DOWNLOAD
    assert not advised.page
    assert Catalogue(store=Installed("birefnet-general")).advice() is None


def test_a_plate_needs_an_engine_for_plates() -> None:
    assert chosen(PLATED, plate=PLATE)[0] == PLATED
    assert chosen(plate=PLATE, engine=PLATED)[0] == PLATED


def test_the_fine_engine_that_is_named_solves_a_selections_edge() -> None:
    assert chosen(VITMATTE, selection_is="outline", fine_engine="builtin") == (None, "builtin")
    assert chosen(selection_is="outline", fine_engine=VITMATTE) == (None, VITMATTE)
    assert chosen(selection_is="outline", fine_engine="none") == (None, "builtin")
    assert chosen(selection_is="soft", engine="builtin", fine_engine=VITMATTE)[1] == "builtin"


@pytest.mark.parametrize("paid_work", PaidWork)
@pytest.mark.parametrize("installed", [(), (BIREFNET, VITMATTE, PLATED), engines.names()])
@pytest.mark.parametrize("plate", [None, PLATE])
@pytest.mark.parametrize("kind", ["automatic", "region", "guess", "soft", "outline", "trimap"])
def test_every_wish_is_met_or_refused(
    kind: str, plate: ImageHeader | None, installed: tuple[str, ...], paid_work: PaidWork
) -> None:
    catalogue = Catalogue(paid_work, Installed(*installed))
    refused = 0
    for engine in ("auto", *engines.names()):
        for fine_engine in ("auto", "none", *engines.names()):
            wish = {"selection_is": kind, "plate": plate}
            try:
                found = steps(catalogue, engine=engine, fine_engine=fine_engine, **wish)
            except RequestError:
                refused += 1
                continue
            if len(found) > 1 and found[-2].record.sees_px and fine_engine == "auto":
                assert (found[-1].record.name, found[-1].role) == DETAIL
            if len(found) > 2:
                found = found[:-1]
            names = [step.record.name for step in found]
            roles = [step.role for step in found]
            assert engine in ("auto", names[0], names[-1])
            assert all(step.role in step.record.ranks for step in found)
            assert (Role.COMPARE in roles) == (plate is not None)
            assert roles[1:] in ([], [Role.SOLVE])
            assert roles[0] is not Role.SOLVE or kind in ("guess", "soft", "outline", "trimap")
            assert all(paid_work.allows(step.record) for step in found)
    assert refused


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"engine": PLATED}, "Give that as the plate"),
        ({"engine": BIREFNET, "selection": None, "fine_engine": BIREFNET}, "cannot solve an edge"),
        ({"engine": BIREFNET, "plate": PLATE}, "makes nothing of a photo of the empty scene"),
    ],
)
def test_what_an_engine_cannot_do_is_said(asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        chosen(**asked)


@pytest.mark.parametrize("asked", [{"engine": "magic"}, {"fine_engine": "magic"}])
def test_a_name_nobody_has_is_said(asked: dict[str, Any]) -> None:
    with pytest.raises(UnknownEngineError, match="'magic'"):
        chosen(selection=None, **asked)


def test_engines_for_unpaid_work_are_left_out_where_the_settings_say_so() -> None:
    unpaid = [name for name in engines.names() if not engines.record(name).paid_work]
    catalogue = Catalogue(PaidWork.WEIGHTS, Installed(*engines.names()))
    for selection_is in ("outline", "region"):
        found = steps(catalogue, selection_is=selection_is)
        assert not {step.record.name for step in found} & set(unpaid)
    for name in unpaid:
        with pytest.raises(RequestError, match="paid_work_only"):
            catalogue.record(name)


@pytest.mark.parametrize("by_settings", [True, False])
def test_paid_work_only_holds_whoever_asks_for_it(by_settings: bool) -> None:
    here = Installed(BIREFNET, "semanticimagematting-simd")
    catalogue = Catalogue(PaidWork.of(by_settings, False), here)

    def names(**asked: Any) -> tuple[str, ...]:
        found = steps(catalogue, selection=None, paid_work_only=not by_settings, **asked)
        return tuple(step.record.name for step in found)

    assert names() == (BIREFNET, "builtin")
    with pytest.raises(RequestError, match="not known to allow paid work"):
        names(fine_engine="semanticimagematting-simd")


def test_infos_say_what_is_here() -> None:
    infos = {info.name: info for info in Catalogue(store=Installed(VITMATTE)).infos()}
    assert next(iter(infos)) == "builtin"
    assert set(infos) == set(engines.names())
    assert infos["builtin"].installed
    assert infos["builtin"].download_bytes == 0
    assert infos[VITMATTE].installed
    assert not infos[BIREFNET].installed
    assert infos[BIREFNET].download_bytes > 10**6
    assert infos[VITMATTE].needs == ("trimap",)
    assert infos[PLATED].needs == ("plate",)
    assert infos[PLATED].page.startswith("https://github.com/PeterL1n/BackgroundMattingV2")
    assert not infos["builtin"].page
    assert not infos[BIREFNET].page
