"""One extraction as the daemon is asked for it, from a layer's pixels and the user's settings. No Krita here."""

from __future__ import annotations

from dataclasses import dataclass

from .flyaway_client.choices import AUTO_ENGINE, SELECTION_CHOICES
from .flyaway_client.client import Client, Extracted, new_request_id
from .flyaway_client.messages import ExtractRequest, ImageHeader, Progress
from .flyaway_client.zmtp import Buffer
from .job import Job


@dataclass(frozen=True)
class Settings:
    """What the user chose; `edge_width_px` is 0 to scale with the image.

    `needs_plate` is whether the engine compares with a plate, and `plate` the identity of the layer that
    holds it (see `layers.identity`).
    """

    engine: str = AUTO_ENGINE.name
    needs_plate: bool = False
    plate: str = ""
    paid_work_only: bool = False
    selection_is: str = SELECTION_CHOICES[0].name
    edge_width_px: int = 0

    @property
    def uses_selection(self) -> bool:
        """Whether the selection says anything about the subject."""
        return self.selection_is != "automatic"


@dataclass(frozen=True)
class Picture:
    """Pixels, HxW, laid out as `header` says."""

    header: ImageHeader
    data: Buffer


@dataclass(frozen=True)
class LayerPixels:
    """A piece of a layer as the daemon gets it.

    Attributes:
        image: size and sample layout of `image_data`.
        image_data: HxW pixels as Krita keeps them, straight alpha last.
        colour: how colour values are encoded: "srgb", "linear-srgb" or "icc".
        icc: the profile where `colour` is "icc".
        selection_u8: HxW, the selection over the same piece; None where it is not to be used.
        plate: the empty scene over the same piece, its colours encoded the same; None where none is needed.
    """

    image: ImageHeader
    image_data: Buffer
    colour: str
    icc: bytes
    selection_u8: bytes | None
    plate: Picture | None = None


def extract(name: str, pixels: LayerPixels, settings: Settings, job: Job[Extracted]) -> Extracted:
    """Have the daemon find the alpha, starting it if need be; for a thread of its own.

    Args:
        name: how the plugin introduces itself.
        pixels: what to cut the subject out of.
        settings: how.
        job: told how far it is, and asked whether to stop.

    Raises:
        ClientError: any of errors.py.
    """
    request, parts = build(pixels, settings)
    job.report(Progress(request.id, "Starting Flyaway", 0.0))
    with Client.connect(name, should_stop=job.should_stop) as client:
        return client.extract(request, parts, on_progress=job.report, should_stop=job.should_stop)


def build(pixels: LayerPixels, settings: Settings) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """The request for a layer's alpha, and the parts to upload with it."""
    parts: dict[str, Buffer] = {"image": pixels.image_data}
    selection = None
    if pixels.icc:
        parts["icc"] = pixels.icc
    if pixels.selection_u8 is not None:
        selection = ImageHeader(pixels.image.width, pixels.image.height, "gray", "u8")
        parts["selection"] = pixels.selection_u8
    if pixels.plate is not None:
        parts["plate"] = pixels.plate.data
    request = ExtractRequest(
        id=new_request_id(),
        image=pixels.image,
        colour=pixels.colour,
        icc_bytes=len(pixels.icc),
        selection=selection,
        selection_is=settings.selection_is if selection else "automatic",
        edge_width_px=settings.edge_width_px or None,
        plate=pixels.plate.header if pixels.plate else None,
        engine=settings.engine,
        paid_work_only=settings.paid_work_only,
        # Krita keeps masks at 8 bits, whatever the depth of the image.
        output_dtype="u8",
    )
    return request, parts
