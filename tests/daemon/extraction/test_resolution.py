"""What a request of the wire is found to mean, once and for all."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tests.daemon.extraction.test_catalogue import Installed

from flyaway.engines.contract import Inputs, Prompts
from flyaway.engines.records import Role
from flyaway.errors import NoSubjectError, RequestError, UnknownEngineError
from flyaway.extraction import pipeline, resolution
from flyaway.extraction.catalogue import Catalogue
from flyaway.extraction.request import Output, ResolvedRequest
from flyaway.extraction.sessions import Picture
from flyaway_client import prompts as wire
from flyaway_client.messages import CHANNELS, ExtractRequest, ImageHeader

HEIGHT, WIDTH = 20, 30
NOBODY: Any = None
"""Lends no engine, for none is needed."""
RGB, RGBA, GRAY = (ImageHeader(WIDTH, HEIGHT, kind, "u8") for kind in ("rgb", "rgba", "gray"))


def square(outside: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    selection = np.full((HEIGHT, WIDTH), outside, np.uint8)
    selection[5:15, 5:15] = 255
    return selection


def resolved(selection: Any = None, header: ImageHeader = RGB, **changes: Any) -> ResolvedRequest:
    parts = {"image": changes.pop("pixels", bytes(range(256)) * (header.bytes // 256 + 1))}
    parts["image"] = bytes(parts["image"][: header.bytes])
    for name in ("icc", "plate", "mask"):
        if f"{name}_part" in changes:
            parts[name] = changes.pop(f"{name}_part")
    if selection is not None:
        changes["selection"] = GRAY
        parts["selection"] = selection.tobytes()
    catalogue = changes.pop("catalogue", None) or Catalogue()
    picture = changes.pop("picture", None)
    request = ExtractRequest("r", header, **changes)
    resolution.check(request, catalogue)
    return resolution.resolve(request, parts, catalogue, picture=picture)


def test_a_trimap_with_nothing_unknown_needs_no_engine() -> None:
    found = resolved(square(), selection_is="trimap", engine="builtin")
    assert found.steps == ()
    assert found.inputs.trimap is not None
    assert (found.inputs.trimap == square()).all()


def test_such_a_trimap_is_answered_without_torch() -> None:
    script = (
        "import sys\n"
        "from flyaway.extraction import pipeline, resolution\n"
        "from flyaway.extraction.catalogue import Catalogue\n"
        "from flyaway_client.messages import ExtractRequest, ImageHeader\n"
        "image, grey = (ImageHeader(2, 1, kind, 'u8') for kind in ('rgb', 'gray'))\n"
        "request = ExtractRequest('r', image, selection=grey, selection_is='trimap')\n"
        "parts = {'image': bytes(6), 'selection': bytes([0, 255])}\n"
        "resolved = resolution.resolve(request, parts, Catalogue())\n"
        "print(pipeline.extract(resolved, None).alpha.tolist(), 'torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert ended.stdout.strip() == b"[[0, 255]] False"


@pytest.mark.parametrize(
    ("dtype", "kind"), [("u8", np.uint8), ("u16", np.uint16), ("f32", np.float32)]
)
def test_colours_alone_leave_the_mask_and_are_mixed_with_the_photos(dtype: str, kind: type) -> None:
    values = np.random.default_rng(3).random((HEIGHT, WIDTH))
    mask: Any = (values * (1 if dtype == "f32" else np.iinfo(kind).max)).astype(kind)
    pixels = np.random.default_rng(4).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    outcomes = [
        pipeline.extract(
            resolved(
                pixels=pixels.tobytes(),
                mask=ImageHeader(WIDTH, HEIGHT, "gray", dtype),
                mask_part=mask.tobytes(),
                output_dtype=dtype,
                wants_foreground=True,
                foreground_amount=amount,
                engine="modnet-photographic",
            ),
            NOBODY,
        )
        for amount in (0.0, 0.5, 1.0)
    ]
    assert all((one.alpha == mask).all() and one.engine == "none" for one in outcomes)
    none, half, all_of_it = (one.foreground for one in outcomes)
    assert none is not None and half is not None and all_of_it is not None
    assert (none == pixels).all()
    assert (all_of_it != pixels).any()
    assert np.abs(half - (none.astype(float) + all_of_it) / 2).max() <= 1


def test_transparent_pixels_are_known_background() -> None:
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[:10, :, 3] = 0
    found = resolved(square(), RGBA, pixels=pixels.tobytes(), selection_is="trimap")
    assert found.inputs.trimap is not None
    assert not found.inputs.trimap[:10].any()
    assert found.is_clear is not None
    assert found.is_clear[:10].all()


@pytest.mark.parametrize(("kind", "role"), [("outline", Role.SOLVE), ("region", Role.FIND)])
def test_the_meaning_of_the_selection_decides_the_work(kind: str, role: Role) -> None:
    found = resolved(square(), selection_is=kind)
    assert [step.role for step in found.steps] == [role]
    assert found.engines == ("builtin",)
    assert (found.inputs.trimap is None) == (role is Role.FIND)
    assert (found.inputs.region is None) == (role is Role.SOLVE)


def test_image_and_plate_are_converted_alike() -> None:
    header = ImageHeader(WIDTH, HEIGHT, "bgr", "u8")
    one_colour = bytes([1, 2, 3]) * (WIDTH * HEIGHT)
    found = resolved(
        header=header,
        pixels=one_colour,
        plate=header,
        plate_part=one_colour,
        engine="backgroundmattingv2-resnet50",
    )
    assert found.inputs.plate is not None
    assert found.image[0, 0].tolist() == found.inputs.plate[0, 0].tolist() == [3, 2, 1]
    assert [step.role for step in found.steps] == [Role.COMPARE, Role.SOLVE]


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({}, Output("u8")),
        ({"output_dtype": "f32"}, Output("f32")),
        ({"wants_foreground": True}, Output("u8", "u8")),
        (
            {"wants_foreground": True, "header": ImageHeader(WIDTH, HEIGHT, "rgb", "f32")},
            Output("u8", "f32"),
        ),
    ],
)
def test_what_shall_come_back_is_kept(changes: dict[str, Any], output: Output) -> None:
    assert resolved(**changes, pixels=bytes(WIDTH * HEIGHT * 12)).output == output


@pytest.mark.parametrize("channels", ["rgb", "bgra", "graya"])
def test_the_photos_own_colours_are_kept_for_the_subjects(channels: str) -> None:
    """Unclipped, and in their own space: engines see them as sRGB."""
    header = ImageHeader(WIDTH, HEIGHT, channels, "f32")
    count = CHANNELS[channels]
    pixels = np.linspace(-1, 9, WIDTH * HEIGHT * count, dtype=np.float32)
    found = resolved(
        header=header, pixels=pixels.tobytes(), colour="linear-srgb", wants_foreground=True
    )
    assert found.colours is not None
    own = pixels.reshape(HEIGHT, WIDTH, count)
    order = {"rgb": [0, 1, 2], "bgra": [2, 1, 0], "graya": [0]}[channels]
    assert (found.colours == own[..., order]).all()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"selection": np.zeros((HEIGHT, WIDTH), np.uint8)}, NoSubjectError),
        ({"colour": "icc", "icc_bytes": 9, "icc_part": b"no colour"}, RequestError),
        ({"engine": "empty-scene"}, RequestError),
        ({"engine": "magic"}, UnknownEngineError),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], error: type[RequestError]) -> None:
    with pytest.raises(error):
        resolved(**changes)


class _WithPointer(Catalogue):
    """MobileSAM is here."""

    def __init__(self, *names: str) -> None:
        super().__init__(store=Installed(*(names or ("mobile-sam",))))


def disc() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A small outline that is no rectangle."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.where(abs(rows - 10) + abs(columns - 12) < 6, 255, 0).astype(np.uint8)


class TestPointing:
    """Clicks and boxes, also those that selections stand for."""

    def test_prompts_are_handed_on(self) -> None:
        wish = wire.Prompts(
            (wire.Point(1, 2), wire.Point(3, 4, False)), (wire.Box(5, 6, 7, 8),), "part"
        )
        found = resolved(prompts=wish, catalogue=_WithPointer())
        wanted = Prompts(((1, 2),), ((3, 4),), ((5, 6, 7, 8),), "part")
        assert found.inputs == Inputs(prompts=wanted)
        assert [step.role for step in found.steps] == [Role.POINT, Role.SOLVE]
        assert found.understood == "What was pointed at"

    def test_a_rectangle_is_a_box_where_an_engine_is_here(self) -> None:
        found = resolved(square(), selection_is="region", catalogue=_WithPointer())
        assert found.inputs.prompts == Prompts(boxes=((5.0, 5.0, 14.0, 14.0),))
        assert found.inputs.region is not None
        assert found.engines == ("mobile-sam", "builtin")
        without = resolved(square(), selection_is="region", catalogue=_WithPointer("birefnet-lite"))
        assert without.inputs.prompts is None

    @pytest.mark.parametrize("asked", [{"engine": "builtin"}, {"engine": "any-subject"}])
    def test_an_engine_that_was_named_finds_in_its_own_way(self, asked: dict[str, Any]) -> None:
        found = resolved(square(), selection_is="region", catalogue=_WithPointer(), **asked)
        assert found.inputs.prompts is None
        assert found.engines == ("builtin",)

    def test_one_that_was_named_takes_the_box_of_any_selection(self) -> None:
        found = resolved(disc(), engine="mobile-sam", selection_is="outline")
        assert found.inputs.trimap is not None
        assert found.inputs.prompts is not None
        rows, columns = np.nonzero(found.inputs.trimap)
        box = (columns.min(), rows.min(), columns.max(), rows.max())
        assert found.inputs.prompts.boxes == (box,)
        assert found.engines == ("mobile-sam", "builtin")

    def test_one_that_was_named_needs_something_to_point_at(self) -> None:
        with pytest.raises(RequestError, match="must be told where the subject is"):
            resolved(np.full((HEIGHT, WIDTH), 255, np.uint8), engine="mobile-sam")

    def test_what_was_made_of_the_same_image_is_taken(self) -> None:
        pixels = bytes(range(256)) * (RGB.bytes // 256 + 1)
        image = np.frombuffer(pixels[: RGB.bytes], np.uint8).reshape(HEIGHT, WIDTH, 3)
        wish = wire.Prompts((wire.Point(1, 2),))
        same, other = Picture(image), Picture(image + np.uint8(1))
        asked: dict[str, Any] = {"prompts": wish, "session": "a", "catalogue": _WithPointer()}
        assert resolved(picture=same, **asked).pointed is same.pointed
        assert resolved(picture=same, **asked).image is image
        assert resolved(picture=other, **asked).pointed is None
        assert resolved(**asked).pointed is None


def test_that_light_shines_through_reaches_the_engines_that_take_it() -> None:
    here = Catalogue(store=Installed("sdmatte"))
    found = resolved(transparent=True, catalogue=here)
    assert found.inputs.transparent
    assert found.engines == ("sdmatte", "builtin")
    assert not found.notes
    assert resolved(catalogue=here).inputs.transparent is None


def test_where_no_engine_takes_it_the_user_is_told() -> None:
    found = resolved(transparent=True, engine="builtin")
    assert found.notes == (
        "Built-in engine can make nothing of the hint that light shines through the subject; "
        "SDMatte can.",
    )
