"""Runs in GIMP: calls the procedure with and without a photo of the empty scene; what it answers."""

# ruff: noqa: F821 - the driver gives Gimp, image and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract

COMPARER = "backgroundmattingv2-resnet50"

(photo,) = image.get_layers()
plate = photo.copy()
plate.set_name("empty")
image.insert_layer(plate, None, 1)
said = {
    "compared": extract(image, [photo], plate=plate),
    "no plate": extract(image, [photo], engine=COMPARER),
    "photo as plate": extract(image, [photo], plate=photo),
}
plate.set_offsets(1, 0)
said["beside"] = extract(image, [photo], plate=plate)
finish(said | {"nothing wrong": extract(image, [photo], plate=None)})
