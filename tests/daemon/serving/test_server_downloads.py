"""Downloads over the wire: progress, one at a time, cancelled, refused."""

from __future__ import annotations

from tests.daemon.servers import (
    Daemon,
    Gate,
    copy_selection,
    request,
    serving,
)

from flyaway.config import Settings
from flyaway.serving.engine_service import EngineService
from flyaway.serving.tasks import DownloadTask, EngineTask, ExtractionTask
from flyaway.serving.work_queue import Station
from flyaway_client import messages, protocol


class TestDownloads:
    """Weights fetched for a client, beside the queue of extractions."""

    def test_are_told_of_and_answered(self, gate: Gate) -> None:
        with serving(gate, engines=_Fetching(gate)) as daemon:
            peer = daemon.peer()
            peer.send(messages.DownloadRequest("d", "builtin"))
            while (told := peer.receive()[0]) != messages.Progress("d", "Downloading", 0.5):
                assert isinstance(told, messages.Progress)
            gate.opened.set()
            assert peer.answer() == messages.DownloadReply("d", "builtin")

    def test_do_not_hold_up_extractions(self, gate: Gate) -> None:
        with serving(engines=_Fetching(gate)) as daemon:
            peer = daemon.peer()
            peer.send(messages.DownloadRequest("d", "builtin"))
            gate.wait_until_begun()
            peer.upload(request())
            assert peer.alpha(request()) == b"\x07" * 12
            gate.opened.set()

    def test_can_be_cancelled_waiting_and_under_way(self, gate: Gate) -> None:
        with serving(engines=_Fetching(gate)) as daemon:
            peer = daemon.peer()
            peer.send(messages.DownloadRequest("under way", "builtin"))
            gate.wait_until_begun()
            peer.send(messages.DownloadRequest("waiting", "builtin"))
            for name in ("waiting", "under way"):
                peer.send(messages.Cancel(name))
                refusal = peer.refusal()
                assert (refusal.id, refusal.code) == (name, protocol.CANCELLED)

    def test_of_an_engine_nobody_knows_are_refused(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.send(messages.DownloadRequest("d", "magic"))
        assert peer.refusal().code == protocol.UNKNOWN_ENGINE

    def test_with_an_id_in_use_are_refused(self, daemon: Daemon) -> None:
        peer = daemon.peer()
        peer.begin(request())
        peer.send(messages.DownloadRequest("r", "builtin"))
        assert "Use a new id" in peer.refusal().message


class _Fetching(EngineService):
    """Downloads that take as long as a gate is closed, and extractions that take no time."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(Settings())
        self._gate = gate

    @property
    def extraction_stations(self) -> tuple[Station[EngineTask], ...]:
        return (Station("worker", "Preparing", self._copy),)

    def _copy(self, task: EngineTask) -> None:
        assert isinstance(task, ExtractionTask)
        task.outcome = copy_selection(task)

    def download(self, task: DownloadTask) -> None:
        self._gate.begun.release()
        while not self._gate.opened.wait(0.01):
            task.report("Downloading", 0.5)
