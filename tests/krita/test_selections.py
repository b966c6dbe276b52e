"""selections.py and source_row.py: what the selection can be taken from, and the levels that it gives."""

from __future__ import annotations

import itertools
import struct

import pytest
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import Docker, make_image, plugin_module, select, turn_until

from flyaway_client.messages import DescribeRequest, ExtractRequest

OUTLINE = "Outline, edge up to 7 px"
NOTHING = "No selection: the subject will be looked for"


def attach(parent: Node, kind: str, name: str, **space: str) -> Node:
    node = Node(name, kind, **space)
    parent.attach(node)
    return node


def grey(image: DocumentData, name: str, levels: list[int], width: int, x: int, y: int) -> Node:
    """A paint layer in those greys, opaque, above the photo."""
    layer = attach(image.root, "paintlayer", name)
    content = bytes(itertools.chain.from_iterable((one, one, one, 255) for one in levels))
    layer.setPixelData(content, x, y, width, len(levels) // width)
    return layer


def mask(parent: Node, name: str, levels: bytes, kind: str = "transparencymask") -> Node:
    """A mask over the 8 x 6 pixels of the image."""
    made = attach(parent, kind, name, model="A")
    made.setPixelData(levels, 0, 0, 8, 6)
    return made


PAINTED = bytes([0, 0, 0, 128, 128, 255, 255, 255] * 6)


def chosen(node: Node, **others: object):
    identity = node.uniqueId().toString()
    return plugin_module("flyaway_client.options").Options(selection_from=identity, **others)


def levels(node: Node) -> bytes:
    """What the plugin would send as the selection."""
    host, options = plugin_module("host"), chosen(node)
    content: bytes = host.read(host.find_target(options), options).selection_u8
    return content


def refusal(node: Node) -> str:
    with pytest.raises(plugin_module("flyaway_client.refusals").DocumentError) as refused:
        levels(node)
    return str(refused.value)


def test_lists_the_selection_then_masks_then_other_layers(
    docker: Docker, image: DocumentData
) -> None:
    (photo,) = image.root.children
    mask(photo, "Foreground", PAINTED)
    mask(photo, "warp", PAINTED, "filtermask")
    mask(image.root, "the selection", PAINTED, "selectionmask")
    other = grey(image, "trimap", [0], 1, 0, 0)
    mask(other, "its own", PAINTED)
    docker.meet_image()
    assert docker.source.texts() == [
        "Taken from: Selection",
        "Taken from: Mask “Foreground”",
        "Taken from: Layer “trimap”",
    ]
    assert docker.source.currentData() == ""
    assert docker.source.tool_tip
    # It is the selection, unless a local one comes before it.
    mask(photo, "local", PAINTED, "selectionmask")
    docker.meet_image()
    assert "Taken from: Mask “the selection”" in docker.source.texts()


def test_takes_masks_and_layers_as_they_were_painted(image: DocumentData) -> None:
    (photo,) = image.root.children
    assert levels(mask(photo, "hidden", PAINTED)) == PAINTED
    assert levels(mask(photo, "local", PAINTED, "selectionmask")) == PAINTED
    assert levels(grey(image, "trimap", list(PAINTED), 8, 0, 0)) == PAINTED


def test_a_layer_says_nothing_where_it_is_transparent_or_ends(image: DocumentData) -> None:
    source = grey(image, "trimap", [255, 0, 255, 0], 2, 7, 5)
    assert levels(source) == bytes([128] * 47 + [255])
    source.setPixelData(bytes([255] * 4 + [255] * 3 + [254]), 0, 0, 2, 1)
    assert levels(source) == bytes([255] + [128] * 46 + [255])


@pytest.mark.parametrize(
    ("depth", "profile", "sample", "code", "full"),
    [
        ("U16", "sRGB-elle-V2-srgbtrc.icc", 128 * 257, "H", 65535),
        ("F16", "sRGB-elle-V2-g10.icc", 0.2158, "e", 1),
        ("F32", "sRGB-elle-V2-g10.icc", 0.2158, "f", 1),
    ],
)
def test_a_deep_layer_gives_its_greys_as_they_are_seen(
    image: DocumentData, depth: str, profile: str, sample: float, code: str, full: int
) -> None:
    source = attach(image.root, "paintlayer", "deep", depth=depth, profile=profile)
    values = [*[0] * 3, full, *[sample] * 3, full, *[full] * 4]
    source.setPixelData(struct.pack(f"<12{code}", *values), 0, 0, 3, 1)
    assert levels(source)[:4] == bytes([0, 128, 255, 128])


def test_a_layer_that_is_taken_from_is_also_meant_beyond_the_canvas(krita: Krita) -> None:
    image = make_image(krita, 8, 6, Node(), -4, 0, 20, 6)
    assert len(levels(grey(image, "trimap", [255, 0], 2, 7, 0))) == 9 * 6


def test_refuses_what_cannot_say_where_the_subject_is(image: DocumentData) -> None:
    (photo,) = image.root.children
    assert "“photo” is the layer to cut out of" in refusal(photo)
    assert "“aside” does not touch the layer “photo”" in refusal(
        grey(image, "aside", [255], 1, 8, 0)
    )
    for empty in (
        mask(photo, "black", bytes(48)),
        grey(image, "black", [0] * 48, 8, 0, 0),
        grey(image, "grey", [128] * 48, 8, 0, 0),
    ):
        assert f"“{empty.name()}” says nothing about the layer “photo”" in refusal(empty)
    gone = grey(image, "gone", [255], 1, 0, 0)
    gone.remove()
    assert "is gone. Choose something else at “Taken from”" in refusal(gone)


def test_a_mask_that_was_chosen_for_one_layer_is_not_taken_for_another(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    (photo,) = image.root.children
    own = mask(photo, "own", PAINTED)
    docker.widget.showEvent(None)
    docker.source.pick(own.uniqueId().toString())
    turn_until(lambda: docker.taken_for.text() == OUTLINE)
    image.active = grey(image, "another", [9] * 48, 8, 0, 0)
    docker.meet_image()
    turn_until(lambda: docker.taken_for.text() == NOTHING)
    assert docker.source.currentData() == ""
    image.active = photo
    docker.meet_image()
    turn_until(lambda: docker.taken_for.text() == OUTLINE)
    assert docker.source.currentData() == own.uniqueId().toString()


def test_says_live_what_a_source_is_taken_for_and_extracts_from_it(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    source = grey(image, "trimap", list(PAINTED), 8, 0, 0)
    docker.widget.showEvent(None)
    turn_until(lambda: docker.taken_for.text() == NOTHING)
    docker.source.pick(source.uniqueId().toString())
    turn_until(lambda: docker.taken_for.text() == OUTLINE)
    questions = [one for one in running_daemon.received if isinstance(one, DescribeRequest)]
    assert questions[-1].partly_px == 12
    docker.button.click()
    assert docker.wait().startswith("Done")
    (request,) = (one for one in running_daemon.received if isinstance(one, ExtractRequest))
    assert request.selection is not None
    assert image.root.children[0].children[-1].pixelData(0, 0, 8, 6).data() == PAINTED
    source.remove()
    docker.meet_image()
    assert "is gone" in docker.taken_for.text()
    docker.source.pick("")
    turn_until(lambda: docker.taken_for.text() == NOTHING)


def test_a_choice_holds_for_its_image_alone(
    krita: Krita, docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    source = grey(image, "trimap", list(PAINTED), 8, 0, 0)
    docker.widget.showEvent(None)
    docker.source.pick(source.uniqueId().toString())
    other = make_image(krita, 8, 6, Node(), 0, 0, 8, 6)
    select(other, 0, 0, [[255]])
    docker.meet_image()
    assert docker.source.currentData() == ""
    krita.active = image
    docker.meet_image()
    assert docker.source.currentData() == source.uniqueId().toString()


def test_nothing_but_the_selection_is_offered_where_no_image_is_open(
    krita: Krita, docker: Docker
) -> None:
    docker.widget.showEvent(None)
    assert docker.source.texts() == ["Taken from: Selection"]
