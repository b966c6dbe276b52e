"""From the click to the mask: extraction.py with all that it drives, against fakes of both sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes import daemon, qt
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import Docker, make_image, plugin_module, select, turn_until

from flyaway_client import messages, protocol

MASK = "Extracted Foreground"


def masks(image: DocumentData) -> list[Node]:
    (layer,) = image.root.children
    return [node for node in layer.children if node.type() == "transparencymask"]


def requests(fake: FakeDaemon) -> list[messages.ExtractRequest]:
    return [one for one in fake.received if isinstance(one, messages.ExtractRequest)]


def test_puts_the_alpha_into_a_mask_in_one_undo_step(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    selection = select(image, 2, 1, [[255, 128, 0], [255, 255, 7]])
    (layer,) = image.root.children
    before = layer.pixelData(0, 0, 8, 6)
    docker.button.click()
    assert docker.wait() == "Done in 0.2 s by fake on cpu."
    (mask,) = masks(image)
    assert mask.name() == MASK
    assert mask.pixelData(0, 0, 8, 6).data() == selection
    assert image.undo_steps == ["Add Layer"]
    assert layer.pixelData(0, 0, 8, 6) == before
    assert image.selection is not None
    assert image.selection.pixelData(0, 0, 8, 6).data() == selection


def test_leaves_no_document_of_its_own_open(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    docker.wait()
    assert krita.open_documents == [image]
    assert not krita.is_batchmode


def test_a_second_extraction_replaces_the_first_ones_mask_and_no_other(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    (layer,) = image.root.children
    own = Node("my own", "transparencymask", model="A")
    layer.attach(own)
    docker.button.click()
    docker.wait()
    (_, first) = masks(image)
    image.active = first  # as Krita makes a new mask the active node
    select(image, 0, 0, [[255, 1]])
    docker.button.click()
    docker.wait()
    kept, second = masks(image)
    assert kept is own
    assert second is not first
    assert second.name() == MASK
    assert image.undo_steps == ["Add Layer", "Add Layer", "Remove Layer"]


def test_sends_what_the_user_chose(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    select(image, 0, 0, [[255]])

    def has_come() -> bool:
        docker.widget.showEvent(None)
        return "fake" in docker.engine.names()

    turn_until(has_come)
    docker.engine.pick("fake")
    docker.selection_is.pick("region")
    docker.edge_width.setValue(12)
    krita.window.actions["flyaway_extract"].trigger()
    docker.wait()
    (request,) = requests(running_daemon)
    assert (request.engine, request.selection_is, request.edge_width_px) == ("fake", "region", 12)
    assert (request.image.channels, request.image.dtype) == ("bgra", "u8")
    assert (request.colour, request.output_dtype) == ("srgb", "u8")


def test_asks_for_an_automatic_extraction_without_a_selection(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    docker.wait()
    (request,) = requests(running_daemon)
    assert (request.selection_is, request.selection) == ("automatic", None)


def test_does_not_look_at_the_selection_when_told_so(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    select(image, 0, 0, [[255]])
    docker.selection_is.pick("automatic")
    docker.button.click()
    docker.wait()
    assert requests(running_daemon)[0].selection is None


def test_refuses_a_second_click_while_at_work(
    krita: Krita, docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}):
        docker.button.click()
        krita.window.actions["flyaway_extract"].trigger()
        assert "still at work" in docker.status.text()
        assert docker.button.text() == "Cancel"
        docker.button.click()
        docker.wait()


def test_cancels_and_leaves_the_image_as_it_was(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}) as fake:
        docker.button.click()
        turn_until(lambda: requests(fake))
        docker.button.click()
        assert docker.status.text() == "Cancelling…"
        assert docker.wait() == "Cancelled. The document is unchanged."
    assert masks(image) == []
    assert image.undo_steps == []


def test_says_that_there_is_nothing_to_cancel(krita: Krita, docker: Docker) -> None:
    krita.window.actions["flyaway_cancel"].trigger()
    assert "nothing to cancel" in docker.status.text()


def test_shows_how_far_the_daemon_is(docker: Docker, image: DocumentData, home: Path) -> None:
    def linger(fake: FakeDaemon, peer: daemon.Peer, message: messages.Message) -> None:
        assert isinstance(message, messages.Strip)
        fake.send(peer, messages.Progress(message.id, "Solving", 0.25))

    with daemon.running(home, {"strip": linger}):
        docker.button.click()
        turn_until(lambda: docker.status.text() == "Solving…")
        assert docker.bar.value() == 250
        assert docker.bar.isVisible()
        docker.button.click()
        docker.wait()
    assert not docker.bar.isVisible()


def test_passes_the_daemons_refusal_on(docker: Docker, image: DocumentData, home: Path) -> None:
    sentence = "The image has 9 megapixels, the limit is 1. Scale it down."
    with daemon.running(home, {"extract": daemon.refuse(protocol.TOO_LARGE, sentence)}):
        docker.button.click()
        assert docker.wait() == sentence
    assert image.undo_steps == []


def test_says_so_when_the_daemon_dies_at_work(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    def die(fake: FakeDaemon, peer: daemon.Peer, message: messages.Message) -> None:
        fake.hang_up()

    with daemon.running(home, {"strip": die}):
        docker.button.click()
        assert "daemon" in docker.wait()
    assert masks(image) == []


def test_turns_a_defect_of_the_plugin_into_one_sentence(
    docker: Docker,
    image: DocumentData,
    running_daemon: FakeDaemon,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plugin_module("outputs"), "put", fail)
    docker.button.click()
    assert docker.wait() == "Flyaway's plugin met a defect of its own: ZeroDivisionError()"
    assert "Traceback" in capsys.readouterr().err


def test_drops_the_alpha_of_an_image_that_was_closed(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    krita.open_documents.remove(image)
    assert "closed meanwhile" in docker.wait()
    assert image.undo_steps == []


def test_drops_the_alpha_of_a_layer_that_was_deleted(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    image.root.children.clear()
    assert "deleted meanwhile" in docker.wait()


def test_drops_the_alpha_of_an_image_that_changed_its_size(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    image.size = (16, 12)
    assert "changed its size" in docker.wait()
    assert masks(image) == []


def test_leaves_a_layer_alone_that_was_locked_meanwhile(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    image.root.children[0].is_locked = True
    assert "locked" in docker.wait()
    assert masks(image) == []


def test_the_mask_follows_a_layer_that_was_moved_meanwhile(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    select(image, 2, 1, [[255, 128]])
    docker.button.click()
    image.root.children[0].at = qt.QPoint(3, -1)
    docker.wait()
    (mask,) = masks(image)
    assert mask.pixelData(5, 0, 2, 1).data() == bytes([255, 128])
    assert mask.bounds() == qt.QRect(3, -1, 8, 6)


def test_the_mask_goes_to_the_layer_of_the_click_whatever_is_active_now(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    other = make_image(krita, 4, 4, Node("other"), 0, 0, 4, 4)
    docker.wait()
    assert len(masks(image)) == 1
    assert masks(other) == []


def test_lets_krita_quit_while_at_work(
    krita: Krita, docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}) as fake:
        docker.button.click()
        turn_until(lambda: requests(fake))
        krita.notifier().applicationClosing.emit()
        turn_until(lambda: any(isinstance(one, messages.Cancel) for one in fake.received))
