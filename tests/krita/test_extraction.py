"""From the click to the mask: extraction.py with all that it drives, against fakes of both sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fakes import daemon, qt
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import (
    Docker,
    make_image,
    open_and_pick,
    plugin_module,
    select,
    turn_until,
)

from flyaway_client import messages, protocol

MASK = "Extracted Foreground"


def masks(image: DocumentData) -> list[Node]:
    (layer,) = image.root.children
    return [node for node in layer.children if node.type() == "transparencymask"]


def requests(fake: FakeDaemon) -> list[messages.ExtractRequest]:
    return [one for one in fake.received if isinstance(one, messages.ExtractRequest)]


def press_again_later(docker: Docker) -> None:
    """Press the button when that is no part of a double click any more."""
    docker.widget._pressed_s = float("-inf")
    docker.button.click()


def test_puts_the_alpha_into_a_mask_in_one_undo_step(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    selection = select(image, 2, 1, [[255, 128, 0], [255, 255, 7]])
    (layer,) = image.root.children
    before = layer.pixelData(0, 0, 8, 6)
    docker.button.click()
    assert docker.wait() == "Done in 0.2 s by fake."
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


def test_a_second_extraction_replaces_the_first_ones_mask_and_hides_others(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    (layer,) = image.root.children
    own = Node("my own", "transparencymask", model="A")
    layer.attach(own)
    docker.button.click()
    assert docker.wait().endswith("The mask that was there (“my own”) is hidden, not deleted.")
    (_, first) = masks(image)
    assert not own.visible()
    image.active = first  # as Krita makes a new mask the active node
    select(image, 0, 0, [[255, 1]])
    docker.button.click()
    assert "hidden" not in docker.wait()
    kept, second = masks(image)
    assert kept is own
    assert second is not first
    assert second.name() == MASK
    assert image.undo_steps == ["Add Layer", "Add Layer", "Remove Layer"]


def test_sends_what_the_user_chose(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    select(image, 0, 0, [[255]])
    open_and_pick(docker, "fake")
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
        press_again_later(docker)
        docker.wait()


def test_cancels_and_leaves_the_image_as_it_was(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}) as fake:
        docker.button.click()
        turn_until(lambda: requests(fake))
        press_again_later(docker)
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
        press_again_later(docker)
        docker.wait()
    assert not docker.bar.isVisible()


def test_passes_the_daemons_refusal_on(docker: Docker, image: DocumentData, home: Path) -> None:
    sentence = "The image has 9 megapixels, the limit is 1. Scale it down."
    with daemon.running(home, {"extract": daemon.refuse(protocol.TOO_LARGE, sentence)}):
        docker.button.click()
        assert docker.wait() == sentence
    assert image.undo_steps == []


def test_offers_to_do_here_what_another_computer_could_not(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    sentence = "studio does not answer."
    button = docker.here
    with daemon.running(home, daemon.lose_remote(sentence)) as fake:
        assert not button.isVisible()
        docker.button.click()
        assert docker.wait() == sentence
        assert (button.text(), button.isVisible()) == ("Do it on this computer", True)
        assert masks(image) == []

        button.click()
        assert not button.isVisible()
        assert docker.wait() == "Done in 0.2 s by fake."
        assert sum(isinstance(one, messages.UseRemote) for one in fake.received) == 1
    assert len(masks(image)) == 1
    assert not button.isVisible()


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
    assert docker.wait() == ""
    assert image.undo_steps == []


def test_the_work_stops_when_its_image_is_closed(
    krita: Krita, docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}) as fake:
        docker.button.click()
        turn_until(lambda: requests(fake))
        krita.open_documents.remove(image)
        make_image(krita, 4, 4, Node("other"), 0, 0, 4, 4)
        turn_until(lambda: any(isinstance(one, messages.Cancel) for one in fake.received))
        assert docker.button.text() == "Extract"
    assert not krita.window.view.floating


def test_a_mask_that_was_painted_on_since_is_hidden_and_kept(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    docker.wait()
    (painted,) = masks(image)
    painted.setPixelData(bytes([9] * 48), 0, 0, 8, 6)
    docker.button.click()
    assert "“Extracted Foreground”) is hidden, not deleted" in docker.wait()
    kept, fresh = masks(image)
    assert kept is painted
    assert (kept.visible(), fresh.visible()) == (False, True)
    assert kept.pixelData(0, 0, 8, 6).data() == bytes([9] * 48)


def test_a_new_layer_gets_the_subjects_own_colours_and_the_mask(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    (layer,) = image.root.children
    own = Node("my own", "transparencymask", model="A")
    layer.attach(own)
    before = layer.pixelData(0, 0, 8, 6).data()
    selection = select(image, 2, 1, [[255, 128, 0], [255, 255, 7]])
    docker.output.pick("new-layer")
    docker.button.click()
    assert docker.wait().endswith("“photo” is hidden and as it was.")
    old, new = image.root.children
    assert (old, old.visible(), new.visible()) == (layer, False, True)
    assert old.pixelData(0, 0, 8, 6).data() == before
    assert old.children == [own]
    (mask,) = new.children
    assert mask.name() == MASK
    assert mask.pixelData(0, 0, 8, 6).data() == selection
    after = new.pixelData(0, 0, 8, 6).data()
    mixed = [place for place, level in enumerate(selection) if 0 < level < 255]
    changed = [
        place
        for place in range(48)
        if after[4 * place : 4 * place + 4] != before[4 * place : 4 * place + 4]
    ]
    assert changed == mixed
    assert image.undo_steps == ["Add Layer", "Add Layer"]


@pytest.mark.parametrize(
    ("kind", "model"), [("paintlayer", "CMYKA"), ("grouplayer", "RGBA"), ("clonelayer", "CMYKA")]
)
def test_a_new_layer_of_what_another_layer_shows_changes_mixed_pixels_alone(
    krita: Krita, docker: Docker, running_daemon: FakeDaemon, kind: str, model: str
) -> None:
    layer = Node(kind=kind, model=model)
    layer.opacity_level, layer.mode = 99, "multiply"
    image = make_image(krita, 8, 6, layer, 0, 0, 8, 6)
    selection = select(image, 2, 1, [[255, 128, 0], [255, 255, 7]])
    docker.output.pick("new-layer")
    docker.button.click()
    docker.wait()
    _, new = image.root.children
    assert (new.type(), new.colorModel()) == ("paintlayer", model)
    if kind != "paintlayer":
        assert (new.opacity_level, new.mode) == (99, "multiply")
    shown = np.frombuffer(layer.projectionPixelData(0, 0, 8, 6), np.uint8).reshape(48, -1)
    after = np.frombuffer(new.pixelData(0, 0, 8, 6), np.uint8).reshape(48, -1)
    changed = [place for place in range(48) if (shown[place] != after[place]).any()]
    assert changed == [place for place, level in enumerate(selection) if 0 < level < 255]


def test_the_result_can_be_a_selection(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    asked = select(image, 2, 1, [[255, 128, 0], [255, 255, 7]])
    image.root.children[0].is_locked = True  # it is not changed
    docker.output.pick("selection")
    docker.button.click()
    docker.wait()
    assert image.selection is not None
    assert image.selection.pixelData(0, 0, 8, 6).data() == asked
    assert masks(image) == []


def test_a_double_click_starts_one_run_and_does_not_cancel_it(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}) as fake:
        docker.button.click()
        docker.button.click()
        turn_until(lambda: requests(fake))
        assert docker.button.text() == "Cancel"
        assert docker.status.text() != "Cancelling…"
        press_again_later(docker)
        docker.wait()


def test_cancel_says_which_image_is_worked_on(
    krita: Krita, docker: Docker, image: DocumentData, home: Path
) -> None:
    with daemon.running(home, {"strip": daemon.ignore}):
        docker.button.click()
        make_image(krita, 4, 4, Node("other"), 0, 0, 4, 4)
        docker.meet_image()
        assert docker.button.text() == "Cancel work on “8 by 6.kra”"
        press_again_later(docker)
        assert docker.status.text() == "Cancelling the work on “8 by 6.kra”…"
        assert docker.wait() == "“8 by 6.kra”: Cancelled. The document is unchanged."


def test_shows_early_results_while_at_work(docker: Docker, image: DocumentData, home: Path) -> None:
    header = messages.ImageHeader(2, 1, "gray", "u8")

    def linger(fake: FakeDaemon, peer: daemon.Peer, message: messages.Message) -> None:
        assert isinstance(message, messages.Strip)
        fake.send(peer, messages.Preview(message.id, header), b"ab")

    with daemon.running(home, {"strip": linger}):
        assert not docker.preview.isVisible()
        docker.button.click()
        turn_until(docker.preview.isVisible)
        assert docker.preview.pixmap.image.data == b"ab"
        press_again_later(docker)
        docker.wait()
    assert not docker.preview.isVisible()


def test_a_guess_offers_the_network_that_would_do_better(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    better = messages.EngineInfo("net", "Net", "Any.", (), False, 178_000_000, "MIT", "", True)

    def guess(fake: FakeDaemon, peer: daemon.Peer, message: messages.Message) -> None:
        alpha = messages.ImageHeader(8, 6, "gray", "u8")
        if daemon.is_complete(peer):
            assert peer.request is not None
            result = messages.ExtractResult(peer.request.id, alpha, "f", "cpu", 0.1, advised=better)
            fake.send(peer, result)
            daemon.send_alpha(fake, peer)

    with daemon.running(home, {"strip": guess}) as fake:
        assert not docker.advice.isVisible()
        docker.button.click()
        docker.wait()
        button, _, _ = docker.advice.layout.widgets
        assert button.text() == "Download Net (178 MB)"
        button.click()
        turn_until(lambda: not docker.advice.isVisible())
        assert messages.DownloadRequest in map(type, fake.received)


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
