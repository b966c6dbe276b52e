"""flyaway_gimp.py: the whole way from GIMP's call to the mask, with a daemon on a real socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer

from flyaway_client import protocol
from flyaway_client.messages import (
    SELECTION_KINDS,
    Cancel,
    EngineInfo,
    ExtractRequest,
    ExtractResult,
    ImageHeader,
    Message,
    RefineRequest,
    Strip,
)

FAKES = Path(daemon.__file__).parent

# Images and layers are the fake Gimp's, which is imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


def mask_u8(layer) -> list[list[int]]:
    pixels = layer.get_mask().get_buffer().pixels[..., 0]
    rows: list[list[int]] = np.round(pixels * 255).astype(int).tolist()
    return rows


def select(image) -> list[list[int]]:
    """Select with soft and hard parts, and say with which values."""
    values = np.arange(24).reshape(4, 6) * 11
    image.get_selection().get_buffer().pixels = values[..., None] / 255
    rows: list[list[int]] = values.tolist()
    return rows


def test_brings_its_own_client_along(package: Path) -> None:
    """Runs as GIMP runs it: by its path, in a process of its own."""
    code = f"""
import sys, runpy
sys.path.append({str(FAKES)!r})
runpy.run_path({str(package / "flyaway_gimp.py")!r})
print(sys.modules["flyaway_client"].__file__)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert Path(done.stdout.strip()).parent == package / "flyaway_client"
    assert os.access(package / "flyaway_gimp.py", os.X_OK)


def test_registers_under_layer_mask_and_select(procedure) -> None:
    assert procedure.name == "plug-in-flyaway-extract-foreground"
    assert procedure.menu_paths == ["<Image>/Layer/Mask", "<Image>/Select"]
    assert procedure.label.replace("_", "") == "Extract Foreground…"


def test_offers_only_what_the_protocol_knows(procedure) -> None:
    assert set(procedure.choices["selection-is"]) <= set(SELECTION_KINDS)


def test_makes_the_alpha_the_layers_mask_in_one_undo_step(
    procedure, gimp, image, running_daemon
) -> None:
    selected = select(image)
    pixels = image.layers[0].get_buffer().pixels.copy()
    answer = procedure.run(image, image.layers)
    assert answer.status is gimp.PDBStatusType.SUCCESS
    assert mask_u8(image.layers[0]) == selected
    assert len(image.undo_steps) == 1
    assert (image.layers[0].get_buffer().pixels == pixels).all()
    assert (image.get_selection().get_buffer().pixels[..., 0] * 255).round().tolist() == selected


def test_replaces_a_mask_in_one_undo_step(procedure, image, running_daemon) -> None:
    procedure.run(image, image.layers)
    first = image.layers[0].get_mask()
    selected = select(image)
    procedure.run(image, [first])
    assert image.layers[0].get_mask() is not first
    assert mask_u8(image.layers[0]) == selected
    assert image.undo_steps == [["add mask"], ["remove mask", "add mask"]]


def test_masks_a_decontaminated_copy_and_hides_the_layer(
    procedure, gimp, image, running_daemon
) -> None:
    (layer,) = image.layers
    pixels = layer.get_buffer().pixels.copy()
    layer.is_locked = True
    selected = select(image)
    answer = procedure.run(image, [layer], output="new-layer")
    assert answer.status is gimp.PDBStatusType.SUCCESS
    copy, below = image.layers
    assert (below, below.is_visible, below.get_mask()) == (layer, False, None)
    assert (copy.get_name(), copy.is_visible, copy.is_locked) == ("photo cutout", True, False)
    assert mask_u8(copy) == selected
    colours = (copy.get_buffer().pixels * 255).round()
    is_mixed = np.array(selected) > 0  # nowhere does it reach 255
    expected = np.arange(72).reshape(4, 6, 3)  # the fake daemon's
    assert (colours[..., :3][is_mixed] == expected[is_mixed]).all()
    assert (colours[~is_mixed] == (pixels * 255)[~is_mixed]).all()
    assert (colours[..., 3] == 255).all()
    assert (layer.get_buffer().pixels == pixels).all()
    assert len(image.undo_steps) == 1


def test_the_copy_of_a_link_layer_is_one_no_more(procedure, gimp, image, running_daemon) -> None:
    (layer,) = image.layers
    layer.is_linked = True
    procedure.run(image, [layer], output="new-layer")
    copy, below = image.layers
    assert (copy.is_linked, below.is_linked) == (False, True)


