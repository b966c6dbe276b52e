"""Engines made ready and put to work for the server, with a loader that makes them up."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.daemon.servers import (
    PATIENCE_S,
    Clock,
    Loading,
    MadeUpEngine,
    Peer,
    request,
    serving,
    wait_until,
)

from flyaway.config import Settings
from flyaway.engines.contract import AnyEngine
from flyaway.errors import NoSubjectError, UnknownEngineError, WeightsError
from flyaway.serving.engine_service import EngineService
from flyaway.serving.tasks import ExtractionTask
from flyaway_client import messages, protocol
from flyaway_client.messages import DownloadRequest


@pytest.fixture
def loads() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(loads: list[str], clock: Clock, store: Path) -> EngineService:
    def load(name: str) -> AnyEngine:
        loads.append(name)
        return MadeUpEngine()

    return EngineService(Settings(idle_unload_minutes=1), Loading(load), clock)


def task(*levels: int, **changes: object) -> ExtractionTask:
    """A task of one row of pixels and a selection of these levels."""
    asked = request("r", len(levels), 1, **changes)
    parts = {"image": bytes(3 * len(levels)), "selection": bytes(levels)}
    return ExtractionTask(b"peer", "r", asked, parts)


def test_a_cold_engine_is_loaded_and_held_until_the_task_ends(
    service: EngineService, clock: Clock, loads: list[str]
) -> None:
    asked = task(0, 100, 255, selection_is="soft")
    service.resolve(asked)
    assert service.is_cold(asked)
    service.load(asked)
    assert not service.is_cold(asked)
    clock.now_s += 61
    service.unload_idle()
    assert list(service.warm_engines) == ["builtin"]
    asked.close()
    clock.now_s += 61
    service.unload_idle()
    assert list(service.warm_engines) == []
    assert loads == ["builtin"]


def test_an_engine_is_held_no_longer_than_its_step(service: EngineService, clock: Clock) -> None:
    asked = task(0, 100, 255, selection_is="soft")
    service.resolve(asked)
    service.load(asked)
    service.extract(asked)
    clock.now_s += 61
    service.unload_idle()
    assert list(service.warm_engines) == []


def test_no_engine_is_loaded_for_what_is_known(service: EngineService, loads: list[str]) -> None:
    asked = task(0, 255, selection_is="trimap")
    service.resolve(asked)
    assert not service.is_cold(asked)
    service.extract(asked)
    assert asked.outcome is not None
    assert asked.outcome.alpha.tolist() == [[0, 255]]
    assert loads == []


def test_what_makes_no_sense_is_refused_before_an_engine_is_loaded(
    service: EngineService,
) -> None:
    with pytest.raises(NoSubjectError):
        service.resolve(task(0, 0, selection_is="soft"))


def test_pixels_that_were_converted_are_not_kept_twice(service: EngineService) -> None:
    asked = task(0, 100, 255, selection_is="soft")
    service.resolve(asked)
    assert not asked.parts


def test_the_engines_of_a_request_stay_those_it_was_resolved_with(
    service: EngineService, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download that ends in between must not exchange an engine that was loaded already."""
    asked = task(0, 100, 255, selection_is="soft")
    service.resolve(asked)
    service.load(asked)
    monkeypatch.setattr("flyaway.weights.store.Store.holds", lambda self, record: True)
    service.extract(asked)
    assert loads == ["builtin"]
    assert asked.outcome is not None
    assert asked.outcome.engine == "builtin"


def test_an_engine_that_cannot_be_loaded_leaves_none_held(store: Path) -> None:
    def load(name: str) -> AnyEngine:
        raise WeightsError("damaged")

    service = EngineService(Settings(), Loading(load))
    asked = task(0, 100, 255, selection_is="soft")
    service.resolve(asked)
    with pytest.raises(WeightsError, match="damaged"):
        service.load(asked)
    asked.close()
    assert list(service.warm_engines) == []


