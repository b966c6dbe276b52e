"""feedback.py: what those see who have no docker in sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes import daemon, qt
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita
from tests.krita.conftest import Docker, turn_until

from flyaway_client import messages


@pytest.fixture(params=["closed", "behind another docker's tab"])
def hidden_docker(request: pytest.FixtureRequest, docker: Docker) -> Docker:
    """The docker, out of sight in one way or the other."""
    if request.param == "closed":
        docker.widget.setVisible(False)
    else:
        docker.widget.is_behind = True
    return docker


def extract(krita: Krita) -> None:
    krita.window.actions["flyaway_extract"].trigger()


def test_shows_progress_and_the_outcome_over_the_canvas(
    krita: Krita, hidden_docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    extract(krita)
    (dialog,) = qt.QProgressDialog.shown
    hidden_docker.wait()
    assert krita.window.view.floating == ["Done in 0.2 s by fake."]
    assert dialog.is_deleted
    assert len(image.undo_steps) == 1


def test_leaves_time_to_read_what_the_daemon_notes(
    krita: Krita, hidden_docker: Docker, image: DocumentData, home: Path
) -> None:
    note = "The graphics card was full, so the work went to the processor. " * 3

    def answer(fake: FakeDaemon, peer: daemon.Peer, message: messages.Message) -> None:
        if daemon.is_complete(peer):
            assert peer.request
            alpha = messages.ImageHeader(8, 6, "gray", "u8")
            fake.send(
                peer,
                messages.ExtractResult(peer.request.id, alpha, "fake", "cpu", 1.0, notes=(note,)),
            )
            daemon.send_alpha(fake, peer)

    with daemon.running(home, {"strip": answer}):
        extract(krita)
        hidden_docker.wait()
    (sentence,), (shown_ms,) = krita.window.view.floating, krita.window.view.floating_ms
    assert note in sentence
    assert 10_000 < shown_ms < 20_000


def test_progress_follows_the_daemon(
    krita: Krita, hidden_docker: Docker, image: DocumentData, home: Path
) -> None:
    def linger(fake: FakeDaemon, peer: daemon.Peer, message: messages.Message) -> None:
        assert isinstance(message, messages.Strip)
        fake.send(peer, messages.Progress(message.id, "Solving", 0.25))

    with daemon.running(home, {"strip": linger}):
        extract(krita)
        (dialog,) = qt.QProgressDialog.shown
        turn_until(lambda: dialog.label == "Solving…")
        assert dialog.value() == 250
        dialog.close()
        hidden_docker.wait()


def test_cancel_in_the_progress_dialog_cancels(
    krita: Krita, hidden_docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}):
        extract(krita)
        (dialog,) = qt.QProgressDialog.shown
        dialog.canceled.emit()
        assert hidden_docker.wait() == "Cancelled. The document is unchanged."
    assert dialog.is_deleted
    assert krita.window.view.floating == ["Cancelled. The document is unchanged."]
    assert image.undo_steps == []


def test_a_problem_comes_in_a_box(krita: Krita, hidden_docker: Docker) -> None:
    extract(krita)
    (box,) = qt.QMessageBox.shown
    assert box.text() == "No image is open. Open a photo, then try again."
    assert box.isVisible()


def test_shows_no_dialog_while_the_docker_tells_it_all(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    extract(krita)
    docker.wait()
    krita.active = None
    extract(krita)
    assert qt.QProgressDialog.shown == []
    assert qt.QMessageBox.shown == []
    assert krita.window.view.floating == []


def test_offers_in_the_box_what_another_computer_could_not_do(
    krita: Krita, hidden_docker: Docker, image: DocumentData, home: Path
) -> None:
    sentence = "studio does not answer."
    with daemon.running(home, daemon.lose_remote(sentence)):
        extract(krita)
        hidden_docker.wait()
        (box,) = qt.QMessageBox.shown
        assert box.text() == sentence
        assert [button.text() for button in box.buttons] == ["Close", "Do it on this computer"]

        box.buttons[1].click()
        hidden_docker.wait()

    assert krita.window.view.floating == ["Done in 0.2 s by fake."]
    assert len(image.undo_steps) == 1


def test_offers_nothing_where_something_else_failed(
    krita: Krita, hidden_docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"extract": daemon.refuse("too-large", "Too large.")}):
        extract(krita)
        hidden_docker.wait()
    (box,) = qt.QMessageBox.shown
    assert box.buttons == []