@pytest.mark.parametrize("precision", ["U16_NON_LINEAR", "FLOAT_LINEAR"])
def test_keeps_all_of_alpha_in_deep_images(procedure, gimp, home: Path, precision: str) -> None:
    """An alpha that 8 bits cannot hold comes back to the bit."""
    dtype, full = {"U16_NON_LINEAR": (np.uint16, 65535), "FLOAT_LINEAR": (np.float32, 1)}[precision]
    alpha = (np.linspace(0.1, 0.9, 24) * full).astype(dtype)

    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if daemon.is_complete(peer):
            assert peer.request
            daemon.announce(fake, peer)
            strip = Strip(peer.request.id, "alpha", 0)
            fake.send(peer, strip, alpha.tobytes())

    image = gimp.Image(6, 4, gimp.Precision[precision])
    image.layers.append(gimp.Layer(image, "photo", np.ones((4, 6, 4))))
    with daemon.running(home, {"strip": answer}):
        procedure.run(image, image.layers)
    pixels = image.layers[0].get_mask().get_buffer().pixels
    assert (np.asarray(pixels * full).astype(dtype).ravel() == alpha).all()


def test_asks_with_the_users_settings(procedure, image, running_daemon: FakeDaemon) -> None:
    select(image)
    settings = {"engine": "fake", "paid-work-only": True, "selection-is": "region", "edge-width": 7}
    procedure.run(image, image.layers, **settings)
    (request,) = (one for one in running_daemon.received if isinstance(one, ExtractRequest))
    assert (request.engine, request.selection_is, request.edge_width_px) == ("fake", "region", 7)
    assert request.paid_work_only


def test_sends_the_empty_scene_of_another_layer(
    procedure, gimp, image, running_daemon: FakeDaemon
) -> None:
    image.layers.append(gimp.Layer(image, "empty", np.ones((4, 6, 4))))
    procedure.run(image, image.layers[:1], plate=image.layers[1])
    (request,) = (one for one in running_daemon.received if isinstance(one, ExtractRequest))
    assert request.plate == request.image
    assert list(request.parts()) == ["image", "plate"]


def test_asks_nothing_of_the_daemon_where_the_empty_scene_does_not_fit(
    procedure, gimp, image, running_daemon: FakeDaemon, capfd
) -> None:
    answer = procedure.run(image, image.layers, plate=image.layers[0])
    assert answer.status is gimp.PDBStatusType.EXECUTION_ERROR
    assert "as the photo of the empty scene" in answer.message
    assert running_daemon.received == []


def test_ignores_the_selection_when_told_to(procedure, image, running_daemon: FakeDaemon) -> None:
    select(image)
    procedure.run(image, image.layers, **{"selection-is": "automatic"})
    (request,) = (one for one in running_daemon.received if isinstance(one, ExtractRequest))
    assert request.selection is None


def test_takes_the_selection_from_what_a_script_names(
    procedure, gimp, image, running_daemon: FakeDaemon
) -> None:
    painted = gimp.Channel(image, "hair", np.full((4, 6, 1), 0.4))
    painted.get_buffer().pixels[1:, 2:] = 1
    image.channels.append(painted)
    answer = procedure.run(image, image.layers, **{"selection-from": painted})
    assert answer.status is gimp.PDBStatusType.SUCCESS
    assert mask_u8(image.layers[0]) == [[102] * 6] + [[102] * 2 + [255] * 4] * 3
    assert not image.get_selection().get_buffer().pixels.any()


def test_a_script_may_name_the_selection_too(procedure, image, running_daemon: FakeDaemon) -> None:
    selected = select(image)
    procedure.run(image, image.layers, **{"selection-from": image.get_selection()})
    assert mask_u8(image.layers[0]) == selected


def test_refines_where_another_source_says(procedure, gimp, image, running_daemon) -> None:
    (layer,) = image.layers
    layer.add_mask(layer.create_mask(gimp.AddMaskType.BLACK))
    place = gimp.Channel(image, "place", np.zeros((4, 6, 1)))
    place.get_buffer().pixels[1, 2] = 1
    image.channels.append(place)
    settings = {"output": "refined-mask", "selection-from": place}
    assert procedure.run(image, [layer], **settings).status is gimp.PDBStatusType.SUCCESS
    assert any(isinstance(one, RefineRequest) for one in running_daemon.received)


def test_a_repeat_on_another_image_takes_nothing_from_the_last_one(
    procedure, gimp, image, running_daemon: FakeDaemon
) -> None:
    other = gimp.Image(6, 4)
    painted = gimp.Channel(other, "hair", np.ones((4, 6, 1)))
    settings = {"selection-from": painted, "selection-is": "region", "chosen-for": "another"}
    procedure.run(image, image.layers, gimp.RunMode.WITH_LAST_VALS, **settings)
    (request,) = (one for one in running_daemon.received if isinstance(one, ExtractRequest))
    assert request.selection is None