def test_requests_are_refused_by_their_header(service: EngineService) -> None:
    with pytest.raises(UnknownEngineError):
        service.check(request(engine="magic"))
    with pytest.raises(UnknownEngineError):
        service.check(DownloadRequest("d", "magic"))
    service.check(request())


def test_the_builtin_engine_is_listed_first(service: EngineService) -> None:
    assert service.infos()[0].name == "builtin"


def test_a_request_goes_all_the_way(service: EngineService, loads: list[str]) -> None:
    with serving(engines=service) as daemon:
        peer = daemon.peer()
        for name in ("first", "second"):
            asked = request(name, 3, 1, selection_is="soft")
            peer.begin(asked)
            peer.send(messages.Strip(name, "image", 0), bytes(9))
            peer.send(messages.Strip(name, "selection", 0), bytes([0, 100, 255]))
            assert list(peer.alpha(asked)) == [0, 128, 255]
        assert peer.status().warm == ("builtin",)
    assert loads == ["builtin"]


def test_a_load_holds_up_neither_questions_nor_its_cancelling(store: Path) -> None:
    is_loading, may_go_on = threading.Event(), threading.Event()

    def load(name: str) -> AnyEngine:
        is_loading.set()
        assert may_go_on.wait(PATIENCE_S)
        return MadeUpEngine()

    with serving(engines=EngineService(Settings(), Loading(load))) as daemon:
        peer = daemon.peer()
        asked = request("r", 3, 1, selection_is="soft")
        peer.begin(asked)
        peer.send(messages.Strip("r", "image", 0), bytes(9))
        peer.send(messages.Strip("r", "selection", 0), bytes([0, 100, 255]))
        assert is_loading.wait(PATIENCE_S)
        assert daemon.peer().status().warm == ()
        peer.send(messages.Cancel("r"))
        assert peer.refusal().code == protocol.CANCELLED
        assert not may_go_on.is_set()
        assert peer.status().queued == 0
        may_go_on.set()
        wait_until(lambda: peer.status().warm == ("builtin",))


def test_a_failed_load_is_the_requests_answer(store: Path) -> None:
    def load(name: str) -> AnyEngine:
        raise MemoryError

    with serving(engines=EngineService(Settings(), Loading(load))) as daemon:
        peer = daemon.peer()
        peer.begin(asked := request("r", 3, 1, selection_is="soft"))
        peer.send(messages.Strip("r", "image", 0), bytes(9))
        peer.send(messages.Strip("r", "selection", 0), bytes([0, 100, 255]))
        refusal = peer.refusal()
        assert (refusal.id, refusal.code) == (asked.id, protocol.OUT_OF_MEMORY)


def test_a_load_holds_up_no_request_whose_engine_is_warm(store: Path) -> None:
    is_loading, may_go_on = threading.Event(), threading.Event()

    def load(name: str) -> AnyEngine:
        if name != "builtin":
            is_loading.set()
            assert may_go_on.wait(PATIENCE_S)
        return MadeUpEngine()

    with serving(engines=EngineService(Settings(), Loading(load))) as daemon:

        def begin(id: str, engine: str) -> tuple[Peer, messages.ExtractRequest]:
            peer, asked = daemon.peer(), request(id, 3, 1, selection_is="soft", engine=engine)
            peer.begin(asked)
            peer.send(messages.Strip(id, "image", 0), bytes(9))
            peer.send(messages.Strip(id, "selection", 0), bytes([0, 100, 255]))
            return peer, asked

        warming, first = begin("first", "builtin")
        assert list(warming.alpha(first)) == [0, 128, 255]
        waiting, cold = begin("cold", "vitmatte-small-composition-1k")
        assert is_loading.wait(PATIENCE_S)

        ready, warm = begin("warm", "builtin")

        assert list(ready.alpha(warm)) == [0, 128, 255]
        may_go_on.set()
        assert list(waiting.alpha(cold)) == [0, 128, 255]
