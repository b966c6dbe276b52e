"""The daemon's desk over real sockets: what each message leads to."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.daemon.servers import (
    PATIENCE_S,
    Daemon,
    Gate,
    Loading,
    MadeUpEngine,
    connect,
    request,
    serving,
    wait_until,
)

import flyaway
from flyaway.config import Settings
from flyaway.errors import NoSubjectError
from flyaway.extraction.keeper import Keeper
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.tasks import ExtractionTask
from flyaway_client import connection, messages, protocol
from flyaway_client.errors import RefusedError
from flyaway_client.messages import ImageHeader


class TestHello:
    """The greeting."""

    def test_proves_that_it_knows_the_secret(self, daemon: Daemon) -> None:
        reply = daemon.peer().hello()
        assert reply.proof == connection.proof(daemon.file.secret, "00" * 32)
        assert reply.protocol == protocol.VERSION
        assert reply.daemon == flyaway.__version__
        assert reply.max_pixels == 150_000_000

    @pytest.mark.parametrize(
        ("version", "advice"),
        [((0, 9), "Update the plugin"), ((), "Update the plugin"), ((2, 0), "Update the daemon")],
    )
    def test_of_another_major_version_says_which_side_to_update(
        self, daemon: Daemon, version: tuple[int, ...], advice: str
    ) -> None:
        peer = daemon.peer()
        peer.send(messages.Hello(version, "a test", "00" * 32))
        refusal = peer.refusal()
        assert refusal.code == protocol.WRONG_VERSION
        assert advice in refusal.message

    def test_of_a_newer_minor_version_is_welcome(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(messages.Hello((*protocol.VERSION[:1], 99), "a test", "00" * 32))
        assert isinstance(peer.answer(), messages.HelloReply)

    def test_is_not_asked_of_those_who_know_the_password(self, daemon: Daemon) -> None:
        assert daemon.peer().status().running == 0


class TestExtract:
    """Requests that are as they should be."""

    def test_gives_the_alpha_with_who_made_it(self, daemon: Daemon, home: Path) -> None:
        selection = bytes(range(12))
        asked = request()
        with connect(daemon, home) as caller:
            extracted = caller.extract(asked, {"image": bytes(36), "selection": selection})
        assert bytes(extracted.alpha) == selection
        result = extracted.result
        assert (result.engine, result.device, result.notes) == ("copy", "test bench", ("A note.",))
        assert result.alpha == ImageHeader(4, 3, "gray", "u8")
        assert result.seconds >= 0

    def test_takes_parts_in_many_strips(self, daemon: Daemon) -> None:
        peer, asked = daemon.peer(), request()
        peer.begin(asked)
        for part, size in asked.parts().items():
            for offset in range(size):
                peer.send(messages.Strip(asked.id, part, offset), bytes([offset]))
        assert peer.alpha(asked) == bytes(range(12))

    def test_gives_a_result_of_many_strips(self) -> None:
        asked = request(width=2048, height=2050, output_dtype="f32")
        alpha = np.random.default_rng(1).random((2050, 2048), np.float32)
        with serving(lambda job: Outcome(alpha, "copy", "test bench")) as daemon:
            peer = daemon.peer()
            peer.begin(asked)
            for part, size in asked.parts().items():
                for offset in range(0, size, protocol.STRIP_BYTES):
                    count = min(protocol.STRIP_BYTES, size - offset)
                    peer.send(messages.Strip(asked.id, part, offset), bytes(count))
            assert peer.alpha(asked) == alpha.tobytes()

    def test_gives_a_result_of_many_strips_to_a_client_that_is_slow_to_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alpha = np.arange(30_000_000, dtype=np.uint8).reshape(5000, 6000)
        header = ImageHeader(6000, 5000, "gray", "u8")
        asked = request(image=header, selection=None)
        with serving(lambda job: Outcome(alpha, "copy", "test bench")) as daemon:
            slow, other = daemon.peer(), daemon.peer()
            slow.begin(asked)
            for offset in range(0, header.bytes, 10**6):
                slow.send(messages.Strip("r", "image", offset), bytes(10**6))
            monkeypatch.setattr(protocol, "STRIP_BYTES", 10_000)
            wait_until(lambda: other.status().done == 1)
            assert slow.alpha(asked) == alpha.tobytes()

    def test_gives_the_foreground_after_the_alpha(self) -> None:
        asked = request(image=ImageHeader(4, 3, "rgb", "u16"), wants_foreground=True)
        foreground = np.arange(36, dtype=np.uint16).reshape(3, 4, 3)
        outcome = Outcome(np.zeros((3, 4), np.uint8), "copy", "test bench", (), foreground)
        with serving(lambda job: outcome) as daemon:
            peer = daemon.peer()
            peer.upload(asked)
            result = peer.answer()
            assert isinstance(result, messages.ExtractResult)
            assert result.foreground == ImageHeader(4, 3, "rgb", "u16")
            assert peer.receive() == (messages.Strip("r", "alpha", 0), bytes(12))
            assert peer.receive() == (messages.Strip("r", "foreground", 0), foreground.tobytes())

    def test_serves_two_clients_at_once(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            one, two = daemon.peer(), daemon.peer()
            one.upload(request("same"))
            two.upload(request("same"))
            gate.opened.set()
            assert one.alpha(request("same")) == two.alpha(request("same")) == b"\x07" * 12

    def test_works_on_queued_requests_in_their_order(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            for name in "abc":
                peer.upload(request(name))
            gate.wait_until_begun()
            status = peer.status()
            assert (status.running, status.queued, status.done) == (1, 2, 0)
            gate.opened.set()
            assert [len(peer.alpha(request(name))) for name in "abc"] == [12, 12, 12]
            assert gate.ids == ["a", "b", "c"]
            assert peer.status().done == 3

    def test_tells_progress_of_running_and_of_queued_work(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            peer.upload(request("running"))
            peer.upload(request("queued"))
            told: dict[str, str] = {}
            while told != {"running": "Solving", "queued": "Waiting"}:
                message, _ = peer.receive()
                assert isinstance(message, messages.Progress)
                told[message.id] = message.stage
            gate.opened.set()

    def test_sends_early_results_to_those_who_asked(self, home: Path) -> None:
        may_go_on = threading.Event()
        seen: list[tuple[messages.Preview, bytes]] = []

        def work(task: ExtractionTask) -> Outcome:
            task.report("Solving", 0.5, np.ones((3, 4), np.float32))
            assert may_go_on.wait(PATIENCE_S)
            return Outcome(np.zeros((3, 4), np.uint8), "copy", "")

        def take(preview: messages.Preview, pixels: bytes) -> None:
            seen.append((preview, pixels))
            may_go_on.set()

        with serving(work) as daemon, connect(daemon, home) as client:
            parts = {"image": bytes(36), "selection": bytes(12)}
            client.extract(request(wants_preview=True), parts, on_preview=take)
        assert [pixels for _, pixels in seen] == [b"\xff" * 12]

    def test_lets_go_of_the_pixels_when_done(self) -> None:
        held: list[weakref.ref[Any]] = []

        def work(task: ExtractionTask) -> Outcome:
            held.append(weakref.ref(task.parts["image"]))
            raise NoSubjectError("Nothing there.")

        with serving(work) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            assert peer.refusal().code == protocol.NO_SUBJECT
            wait_until(lambda: gc.collect() >= 0 and held[0]() is None)

    @pytest.mark.parametrize(
        ("fault", "code", "sentence"),
        [
            (NoSubjectError("Nothing there."), protocol.NO_SUBJECT, "Nothing there."),
            (MemoryError(), protocol.OUT_OF_MEMORY, "not enough memory"),
            (RuntimeError("nan"), protocol.ENGINE_FAILED, "RuntimeError: nan"),
            (RuntimeError("x" * 10**6), protocol.ENGINE_FAILED, "RuntimeError: x"),
        ],
    )
    def test_whatever_goes_wrong_is_said_and_the_next_request_is_served(
        self, fault: Exception, code: str, sentence: str
    ) -> None:
        def work(task: ExtractionTask) -> Outcome:
            if task.id == "bad":
                raise fault
            return Outcome(np.zeros((3, 4), np.uint8), "copy", "")

        with serving(work) as daemon:
            peer = daemon.peer()
            peer.upload(request("bad"))
            refusal = peer.refusal()
            assert (refusal.id, refusal.code) == ("bad", code)
            assert sentence in refusal.message
            assert len(refusal.message) < 2000
            peer.upload(request("good"))
            assert peer.alpha(request("good")) == bytes(12)


class TestStatusAndEngines:
    """Questions that never wait for work."""

    def test_are_answered_while_work_is_under_way(self, gate: Gate) -> None:
        with serving(gate) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            gate.wait_until_begun()
            status = peer.status()
            assert (status.daemon, status.running) == (flyaway.__version__, 1)
            assert status.rss_bytes > 1_000_000
            assert status.uptime_s >= 0
            peer.send(messages.EnginesRequest("e"))
            reply = peer.answer()
            assert isinstance(reply, messages.EnginesReply)
            assert reply.engines[0].name == "builtin"
            assert reply.engines[0].installed
            assert reply.engines[0].needs == ()

    def test_are_answered_while_an_engine_loads(self) -> None:
        is_loading, may_go_on = threading.Event(), threading.Event()

        def load(name: str) -> Any:
            is_loading.set()
            assert may_go_on.wait(PATIENCE_S)
            return MadeUpEngine()

        keeper = Keeper(Loading(load), 0)

        def work(task: ExtractionTask) -> Outcome:
            with keeper.lend("slow"):
                return Outcome(np.zeros((3, 4), np.uint8), "slow", "")

        with serving(work, keeper=keeper) as daemon:
            peer = daemon.peer()
            peer.upload(request())
            assert is_loading.wait(PATIENCE_S)
            assert peer.status().warm == ()
            may_go_on.set()
            peer.alpha(request())
            assert peer.status().warm == ("slow",)

    def test_ignore_a_payload(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(messages.StatusRequest("s"), b"surplus")
        assert isinstance(peer.answer(), messages.StatusReply)


def test_settings_reach_the_client(home: Path) -> None:
    with serving(settings=Settings(max_megapixels=2.5)) as daemon, connect(daemon, home) as caller:
        assert caller.hello.max_pixels == 2_500_000
        too_large = request(image=ImageHeader(250_001, 10, "gray", "u8"), selection=None)
        with pytest.raises(RefusedError) as caught:
            caller.extract(too_large, {"image": bytes(2_500_010)})
        assert caught.value.code == protocol.TOO_LARGE