def test_says_so_where_the_image_was_closed_before_the_work(
    procedure, gimp, image, home: Path, open_dialog, capfd
) -> None:
    image.layers[0].exists = False
    assert "The layer is gone" in failure(procedure, gimp, image)
    assert "Traceback" not in capfd.readouterr().err


def test_shows_progress(procedure, gimp, image, running_daemon) -> None:
    procedure.run(image, image.layers)
    assert gimp.progress[-2:] == ["Thinking", 0.5]


@pytest.fixture
def open_dialog(script: ModuleType) -> Callable[[bool], None]:
    """Have the user press OK (True) or Cancel in the dialog."""

    def open_dialog(answer: bool) -> None:
        from gi.repository import GimpUi

        GimpUi.ProcedureDialog.answer = lambda _: answer

    return open_dialog


def test_asks_first_when_called_from_the_menu(
    procedure, gimp, image, running_daemon, open_dialog
) -> None:
    open_dialog(True)
    answer = procedure.run(image, image.layers, gimp.RunMode.INTERACTIVE)
    assert answer.status is gimp.PDBStatusType.SUCCESS
    assert image.layers[0].get_mask() is not None


def test_does_nothing_when_the_dialog_is_cancelled(
    procedure, gimp, image, home, open_dialog
) -> None:
    open_dialog(False)
    answer = procedure.run(image, image.layers, gimp.RunMode.INTERACTIVE)
    assert answer.status is gimp.PDBStatusType.CANCEL
    assert image.undo_steps == []


@pytest.mark.parametrize("notes", [(), ("The graphics card was full.",)])
@pytest.mark.parametrize("run_mode", ["INTERACTIVE", "WITH_LAST_VALS", "NONINTERACTIVE"])
def test_tells_what_to_know_of_the_work_only_to_a_user_at_the_window(
    procedure, gimp, image, home: Path, open_dialog, run_mode: str, notes: tuple[str, ...]
) -> None:

    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if daemon.is_complete(peer):
            assert peer.request
            alpha = ImageHeader(6, 4, "gray", "u8")
            fake.send(peer, ExtractResult(peer.request.id, alpha, "fake", "cpu", 1.0, notes=notes))
            daemon.send_alpha(fake, peer)

    open_dialog(True)
    with daemon.running(home, {"strip": answer}):
        procedure.run(image, image.layers, gimp.RunMode[run_mode])
    told = [f"Done in 1.0 s by fake. {note}" for note in notes]
    assert gimp.messages == ([] if run_mode == "NONINTERACTIVE" else told)


@pytest.mark.parametrize("is_guess", [True, False])
def test_keeps_for_the_next_dialog_what_is_worth_fetching_after_a_guess(
    procedure, gimp, image, home: Path, open_dialog, monkeypatch, is_guess: bool
) -> None:
    info = EngineInfo("absent", "Absent", "Veils.", (), False, 885_000_000, "MIT", "", True)

    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if daemon.is_complete(peer):
            assert peer.request
            alpha = ImageHeader(6, 4, "gray", "u8")
            advised = info if is_guess else None
            result = ExtractResult(peer.request.id, alpha, "fake", "cpu", 1.0, advised=advised)
            fake.send(peer, result)
            daemon.send_alpha(fake, peer)

    kept: dict[str, object] = {}
    keep = gimp.ProcedureConfig.set_property
    monkeypatch.setattr(
        gimp.ProcedureConfig,
        "set_property",
        lambda config, name, value: (kept.update({name: value}), keep(config, name, value)),
    )
    open_dialog(True)
    with daemon.running(home, {"strip": answer}):
        procedure.run(image, image.layers, gimp.RunMode.INTERACTIVE, advised="older")
    assert kept["advised"] == ("absent" if is_guess else "")


