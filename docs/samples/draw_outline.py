"""Draws outline.png: a selection around the astronaut, her hair and her helmet, as a person would lasso it.

Run `python docs/samples/draw_outline.py` after moving a point.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (512, 512)
HAIR = [
    (154, 64), (159, 56), (167, 48), (177, 41), (189, 35), (194, 28), (203, 23), (213, 20),
    (226, 16), (240, 16), (252, 20), (262, 25), (272, 30), (282, 36), (289, 44), (294, 53),
    (298, 64), (300, 76), (302, 86), (300, 97), (296, 107), (290, 116), (282, 123),
]  # fmt: skip
FACE_AND_COLLAR = [
    (279, 130), (274, 136), (267, 137), (266, 148), (260, 158), (257, 168), (256, 174),
    (264, 178), (273, 186), (283, 197), (292, 209), (299, 222), (303, 233),
]  # fmt: skip
RIGHT_SHOULDER = [
    (311, 236), (321, 241), (332, 249), (342, 260), (348, 274), (353, 290), (357, 305),
    (360, 322), (362, 342), (363, 349),
]  # fmt: skip
HELMET = [
    (372, 346), (382, 344), (394, 343), (406, 344), (418, 346), (431, 351), (445, 359),
    (459, 369), (471, 381), (481, 394), (488, 407), (493, 421), (496, 437), (498, 453),
    (504, 460), (509, 470), (511, 483), (511, 511),
]  # fmt: skip
SLEEVE = [
    (36, 511), (29, 500), (25, 485), (23, 465), (21, 440), (20, 420), (20, 400), (23, 380),
    (24, 360), (26, 340), (31, 320), (36, 300), (41, 280), (49, 260), (57, 247), (65, 240),
]  # fmt: skip
LEFT_SHOULDER_AND_COLLAR = [
    (77, 231), (91, 220), (103, 210), (112, 205), (112, 197), (113, 187), (119, 185),
    (123, 178), (128, 168), (137, 159), (148, 152), (163, 148), (178, 147), (184, 149),
    (182, 140), (181, 131), (176, 131), (171, 122), (167, 118),
]  # fmt: skip
HAIR_OVER_THE_EAR = [(160, 112), (157, 103), (155, 94), (154, 84), (153, 73)]


def main() -> None:
    """Write outline.png beside this file."""
    outline = Image.new("L", SIZE, 0)
    ImageDraw.Draw(outline).polygon(
        HAIR
        + FACE_AND_COLLAR
        + RIGHT_SHOULDER
        + HELMET
        + SLEEVE
        + LEFT_SHOULDER_AND_COLLAR
        + HAIR_OVER_THE_EAR,
        fill=255,
    )
    outline.save(Path(__file__).with_name("outline.png"), optimize=True)


if __name__ == "__main__":
    main()
