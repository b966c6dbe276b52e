"""Runs in GIMP with its window while a test works by hand: writes down what has become of the image when asked.

The test gives the signals step-1, step-2, …; each is answered by the note done-N, when the selection, the channel
and the layers' masks lie in files in args "folder". Files that it puts there ask for something before: "reset" for
the photo as it was, "keep" for the selection as a channel, "close" for the image closed, after which the signal
"end" ends it.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args, note, finish and wait_for_signal

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import read

PATIENCE_S = 240
FOLDER = Path(args["folder"])
(photo,) = image.get_layers()


def reset():
    """The photo alone, seen, with no mask, no selection and no channel."""
    for layer in image.get_layers():
        if layer.get_id() != photo.get_id():
            image.remove_layer(layer)
    for channel in image.get_channels():
        image.remove_channel(channel)
    photo.set_visible(True)
    if photo.get_mask() is not None:
        photo.remove_mask(Gimp.MaskApplyMode.DISCARD)
    image.set_selected_layers([photo])
    Gimp.Selection.none(image)
    Gimp.displays_flush()


def keep_selection():
    """The selection as a channel, and nothing selected any more."""
    Gimp.Selection.save(image)
    Gimp.Selection.none(image)
    image.set_selected_layers([photo])
    Gimp.displays_flush()


def look():
    """The selection and the masks in files; what there is in short."""
    # As kept: GIMP 3.2 calls that otherwise after a Quick Mask.
    (FOLDER / "selection").write_bytes(read(image.get_selection()))
    (FOLDER / "photo").write_bytes(read(photo, "R'G'B'A u8"))
    found = []
    for number, layer in enumerate(image.get_layers()):
        mask = layer.get_mask()
        (FOLDER / f"mask-{number}").write_bytes(b"" if mask is None else read(mask, "Y u8"))
        found.append([layer.get_visible(), mask is not None])
    channels = image.get_channels()
    for channel in channels:
        (FOLDER / "channel").write_bytes(read(channel))
    return {"layers": found, "channels": [one.get_name() for one in channels]}


def close():
    """Close the image's only display, and so the image."""
    image.clean_all()
    next(filter(None, map(Gimp.Display.get_by_id, range(1, 9)))).delete()


note("ready")
for count in itertools.count(1):
    wait_for_signal(f"step-{count}", PATIENCE_S)
    if (FOLDER / "close").exists():
        close()
        break
    for name, change in (("reset", reset), ("keep", keep_selection)):
        if (FOLDER / name).exists():
            (FOLDER / name).unlink()
            change()
    note(f"done-{count}", look())
note(f"done-{count}", image.is_valid())
wait_for_signal("end", PATIENCE_S)
finish(None)