@pytest.mark.parametrize("run_mode", ["INTERACTIVE", "WITH_LAST_VALS"])
def test_the_work_stops_without_a_word_when_the_image_is_closed(
    procedure, gimp, image, home: Path, open_dialog, run_mode: str
) -> None:
    def close(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        image.is_open = False

    open_dialog(True)
    with daemon.running(home, {"strip": close}) as fake:
        answer = procedure.run(image, image.layers, gimp.RunMode[run_mode])
        assert any(isinstance(one, Cancel) for one in fake.received)
    assert answer.status is gimp.PDBStatusType.CANCEL
    assert gimp.messages == []
    assert image.undo_steps == []


@pytest.mark.parametrize("offset", [(0, 0), (-2, 1), (4, -3)])
def test_the_result_can_be_a_selection(
    procedure, gimp, image, running_daemon, offset: tuple[int, int]
) -> None:
    (layer,) = image.layers
    layer._offsets, layer.is_locked = offset, True  # it is not changed
    selected = np.array(select(image))
    answer = procedure.run(image, image.layers, output="selection")
    assert answer.status is gimp.PDBStatusType.SUCCESS
    after = (image.get_selection().get_buffer().pixels[..., 0] * 255).round()
    x, y = offset
    over_layer = np.zeros_like(selected)
    rows, columns = slice(max(y, 0), min(4 + y, 4)), slice(max(x, 0), min(6 + x, 6))
    over_layer[rows, columns] = selected[rows, columns]
    assert (after == over_layer).all()
    assert (image.channels, len(image.undo_steps), layer.get_mask()) == ([], 1, None)


def test_refines_the_mask_that_is_there_inside_the_selection(
    procedure, gimp, image, running_daemon
) -> None:
    (layer,) = image.layers
    mask = layer.create_mask(gimp.AddMaskType.BLACK)
    mask.get_buffer().pixels[1, 2] = 0.2
    layer.add_mask(mask)
    before = mask_u8(layer)
    select(image)
    answer = procedure.run(image, [layer], output="refined-mask")
    assert answer.status is gimp.PDBStatusType.SUCCESS
    (asked,) = (one for one in running_daemon.received if isinstance(one, RefineRequest))
    assert asked.mask == ImageHeader(6, 4, "gray", "u8")
    assert layer.get_mask() is not mask
    assert mask_u8(layer) == before  # what the fake daemon answers
    assert image.undo_steps[-1] == ["remove mask", "add mask"]


@pytest.mark.parametrize(
    ("has_mask", "complaint"),
    [(False, "has no mask to refine"), (True, "Select the part of the mask")],
)
def test_says_what_is_missing_to_refine(
    procedure, gimp, image, home: Path, has_mask: bool, complaint: str
) -> None:
    (layer,) = image.layers
    if has_mask:
        layer.add_mask(layer.create_mask(gimp.AddMaskType.BLACK))
    else:
        select(image)
    answer = procedure.run(image, [layer], output="refined-mask")
    assert complaint in answer.message


def failure(procedure, gimp, image) -> str:
    """The sentence of a failed run; makes sure that nothing has changed."""
    mask = image.layers[0].get_mask()
    steps = len(image.undo_steps)
    answer = procedure.run(image, image.layers)
    assert answer.status is gimp.PDBStatusType.EXECUTION_ERROR
    assert image.layers[0].get_mask() is mask
    assert len(image.undo_steps) == steps
    return str(answer.message)


def test_hands_on_why_the_daemon_refuses(procedure, gimp, image, home: Path, capfd) -> None:
    refuse = daemon.refuse(protocol.TOO_LARGE, "The image has 900 megapixels. Scale it down.")
    with daemon.running(home, {"extract": refuse}):
        assert failure(procedure, gimp, image) == "The image has 900 megapixels. Scale it down."
    assert "Traceback" in capfd.readouterr().err


def test_says_what_to_do_when_no_daemon_can_be_started(procedure, gimp, image, home, capfd) -> None:
    assert "flyaway install" in failure(procedure, gimp, image)


def test_survives_a_daemon_that_dies_in_the_middle(
    procedure, gimp, image, home: Path, capfd
) -> None:
    def die(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        fake.hang_up()

    with daemon.running(home, {"strip": die}):
        assert "daemon" in failure(procedure, gimp, image)
    with daemon.running(home):
        assert procedure.run(image, image.layers).status is gimp.PDBStatusType.SUCCESS


def test_turns_a_defect_into_a_message(procedure, gimp, image, running_daemon, capfd) -> None:
    image.get_precision = lambda: 1 / 0
    assert "ZeroDivisionError" in failure(procedure, gimp, image)
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("change", ["deleted", "resized"])
def test_drops_the_alpha_of_a_layer_that_changed_meanwhile(
    procedure, gimp, image, home: Path, capfd, change: str
) -> None:
    (layer,) = image.layers

    def change_then_answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if daemon.is_complete(peer):
            if change == "deleted":
                layer.exists = False
            else:
                layer.get_buffer().pixels = np.ones((5, 7, 4))
            daemon.finish_when_complete(fake, peer, message)

    with daemon.running(home, {"strip": change_then_answer}):
        assert "during the work" in failure(procedure, gimp, image)
