"""Runs in GIMP: calls the procedure where it cannot work; what it answers, and whether anything changed."""

# ruff: noqa: F821 - the driver gives Gimp, image and finish

import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read


def structure():
    """All of the image that the procedure might have changed."""
    layers = [
        (item.get_name(), item.get_mask(), item.get_visible(), item.get_lock_content())
        for item in image.get_layers()
    ]
    return layers, read(image.get_selection())


def refusal(*drawables):
    """What the procedure answers for these."""
    before = structure()
    sentence = extract(image, drawables)
    return sentence if structure() == before else f"changed the document and said {sentence!r}"


@contextmanager
def inserted(item):
    """The image has `item` as well."""
    image.insert_layer(item, None, 0)
    yield item
    image.remove_layer(item)


def with_group():
    """A group alone, and together with the photo."""
    with inserted(Gimp.GroupLayer.new(image, "Cast")) as group:
        return {"group": refusal(group), "several": refusal(layer, group)}


def with_text():
    """A text layer; GIMP has fonts only where it has its window."""
    font = Gimp.context_get_font()
    with inserted(Gimp.TextLayer.new(image, "Hair", font, 20, Gimp.Unit.pixel())) as text:
        return {"text": refusal(text)}


def with_lock():
    """The photo, locked."""
    layer.set_lock_content(True)
    said = refusal(layer)
    layer.set_lock_content(False)
    return {"locked": said}


def with_selection_aside():
    """A selection, none of which lies on the photo."""
    layer.set_offsets(50, 50)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 20, 20)
    said = refusal(layer)
    layer.set_offsets(0, 0)
    Gimp.Selection.none(image)
    return {"selection aside": said}


def with_floating_selection():
    """A pasted piece, not anchored yet."""
    Gimp.edit_copy([layer])
    (floating,) = Gimp.edit_paste(layer, False)
    said = refusal(floating)
    Gimp.floating_sel_remove(floating)
    return {"floating": said}


layer = image.get_layers()[0]
finish(
    {"none": refusal(), "channel": refusal(image.get_selection())}
    | with_group()
    | with_text()
    | with_lock()
    | with_selection_aside()
    | with_floating_selection()
    | {"nothing wrong": extract(image, [layer])}
)
