"""refine_panel.py and what it is made of: strokes, views, keys and the end, against a daemon that is a fake."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import wait_for_background_calls
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer

from flyaway_client import hints, messages, protocol, texts, views
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN, ImageHeader, Message, RefineRequest
from flyaway_client.planes import Box

# Widgets, layers and settings are the fakes', which are imported anew for each test.
# mypy: disable-error-code="no-untyped-def"

GLASS = messages.EngineInfo(
    "glass", "Glass", "Glass.", (), True, 1_000_000, "MIT", "",
    paid_work=True, suits=("any-subject",), transparent=True,
)  # fmt: skip

WIDTH, HEIGHT = 40, 30
NEW = daemon.SOLVED

SCALE = 10
ROOM = (SCALE * WIDTH, SCALE * HEIGHT)


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with daemon.running(home, {"strip": daemon.solve}) as running:
        yield running


@pytest.fixture
def layer(gimp):
    """A grey layer with a mask, white at the left and black at the right."""
    image = gimp.Image(WIDTH, HEIGHT)
    layer = gimp.Layer(image, "photo", np.full((HEIGHT, WIDTH, 4), [0.4, 0.4, 0.4, 1.0]))
    image.layers.append(layer)
    image.selected = [layer]
    mask = layer.create_mask(gimp.AddMaskType.BLACK)
    mask.get_buffer().pixels[:, : WIDTH // 2] = 1.0
    layer.add_mask(mask)
    layer.set_edit_mask(False)
    image.undo_steps.clear()
    return layer


@pytest.fixture
def config(gimp, refine):
    return gimp.ProcedureConfig(dict(refine.defaults))


@dataclass
class User:
    """Somebody at the dialog."""

    dialog: Any
    layer: Any

    def __post_init__(self) -> None:
        from gi.repository import Gdk

        self.gdk = Gdk
        self.canvas = self.dialog._canvas
        self.room = self.canvas._room
        self.easel = self.dialog._easel
        self.room.emit("realize")
        self.room.emit("size-allocate", Gdk.Rectangle(*ROOM))
        turn()

    @property
    def says(self) -> str:
        text: str = self.dialog._status._sentence.text
        return text

    @property
    def scale(self) -> float:
        scale: float = self.canvas._viewport.scale
        return scale

    def begin(self, x: float, y: float, **event: Any) -> None:
        self.room.emit("button-press-event", self.gdk.EventButton(SCALE * x, SCALE * y, **event))

    def go(self, x: float, y: float) -> None:
        self.room.emit("motion-notify-event", self.gdk.EventMotion(SCALE * x, SCALE * y))

    def lift(self, x: float, y: float) -> None:
        self.room.emit("button-release-event", self.gdk.EventButton(SCALE * x, SCALE * y))

    def stroke(self, x: float, y: float, **event: Any) -> None:
        """A dot, three pixels wide."""
        self.begin(x, y, **event)
        self.go(x + 1, y)
        self.lift(x + 1, y)

    def key(self, name: str, *states: str) -> bool:
        """Whether the key has been heard."""
        state = self.gdk.ModifierType.NONE
        for one in states:
            state |= self.gdk.ModifierType[one]
        event = self.gdk.EventKey(name, state)
        return any(self.dialog._dialog.emit("key-press-event", event))

    def respond(self, name: str) -> None:
        from gi.repository import Gtk

        self.dialog._dialog.response(Gtk.ResponseType[name])

    def wait_until(self, met: Callable[[], object]) -> None:
        for _ in range(1000):
            if met():
                return
            turn()
            threading.Event().wait(0.01)
        raise TimeoutError(self.says)

    def wait_until_solved(self) -> None:
        self.wait_until(lambda: self.says.startswith("Done"))

    @property
    def is_applied(self) -> bool:
        return bool(self.dialog._is_applied)

    def mask(self):
        """The layer's mask, HxW levels."""
        return np.round(self.layer.get_mask().get_buffer().pixels[..., 0] * 255).astype(int)

    def shown(self, x: int, y: int) -> tuple[int, ...]:
        """Which colour the canvas has at a pixel of the layer."""
        turn()
        return tuple(map(int, self.canvas._image.pixbuf.pixels[y * SCALE + 5, x * SCALE + 5]))


