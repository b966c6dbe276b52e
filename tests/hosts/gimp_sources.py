"""Runs in GIMP: takes the selection from a mask, a channel and layers, in images of several kinds.

args: "cases", each a dict for `gimp_made.make`, and "levels", a file with the levels of each pixel, for a trimap.
"""

# ruff: noqa: F821 - the driver gives Gimp, Gegl, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read
from gimp_made import make

LEVELS = Path(args["levels"]).read_bytes()
UNKNOWN = 128


def painted(drawable, pixel_format, content, *place):
    """The drawable with that content."""
    buffer = drawable.get_buffer()
    buffer.set(Gegl.Rectangle.new(*place), pixel_format, content)
    buffer.flush()
    drawable.update(*place)
    return drawable


def channel_of(image, levels, pixel_format="Y' u8"):
    """A new channel in those levels."""
    size = image.get_width(), image.get_height()
    channel = Gimp.Channel.new(image, "hair", *size, 50, Gegl.Color.new("black"))
    image.insert_channel(channel, None, 0)
    return painted(channel, pixel_format, levels, 0, 0, *size)


def masked(image, layer, **settings):
    """The mask that comes of it, in short, and what the procedure says."""
    said = extract(image, [layer], engine="builtin", **settings)
    return said or read(layer.get_mask(), "Y u8").hex()


def same_as_selection(image, layer, source):
    """Whether the source does what the selection that GIMP makes of it does."""
    image.select_item(Gimp.ChannelOps.REPLACE, source)
    expected = masked(image, layer)
    Gimp.Selection.none(image)
    return masked(image, layer, **{"selection-from": source}) == expected


def masked_by_levels(layer):
    """The layer's mask, made anew of the levels."""
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    return painted(mask, "Y' u8", LEVELS, 0, 0, layer.get_width(), layer.get_height())


def with_mask(image, layer):
    """Whether the layer's own mask does what the selection made of it does; each extraction replaces it."""
    image.select_item(Gimp.ChannelOps.REPLACE, masked_by_levels(layer))
    expected = masked(image, layer)
    Gimp.Selection.none(image)
    return masked(image, layer, **{"selection-from": masked_by_levels(layer)}) == expected


def with_layers(image, layer):
    """A smaller layer that was moved, one without transparency, and a group, each with the trimap's middle in it."""
    width, height = image.get_width(), image.get_height()
    left, top, right, bottom = width // 8, height // 8, width * 7 // 8, height * 7 // 8
    rows = [LEVELS[y * width + left : y * width + right] for y in range(top, bottom)]
    there = [UNKNOWN] * (width * height)
    for number, row in enumerate(rows):
        start = (top + number) * width + left
        there[start : start + len(row)] = row
    # As seen: a channel of another image, in which levels are kept so.
    flat = Gimp.Image.new(width, height, Gimp.ImageBaseType.GRAY)
    expected = masked(image, layer, **{"selection-from": channel_of(flat, bytes(there))})
    is_same = {}
    for kind in ("RGBA", "RGB"):
        small = Gimp.Layer.new(
            image,
            kind,
            right - left,
            bottom - top,
            Gimp.ImageType.RGBA_IMAGE if kind == "RGBA" else Gimp.ImageType.RGB_IMAGE,
            100,
            Gimp.LayerMode.NORMAL,
        )
        image.insert_layer(small, None, 0)
        colours = b"".join(bytes([level] * 3) for row in rows for level in row)
        painted(small, "R'G'B' u8", colours, 0, 0, right - left, bottom - top)
        small.set_offsets(left, top)
        is_same[kind] = masked(image, layer, **{"selection-from": small}) == expected
    group = Gimp.GroupLayer.new(image, "all")
    image.insert_layer(group, None, 0)
    image.reorder_item(small, group, 0)
    is_same["group"] = masked(image, layer, **{"selection-from": group}) == expected
    return is_same


def as_selection(image, layer):
    """Whether the output "selection" has the levels of the mask."""
    source = channel_of(image, LEVELS)
    masked(image, layer, **{"selection-from": source})
    expected = read(layer.get_mask(), "Y u8")
    said = extract(
        image, [layer], engine="builtin", output="selection", **{"selection-from": source}
    )
    return said or read(image.get_selection(), "Y u8") == expected


def refusals(image, layer):
    """What it says where the source says nothing."""
    size = image.get_width(), image.get_height()
    black = channel_of(image, bytes(size[0] * size[1]))
    aside = Gimp.Layer.new(
        image, "aside", 5, 5, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL
    )
    image.insert_layer(aside, None, 0)
    aside.set_offsets(size[0], 0)
    sources = {"black": black, "aside": aside, "layer itself": layer}
    return {
        name: extract(image, [layer], **{"selection-from": source})
        for name, source in sources.items()
    }


def run(case):
    """All of it in one image."""
    image, layer = make(case)
    return {
        "channel": same_as_selection(image, layer, channel_of(image, LEVELS)),
        "mask": with_mask(image, layer),
        "selection": as_selection(image, layer),
        **with_layers(image, layer),
        "refusals": refusals(image, layer),
    }


finish({case["name"]: run(case) for case in args["cases"]})
