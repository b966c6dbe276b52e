"""Runs in GIMP with its window while a test retouches a mask by hand: writes down what has become of it when asked.

args: "folder", "mask" (HxW bytes in a file, the layer's first mask; it may have none), "precision" and "offset" of the layer.
The test gives the signals step-1, step-2, …; each is answered by the note done-N. Before, a file named "do" in the
folder may hold lines of Python to run here.
"""

# ruff: noqa: F821 - the driver gives Gimp, Gegl, image, args, note, finish and wait_for_signal

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import read

PATIENCE_S = 280
FOLDER = Path(args["folder"])
MASK_FORMAT = args.get("mask_format", "Y u8")
(photo,) = image.get_layers()


def prepare():
    """Convert and move the layer, and give it its first mask."""
    if "precision" in args:
        image.convert_precision(getattr(Gimp.Precision, args["precision"]))
    if "canvas" in args:
        image.resize(*args["canvas"], *args["offset"])
    if "mask" not in args:
        return
    mask = photo.create_mask(Gimp.AddMaskType.BLACK)
    whole = Gegl.Rectangle.new(0, 0, photo.get_width(), photo.get_height())
    mask.get_buffer().set(whole, MASK_FORMAT, Path(args["mask"]).read_bytes())
    mask.get_buffer().flush()
    photo.add_mask(mask)
    photo.set_edit_mask(False)
    Gimp.displays_flush()


def look():
    """The masks and the selection in files; what there is in short."""
    (FOLDER / "selection").write_bytes(read(image.get_selection(), "Y u8"))
    found = []
    for number, layer in enumerate(image.get_layers()):
        mask = layer.get_mask()
        (FOLDER / f"mask-{number}").write_bytes(b"" if mask is None else read(mask, MASK_FORMAT))
        (FOLDER / f"layer-{number}").write_bytes(read(layer, "R'G'B'A u8"))
        found.append([layer.get_name(), layer.get_visible(), mask is not None])
    channels = image.get_channels()
    for number, channel in enumerate(channels):
        (FOLDER / f"channel-{number}").write_bytes(read(channel, "Y' u8"))
    return {
        "layers": found,
        "channels": [[one.get_name(), one.get_visible()] for one in channels],
        "selected": [one.get_name() for one in image.get_selected_drawables()],
    }


prepare()
note("ready")
for count in itertools.count(1):
    wait_for_signal(f"step-{count}", PATIENCE_S)
    todo = FOLDER / "do"
    if todo.exists():
        lines = todo.read_text("utf-8")
        todo.unlink()
        if lines == "end":
            break
        exec(lines)  # the test's own
    note(f"done-{count}", look() if image.is_valid() else None)
finish(None)
