"""What the scripts that run in GIMP share: calling a procedure, reading pixels."""

from __future__ import annotations

from gi.repository import Gegl, Gimp

EXTRACT = "plug-in-flyaway-extract-foreground"
REFINE = "plug-in-flyaway-refine-edge"
COMPARE = "plug-in-flyaway-compare-engines"


def extract(image, drawables, *, procedure=EXTRACT, **settings) -> str:
    """Call the procedure as a script does; what it says when it fails, "" when it succeeds."""
    return call(image, drawables, procedure=procedure, **settings)[0]


def call(image, drawables, *, procedure, **settings) -> tuple[str, object]:
    """The same, and the first of what it gives back when it succeeds; None where it gives nothing."""
    found = Gimp.get_pdb().lookup_procedure(procedure)
    config = found.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    for name, value in settings.items():
        config.set_property(name, value)
    answer = found.run(config)
    result = answer.index(1) if answer.length() > 1 else None
    return ("", result) if answer.index(0) == Gimp.PDBStatusType.SUCCESS else (result, None)


def read(drawable, pixel_format=None) -> bytes:
    """All pixels of a layer, a mask or the selection, in a format of babl, else as GIMP keeps them."""
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(whole, 1.0, pixel_format, Gegl.AbyssPolicy.NONE)
