"""What a selection would be taken for, told from small copies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flyaway.errors import NoSubjectError
from flyaway.extraction import description, planning, selections
from flyaway.extraction.selections import Whole
from flyaway_client import miniature
from flyaway_client.messages import DescribeRequest, Description, ImageHeader

SIDE, SCALE = 160, 10


def disc(radius: int) -> NDArray[np.uint8]:
    levels = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(levels, (SIDE // 2, SIDE // 2), radius, 255, cv2.FILLED)
    return levels


def blob() -> NDArray[np.uint8]:
    """No rectangle, no ellipse: two discs."""
    levels = disc(40)
    cv2.circle(levels, (SIDE // 2 + 40, SIDE // 2 - 20), 25, 255, cv2.FILLED)
    return levels


def picture(subject: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The subject bright, all else dark."""
    return np.where(subject[..., None] > 0, np.uint8(200), np.uint8(30)).repeat(3, axis=2)


def describe(
    selection: NDArray[np.uint8], image: NDArray[np.uint8] | None = None, **asked: object
) -> Description:
    if image is None:
        image = picture(selection)
    channels = {3: "rgb", 4: "rgba"}[image.shape[2]]
    size = ImageHeader(SIDE, SIDE, "gray", "u8")
    request = DescribeRequest(
        "r",
        SIDE * SCALE,
        SIDE * SCALE,
        ImageHeader(SIDE, SIDE, channels, "u8"),
        size,
        **asked,  # type: ignore[arg-type]
    )
    return description.describe(request, memoryview(image.tobytes() + selection.tobytes()))


def test_a_rectangle_is_a_region() -> None:
    selection = np.zeros((SIDE, SIDE), np.uint8)
    selection[30:100, 20:120] = 255
    assert describe(selection) == Description(
        "r", "region", "Rough region, because it is a rectangle"
    )


def test_an_outlines_edge_is_told_in_pixels_of_the_layer() -> None:
    small = planning.plan(picture(blob()), blob(), "guess", None, None)
    told = describe(blob())
    assert small.edge_width_px is not None
    assert told.edge_width_px == small.edge_width_px * SCALE
    assert told.sentence == f"Outline, edge up to {told.edge_width_px} px"


@pytest.mark.parametrize("limit_px", [3, 25])
def test_an_edge_is_no_wider_than_the_limit(limit_px: int) -> None:
    told = describe(blob(), selection_is="outline", edge_width_px=limit_px)
    assert told.edge_width_px is not None
    assert told.edge_width_px <= limit_px


def large(shape: str) -> NDArray[np.uint8]:
    """A selection in a picture of 2400 pixels, as the editors draw it: its edge is smooth."""
    side, fine = 2400, 4
    drawn = np.zeros((side * fine, side * fine), np.uint8)
    if shape == "rectangle":
        drawn[600 * fine : 1500 * fine, 500 * fine : 1900 * fine] = 255
    elif shape == "ellipse":
        cv2.ellipse(drawn, (4800, 4400), (2800, 2000), 0, 0, 360, 255, cv2.FILLED)
    else:
        cv2.circle(drawn, (4400, 5000), 2400, 255, cv2.FILLED)
        cv2.circle(drawn, (6800, 3600), 1500, 255, cv2.FILLED)
    return np.asarray(cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("feather_px", [0, 4, 7, 15, 40])
@pytest.mark.parametrize("shape", ["rectangle", "ellipse", "outline"])
def test_a_feather_is_told_as_the_extraction_will(shape: str, feather_px: int) -> None:
    """However few pixels of it the small copy shows."""
    selection = large(shape)
    if feather_px:
        selection = np.asarray(cv2.GaussianBlur(selection, (0, 0), feather_px / 3.5), np.uint8)
    side = selection.shape[0]
    image = picture(selection)
    whole = planning.plan(image, selection, "guess", None, None)

    small, partly_px = miniature.shrunk_levels(lambda row: selection[row].tobytes(), side, side)
    size = miniature.size(side, side)[0]
    header = ImageHeader(size, size, "gray", "u8")
    copy = np.ascontiguousarray(image[:: side // size, :: side // size][:size, :size])
    request = DescribeRequest(
        "r",
        side,
        side,
        ImageHeader(size, size, "rgb", "u8"),
        header,
        partly_px=partly_px,
    )
    told = description.describe(request, memoryview(copy.tobytes() + small))
    assert told.kind == whole.kind
    assert told.sentence.partition(",")[0] == whole.meaning.partition(",")[0]


def test_a_painted_stroke_is_told_as_painted() -> None:
    selection = large("outline")
    cv2.line(selection, (1700, 500), (1900, 800), 128, 60)
    side = selection.shape[0]
    whole = selections.look(selection)
    small, partly_px = miniature.shrunk_levels(lambda row: selection[row].tobytes(), side, side)
    size = miniature.size(side, side)
    levels = np.frombuffer(small, np.uint8).reshape(size[::-1])
    assert whole.form == selections.look(levels, Whole(partly_px, side / size[0])).form == "painted"


def test_a_selection_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(NoSubjectError):
        describe(np.zeros((SIDE, SIDE), np.uint8))


def test_what_is_wholly_transparent_cannot_be_cut_out_of() -> None:
    with pytest.raises(NoSubjectError, match="transparent"):
        describe(blob(), np.zeros((SIDE, SIDE, 4), np.uint8))
