"""Pieces of work of every kind that needs no download, each with the same answer every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from flyaway_client import protocol
from flyaway_client.adjustments import Adjustments
from flyaway_client.client import Client, new_request_id
from flyaway_client.errors import RefusedError
from flyaway_client.messages import (
    AdjustRequest,
    DescribeRequest,
    ExtractRequest,
    ImageHeader,
    OpenSession,
    PointRequest,
    RefineRequest,
)
from flyaway_client.prompts import Point, Prompts

SIZES = ((17, 9), (64, 48), (97, 131), (240, 160))
"""Width and height of the pictures, in pixels."""

Pixels = NDArray[np.uint8]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        name: what it is, and of which size.
        run: does it for a client, and gives what its answer comes to, as hex; may be asked to stop.
    """

    name: str
    run: Callable[[Client, ShouldStop | None], str]


@dataclass(frozen=True)
class Scene:
    """A picture of a disc with a ragged edge: HxWx3 uint8, and HxW uint8 masks of it."""

    image: Pixels
    trimap: Pixels
    outline: Pixels
    soft: Pixels

    @property
    def header(self) -> ImageHeader:
        """The picture's."""
        return ImageHeader(self.image.shape[1], self.image.shape[0], "rgb", "u8")

    @property
    def mask_header(self) -> ImageHeader:
        """Every mask's."""
        return ImageHeader(self.image.shape[1], self.image.shape[0], "gray", "u8")


def scene(width: int, height: int) -> Scene:
    """The same scene for a size every time."""
    source = np.random.default_rng(width * 1000 + height)
    rows, columns = np.ogrid[:height, :width]
    reach = np.hypot((rows - height / 2) / (height / 3), (columns - width / 2) / (width / 3))
    reach += source.normal(0, 0.03, reach.shape)
    inside = np.clip((1.1 - reach) * 5, 0, 1)
    colours = inside[..., None] * (200, 120, 40) + (1 - inside[..., None]) * (30, 90, 160)
    image = (colours + source.normal(0, 4, colours.shape)).clip(0, 255).astype(np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[reach < 0.7], trimap[reach > 1.4] = 255, 0
    outline = np.where(reach < 1, 255, 0).astype(np.uint8)
    return Scene(image, trimap, outline, (inside * 255).astype(np.uint8))


def jobs() -> list[Job]:
    """All kinds in all sizes."""
    return list(_all())


def network_jobs(engines: Iterable[str]) -> list[Job]:
    """Subjects that networks find in each size, their edges solved by the built-in engine."""
    return [
        Job(
            f"{engine}, {width} x {height}",
            partial(_extract, scene(width, height), None, "automatic", engine=engine),
        )
        for width, height in SIZES
        for engine in engines
    ]


def _all() -> Iterator[Job]:
    for width, height in SIZES:
        made, size = scene(width, height), f"{width} x {height}"
        kinds = {
            "trimap": partial(_extract, made, made.trimap, "trimap"),
            "outline": partial(_extract, made, made.outline, "outline"),
            "region": partial(_extract, made, np.where(made.trimap > 0, 255, 0), "region"),
            "soft": partial(_extract, made, made.soft, "soft"),
            "automatic": partial(_extract, made, None, "automatic"),
            "colours": partial(_extract, made, made.trimap, "trimap", wants_foreground=True),
            "deep": partial(_extract, made, made.trimap, "trimap", output_dtype="f32"),
            "refined": partial(_refine, made),
            "adjusted": partial(_adjust, made),
            "described": partial(_describe, made),
            "session": partial(_retouch, made),
        }
        for name, run in kinds.items():
            yield Job(f"{name}, {size}", run)


def _extract(
    scene: Scene,
    selection: Pixels | None,
    kind: str,
    client: Client,
    should_stop: ShouldStop | None,
    **options: object,
) -> str:
    parts: dict[str, bytes] = {"image": scene.image.tobytes()}
    if selection is not None:
        parts["selection"] = selection.astype(np.uint8).tobytes()
    request = ExtractRequest(
        new_request_id(),
        scene.header,
        selection=None if selection is None else scene.mask_header,
        selection_is=kind,
        **{"engine": "builtin", "fine_engine": "builtin", **options},  # type: ignore[arg-type]
    )
    extracted = client.extract(request, parts, should_stop=should_stop)
    return _digest(extracted.alpha, extracted.foreground or b"")


def _refine(scene: Scene, client: Client, should_stop: ShouldStop | None) -> str:
    strokes = np.where((scene.trimap == 128) & (scene.image[..., 0] % 2 == 0), 128, 0)
    request = ExtractRequest(
        new_request_id(),
        scene.header,
        mask=scene.mask_header,
        strokes=scene.mask_header,
        engine="builtin",
        fine_engine="builtin",
    )
    parts = {
        "image": scene.image.tobytes(),
        "mask": scene.soft.tobytes(),
        "strokes": strokes.astype(np.uint8).tobytes(),
    }
    return _digest(client.extract(request, parts, should_stop=should_stop).alpha)


def _adjust(scene: Scene, client: Client, should_stop: ShouldStop | None) -> str:
    adjustments = Adjustments(feather_px=1.5, contrast=20.0)
    request = AdjustRequest(new_request_id(), scene.mask_header, adjustments)
    parts = {"mask": scene.soft.tobytes()}
    return _digest(client.adjust(request, parts, should_stop=should_stop).alpha)


def _describe(scene: Scene, client: Client, should_stop: ShouldStop | None) -> str:
    width, height = scene.header.width, scene.header.height
    request = DescribeRequest(new_request_id(), width, height, scene.header, scene.mask_header)
    pixels = scene.image.tobytes() + scene.outline.tobytes()
    return client.describe(request, pixels, should_stop=should_stop).sentence


def _retouch(scene: Scene, client: Client, should_stop: ShouldStop | None) -> str:
    """Do `_sit`; where the daemon, which lets go of what is idle, has let go of the picture, send it anew as editors do."""
    while True:
        try:
            return _sit(scene, client, should_stop)
        except RefusedError as error:
            if error.code != protocol.UNKNOWN_SESSION:
                raise


def _sit(scene: Scene, client: Client, should_stop: ShouldStop | None) -> str:
    """Open a session, have a patch solved, point without an engine for that, and close it."""
    session, parts = new_request_id(), {"image": scene.image.tobytes()}
    digest = OpenSession(new_request_id(), session, "", scene.header).digest_of(parts)
    opening = OpenSession(new_request_id(), session, digest, scene.header, engine="builtin")
    client.open_session(opening, parts, should_stop=should_stop)
    patch = RefineRequest(
        new_request_id(), session, 0, 0, scene.mask_header, has_inside=True, has_strokes=True
    )
    inside = np.where(scene.trimap == 128, 255, 0).astype(np.uint8)
    strokes = np.where(scene.trimap == 255, 255, 0).astype(np.uint8)
    found = client.refine(
        patch,
        {"mask": scene.outline.tobytes(), "inside": inside.tobytes(), "strokes": strokes.tobytes()},
        should_stop=should_stop,
    )
    pointed = _point(client, session)
    client.close_session(session)
    return _digest(found.alpha, pointed.encode())


def _point(client: Client, session: str) -> str:
    """What a click is answered where no engine for it is here: the code of that refusal; others are raised."""
    prompts = Prompts(points=(Point(8, 4, True),))
    try:
        client.point(PointRequest(new_request_id(), session, prompts))
    except RefusedError as error:
        if error.code != protocol.WEIGHTS_MISSING:
            raise
        return error.code
    return "pointed"


def _digest(*parts: bytes | bytearray) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
