"""Retouching in Krita: brushes, live strokes, Refine Edge, the way back, outputs, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import daemon, qt
from tests.fakes.daemon import FakeDaemon, Peer
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import make_image, select, turn_until

from flyaway_client import hints, messages
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN, Message, RefineRequest

WIDTH, HEIGHT = 40, 30
NEW = daemon.SOLVED


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with daemon.running(home, {"strip": daemon.solve}) as running:
        yield running


@pytest.fixture
def image(krita: Krita) -> DocumentData:
    """A layer with a mask, all 100, which is active."""
    made = make_image(krita, WIDTH, HEIGHT, Node(), 0, 0, WIDTH, HEIGHT)
    add_mask(made.root.children[0])
    return made


def add_mask(layer: Node) -> Node:
    mask = Node("mask", "transparencymask", model="A")
    mask.setPixelData(bytes([100]) * (WIDTH * HEIGHT), 0, 0, WIDTH, HEIGHT)
    layer.attach(mask)
    return mask


class Panel:
    """The docker as a user sees it."""

    def __init__(self, krita: Krita) -> None:
        self.krita = krita
        self.widget: Any = krita.dock_widgets[1]
        self.retoucher: Any = self.widget._retoucher
        column = self.widget.content.layout.widgets
        brushes, refining, steps, self.status, self.here, viewing, *rest = column
        self.view, self.more, self.rest = rest
        self.keep, self.remove, self.unknown = brushes.layout.widgets
        self.refine, self.live = refining.layout.widgets
        self.back, self.forward, self.done = steps.layout.widgets
        self.views, self.colour = viewing.layout.widgets
        self.adjustments, self.outputs, output = self.rest.layout.widgets
        self.amount, self.put = output.layout.widgets

    def lift_pen(self) -> None:
        """Krita's canvas gets the end of a stroke."""
        canvas = qt.QWidget()
        canvas.class_name = "KisQPainterCanvas"  # type: ignore[attr-defined]
        for watcher in qt.QApplication.filters:
            assert not watcher.eventFilter(canvas, qt.QEvent(qt.QEvent.Type.TabletRelease))
        qt.tick()

    def wait(self) -> str:
        turn_until(lambda: not self.retoucher.is_busy)
        return str(self.status.text())

    def stroke(self, level: int, x: int, y: int, width: int = 2) -> str:
        paint(self.hints, level, x, y, width)
        self.lift_pen()
        return self.wait()

    @property
    def hints(self) -> Node:
        assert self.krita.active is not None
        return next(
            one for one in self.krita.active.root.children if one.name().startswith(hints.LAYER)
        )


def paint(layer: Node, level: int, x: int, y: int, width: int = 2) -> None:
    layer.setPixelData(hints.paint(bytes([level] * width)), x, y, width, 1)


@pytest.fixture
def panel(krita: Krita) -> Iterator[Panel]:
    yield Panel(krita)
    Panel(krita).retoucher.end()
    assert qt.QApplication.filters == []


def mask_of(image: DocumentData) -> Node:
    return image.root.children[0].children[0]


def _is(image: DocumentData, expected: bytes) -> bool:
    return levels(image) == expected


def levels(image: DocumentData) -> bytes:
    return mask_of(image).pixelData(0, 0, WIDTH, HEIGHT).data()


