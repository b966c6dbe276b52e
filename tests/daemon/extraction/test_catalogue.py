"""Which engines a request means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.daemon.servers import request

from flyaway import engines
from flyaway.config import Settings
from flyaway.engines.base import EngineRecord
from flyaway.errors import RequestError, UnknownEngineError
from flyaway.extraction.catalogue import Catalogue
from flyaway.weights.store import Store
from flyaway_client.messages import ImageHeader


class Installed(Store):
    """A store that says it holds the weights of these engines."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def holds(self, record: EngineRecord) -> bool:
        return record.name in self._names


PLATE = ImageHeader(4, 3, "rgb", "u8")
VITMATTE, BIREFNET = "vitmatte-small-composition-1k", "birefnet-lite"
PLATED = "backgroundmattingv2-resnet50"


def chosen(
    *installed: str, paid_work_only: bool = False, **asked: Any
) -> tuple[str | None, str | None]:
    catalogue = Catalogue(Settings(paid_work_only=paid_work_only), Installed(*installed))
    choice = catalogue.choose(request(**asked))
    coarse, fine = choice.coarse, choice.fine
    return (coarse and coarse.name, fine and fine.name)  # type: ignore[return-value]


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


def test_a_plate_needs_an_engine_for_plates() -> None:
    assert chosen(PLATED, plate=PLATE)[0] == PLATED
    assert chosen(plate=PLATE, engine=PLATED)[0] == PLATED


def test_the_fine_engine_that_is_named_solves_a_selections_edge() -> None:
    assert chosen(VITMATTE, selection_is="outline", fine_engine="builtin") == (None, "builtin")
    assert chosen(selection_is="outline", fine_engine=VITMATTE) == (None, VITMATTE)
    assert chosen(selection_is="outline", fine_engine="none") == (None, "builtin")
    assert chosen(selection_is="soft", engine="builtin", fine_engine=VITMATTE)[1] == "builtin"


@pytest.mark.parametrize("paid_work_only", [False, True])
@pytest.mark.parametrize("installed", [(), (BIREFNET, VITMATTE, PLATED), engines.names()])
@pytest.mark.parametrize("plate", [None, PLATE])
@pytest.mark.parametrize("kind", ["automatic", "region", "guess", "soft", "outline", "trimap"])
def test_every_wish_is_met_or_refused(
    kind: str, plate: ImageHeader | None, installed: tuple[str, ...], paid_work_only: bool
) -> None:
    catalogue = Catalogue(Settings(paid_work_only=paid_work_only), Installed(*installed))
    refused = 0
    for engine in ("auto", *engines.names()):
        for fine_engine in ("auto", "none", *engines.names()):
            wish = request(selection_is=kind, plate=plate, engine=engine, fine_engine=fine_engine)
            try:
                choice = catalogue.choose(wish)
            except RequestError:
                refused += 1
                continue
            assert choice.names
            assert engine == "auto" or engine in choice.names
            assert not choice.coarse or choice.coarse.jobs & {"automatic", "plate"}
            assert not choice.coarse or ("plate" in choice.coarse.jobs) == (plate is not None)
            assert not choice.fine or "fine" in choice.fine.jobs
            assert choice.coarse or kind in ("guess", "soft", "outline", "trimap")
            allowed = {engines.record(name).paid_work for name in choice.names}
            assert not paid_work_only or allowed == {True}
    assert refused


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"engine": PLATED}, "Give that as the plate"),
        ({"engine": VITMATTE, "selection": None}, "does not find subjects"),
        ({"engine": VITMATTE, "selection_is": "region"}, "does not find subjects"),
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
    catalogue = Catalogue(Settings(paid_work_only=True), Installed(*engines.names()))
    for selection_is in ("outline", "region"):
        choice = catalogue.choose(request(selection_is=selection_is))
        assert not set(choice.names) & set(unpaid)
    for name in unpaid:
        with pytest.raises(RequestError, match="paid_work_only"):
            catalogue.record(name)


@pytest.mark.parametrize("by_settings", [True, False])
def test_paid_work_only_holds_whoever_asks_for_it(by_settings: bool) -> None:
    settings = Settings(paid_work_only=by_settings)
    catalogue = Catalogue(settings, Installed(BIREFNET, VITMATTE))

    def names(**asked: Any) -> tuple[str, ...]:
        wish = request(selection=None, paid_work_only=not by_settings, **asked)
        return catalogue.choose(wish).names

    assert names() == (BIREFNET, "builtin")
    with pytest.raises(RequestError, match="not known to allow paid work"):
        names(fine_engine=VITMATTE)


def test_infos_say_what_is_here(store: Path) -> None:
    infos = {info.name: info for info in Catalogue(Settings(), Installed(VITMATTE)).infos()}
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
