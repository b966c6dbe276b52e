"""What the scripts that run in GIMP share: calling a procedure, reading pixels."""

from __future__ import annotations

from gi.repository import Gegl, Gimp

EXTRACT = "plug-in-flyaway-extract-foreground"
REFINE = "plug-in-flyaway-refine-edge"


def extract(image, drawables, *, procedure=EXTRACT, **settings) -> str:
    """Call the procedure as a script does; what it says when it fails, "" when it succeeds."""
    found = Gimp.get_pdb().lookup_procedure(procedure)
    config = found.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    for name, value in settings.items():
        config.set_property(name, value)
    answer = found.run(config)
    return "" if answer.index(0) == Gimp.PDBStatusType.SUCCESS else answer.index(1)


def read(drawable, pixel_format=None) -> bytes:
    """All pixels of a layer, a mask or the selection, in a format of babl, else as GIMP keeps them."""
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(whole, 1.0, pixel_format, Gegl.AbyssPolicy.NONE)
