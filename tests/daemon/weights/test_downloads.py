"""Weights come through the daemon: a real server, real sockets on both sides, and a hub that misbehaves."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.daemon.servers import Daemon, Peer, request, serving
from tests.fakes.hub import Hub

from flyaway import engines
from flyaway.config import Settings
from flyaway.errors import WeightsError
from flyaway.serving.engine_service import EngineService
from flyaway.weights.store import Store, folder
from flyaway_client import messages, protocol

NAME = "birefnet-lite-2k"
"""An engine whose published hash is not known, so that a made-up file passes."""

CONTENT = bytes(range(256)) * 12_000
RECORD = engines.record(NAME)
assert RECORD.weights
REPOSITORY = RECORD.weights.repository
FILE = f"{REPOSITORY}/{RECORD.weights.file}"


@pytest.fixture
def hub(hub: Hub) -> Hub:
    """A hub that holds the file."""
    hub.files[FILE] = CONTENT
    return hub


@pytest.fixture
def daemon(hub: Hub) -> Iterator[Daemon]:
    with serving(engines=EngineService(Settings(device="cpu"))) as running:
        yield running


def is_installed(peer: Peer) -> bool:
    peer.send(messages.EnginesRequest("engines"))
    reply = peer.answer()
    assert isinstance(reply, messages.EnginesReply)
    return {info.name: info.installed for info in reply.engines}[NAME]


def wait_for_megabytes(peer: Peer, megabytes: int) -> messages.Progress:
    """Receive progress until so much has come."""
    while True:
        told, _ = peer.receive()
        assert isinstance(told, messages.Progress), told
        if f" {megabytes} of 3 MB" in told.stage:
            return told


def test_is_told_about_installed_and_not_fetched_twice(daemon: Daemon, hub: Hub) -> None:
    hub.stall_after = 1_000_000
    peer = daemon.peer()
    assert not is_installed(peer)

    peer.send(messages.DownloadRequest("d", NAME))
    told = wait_for_megabytes(peer, 1)
    assert told.stage == "Downloading BiRefNet Lite 2K, 1 of 3 MB"
    assert 0.2 < told.fraction < 0.4
    hub.go_on.set()
    assert peer.answer() == messages.DownloadReply("d", NAME)

    assert is_installed(peer)
    assert Store().locate(RECORD).read_bytes() == CONTENT
    asked = len(hub.requests)
    peer.send(messages.DownloadRequest("again", NAME))
    assert peer.answer() == messages.DownloadReply("again", NAME)
    assert len(hub.requests) == asked


def test_cancelled_download_goes_on_where_it_was(daemon: Daemon, hub: Hub) -> None:
    hub.stall_after = 1_000_000
    peer = daemon.peer()
    peer.send(messages.DownloadRequest("d", NAME))
    wait_for_megabytes(peer, 1)
    peer.send(messages.Cancel("d"))
    assert peer.refusal().code == protocol.CANCELLED  # although the line is silent
    assert not is_installed(peer)

    peer.send(messages.DownloadRequest("again", NAME))
    assert peer.answer() == messages.DownloadReply("again", NAME)
    hub.go_on.set()  # what was called off writes no more
    assert Store().verify(RECORD).read_bytes() == CONTENT
    position = int(hub.requests[-1].partition("bytes=")[2].rstrip("-"))
    assert position >= 500_000


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_download_from_a_silent_hub_can_be_cancelled(daemon: Daemon, hub: Hub, method: str) -> None:
    hub.silent_to = frozenset({method})
    peer = daemon.peer()
    peer.send(messages.DownloadRequest("d", NAME))
    told, _ = peer.receive()
    assert isinstance(told, messages.Progress)
    peer.send(messages.Cancel("d"))
    assert peer.refusal().code == protocol.CANCELLED
    assert not hub.go_on.is_set()


def test_client_that_hangs_up_leaves_what_came(daemon: Daemon, hub: Hub) -> None:
    hub.stall_after = 1_000_000
    peer = daemon.peer()
    peer.send(messages.DownloadRequest("d", NAME))
    wait_for_megabytes(peer, 1)
    peer.close()

    other = daemon.peer()
    other.send(messages.DownloadRequest("d", NAME))
    assert other.answer() == messages.DownloadReply("d", NAME)


def never_answer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.silent_to = frozenset({"HEAD"})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_ETAG_TIMEOUT", 0.01)


def never_send(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say what there is and send none of it, to a client who takes no rest between two tries."""
    hub.silent_to = frozenset({"GET"})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.01)
    monkeypatch.setattr("huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda _: None))


def send_another_file(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.swapped[FILE] = bytes(len(CONTENT))


def hold_no_such_file(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    del hub.files[FILE]


def want_an_account(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.refusals[REPOSITORY] = (401, "GatedRepo")


def be_out_of_order(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.refusals[REPOSITORY] = (503, "")


def be_nowhere(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = "huggingface_hub.constants"
    monkeypatch.setattr(f"{constants}.ENDPOINT", "http://127.0.0.1:9")
    template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", template)


def fill_the_disk(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file under way be a device that is always full."""
    files = folder() / "files"
    files.mkdir(parents=True)
    (files / f"{NAME}.safetensors.partial").symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("misbehave", "sentence"),
    [
        (send_another_file, "and was thrown away"),
        (hold_no_such_file, "is not at"),
        (want_an_account, "Accept them at"),
        (be_out_of_order, "Try again later"),
        (be_nowhere, "Check the network"),
        (never_answer, "has stopped sending"),
        (never_send, "has stopped sending model.safetensors. Try again later, it goes on where it"),
        (fill_the_disk, "The disk is full. Free some space and try again"),
    ],
)
def test_what_went_wrong_is_a_sentence_and_nothing_is_installed(
    misbehave: Callable[[Hub, pytest.MonkeyPatch], None],
    sentence: str,
    daemon: Daemon,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    misbehave(hub, monkeypatch)
    peer = daemon.peer()

    peer.send(messages.DownloadRequest("d", NAME))

    refusal = peer.refusal()
    assert refusal.code == protocol.WEIGHTS_MISSING
    assert sentence in refusal.message
    assert not is_installed(peer)


def test_file_that_was_swapped_is_fetched_anew(daemon: Daemon, hub: Hub) -> None:
    hub.swapped[FILE] = bytes(len(CONTENT))
    peer = daemon.peer()
    peer.send(messages.DownloadRequest("d", NAME))
    assert peer.refusal().code == protocol.WEIGHTS_MISSING

    hub.swapped.clear()
    peer.send(messages.DownloadRequest("again", NAME))
    assert peer.answer() == messages.DownloadReply("again", NAME)
    found = hashlib.sha256(Store().locate(RECORD).read_bytes()).hexdigest()
    assert found == hashlib.sha256(CONTENT).hexdigest()


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_hostile_file_runs_nothing_all_the_way_from_the_hub_to_a_request(
    daemon: Daemon, hub: Hub, tmp_path: Path
) -> None:
    mark = tmp_path / "it ran"
    torch.save({"bb.norm0.weight": torch.zeros(96), "extra": Hostile(mark)}, tmp_path / "hostile")
    hub.files[FILE] = (tmp_path / "hostile").read_bytes()
    peer = daemon.peer()
    peer.send(messages.DownloadRequest("d", NAME))
    assert peer.answer() == messages.DownloadReply("d", NAME)

    peer.upload(request(engine=NAME, selection=None, selection_is="automatic"))

    refusal = peer.refusal()
    assert refusal.code == protocol.WEIGHTS_MISSING
    assert "damaged or no weights file" in refusal.message
    assert not mark.exists()
    assert not is_installed(peer)
    renamed = shutil.copy(Store().paths(RECORD)[0], tmp_path / "net.pth")  # torch goes by the name
    with pytest.raises(WeightsError, match="was not opened"):
        engines.load(NAME, renamed)
    assert not mark.exists()

    hub.files[FILE] = CONTENT
    peer.send(messages.DownloadRequest("again", NAME))
    assert peer.answer() == messages.DownloadReply("again", NAME)
    assert Store().locate(RECORD).read_bytes() == CONTENT