def turn() -> None:
    from gi.repository import GLib

    GLib.turn()


@pytest.fixture
def user(script, config, layer) -> Iterator[Callable[[], User]]:
    import refine_panel
    import strokes_channel
    import subject

    opened = []

    def open_dialog() -> User:
        dialog = refine_panel.RefineDialog(config, subject.of(layer), strokes_channel.read(layer))
        opened.append(dialog)
        dialog._look_at_selection()
        user = User(dialog, layer)
        dialog._tools._width.set(3)
        return user

    yield open_dialog
    for dialog in opened:
        dialog.close()
    wait_for_background_calls()


def test_a_stroke_is_solved_and_put_there_in_one_step(user, layer, fake: FakeDaemon) -> None:
    layer.set_apply_mask(False)
    somebody = user()
    somebody.wait_until(lambda: somebody.says == texts.READY)
    before = somebody.mask()
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    assert (somebody.mask() == before).all(), "it is put there at the end"
    assert somebody.dialog._shown.levels(somebody.easel.mask.box)[10 * WIDTH + 30] == NEW
    assert layer.get_image().undo_steps == []
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    after = somebody.mask()
    assert after[10, 30] == NEW
    inside = np.frombuffer(somebody.easel.mask.data, np.uint8).reshape(HEIGHT, WIDTH)
    assert (after == inside).all() and (after[:, :18] == before[:, :18]).all()
    image = layer.get_image()
    assert len(image.undo_steps) == 1
    (channel,) = image.get_channels()
    assert channel.get_name() == "Flyaway strokes" and not channel.is_visible
    assert image.get_selected_drawables() == [layer]
    assert not layer.get_edit_mask() and not layer.get_apply_mask(), "as it was"


def lose_remote(fake: FakeDaemon) -> None:
    fake.script.update(daemon.lose_remote("studio does not answer."))


def used(fake: FakeDaemon) -> list[str]:
    return [one.name for one in fake.received if isinstance(one, messages.UseRemote)]


def test_what_another_computer_could_not_is_done_here_where_the_user_says_so(
    user, layer, fake: FakeDaemon
) -> None:
    lose_remote(fake)
    somebody = user()
    here = somebody.dialog._status._here
    somebody.wait_until(lambda: here.is_visible)
    assert somebody.says.startswith("studio does not answer.")
    here.click()  # before any stroke: the layer is sent
    assert not here.is_visible
    somebody.wait_until(lambda: somebody.says == texts.READY)

    lose_remote(fake)
    somebody.stroke(30, 10)
    somebody.wait_until(lambda: here.is_visible)
    assert somebody.says == f"studio does not answer. {texts.STROKES_WAIT}"
    assert (here.label, len(used(fake))) == ("Do it on this computer", 1)
    here.click()
    assert not here.is_visible
    somebody.wait_until_solved()
    assert somebody.easel.is_settled
    assert used(fake) == ["", ""]
    assert not here.is_visible


def test_an_end_that_another_computer_could_not_is_offered_here(
    user, config, layer, fake: FakeDaemon
) -> None:
    config.set_property("output", "cutout")
    somebody = user()
    here = somebody.dialog._status._here
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    assert not here.is_visible
    lose_remote(fake)
    somebody.key("Return")
    somebody.wait_until(lambda: here.is_visible)
    assert not somebody.is_applied
    here.click()
    somebody.wait_until(lambda: somebody.is_applied)
    assert used(fake) == [""]