def test_a_brush_makes_the_hints_and_is_ready_to_paint(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    brushes: list[bool] = []
    krita.action("KritaShape/KisToolBrush").triggered.connect(brushes.append)
    panel.unknown.click()
    layer = panel.hints
    assert image.active is layer
    assert image.root.children.index(layer) == 1
    assert (layer.colorModel(), layer.colorDepth(), layer.opacity_level) == ("RGBA", "U8", 128)
    assert krita.window.view.foreground == [1.0, 150 / 255, 60 / 255, 1.0]
    assert krita.window.view.background == [90 / 255, 200 / 255, 40 / 255, 1.0]
    assert len(brushes) == 1
    panel.keep.click()
    assert krita.window.view.background == [60 / 255, 60 / 255, 240 / 255, 1.0]
    assert panel.hints is layer
    turn_until(lambda: any(isinstance(one, messages.OpenSession) for one in fake.received))


def test_it_is_told_what_the_docker_says(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    for name in ("transparent", "paid_work_only"):
        krita.writeSetting("flyaway_krita", name, "true")
    panel.unknown.click()

    def opened() -> list[messages.OpenSession]:
        return [one for one in fake.received if isinstance(one, messages.OpenSession)]

    turn_until(opened)
    assert [(one.transparent, one.paid_work_only) for one in opened()] == [(True, True)]


@pytest.mark.parametrize("way", ["stroke", "selection", "output"])
def test_what_another_computer_could_not_is_done_here_where_the_user_says_so(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon, way: str
) -> None:
    sentence = "studio does not answer."
    panel.keep.click()
    if way == "output":
        panel.stroke(UNKNOWN, 30, 10)
    fake.script.update(daemon.lose_remote(sentence))
    assert not panel.here.isVisible()
    if way == "stroke":
        panel.stroke(UNKNOWN, 30, 10)
    elif way == "selection":
        select(image, 4, 4, [[255, 255], [255, 255]])
        panel.refine.click()
    else:
        panel.outputs.setCurrentIndex(2)
        panel.put.click()
    turn_until(panel.here.isVisible)
    assert panel.status.text() == sentence
    before, layers = levels(image), len(image.root.children)

    panel.here.click()
    assert not panel.here.isVisible()
    if way == "output":
        turn_until(lambda: len(image.root.children) > layers)
    else:
        assert panel.wait() == "Done in 0.2 s by fake."
        assert levels(image) != before
    assert [one.name for one in fake.received if isinstance(one, messages.UseRemote)] == [""]
    assert not panel.here.isVisible()


def test_hints_are_colours_as_seen_whatever_the_image_is(
    krita: Krita, panel: Panel, fake: FakeDaemon
) -> None:
    made = make_image(krita, WIDTH, HEIGHT, Node(depth="U16"), 0, 0, WIDTH, HEIGHT)
    add_mask(made.root.children[0])
    panel.keep.click()
    assert (panel.hints.colorModel(), panel.hints.colorDepth()) == ("RGBA", "U8")


def test_a_stroke_is_solved_when_the_pen_is_lifted_and_all_else_stays(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.unknown.click()
    sentence = panel.stroke(UNKNOWN, 20, 15)
    assert sentence == "Done in 0.2 s by fake."
    after = levels(image)
    reach = 6
    for number, level in enumerate(after):
        y, x = divmod(number, WIDTH)
        is_near = abs(y - 15) <= reach and 20 - reach <= x <= 21 + reach
        assert level == (NEW if is_near else 100)
    (asked,) = (one for one in fake.received if isinstance(one, RefineRequest))
    assert (asked.has_inside, asked.has_strokes) == (True, True)
    panel.lift_pen()
    assert not panel.retoucher.is_busy


def test_goes_back_and_forward_with_the_hints(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    assert not panel.back.is_enabled
    panel.stroke(KEEP, 20, 15)
    done = levels(image)
    assert panel.back.is_enabled and not panel.forward.is_enabled
    panel.back.click()
    assert set(levels(image)) == {100}
    assert not any(hints.levels(panel.hints.pixelData(0, 0, WIDTH, HEIGHT)))
    assert panel.forward.is_enabled
    panel.forward.click()
    assert levels(image) == done
    assert sum(map(bool, hints.levels(panel.hints.pixelData(0, 0, WIDTH, HEIGHT)))) == 2


def test_kritas_own_undo_takes_the_mask_along(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    panel.stroke(KEEP, 20, 15)
    done = levels(image)
    for level, expected in ((0, bytes([100]) * len(done)), (KEEP, done)):
        paint(panel.hints, level, 20, 15)
        krita.action("edit_undo").trigger()
        turn_until(partial(_is, image, expected))
    assert not panel.retoucher.is_busy


def test_a_stroke_that_is_undone_while_it_is_solved_changes_nothing(
    krita: Krita, image: DocumentData, panel: Panel, home: Path
) -> None:
    with daemon.running(home, {"refine": daemon.ignore}):
        panel.keep.click()
        paint(panel.hints, KEEP, 20, 15)
        panel.lift_pen()
        turn_until(lambda: panel.retoucher.is_busy)
        paint(panel.hints, 0, 20, 15)
        krita.action("edit_undo").trigger()
        turn_until(lambda: not panel.retoucher.is_busy)
    assert set(levels(image)) == {100}
    assert not panel.retoucher.session.easel.can_go_back


def test_waits_for_refine_where_it_is_not_live(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.unknown.click()
    panel.live.click()
    panel.stroke(UNKNOWN, 20, 15)
    assert set(levels(image)) == {100}
    panel.refine.click()
    panel.wait()
    assert NEW in levels(image)


def test_refines_inside_the_selection_in_one_click(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    select(image, 10, 5, [[255, 128, 0], [255, 255, 1]])
    krita.action("flyaway_refine").trigger()
    panel.wait()
    assert [number for number, level in enumerate(levels(image)) if level == NEW] == [
        210,
        211,
        250,
        251,
        252,
    ]
    panel.back.click()
    assert set(levels(image)) == {100}


def test_says_what_is_missing(krita: Krita, image: DocumentData, panel: Panel) -> None:
    panel.refine.click()
    assert "Select the part of the mask" in panel.status.text()
    panel.done.click()
    mask_of(image).setVisible(False)
    panel.unknown.click()
    assert "has no mask to refine" in panel.status.text()
    mask_of(image).setVisible(True)
    add_mask(image.root.children[0])
    panel.unknown.click()
    assert "several masks" in panel.status.text()
    krita.active = None
    panel.unknown.click()
    assert "No image is open" in panel.status.text()


def test_a_mask_that_is_gone_or_locked_is_told_of_and_nothing_is_written(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    mask = mask_of(image)
    mask.is_locked = True
    assert "is locked" in panel.stroke(KEEP, 5, 5)
    mask.is_locked = False
    mask.remove()
    assert "is gone" in panel.stroke(KEEP, 20, 15)
    panel.back.click()
    assert "is gone" in panel.status.text()
    assert set(mask.pixelData(0, 0, WIDTH, HEIGHT)) == {100}


def test_a_daemon_that_is_lost_is_told_of_and_the_stroke_is_kept(
    image: DocumentData, panel: Panel, home: Path, fake: FakeDaemon
) -> None:
    panel.keep.click()

    def fail(one: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, RefineRequest)
        one.send(peer, messages.ErrorReply(message.id, "engine-failed", "It failed."))

    fake.script["refine"] = fail
    assert panel.stroke(KEEP, 20, 15) == "It failed."
    assert panel.status.style
    del fake.script["refine"]
    panel.refine.click()
    panel.wait()
    assert NEW in levels(image)


def test_what_was_painted_into_the_mask_meanwhile_stays(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    mask_of(image).setPixelData(bytes([33]), 39, 29, 1, 1)
    panel.stroke(KEEP, 5, 5)
    assert levels(image)[-1] == 33


def test_a_layer_that_is_moved_takes_its_mask_along(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    layer = image.root.children[0]
    layer.at = qt.QPoint(100, 0)
    mask_of(image).at = qt.QPoint(100, 0)
    panel.stroke(KEEP, 120, 15)
    moved = mask_of(image).pixelData(100, 0, WIDTH, HEIGHT).data()
    assert moved[15 * WIDTH + 20] == NEW
    assert moved[0] == 100


def test_hints_of_before_are_taken_up_and_are_solved_already(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    panel.stroke(KEEP, 20, 15)
    panel.done.click()
    layer = panel.hints
    assert not layer.visible()
    image.active = image.root.children[0]
    panel.remove.click()
    assert panel.hints is layer and layer.visible()
    before = levels(image)
    panel.lift_pen()
    assert not panel.retoucher.is_busy
    assert levels(image) == before
    panel.stroke(REMOVE, 2, 2)
    request = [one for one in fake.received if isinstance(one, RefineRequest)][-1]
    assert request.has_strokes


def test_hints_that_were_deleted_are_made_anew(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    panel.hints.remove()
    panel.lift_pen()
    image.active = image.root.children[0]
    panel.keep.click()
    assert panel.stroke(KEEP, 20, 15).startswith("Done")


def test_adjusts_without_touching_the_strokes(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    panel.more.click()
    rows = panel.adjustments
    rows._sliders["contrast"].setValue(40)
    turn_until(lambda: set(levels(image)) == {9})
    assert rows._labels["contrast"].text() == "Contrast: 40 %"
    panel.stroke(KEEP, 20, 15)
    turn_until(lambda: set(levels(image)) == {9})
    rows._reset.click()
    turn_until(lambda: NEW in levels(image))
    assert rows.chosen.are_neutral
    assert levels(image)[0] == 100


def test_clips_never_meet(panel: Panel) -> None:
    rows = panel.adjustments
    rows._sliders["black_clip"].setValue(90)
    rows._sliders["white_clip"].setValue(20)
    assert (rows.chosen.black_clip, rows.chosen.white_clip) == (90, 91)
    rows.reset()


def test_the_mask_as_selection(image: DocumentData, panel: Panel, fake: FakeDaemon) -> None:
    mask_of(image).setPixelData(bytes([7]), 3, 2, 1, 1)
    panel.put.click()
    assert image.selection is not None
    selected = image.selection.pixelData(0, 0, WIDTH, HEIGHT).data()
    assert selected == levels(image)


def test_a_new_layer_with_clean_colours_and_an_amount(
    image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.outputs.pick("new-layer")
    panel.amount.setValue(60)
    panel.put.click()
    turn_until(lambda: len(image.root.children) > 1)
    copy = next(one for one in image.root.children if one.name().endswith("cutout"))
    assert copy.children[0].pixelData(0, 0, WIDTH, HEIGHT).data() == levels(image)
    (asked,) = (one for one in fake.received if isinstance(one, messages.ExtractRequest))
    assert (asked.colours_alone, asked.foreground_amount) == (True, 0.6)
    assert "is hidden" in panel.status.text()


def test_a_new_layer_that_is_cut_out(image: DocumentData, panel: Panel, fake: FakeDaemon) -> None:
    mask_of(image).setPixelData(bytes([0]), 3, 2, 1, 1)
    photo = image.root.children[0]
    photo.opacity_level, photo.mode = 200, "multiply"
    panel.outputs.pick("cutout")
    panel.put.click()
    turn_until(lambda: "is hidden" in panel.status.text())
    _, cutout = image.root.children
    assert (cutout.name(), cutout.children) == ("photo cutout", [])
    assert (cutout.opacity_level, cutout.mode) == (200, "multiply")
    assert cutout.pixelData(3, 2, 1, 1).data() == bytes(4)
    assert not photo.visible()


def test_an_image_that_is_closed_is_retouched_no_more(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    panel.keep.click()
    krita.open_documents.remove(image)
    krita.active = None
    qt.tick()
    assert panel.retoucher.session is None
    assert not panel.done.is_enabled


def test_hides_the_marching_ants_meanwhile(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    ants = krita.action("toggle_display_selection")
    ants.is_checked = True
    panel.keep.click()
    assert not ants.is_checked
    panel.done.click()
    assert ants.is_checked


def test_shows_the_marching_ants_of_a_closed_image_in_the_next_one(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    """Without an image in view Krita does not outlive that."""
    ants = krita.action("toggle_display_selection")
    ants.is_checked, shown = True, []
    panel.keep.click()
    krita.open_documents.remove(image)
    for active in (None, image, image):
        krita.active = active
        qt.tick()
        shown.append(ants.is_checked)
    assert panel.retoucher.session is None
    assert shown == [False, True, True]


def test_does_not_hide_the_marching_ants_of_another_view(
    krita: Krita, image: DocumentData, panel: Panel, fake: FakeDaemon
) -> None:
    ants = krita.action("toggle_display_selection")
    ants.is_checked = True
    panel.keep.click()
    krita.open_documents.remove(image)
    krita.active = None
    qt.tick()
    ants.is_checked, krita.active = True, image
    qt.tick()
    assert ants.is_checked


def test_shows_early_results_until_the_final_one(
    image: DocumentData, panel: Panel, home: Path
) -> None:
    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest) and daemon.is_complete(peer):
            header = messages.ImageHeader(2, 1, "gray", "u8")
            fake.send(peer, messages.Preview(peer.request.id, header), b"ab")
            fake.send(peer, messages.Progress(peer.request.id, "Refining", 0.5))
        elif not isinstance(peer.request, RefineRequest):
            daemon.finish_when_complete(fake, peer, message)

    with daemon.running(home, {"strip": answer}):
        panel.keep.click()
        paint(panel.hints, KEEP, 20, 15)
        panel.lift_pen()
        turn_until(lambda: panel.view._early is not None)
        assert set(levels(image)) == {100}
        panel.back.click()
        assert panel.view._early is None
