"""plates.py and plate_row.py: the layer of the empty scene, for engines that compare with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import (
    Docker,
    make_image,
    open_and_pick,
    plugin_module,
    select,
    turn_until,
)

from flyaway_client import messages
from flyaway_client.messages import EngineInfo, Message

FREE = EngineInfo("free", "Free", "Hair.", (), True, 0, "MIT", "", True)
COMPARER = EngineInfo("comparer", "Comparer", "Studio.", ("plate",), True, 0, "MIT", "", True)

Uploads = list[dict[str, bytes]]


@pytest.fixture
def uploads(home: Path) -> Iterator[Uploads]:
    """A daemon with an engine that needs a plate runs; what it has got, by the names of the parts."""
    taken: Uploads = []

    def take(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if daemon.is_complete(peer):
            taken.append({name: bytes(content) for name, content in peer.parts.items()})
        daemon.finish_when_complete(fake, peer, message)

    with daemon.running(home, {"engines": daemon.offer(FREE, COMPARER), "strip": take}):
        yield taken


def add_layer(
    image: DocumentData, name: str, x: int, y: int, w: int, h: int, fill: int = 7, **space: str
) -> Node:
    """A paint layer above the others, with all its bytes the same."""
    layer = Node(name, **space)
    layer.setPixelData(bytes([fill]) * len(layer.pixelData(0, 0, w, h)), x, y, w, h)
    image.root.attach(layer)
    return layer


def test_the_row_is_seen_only_while_the_engine_needs_a_plate(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    open_and_pick(docker, "free")
    seen = docker.plate.row_label.isVisible(), docker.plate.isVisible()
    assert seen == (False, False)
    open_and_pick(docker, "comparer")
    seen = docker.plate.row_label.isVisible(), docker.plate.isVisible()
    assert seen == (True, True)
    open_and_pick(docker, "auto")
    assert not docker.plate.isVisible()


def test_lists_the_other_paint_layers_from_the_top_in_groups_too(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    group = Node("group", "grouplayer")
    image.root.attach(group)
    group.attach(Node("inside"))
    image.root.attach(Node("drawing", "vectorlayer"))
    image.root.attach(Node("top"))
    open_and_pick(docker, "comparer")
    assert docker.plate.texts() == ["Choose a layer", "top", "inside"]
    assert docker.plate.currentData() == ""


def test_takes_the_only_other_layer_and_sends_it_over_the_same_place(
    docker: Docker, krita: Krita, uploads: Uploads
) -> None:
    image = make_image(krita, 8, 6, Node(), 2, 1, 4, 3)
    plate = add_layer(image, "empty", -2, -2, 12, 10)
    plate.setPixelData(bytes(range(120)) * 4, -2, -2, 12, 10)
    select(image, 0, 0, [[255] * 4] * 3)
    open_and_pick(docker, "comparer")
    assert docker.plate.texts() == ["empty"]
    docker.button.click()
    assert docker.wait() == "Done in 0.2 s by fake."
    assert uploads[0]["plate"] == plate.pixelData(2, 1, 4, 3).data()
    assert len(uploads[0]["plate"]) == len(uploads[0]["image"])


def test_sends_the_layer_that_was_chosen_in_its_own_depth(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "other", 0, 0, 8, 6)
    plate = add_layer(image, "empty", 0, 0, 8, 6, 9, depth="U16")
    open_and_pick(docker, "comparer")
    docker.plate.pick(plugin_module("layers").identity(plate))
    docker.button.click()
    docker.wait()
    assert uploads[0]["plate"] == bytes([9]) * (8 * 6 * 8)


def test_sends_no_plate_to_an_engine_that_needs_none(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "empty", 0, 0, 8, 6)
    open_and_pick(docker, "comparer")
    open_and_pick(docker, "free")
    docker.button.click()
    docker.wait()
    assert "plate" not in uploads[0]


def test_the_action_remembers_the_choice_of_the_docker(
    krita: Krita, docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "other", 0, 0, 8, 6)
    plate = add_layer(image, "empty", 0, 0, 8, 6, 9)
    open_and_pick(docker, "comparer")
    docker.plate.pick(plugin_module("layers").identity(plate))
    krita.window.actions["flyaway_extract"].trigger()
    turn_until(lambda: uploads)
    assert uploads[0]["plate"] == bytes([9]) * (8 * 6 * 4)
    docker.wait()


def test_the_row_is_there_before_the_daemon_has_told_of_its_engines(
    krita: Krita, docker: Docker, image: DocumentData, home: Path
) -> None:
    add_layer(image, "other", 0, 0, 8, 6)
    plate = add_layer(image, "empty", 0, 0, 8, 6)
    for name, value in (
        ("engine", "comparer"),
        ("needs_plate", "true"),
        ("plate", plugin_module("layers").identity(plate)),
    ):
        krita.writeSetting("flyaway_krita", name, value)
    docker.widget.showEvent(None)
    assert docker.plate.isVisible()
    assert docker.plate.texts() == ["empty", "other"]
    docker.paid_work.click()
    docker.edge_width.setValue(3)
    chosen = plugin_module("options").load()
    assert chosen.needs_plate
    assert chosen.plate == plugin_module("layers").identity(plate)


def test_the_row_follows_the_image_that_is_shown_and_back(
    krita: Krita, docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "other", 0, 0, 8, 6)
    plate = add_layer(image, "empty", 0, 0, 8, 6)
    open_and_pick(docker, "comparer")
    docker.plate.pick(plugin_module("layers").identity(plate))
    make_image(krita, 4, 4, Node("alone"), 0, 0, 4, 4)
    docker.meet_image()
    assert docker.plate.texts() == ["No other paint layer"]
    krita.active = None
    docker.meet_image()
    assert docker.plate.texts() == ["No other paint layer"]
    krita.active = image
    docker.meet_image()
    assert docker.plate.currentData() == plugin_module("layers").identity(plate)


def test_the_row_lists_new_layers_when_it_opens(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    open_and_pick(docker, "comparer")
    add_layer(image, "empty", 0, 0, 8, 6)
    docker.plate.showPopup()
    assert docker.plate.texts() == ["empty"]
    image.active = Node("drawing", "vectorlayer")
    docker.plate.showPopup()
    assert docker.plate.texts() == ["Choose a layer", "empty", "photo"]


def test_the_row_knows_which_layer_is_active_when_the_mouse_comes_to_the_docker(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    (photo,) = image.root.children
    image.active = add_layer(image, "empty", 0, 0, 8, 6)
    open_and_pick(docker, "comparer")
    assert docker.plate.texts() == ["photo"]
    image.active = photo
    docker.widget.enterEvent(None)
    assert docker.plate.texts() == ["empty"]


def refusal(docker: Docker, image: DocumentData) -> str:
    """The sentence with which the plugin refuses to compare, having sent nothing."""
    open_and_pick(docker, "comparer")
    docker.button.click()
    assert docker.button.text() == "Extract"
    assert image.undo_steps == []
    return str(docker.status.text())


def test_asks_for_a_plate_where_the_image_has_no_other_layer(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    assert "has no other paint layer. Add that picture as a layer" in refusal(docker, image)


def test_asks_which_layer_it_is_where_there_are_several(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "one", 0, 0, 8, 6)
    add_layer(image, "two", 0, 0, 8, 6)
    assert refusal(docker, image).startswith("Choose the layer with the empty scene in the Flyaway")


def test_refuses_to_compare_the_layer_with_itself(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    plate = add_layer(image, "empty", 0, 0, 8, 6)
    open_and_pick(docker, "comparer")
    image.active = plate  # the row still shows it
    docker.button.click()
    assert docker.status.text().startswith("“empty” is the layer to cut out of. Choose another")


def test_refuses_a_plate_that_covers_not_all(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "empty", 1, 0, 8, 6)
    assert refusal(docker, image).startswith("The empty scene “empty” does not cover all of the")


def test_refuses_a_plate_with_a_transform_that_is_seen(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "empty", 0, 0, 8, 6).attach(Node("warp", "transformmask", model="A"))
    assert refusal(docker, image).startswith("“empty” has a transform mask.")


def test_refuses_a_plate_whose_colours_mean_something_else(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "empty", 0, 0, 8, 6, profile="sRGB-elle-V2-g10.icc")
    assert "“empty” and “photo” have different colour profiles" in refusal(docker, image)


def test_refuses_a_plate_whose_colours_cannot_be_sent(
    docker: Docker, image: DocumentData, uploads: Uploads
) -> None:
    add_layer(image, "empty", 0, 0, 8, 6, model="CMYKA")
    assert refusal(docker, image).startswith("“empty” is in the colour model CMYK.")


def test_the_request_tells_how_the_plate_is_laid_out(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    add_layer(image, "empty", 0, 0, 8, 6, depth="F32")
    with daemon.running(home, {"engines": daemon.offer(COMPARER)}) as fake:
        open_and_pick(docker, "comparer")
        docker.button.click()
        docker.wait()
    (request,) = (one for one in fake.received if isinstance(one, messages.ExtractRequest))
    assert request.plate == messages.ImageHeader(8, 6, "rgba", "f32")