def test_a_stroke_takes_the_offer_back(user, layer, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.wait_until(lambda: somebody.says == texts.READY)
    whole = dict(fake.script)
    lose_remote(fake)
    somebody.stroke(30, 10)
    here = somebody.dialog._status._here
    somebody.wait_until(lambda: here.is_visible)
    fake.script.clear()
    fake.script.update(whole)  # it was asleep
    somebody.stroke(10, 10)
    assert not here.is_visible
    somebody.wait_until_solved()
    assert used(fake) == []


def test_strokes_of_before_are_taken_up_and_kept_in_the_same_channel(
    user, layer, fake: FakeDaemon
) -> None:
    first = user()
    first.stroke(30, 10)
    first.key("Return")
    first.wait_until(lambda: first.is_applied)
    second = user()
    assert second.easel.strokes.data.count(UNKNOWN) == first.easel.strokes.data.count(UNKNOWN) > 0
    assert second.easel.is_settled
    second.key("k")
    second.stroke(5, 5)
    second.key("Return")
    second.wait_until(lambda: second.is_applied)
    assert len(layer.get_image().get_channels()) == 1
    third = user()
    assert {KEEP, UNKNOWN} <= set(third.easel.strokes.data)


def test_strokes_of_another_layer_or_size_are_not_taken_up(
    user, gimp, layer, fake: FakeDaemon
) -> None:
    import strokes_channel

    somebody = user()
    somebody.stroke(30, 10)
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    assert strokes_channel.read(layer) is not None
    other = gimp.Layer(layer.get_image(), "other", np.zeros((HEIGHT, WIDTH, 4)))
    assert strokes_channel.read(other) is None
    layer.get_buffer().pixels = np.zeros((HEIGHT, WIDTH + 1, 4))
    assert strokes_channel.read(layer) is None


def test_hints_that_were_painted_in_krita_are_taken_up(gimp, script, layer) -> None:
    import strokes_channel

    image = layer.get_image()
    paint = np.frombuffer(hints.paint(bytes([KEEP, REMOVE, UNKNOWN, 0] * 3)), np.uint8)
    pixels = paint.reshape(3, 4, 4)[..., (2, 1, 0, 3)] / 255
    image.layers.insert(0, gimp.Layer(image, f"{hints.LAYER} copy", pixels, (30, 20)))
    strokes = strokes_channel.read(layer)
    assert strokes is not None
    assert strokes.cropped(Box(30, 20, 4, 1)) == bytes([KEEP, REMOVE, UNKNOWN, 0])
    assert sum(map(bool, strokes.data)) == 9
    image.layers.insert(1, gimp.Layer(image, "between", np.zeros((HEIGHT, WIDTH, 4))))
    assert strokes_channel.read(layer) is None


def test_a_hand_made_channel_of_that_name_is_taken_up(gimp, script, layer) -> None:
    import strokes_channel

    channel = gimp.Channel(layer.get_image(), "Flyaway strokes", np.zeros((HEIGHT, WIDTH, 1)))
    channel.get_buffer().pixels[3, 4] = 130 / 255
    layer.get_image().channels.append(channel)
    strokes = strokes_channel.read(layer)
    assert strokes is not None and strokes.data[3 * WIDTH + 4] == UNKNOWN
    channel.attach_parasite(gimp.Parasite("flyaway-strokes", b"nonsense"))
    assert strokes_channel.read(layer) is None


def test_tools_and_alt(user, fake: FakeDaemon) -> None:
    somebody = user()
    alt, control = somebody.gdk.ModifierType.MOD1_MASK, somebody.gdk.ModifierType.CONTROL_MASK

    def level_of(key: str, x: int, **event: Any) -> int:
        assert somebody.key(key)
        somebody.stroke(x, 20, **event)
        return int(somebody.easel.strokes.data[20 * WIDTH + x])

    assert level_of("k", 4) == KEEP
    assert level_of("k", 8, state=alt) == REMOVE
    assert level_of("r", 12) == REMOVE
    assert level_of("r", 16, state=control) == KEEP
    assert level_of("u", 20) == UNKNOWN
    assert level_of("u", 24, state=alt) == UNKNOWN
    assert level_of("e", 24) == 0
    somebody.wait_until_solved()


def test_undo_and_redo_by_keys(user, fake: FakeDaemon) -> None:
    somebody = user()
    assert not somebody.dialog._tools._back.get_sensitive()
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    solved = bytes(somebody.easel.mask.data)
    assert somebody.dialog._tools._back.get_sensitive()
    assert somebody.key("z", "CONTROL_MASK")
    assert NEW not in somebody.easel.mask.data and not any(somebody.easel.strokes.data)
    assert somebody.says == texts.READY
    assert somebody.key("Z", "CONTROL_MASK")
    assert somebody.easel.mask.data == solved
    somebody.key("z", "CONTROL_MASK")
    assert somebody.key("y", "CONTROL_MASK")
    assert somebody.easel.mask.data == solved
    assert not somebody.dialog._tools._forward.get_sensitive()


def test_a_newer_stroke_takes_the_place_of_an_older_one_in_silence(user, home: Path) -> None:
    waits, asked = threading.Event(), []

    def hold_first(one: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest) and daemon.is_complete(peer):
            asked.append(peer)
            if len(asked) == 1:
                waits.set()
                return  # no answer, as long as it is not replaced
        daemon.solve(one, peer, message)

    with daemon.running(home, {"strip": hold_first}):
        somebody = user()
        somebody.stroke(30, 10)
        somebody.wait_until(waits.is_set)
        assert somebody.says == texts.SOLVING
        somebody.stroke(30, 25)
        somebody.wait_until_solved()
        assert somebody.easel.mask.data[10 * WIDTH + 30] == NEW
        assert somebody.easel.mask.data[25 * WIDTH + 30] == NEW
        assert len(asked) == 2


def test_takes_back_the_last_of_two_strokes_that_wait(user, home: Path) -> None:
    is_asked, go_on = threading.Event(), threading.Event()

    def hold(one: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest) and not go_on.is_set():
            is_asked.set()
        else:
            daemon.solve(one, peer, message)

    with daemon.running(home, {"strip": hold}):
        somebody = user()
        somebody.stroke(30, 10)
        somebody.stroke(30, 25)
        somebody.wait_until(is_asked.is_set)
        go_on.set()
        somebody.key("z", "CONTROL_MASK")
        strokes = somebody.easel.strokes.data
        assert strokes[10 * WIDTH + 30] == UNKNOWN and strokes[25 * WIDTH + 30] == 0
        somebody.wait_until_solved()
        assert somebody.easel.is_settled


def test_one_that_was_given_up_late_does_not_lose_the_newer(user, home: Path) -> None:
    answers = iter([protocol.CANCELLED])

    def cancel_once(one: FakeDaemon, peer: Peer, message: Message) -> None:
        is_patch = isinstance(peer.request, RefineRequest) and daemon.is_complete(peer)
        if is_patch and (code := next(answers, None)):
            assert peer.request is not None
            one.send(peer, messages.ErrorReply(peer.request.id, code, "Cancelled."))
            return
        daemon.solve(one, peer, message)

    with daemon.running(home, {"strip": cancel_once}):
        somebody = user()
        somebody.stroke(30, 10)
        somebody.wait_until_solved()


def test_a_daemon_lost_in_the_middle_is_told_of_and_no_stroke_is_lost(user, home: Path) -> None:
    def die(one: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest):
            one.hang_up()
        else:
            daemon.solve(one, peer, message)

    with daemon.running(home, {"strip": die}):
        somebody = user()
        somebody.stroke(30, 10)
        somebody.wait_until(lambda: texts.STROKES_WAIT in somebody.says)
    assert somebody.easel.strokes.data[10 * WIDTH + 30] == UNKNOWN
    assert not somebody.easel.is_settled
    with daemon.running(home, {"strip": daemon.solve}):
        somebody.stroke(30, 25)
        somebody.wait_until_solved()
        assert somebody.easel.mask.data[10 * WIDTH + 30] == NEW
        assert somebody.easel.is_settled


def test_apply_tries_again_what_has_failed(user, home: Path) -> None:
    def refuse(one: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest):
            one.send(peer, messages.ErrorReply(peer.request.id, protocol.OUT_OF_MEMORY, "Full."))
        else:
            daemon.solve(one, peer, message)

    with daemon.running(home, {"strip": refuse}) as fake:
        somebody = user()
        somebody.stroke(30, 10)
        somebody.wait_until(lambda: somebody.says.startswith("Full."))
        somebody.respond("OK")
        somebody.wait_until(lambda: somebody.says.startswith("Full.") and not somebody.is_applied)
        assert somebody.dialog._work.get_sensitive()
        fake.script["strip"] = daemon.solve
        somebody.respond("OK")
        somebody.wait_until(lambda: somebody.is_applied)
    assert somebody.mask()[10, 30] == NEW


def test_shows_a_coarse_look_until_the_final_one_and_keeps_it_nowhere(user, home: Path) -> None:
    go_on = threading.Event()

    def answer(one: FakeDaemon, peer: Peer, message: Message) -> None:
        request = peer.request
        if not isinstance(request, RefineRequest):
            daemon.finish_when_complete(one, peer, message)
        elif daemon.is_complete(peer):
            one.send(peer, messages.Progress(request.id, "Refining", 0.1))
            header = ImageHeader(WIDTH // 2, HEIGHT // 2, "gray", "u8")
            one.send(peer, messages.Preview(request.id, header), bytes([150]) * header.pixels)
            one.send(peer, messages.Progress(request.id, "Refining", 0.5))
            assert go_on.wait(30)
            daemon.solve(one, peer, message)

    with daemon.running(home, {"strip": answer}):
        somebody = user()
        whole = somebody.easel.mask.box
        first = bytes(somebody.easel.mask.data)
        somebody.stroke(30, 10)
        shown = somebody.dialog._shown
        somebody.wait_until(lambda: shown.levels(whole)[10 * WIDTH + 30] == 150)
        assert shown.levels(whole)[0] == 255, "only where it is solved"
        assert somebody.easel.mask.data == first
        somebody.key("z", "CONTROL_MASK")
        assert shown.levels(whole) == first
        somebody.stroke(30, 10)
        go_on.set()
        somebody.wait_until_solved()
        assert shown.levels(whole) == bytes(somebody.easel.mask.data)


def test_return_before_a_stroke_is_solved_waits_for_it(user, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.stroke(30, 10)
    somebody.key("Return")
    assert not somebody.dialog._work.get_sensitive()
    assert not somebody.key("z", "CONTROL_MASK"), "nothing may change now"
    somebody.respond("OK")
    somebody.wait_until(lambda: somebody.is_applied)
    assert somebody.mask()[10, 30] == NEW


def test_cancel_leaves_all_as_it_was(user, layer, fake: FakeDaemon) -> None:
    somebody = user()
    before = somebody.mask()
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    somebody.respond("CANCEL")
    somebody.dialog.close()
    assert somebody.dialog._dialog.is_destroyed and not somebody.is_applied
    assert (somebody.mask() == before).all()
    assert layer.get_image().undo_steps == []


def test_nothing_done_is_no_step(user, layer, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    assert layer.get_image().undo_steps == []


def test_a_layer_that_is_gone_changed_or_locked_is_told_of(user, layer, fake: FakeDaemon) -> None:
    somebody = user()
    layer.exists = False
    somebody.key("Return")
    assert "is gone" in somebody.says and somebody.dialog._work.get_sensitive()
    layer.exists, layer.is_locked = True, True
    somebody.key("Return")
    assert "is locked" in somebody.says
    layer.is_locked = False
    pixels = layer.get_buffer().pixels
    layer.get_buffer().pixels = pixels[:-1]
    somebody.key("Return")
    assert "has changed its size" in somebody.says
    layer.get_buffer().pixels = pixels
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)


def test_a_mask_that_was_removed_is_put_there_again(user, gimp, layer, fake: FakeDaemon) -> None:
    somebody = user()
    before = somebody.mask()
    layer.remove_mask(gimp.MaskApplyMode.DISCARD)
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    assert (somebody.mask() == before).all()


def test_what_was_painted_into_the_mask_meanwhile_stays(user, layer, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.dialog._easel._reach_px = 1
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    layer.get_mask().get_buffer().pixels[29, 0] = 33 / 255
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    assert somebody.mask()[29, 0] == 33 and somebody.mask()[10, 30] == NEW


def test_the_selection_is_a_stroke(user, layer, fake: FakeDaemon) -> None:
    somebody = user()
    button = somebody.dialog._selection
    assert not button.is_visible
    layer.get_image().get_selection().get_buffer().pixels[5:9, 25:29] = 1.0
    somebody.dialog._dialog.come_back()
    assert button.is_visible
    button.click()
    somebody.wait_until_solved()
    strokes = np.frombuffer(somebody.easel.strokes.data, np.uint8).reshape(HEIGHT, WIDTH)
    assert (strokes[5:9, 25:29] == UNKNOWN).all() and strokes.astype(bool).sum() == 16
    layer.get_image().get_selection().get_buffer().pixels[:] = 0
    button.click()
    assert strokes.astype(bool).sum() == 16
    layer.get_image().get_selection().get_buffer().pixels[0, 0] = 0.3
    button.click()
    assert strokes.astype(bool).sum() == 16, "hardly selected"
    layer.exists = False
    button.click()
    assert "is gone" in somebody.says


def test_adjusts_what_is_seen_and_what_is_put_there_but_not_the_easel(
    user, config, fake: FakeDaemon
) -> None:
    somebody = user()
    whole = somebody.easel.mask.box
    first = bytes(somebody.easel.mask.data)
    rows = somebody.dialog._adjustments
    rows._sliders["contrast"].set(40)
    shown = somebody.dialog._shown
    somebody.wait_until(lambda: set(shown.levels(whole)) == {9})
    assert somebody.easel.mask.data == first
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    assert somebody.easel.mask.data[10 * WIDTH + 30] == NEW
    rows._reset()
    somebody.wait_until(lambda: shown.levels(whole) == bytes(somebody.easel.mask.data))
    rows._sliders["contrast"].set(40)
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    assert (somebody.mask() == 9).all()
    assert config.get_property("contrast") == 40


def test_adjustments_begin_at_rest_and_clips_never_meet(user, config, fake: FakeDaemon) -> None:
    config.set_property("contrast", 70.0)
    somebody = user()
    assert config.get_property("contrast") == 0.0
    rows = somebody.dialog._adjustments
    rows._sliders["black_clip"].set(60)
    rows._sliders["white_clip"].set(30)
    assert (rows.value.black_clip, rows.value.white_clip) == (60, 61)


def test_zooms_pans_and_fits(user, fake: FakeDaemon) -> None:
    somebody = user()
    gdk = somebody.gdk
    assert somebody.scale == SCALE
    assert somebody.key("plus")
    assert somebody.scale == 12
    assert somebody.key("0")
    assert somebody.scale == SCALE
    assert somebody.key("1")
    assert somebody.scale == 1
    somebody.room.emit("scroll-event", gdk.EventScroll(200, 150, gdk.ScrollDirection.UP))
    assert somebody.scale == 2
    somebody.room.emit("scroll-event", gdk.EventScroll(200, 150, gdk.ScrollDirection.LEFT))
    assert somebody.scale == 2
    for _ in range(10):
        somebody.room.emit("scroll-event", gdk.EventScroll(0, 0, gdk.ScrollDirection.UP))
    place = somebody.canvas._viewport.left
    somebody.begin(10, 10, button=gdk.BUTTON_MIDDLE)
    somebody.go(6, 10)
    somebody.lift(6, 10)
    assert somebody.canvas._viewport.left > place
    assert somebody.key("space")
    place = somebody.canvas._viewport.left
    somebody.begin(10, 10)
    somebody.go(4, 10)
    somebody.lift(4, 10)
    somebody.dialog._dialog.emit("key-release-event", gdk.EventKey("space"))
    assert somebody.canvas._viewport.left > place
    assert not any(somebody.easel.strokes.data), "panning draws nothing"
    somebody.canvas._bars[next(iter(somebody.canvas._bars))].get_adjustment().set_value(0)
    assert somebody.canvas._viewport.left == 0
    somebody.room.emit("size-allocate", gdk.Rectangle(500, 300))
    assert somebody.canvas._viewport.room_width == 500


def test_the_brush_has_keys_and_a_ring(user, config, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.go(10, 10)
    ring = somebody.canvas._ring
    assert ring.is_visible and somebody.canvas._ring_px == 3 * SCALE
    assert somebody.room.places[ring] == (100 - 15, 100 - 15)
    somebody.key("bracketright")
    assert somebody.dialog._pen.width_px == 4 == config.get_property("brush")
    assert somebody.canvas._ring_px == 4 * SCALE
    somebody.key("bracketleft")
    assert somebody.dialog._pen.width_px == 3
    somebody.dialog._tools._width.set(300)
    assert not ring.is_visible, "it would be larger than the screen"
    somebody.room.emit("leave-notify-event", None)
    somebody.dialog._tools._width.set(3)
    assert not ring.is_visible


def test_keys_are_typed_where_digits_are(user, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.dialog._dialog.focus = somebody.dialog._tools._width.digits
    assert not somebody.key("1") and not somebody.key("Return")
    assert somebody.key("z", "CONTROL_MASK")
    somebody.dialog._dialog.focus = None
    assert not somebody.key("k", "MOD1_MASK"), "a label's own key"
    assert not somebody.key("F5")


def test_each_view_shows_what_it_should(user, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.key("k")
    somebody.stroke(2, 2)
    somebody.wait_until_solved()
    somebody.easel.mask.data[:] = bytes([255] * 20 + [0] * 20) * HEIGHT
    somebody.dialog._shown.update(somebody.easel.mask.box)
    grey = (102, 102, 102)
    red, green = views.OVERLAY_COLOUR, views.STROKE_COLOURS[KEEP]
    expected = {
        "overlay": (grey, _mixed(grey, red, 115 / 255)),
        "on-black": (grey, (0, 0, 0)),
        "on-white": (grey, (255, 255, 255)),
        "on-green": (grey, (0, 177, 64)),
        "black-and-white": ((255, 255, 255), (0, 0, 0)),
        "trimap": ((255, 255, 255), (0, 0, 0)),
        "original": (grey, grey),
    }
    for name, (subject, ground) in expected.items():
        assert somebody.dialog._look.view == name
        assert somebody.shown(10, 20) == subject, name
        assert somebody.shown(30, 20) == pytest.approx(ground, abs=1), name
        alpha = views.view(name).stroke_alpha / 255
        assert somebody.shown(2, 2) == pytest.approx(_mixed(green, subject, alpha), abs=1), name
        somebody.key("f")
    somebody.key("f")
    somebody.key("x")
    assert somebody.shown(30, 20) == grey
    somebody.key("x")
    assert somebody.shown(30, 20) == (0, 0, 0)


def test_what_is_transparent_shows_what_is_behind(user, layer, fake: FakeDaemon) -> None:
    layer.get_buffer().pixels[15:, :, 3] = 0.0
    somebody = user()
    checks = {(0x99,) * 3, (0x66,) * 3}
    assert somebody.shown(10, 20) in checks
    assert somebody.shown(10, 20) != somebody.shown(18, 20), "of eight pixels each"
    assert somebody.shown(10, 10) == (102, 102, 102)
    for _ in range(2):
        somebody.key("f")
    assert somebody.shown(10, 20) == (255, 255, 255)


def test_a_layer_seen_smaller_shows_its_strokes(user, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.stroke(30, 10)
    somebody.wait_until_solved()
    somebody.canvas.zoom(0.5)
    for _ in range(5):
        somebody.key("f")
    turn()
    pixels = somebody.canvas._image.pixbuf.pixels.astype(int)
    assert pixels.shape == (HEIGHT // 2, WIDTH // 2, 3)
    rows, columns = np.nonzero(pixels[..., 2] > pixels[..., 0] + 50)
    assert set(rows) <= {4, 5} and 4 in rows
    assert set(columns) <= {14, 15} and 14 in columns


def _mixed(one: tuple[int, ...], other: tuple[int, ...], share: float) -> tuple[float, ...]:
    return tuple(
        share * first + (1 - share) * second for first, second in zip(one, other, strict=True)
    )


def test_the_overlays_colour_is_kept_for_the_next_time(user, config, fake: FakeDaemon) -> None:
    config.set_property("overlay", "#0a141e")
    somebody = user()
    assert somebody.dialog._look.overlay == (10, 20, 30)
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    assert config.get_property("overlay") == "#0a141e"


@pytest.mark.parametrize("output", ["selection", "cutout", "new-layer"])
def test_each_output_in_one_step(user, config, layer, fake: FakeDaemon, output: str) -> None:
    config.set_property("output", output)
    somebody = user()
    before = somebody.mask()
    somebody.stroke(30, 10)
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    image = layer.get_image()
    assert len(image.undo_steps) == 1 and len(image.get_channels()) == 1
    assert (somebody.mask() == before).all()
    if output == "selection":
        levels = np.round(image.get_selection().get_buffer().pixels * 255)
        assert levels[10, 30] == NEW
        return
    new = image.get_layers()[0]
    assert new is not layer and not layer.is_visible
    assert (new.get_mask() is None) == (output == "cutout")
    opacity = new.get_buffer().pixels[10, 30, 3]
    assert opacity == pytest.approx(NEW / 255 if output == "cutout" else 1)
    assert (new.get_buffer().pixels[10, 30, :3] != 0.4).any(), "cleaned, as far as the amount says"


def test_without_amount_colours_stay_and_nobody_is_asked(
    user, config, layer, fake: FakeDaemon
) -> None:
    config.set_property("output", "new-layer")
    somebody = user()
    somebody.dialog._output._amount.set(0)
    somebody.key("Return")
    somebody.wait_until(lambda: somebody.is_applied)
    new = layer.get_image().get_layers()[0]
    assert (new.get_buffer().pixels == layer.get_buffer().pixels).all()
    assert not any(isinstance(one, messages.ExtractRequest) for one in fake.received)


def test_other_engines_take_over_in_a_session_of_their_own(user, config, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.wait_until(lambda: somebody.says == texts.READY)
    somebody.stroke(30, 10)
    somebody.dialog._paid_work.switches["paid-work-only"].set_active(True)
    somebody.wait_until_solved()
    assert config.get_property("paid-work-only")
    asked = [one for one in fake.received if isinstance(one, messages.OpenSession)]
    assert [one.paid_work_only for one in asked] == [False, True]
    assert somebody.easel.mask.data[10 * WIDTH + 30] == NEW


def test_the_second_switch_needs_the_first(user, config, fake: FakeDaemon) -> None:
    somebody = user()
    somebody.wait_until(lambda: somebody.says == texts.READY)
    weights, training = somebody.dialog._paid_work.switches.values()
    for number, (switch, is_on) in enumerate(
        [(weights, True), (training, True), (weights, False)], 2
    ):
        assert training.get_sensitive() == weights.get_active()
        switch.set_active(is_on)
        somebody.wait_until(lambda number=number: len(_opened(fake)) == number)
    assert not training.get_sensitive()
    asked = [(one.paid_work_only, one.paid_training_only) for one in _opened(fake)]
    assert asked == [(False, False), (True, False), (True, True), (False, False)]
    assert not config.get_property("paid-training-only")


def test_asks_whether_it_is_glass_where_an_engine_makes_use_of_that(
    user, config, fake: FakeDaemon
) -> None:
    config.set_property("transparent", True)  # of another layer, at another time
    fake.script["engines"] = daemon.offer(dataclasses.replace(GLASS, paid_work=False))
    somebody = user()
    switch = somebody.dialog._transparent
    assert not switch.is_visible and not config.get_property("transparent")
    somebody.wait_until(lambda: switch.is_visible)
    switch.set_active(True)
    somebody.wait_until(lambda: len(_opened(fake)) == 2)
    assert config.get_property("transparent")
    somebody.dialog._paid_work.switches["paid-work-only"].set_active(True)
    somebody.wait_until(lambda: not switch.is_visible)
    somebody.wait_until(lambda: len(_opened(fake)) == 4)
    assert [one.transparent for one in _opened(fake)] == [False, True, True, False]
    assert not config.get_property("transparent")


def _opened(fake: FakeDaemon) -> list[messages.OpenSession]:
    return [one for one in fake.received if isinstance(one, messages.OpenSession)]


def test_without_a_mask_it_says_what_to_do(gimp, refine, layer) -> None:
    layer.remove_mask(gimp.MaskApplyMode.DISCARD)
    answer = refine.run(layer.get_image(), [layer], gimp.RunMode.INTERACTIVE)
    assert "no mask to refine. Extract first" in answer.message


def test_a_closed_dialog_is_no_failure(gimp, refine, layer, fake: FakeDaemon) -> None:
    from gi.repository import GLib, Gtk

    GLib.idle_add(lambda: Gtk.main_quit())
    answer = refine.run(layer.get_image(), [layer], gimp.RunMode.INTERACTIVE)
    assert answer.status is gimp.PDBStatusType.CANCEL


def test_scripts_refine_inside_the_selection(gimp, refine, layer, fake: FakeDaemon) -> None:
    image = layer.get_image()
    image.get_selection().get_buffer().pixels[5:9, 25:29] = 1.0
    answer = refine.run(image, [layer])
    assert answer.message is None
    levels = np.round(layer.get_mask().get_buffer().pixels[..., 0] * 255)
    assert (levels[5:9, 25:29] == NEW).all() and (levels == NEW).sum() == 16
    assert len(image.undo_steps) == 1 and not image.get_channels()
    assert "Select the part" in _without_selection(image, refine, layer)


def _without_selection(image: Any, refine: Any, layer: Any) -> str:
    image.get_selection().get_buffer().pixels[:] = 0
    message: str = refine.run(image, [layer]).message
    return message
