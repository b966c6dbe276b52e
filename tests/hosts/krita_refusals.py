"""Runs in Krita: asks for what cannot be done, and collects the sentences and what changed in the image.

args: none; the document it is started with is left as it was.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

from krita import Selection

WIDTH, HEIGHT = 64, 48
GREY = b"\x80\x80\x80\xff" * (WIDTH * HEIGHT)


def nodes(made):
    """Names of all nodes, to see that none has come or gone."""
    return [
        [node.name(), *(child.name() for child in node.childNodes())]
        for node in made.topLevelNodes()
    ]


def refused(made, node):
    """What the plugin says with that node active, and whether the image stayed as it was."""
    made.waitForDone()
    yield steps.is_active(made, node)
    before = nodes(made), steps.selected(made)
    steps.extract()
    assert steps.is_idle(), "it has begun to work"
    return [steps.status(), before == (nodes(made), steps.selected(made))]


def special_layers(made):
    everything = Selection()
    everything.select(0, 0, WIDTH, HEIGHT, 255)
    yield "empty group", made.createGroupLayer("Cast")
    yield "filter", made.createFilterLayer("Filter", krita.filter("blur"), everything)
    yield "empty", made.createNode("Nothing", "paintlayer")


def selection_shown(made, said):
    """The selection as a node of its own in the Layers docker, and the active one."""
    krita.action("show-global-selection-mask").trigger()
    yield steps.a_moment()
    mask = next(node for node in made.topLevelNodes() if node.type() == "selectionmask")
    said["selection as active node"] = yield from refused(made, mask)
    krita.action("show-global-selection-mask").trigger()
    yield steps.a_moment()


def story():
    said = {}
    made = steps.new_document(WIDTH, HEIGHT)
    layer = steps.add_layer(made, GREY, 8, 8, WIDTH - 16, HEIGHT - 16)
    for case, node in special_layers(made):
        made.rootNode().addChildNode(node, None)
        said[case] = yield from refused(made, node)
    transform = made.createNode("Warp", "transformmask")
    layer.addChildNode(transform, None)
    said["transform mask"] = yield from refused(made, layer)
    transform.remove()
    layer.setLocked(True)
    said["locked"] = yield from refused(made, layer)
    layer.setLocked(False)

    steps.select(made, b"\xff" * 16, 0, 0, 4, 4)
    said["selection aside"] = yield from refused(made, layer)
    steps.select(made, b"\xff" * (WIDTH * HEIGHT), 0, 0, WIDTH, HEIGHT)
    yield from selection_shown(made, said)
    made.setSelection(Selection())
    said["nothing in the selection"] = yield from refused(made, layer)
    made.setSelection(None)
    yield from steps.all_is_noted(made)
    steps.close(made)
    yield from steps.all_is_noted(document)

    steps.close(document)
    yield lambda: krita.activeDocument() is None
    steps.extract()
    said["no image"] = [steps.status(), not krita.documents()]
    return said


steps.play(story(), until, finish)
