"""What the scripts that run in GIMP share: images of every kind."""

from __future__ import annotations

from gi.repository import Gegl, Gimp, Gio


def make(case):
    """An image with one layer, converted and moved as the case says, an ellipse selected."""
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(case["file"]))
    if case.get("profile") == "adobe":
        intent = Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC
        image.convert_color_profile(Gimp.ColorProfile.new_rgb_adobe(), intent, False)
    if "precision" in case:
        image.convert_precision(getattr(Gimp.Precision, case["precision"]))
    if case.get("model") == "gray":
        image.convert_grayscale()
    if case.get("model") == "indexed":
        palette = Gimp.ConvertPaletteType.GENERATE
        image.convert_indexed(Gimp.ConvertDitherType.NONE, palette, 256, False, False, "")
    if "canvas" in case:
        image.resize(*case["canvas"], 0, 0)
    layer = image.get_layers()[0]
    if "has_alpha" in case and case["has_alpha"] != layer.has_alpha():
        layer.add_alpha() if case["has_alpha"] else layer.flatten()
    if "light" in case:
        _light(layer, case["light"])
    layer.set_offsets(*case.get("offset", (0, 0)))
    if case["ellipse"]:
        image.select_ellipse(Gimp.ChannelOps.REPLACE, *case["ellipse"])
    if "feather" in case:
        Gimp.Selection.feather(image, case["feather"])
    return image, layer


def _light(layer, times):
    """Make all colours so many times as bright, beyond white, and move what was dark below black."""
    import struct

    whole = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    buffer = layer.get_buffer()
    samples = buffer.get(whole, 1.0, "RGBA float", Gegl.AbyssPolicy.NONE)
    values = list(struct.unpack(f"<{len(samples) // 4}f", samples))
    for number, value in enumerate(values):
        if number % 4 < 3:
            values[number] = value * times - 0.01
    buffer.set(whole, "RGBA float", struct.pack(f"<{len(values)}f", *values))
    buffer.flush()
    layer.update(0, 0, whole.width, whole.height)
