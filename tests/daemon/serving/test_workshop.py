"""Engines made ready and put to work for the server, with a loader that makes them up."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.daemon.servers import PATIENCE_S, Clock, Loading, Peer, request, serving

from flyaway.config import Settings
from flyaway.engines.base import Extraction
from flyaway.errors import NoSubjectError, UnknownEngineError, WeightsError
from flyaway.serving.jobs import Job
from flyaway.serving.workshop import Workshop
from flyaway_client import messages, protocol
from flyaway_client.messages import DownloadRequest


class Solver:
    """Finds alpha one half wherever it is not known."""

    network = None

    def extract(self, image: Any, trimap: Any = None, **_: Any) -> Extraction:
        alpha = np.full(image.shape[:2], 0.5)
        if trimap is not None:
            alpha = np.where(trimap == 128, alpha, trimap / 255)
        return Extraction(alpha.astype(np.float32))


@pytest.fixture
def loads() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workshop(loads: list[str], clock: Clock, store: Path) -> Workshop:
    def load(name: str) -> tuple[Any, str]:
        loads.append(name)
        return Solver(), "test bench"

    return Workshop(Settings(idle_unload_minutes=1), Loading(load), clock)


def job(*levels: int, **changes: Any) -> Job:
    """A job of one row of pixels and a selection of these levels."""
    asked = request("r", len(levels), 1, **changes)
    parts = {"image": bytes(3 * len(levels)), "selection": bytes(levels)}
    return Job(b"peer", asked, parts)  # type: ignore[arg-type]


def test_a_cold_engine_is_loaded_and_held_until_the_job_ends(
    workshop: Workshop, clock: Clock, loads: list[str]
) -> None:
    asked = job(0, 100, 255, selection_is="soft")
    assert not workshop.is_ready(asked)
    workshop.prepare(asked)
    assert workshop.is_ready(asked)
    clock.now_s += 61
    workshop.unload_idle()
    assert list(workshop.warm_engines) == ["builtin"]
    asked.held.close()
    clock.now_s += 61
    workshop.unload_idle()
    assert list(workshop.warm_engines) == []
    assert loads == ["builtin"]


def test_no_engine_is_loaded_for_what_is_settled(workshop: Workshop, loads: list[str]) -> None:
    asked = job(0, 255, selection_is="trimap")
    workshop.prepare(asked)
    assert workshop.extract(asked).alpha.tolist() == [[0, 255]]
    assert loads == []


def test_no_engine_is_loaded_for_what_makes_no_sense(workshop: Workshop, loads: list[str]) -> None:
    with pytest.raises(NoSubjectError):
        workshop.prepare(job(0, 0, selection_is="soft"))
    assert loads == []


def test_an_engine_that_cannot_be_loaded_leaves_none_held(store: Path) -> None:
    def load(name: str) -> tuple[Any, str]:
        raise WeightsError("damaged")

    asked = job(0, 100, 255, selection_is="soft")
    with pytest.raises(WeightsError, match="damaged"):
        Workshop(Settings(), Loading(load)).prepare(asked)
    asked.held.close()


def test_requests_are_refused_by_their_header(workshop: Workshop) -> None:
    with pytest.raises(UnknownEngineError):
        workshop.check(request(engine="magic"))
    with pytest.raises(UnknownEngineError):
        workshop.check(DownloadRequest("d", "magic"))
    workshop.check(request())


def test_the_builtin_engine_is_told_first(workshop: Workshop) -> None:
    assert workshop.infos()[0].name == "builtin"


def test_a_request_goes_all_the_way(workshop: Workshop, loads: list[str]) -> None:
    with serving(workshop=workshop) as daemon:
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

    def load(name: str) -> tuple[Any, str]:
        is_loading.set()
        assert may_go_on.wait(PATIENCE_S)
        return Solver(), "test bench"

    with serving(workshop=Workshop(Settings(), Loading(load))) as daemon:
        peer = daemon.peer()
        asked = request("r", 3, 1, selection_is="soft")
        peer.begin(asked)
        peer.send(messages.Strip("r", "image", 0), bytes(9))
        peer.send(messages.Strip("r", "selection", 0), bytes([0, 100, 255]))
        assert is_loading.wait(PATIENCE_S)
        assert daemon.peer().status().warm == ()
        peer.send(messages.Cancel("r"))
        peer.hello()
        may_go_on.set()
        assert peer.refusal().code == protocol.CANCELLED


def test_a_failed_load_is_the_requests_answer(store: Path) -> None:
    def load(name: str) -> tuple[Any, str]:
        raise MemoryError

    with serving(workshop=Workshop(Settings(), Loading(load))) as daemon:
        peer = daemon.peer()
        peer.begin(asked := request("r", 3, 1, selection_is="soft"))
        peer.send(messages.Strip("r", "image", 0), bytes(9))
        peer.send(messages.Strip("r", "selection", 0), bytes([0, 100, 255]))
        refusal = peer.refusal()
        assert (refusal.id, refusal.code) == (asked.id, protocol.OUT_OF_MEMORY)


def test_a_load_holds_up_no_request_whose_engine_is_warm(store: Path) -> None:
    is_loading, may_go_on = threading.Event(), threading.Event()

    def load(name: str) -> tuple[Any, str]:
        if name != "builtin":
            is_loading.set()
            assert may_go_on.wait(PATIENCE_S)
        return Solver(), "test bench"

    with serving(workshop=Workshop(Settings(), Loading(load))) as daemon:

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
