"""How requests and the server end before their time: cancelled, left alone, stopped, idle."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from tests.daemon.servers import (
    PATIENCE_S,
    Clock,
    Daemon,
    Gate,
    Loading,
    connect,
    request,
    serving,
    wait_until,
)

from flyaway.config import Settings
from flyaway.extraction.keeper import Keeper
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.tasks import ExtractionTask
from flyaway_client import messages, protocol
from flyaway_client.errors import CancelledError


class TestCancel:
    """Requests that nobody wants any more."""

    def test_while_uploading(self, daemon: Daemon) -> None:
        peer, asked = daemon.peer(), request()
        peer.begin(asked)
        peer.send(messages.Cancel(asked.id))
        assert peer.refusal().code == protocol.CANCELLED
        peer.send(messages.Strip(asked.id, "image", 0), bytes(36))
        assert peer.status().queued == 0

    def test_while_queued_is_answered_before_the_work_ahead_ends(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            peer.upload(request("ahead"))
            peer.upload(request("queued"))
            gate.wait_until_begun()
            peer.send(messages.Cancel("queued"))
            refusal = peer.refusal()
            assert (refusal.id, refusal.code) == ("queued", protocol.CANCELLED)
            assert peer.status().queued == 0
            gate.opened.set()
            peer.alpha(request("ahead"))
            assert gate.ids == ["ahead"]

    def test_while_running_ends_the_work_at_its_next_report(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            gate.wait_until_begun()
            peer.send(messages.Cancel("r"))
            peer.send(messages.Cancel("r"))
            gate.wait_until_ended()
            assert peer.refusal().code == protocol.CANCELLED
            assert peer.status().running == 0

    def test_by_the_client_library(self, gate: Gate, home: Path) -> None:
        with serving(gate) as daemon, connect(daemon, home) as caller:
            parts = {"image": bytes(36), "selection": bytes(12)}
            with pytest.raises(CancelledError):
                caller.extract(request(), parts, should_stop=lambda: bool(gate.ids))
            gate.wait_until_ended()
            assert caller.status().running == 0

    def test_of_what_is_not_there_is_ignored(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            owner, other = daemon.peer(), daemon.peer()
            owner.upload(request())
            gate.wait_until_begun()
            other.send(messages.Cancel("r"))
            other.send(messages.Cancel("nothing"))
            assert other.status().running == 1
            gate.opened.set()
            owner.alpha(request())


class TestClientsThatLeave:
    """Clients that go away without a word."""

    def test_in_the_middle_of_uploading_are_noticed_at_once(self, daemon: Daemon) -> None:
        gone, watcher = daemon.peer(), daemon.peer()
        gone.begin(request())
        gone.send(messages.Strip("r", "image", 0), bytes(12))
        gone.status()
        assert watcher.status().queued == 1
        gone.close()
        wait_until(lambda: watcher.status().queued == 0)

    def test_that_send_nothing_any_more_are_told_after_a_while(self) -> None:
        clock = Clock()
        with serving(clock=clock) as daemon:
            silent, watcher = daemon.peer(), daemon.peer()
            silent.begin(request())
            clock.now_s += 29
            assert watcher.status().queued == 1
            clock.now_s += 2
            assert "too long" in silent.refusal().message
            assert watcher.status().queued == 0

    def test_that_trickle_hold_no_place_for_ever(self) -> None:
        clock = Clock()
        with serving(clock=clock) as daemon:
            peer = daemon.peer()
            peer.begin(request())
            for offset in range(12):
                peer.send(messages.Strip("r", "image", offset), bytes(1))
                clock.now_s += 14
            assert "too long" in peer.refusal().message

    def test_are_not_taken_for_slow_ones(self) -> None:
        clock = Clock()
        with serving(clock=clock) as daemon:
            peer, asked = daemon.peer(), request()
            peer.begin(asked)
            for offset in (0, 12, 24):
                peer.send(messages.Strip(asked.id, "image", offset), bytes(12))
                assert peer.status().queued == 1
                clock.now_s += 20
            peer.send(messages.Strip(asked.id, "selection", 0), b"\x07" * 12)
            assert peer.alpha(asked) == b"\x07" * 12

    def test_in_the_middle_of_their_job_have_it_cancelled(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            gone, watcher = daemon.peer(), daemon.peer()
            gone.upload(request("running"))
            gone.upload(request("queued"))
            gate.wait_until_begun()
            assert gone.status().queued == 1
            gone.close()
            gate.wait_until_ended()
            wait_until(lambda: watcher.status().done == 2)
            assert watcher.status().running == 0

    def test_before_their_result_do_not_disturb_others(self) -> None:
        has_left = threading.Event()

        def work(task: ExtractionTask) -> Outcome:
            assert has_left.wait(PATIENCE_S)
            return Outcome(np.zeros((3, 4), np.uint8), "copy", "")

        with serving(work) as daemon:
            gone, other = daemon.peer(), daemon.peer()
            gone.upload(request())
            gone.close()
            has_left.set()
            other.upload(request())
            assert other.alpha(request()) == bytes(12)


class TestEnd:
    """How a server ends."""

    def test_by_request_cancels_the_work_in_hand_and_says_so(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer, other = daemon.peer(), daemon.peer()
            peer.upload(request("running"))
            peer.upload(request("queued"))
            gate.wait_until_begun()
            assert peer.status().queued == 1
            other.send(messages.Shutdown("bye"))
            assert other.answer() == messages.ShutdownReply("bye")
            assert {peer.refusal().code, peer.refusal().code} == {protocol.CANCELLED}
            daemon.join()
            assert gate.ids == ["running"]

    def test_does_not_wait_for_work_that_ignores_it(self) -> None:
        may_go_on, has_gone_on = threading.Event(), threading.Event()

        def work(task: ExtractionTask) -> Outcome:
            may_go_on.wait(PATIENCE_S)
            has_gone_on.set()
            return Outcome(np.zeros((3, 4), np.uint8), "copy", "")

        with serving(work) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            wait_until(lambda: peer.status().running == 1)
            daemon.server.stop()
            daemon.join()
        may_go_on.set()
        assert has_gone_on.wait(PATIENCE_S)

    def test_by_idleness(self) -> None:
        clock = Clock()
        with serving(settings=Settings(idle_exit_minutes=2), clock=clock) as daemon:
            peer = daemon.peer()
            clock.now_s += 119
            peer.hello()
            clock.now_s += 119
            peer.hello()
            clock.now_s += 121
            daemon.join()

    def test_never_comes_by_idleness_where_the_setting_is_zero(self) -> None:
        clock = Clock()
        with serving(settings=Settings(idle_exit_minutes=0), clock=clock) as daemon:
            clock.now_s += 1e6
            assert daemon.peer().status().uptime_s >= 1e6

    def test_never_comes_by_idleness_while_there_is_work(self, gate: Gate) -> None:
        clock = Clock()
        with serving(gate, Settings(idle_exit_minutes=1), clock) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            gate.wait_until_begun()
            for _ in range(3):
                clock.now_s += 61
                while not isinstance(peer.receive()[0], messages.Progress):
                    pass
            gate.opened.set()
            assert peer.alpha(request()) == b"\x07" * 12

    def test_engines_are_let_go_of_before(self) -> None:
        clock = Clock()
        loading = Loading()
        keeper = Keeper(loading, idle_s=60, clock=clock)
        with keeper.lend("warm"), serving(clock=clock, keeper=keeper) as daemon:
            clock.now_s += 61
            assert daemon.peer().status().warm == ("warm",)
        with serving(clock=clock, keeper=keeper) as daemon:
            peer = daemon.peer()
            clock.now_s += 61
            wait_until(lambda: peer.status().warm == ())


def test_memory_is_given_back_a_while_after_strangers_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []
    clock = Clock()
    monkeypatch.setattr("flyaway.memory.give_back", lambda: given.append(clock.now_s))

    def is_given() -> bool:
        clock.now_s += 1
        return bool(given)

    with serving(clock=clock) as daemon:
        wait_until(is_given)
        given.clear()
        daemon.stranger("wrong").offer(messages.StatusRequest("s"))
        wait_until(is_given)


def test_a_client_that_reads_nothing_does_not_stop_the_others(daemon: Daemon) -> None:
    deaf, other = daemon.peer(), daemon.peer()
    for index in range(3000):
        deaf.send(messages.StatusRequest(str(index)))
    assert other.status().queued == 0


def test_a_request_that_still_uploads_is_told_that_the_daemon_stops(daemon: Daemon) -> None:
    peer = daemon.peer()
    peer.send(request())
    assert isinstance(peer.answer(), messages.Ready)
    daemon.server.stop()
    reply = peer.answer()
    assert isinstance(reply, messages.ErrorReply)
    assert (reply.code, reply.id) == (protocol.CANCELLED, "r")
    assert "told to stop" in reply.message
