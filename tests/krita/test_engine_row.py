"""engine_row.py and download_row.py: which engines are offered, and getting one that is missing."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Part
from tests.fakes.krita_app import DocumentData
from tests.krita.conftest import Docker, open_and_pick, plugin_module, turn_until

from flyaway_client import messages, protocol
from flyaway_client.messages import EngineInfo

FREE = EngineInfo("free", "Free", "Hair.", (), True, 0, "MIT", "", True)
RESEARCH = EngineInfo("research", "Research", "Fur.", (), True, 0, "CC-BY-NC", "", False)
ABSENT = EngineInfo("absent", "Absent", "Veils.", (), False, 885_000_000, "MIT", "", True)


def test_says_what_the_chosen_engine_is_for(docker: Docker, home: Path) -> None:
    with daemon.running(home, {"engines": daemon.offer(FREE, RESEARCH)}):
        open_and_pick(docker, "research")
    assert docker.about.text() == "Fur. Licence: CC-BY-NC, not for paid work."
    assert docker.about.minimum_height == 30
    assert not docker.download.isVisible()


@pytest.mark.parametrize("is_open", [True, False])
def test_an_open_menu_makes_room_for_the_engines_that_come(
    docker: Docker, home: Path, is_open: bool
) -> None:
    with daemon.running(home, {"engines": daemon.offer(FREE, RESEARCH)}):
        docker.engine.showPopup()
        assert docker.engine.rows_shown == 5
        if not is_open:
            docker.engine.hidePopup()
        turn_until(lambda: "more" in docker.engine.names())
    assert docker.engine.rows_shown == (2 if is_open else 0)


def test_more_opens_the_rest_of_the_menu(docker: Docker, home: Path) -> None:
    with daemon.running(home, {"engines": daemon.offer(FREE, RESEARCH)}):
        docker.widget.showEvent(None)
        turn_until(lambda: docker.engine.names() == ["auto", "more"])
        docker.engine.pick("more")
        assert docker.engine.names() == ["auto", "free", "research"]
        assert docker.engine.rows_shown == 3
        assert docker.engine.currentData() == "auto"
        assert plugin_module("options").load().engine == "auto"


def test_a_job_for_which_nothing_is_here_offers_its_download(docker: Docker, home: Path) -> None:
    absent = dataclasses.replace(ABSENT, suits=("portrait",))
    with daemon.running(home, {"engines": daemon.offer(FREE, absent)}):
        docker.widget.showEvent(None)
        turn_until(lambda: "more" in docker.engine.names())
        docker.engine.pick("portrait")
        assert docker.download_button.text() == "Download (885 MB)"
        docker.download_button.click()
        turn_until(lambda: docker.download_button.text() == "Download (885 MB)")
        assert plugin_module("options").load().engine == "portrait"


def test_the_switch_leaves_out_engines_that_forbid_paid_work(docker: Docker, home: Path) -> None:
    with daemon.running(home, {"engines": daemon.offer(FREE, RESEARCH)}):
        open_and_pick(docker, "research")
        docker.paid_work.click()
        assert docker.engine.names() == ["auto", "free"]
        assert docker.engine.currentData() == "auto"
        assert plugin_module("options").load().engine == "auto"
        docker.paid_work.click()
        assert docker.engine.names() == ["auto", "free", "research"]


def test_a_second_switch_asks_for_the_training_pictures_too(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    told = dataclasses.replace(FREE, training="Trained on x.", training_paid_work=False)
    with daemon.running(home, {"engines": daemon.offer(told, RESEARCH)}) as fake:
        open_and_pick(docker, "free")
        assert "Trained on x. Not all who made that allow paid work" in docker.about.text()
        assert not docker.paid_training.isVisible()
        docker.paid_work.click()
        assert docker.paid_training.isVisible()
        docker.paid_training.click()
        assert docker.engine.names() == ["auto"]
        assert plugin_module("options").load().paid_work.training
        docker.button.click()
        docker.wait()
    (request,) = (one for one in fake.received if isinstance(one, messages.ExtractRequest))
    assert (request.paid_work_only, request.paid_training_only) == (True, True)
    docker.paid_work.click()
    assert not docker.paid_training.isVisible()
    assert not plugin_module("options").load().paid_work


def test_asks_whether_it_is_glass_where_the_engine_makes_use_of_that(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    glass = dataclasses.replace(RESEARCH, transparent=True)
    with daemon.running(home, {"engines": daemon.offer(FREE, glass)}) as fake:
        open_and_pick(docker, "free")
        assert not docker.transparent.isVisible()
        docker.engine.pick("research")
        assert docker.transparent.isVisible()
        docker.transparent.click()
        assert plugin_module("options").load().transparent
        docker.button.click()
        docker.wait()
        docker.engine.pick("free")
        assert not plugin_module("options").load().transparent
    (request,) = (one for one in fake.received if isinstance(one, messages.ExtractRequest))
    assert request.transparent


def test_asks_for_engines_that_allow_paid_work_where_the_switch_is_on(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.paid_work.click()
    docker.button.click()
    docker.wait()
    (request,) = (
        one for one in running_daemon.received if isinstance(one, messages.ExtractRequest)
    )
    assert request.paid_work_only


def test_does_not_extract_with_a_missing_engine(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"engines": daemon.offer(FREE, ABSENT)}) as fake:
        open_and_pick(docker, "absent")
        docker.button.click()
        assert "Download it first" in docker.status.text()
        assert not any(isinstance(one, messages.ExtractRequest) for one in fake.received)


def test_downloads_a_missing_engine_which_can_then_be_used(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    proceed = threading.Event()
    with daemon.running(home, daemon.offer_missing(ABSENT, proceed, FREE)):
        open_and_pick(docker, "absent")
        docker.button.click()
        assert "Download it first" in docker.status.text()
        assert docker.download.isVisible()
        assert docker.download_button.text() == "Download (885 MB)"
        docker.download_button.click()
        assert docker.status.text() == ""
        assert docker.download_button.text() == "Stop download"
        assert not docker.engine.is_enabled
        turn_until(lambda: docker.stage.text() == "Downloading…")
        assert docker.download_bar.value() == 500
        proceed.set()
        turn_until(lambda: not docker.download.isVisible())
        assert docker.engine.is_enabled
        assert docker.engine.currentData() == "absent"
        docker.button.click()
        assert docker.wait() == "Done in 0.2 s by fake."


def refusing_downloads(act: Part) -> dict[str, Part]:
    return {"engines": daemon.offer(FREE, ABSENT), "download": act}


def test_a_download_that_fails_says_why(docker: Docker, home: Path) -> None:
    sentence = "The disk is full. Free some space and try again."
    refuse = daemon.refuse(protocol.WEIGHTS_MISSING, sentence)
    with daemon.running(home, refusing_downloads(refuse)):
        open_and_pick(docker, "absent")
        docker.download_button.click()
        turn_until(lambda: docker.about.text() == sentence)
        assert docker.download_button.text() == "Download (885 MB)"
        docker.download_button.click()
        assert docker.about.text().startswith("Veils.")
        turn_until(lambda: docker.about.text() == sentence)


def test_a_download_can_be_stopped(docker: Docker, home: Path) -> None:
    with daemon.running(home, refusing_downloads(daemon.ignore)) as fake:
        open_and_pick(docker, "absent")
        docker.download_button.click()
        turn_until(lambda: any(isinstance(one, messages.DownloadRequest) for one in fake.received))
        docker.download_button.click()
        turn_until(lambda: docker.download_button.text() == "Download (885 MB)")
        assert any(isinstance(one, messages.Cancel) for one in fake.received)
    assert docker.about.text().startswith("Veils.")
    assert docker.engine.is_enabled


def test_offers_no_download_of_an_engine_that_a_person_has_to_fetch(
    docker: Docker, home: Path
) -> None:
    by_hand = dataclasses.replace(ABSENT, page="https://example.org/weights")
    with daemon.running(home, {"engines": daemon.offer(FREE, by_hand)}):
        open_and_pick(docker, "absent")
    assert "https://example.org/weights" in docker.about.text()
    assert not docker.download.isVisible()
    docker.button.click()
    assert docker.button.text() == "Extract"


@pytest.mark.parametrize("when", ["before", "after"])
def test_keeps_offering_the_download_while_krita_shows_the_docker_anew(
    docker: Docker, home: Path, when: str
) -> None:
    with daemon.running(home, refusing_downloads(daemon.ignore)):
        open_and_pick(docker, "absent")
        if when == "after":
            docker.download_button.click()
        docker.widget.showEvent(None)
        assert docker.download.isVisible()
        if when == "after":
            docker.download_button.click()
            turn_until(lambda: docker.download_button.text() == "Download (885 MB)")


def test_the_switch_says_in_two_lines_what_it_does(docker: Docker) -> None:
    assert docker.paid_work.text() == "Only engines licensed\nfor commercial work"
