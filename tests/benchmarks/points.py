"""What a click costs: at the client of a real daemon with 24 megapixels, and of each network beside its authors' code.

Made-up weights (tests/data/parity). Encoders are measured as all networks are (`networks.figures`): one thread, each
entrant in a process of its own. Decoders, which need no picture, run in turn in this process with as many threads as
the daemon's engines have; the authors' are beside ours where their checkouts are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from numpy.typing import NDArray
from tests.benchmarks import authors, networks
from tests.benchmarks.builtin import scene
from tests.benchmarks.memory import settings
from tests.benchmarks.repeats import in_turn, seconds_of, spread
from tests.benchmarks.resident import peak_bytes, resident_bytes
from tests.benchmarks.wire import SIZES, fresh_daemon
from tests.parity import cases, checkpoints

from flyaway import engines
from flyaway.config import Settings
from flyaway.engines.candidates import Ask
from flyaway.engines.pointing import Embedding, PromptedEngine
from flyaway.weights.store import FOLDER_VARIABLE, Store
from flyaway_client.client import Client, PointedAt, new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader, OpenSession, PointRequest
from flyaway_client.prompts import Box, Point, Prompts

DATA = Path(__file__).parents[1] / "data" / "parity"
ENGINE, FOLDER = "mobile-sam", "mobile_sam"
NETWORKS = ("mobile_sam", "repvit_sam", "sam2.1_hiera_tiny")
MEGAPIXELS = (2, 24)
CLICKS = 15


def points() -> dict[str, Any]:
    """The daemon's figures by megapixels, encoders and decoders by network."""
    encoders = networks.figures(
        list(NETWORKS)
    )  # first: a process begins with its parent's peak memory
    return {
        "engine": ENGINE,
        "encoders": encoders,
        "decoders": [_decoder(network) for network in NETWORKS],
        "daemon": [_at_the_client(size) for size in MEGAPIXELS],
    }


def _at_the_client(megapixels: int) -> dict[str, Any]:
    """Seconds of opening a session, of the first look, of clicks and of the cut-out; the daemon's memory."""
    width, height = SIZES[megapixels]
    image, _, _ = scene(width, height, 0.05)
    with _made_up_weights(), settings(""), fresh_daemon(), Client.connect("benchmark") as client:
        session = _Session(client, image)
        figures: dict[str, Any] = {"image": f"{width}x{height}"}
        figures["open_s"] = round(seconds_of(session.open), 3)
        figures["load_and_first_look_s"] = round(seconds_of(lambda: session.point(Prompts())), 3)
        around = [_around(width, height, index) for index in range(CLICKS + 1)]
        clicks = [seconds_of(partial(session.point, Prompts((at,)))) for at in around]
        beside = Point(1, 1, False)
        several = [seconds_of(partial(session.point, Prompts((at, beside)))) for at in around]
        figures |= spread("click_s", clicks[1:], 3)
        figures |= spread("two_points_s", several[1:], 3)
        pid = client.hello.pid
        figures["after_clicks_mib"] = round(resident_bytes(pid) / 2**20)
        figures["peak_with_clicks_mib"] = round(peak_bytes(pid) / 2**20)
        figures["box_to_mask_s"] = round(seconds_of(session.extract), 2)
        figures["peak_with_cut_out_mib"] = round(peak_bytes(pid) / 2**20)
        return figures


def _around(width: int, height: int, index: int) -> Point:
    """Places around the middle."""
    return Point(width / 2 + index * width // 100, height / 2)


class _Session:
    """An image that is clicked."""

    def __init__(self, client: Client, image: NDArray[Any]) -> None:
        self._client, self._image = client, image
        self._header = ImageHeader(image.shape[1], image.shape[0], "rgb", "u8")
        self._name = new_request_id()

    def open(self) -> None:
        """Send the image."""
        wish = OpenSession(new_request_id(), self._name, "", self._header, engine="builtin")
        parts = {"image": self._image.data}
        request = OpenSession(
            new_request_id(), self._name, wish.digest_of(parts), self._header, engine="builtin"
        )
        self._client.open_session(request, parts)

    def point(self, prompts: Prompts) -> PointedAt:
        """Ask what was pointed at."""
        return self._client.point(PointRequest(new_request_id(), self._name, prompts))

    def extract(self) -> None:
        """Cut out what a box holds."""
        width, height = self._header.width, self._header.height
        box = Box(width // 4, height // 4, 3 * width // 4, 3 * height // 4)
        request = ExtractRequest(
            new_request_id(), self._header, prompts=Prompts((), (box,)), session=self._name
        )
        self._client.extract(request, {"image": self._image.data})


def _decoder(network: str) -> dict[str, Any]:
    """Seconds of one question to our decoder, and to the authors'."""
    torch.set_num_threads(Settings().engine_threads)
    state = checkpoints.make(DATA / network)
    engine = cases.load(DATA / network, state)
    assert isinstance(engine, PromptedEngine)
    source = torch.Generator().manual_seed(4)
    shapes = ((1, 32, 256, 256), (1, 64, 128, 128)) if engine.pads_boxes else ()
    features = Embedding(
        (1200, 1600),
        torch.randn((1, 256, 64, 64), generator=source),
        tuple(torch.randn(shape, generator=source) for shape in shapes),
    )
    click = Ask(((800.0, 600.0),))
    runs: dict[str, Any] = {"question": lambda: engine.answer(features, [click], None)}
    folder = os.environ.get(networks.AUTHORS_VARIABLE, "")
    figures: dict[str, Any] = {"network": network, "threads": torch.get_num_threads()}
    if folder:
        try:
            runs["authors_question"] = authors.decoder(network, Path(folder), state, features)
        except Exception as failure:  # noqa: BLE001 - an entrant that cannot run is reported, with the reason
            figures["authors_failure"] = f"{type(failure).__name__}: {failure}".splitlines()[0]
    with torch.inference_mode():
        seconds = in_turn(runs, CLICKS)
    for name, values in seconds.items():
        figures |= spread(f"{name}_s", values, 4)
    return figures


@contextmanager
def _made_up_weights() -> Iterator[None]:
    """A store that holds MobileSAM."""
    before = os.environ.get(FOLDER_VARIABLE)
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "net.pt"
        torch.save(checkpoints.as_published(DATA / FOLDER), checkpoint)
        os.environ[FOLDER_VARIABLE] = str(Path(folder) / "weights")
        try:
            Store().adopt(engines.record(ENGINE), checkpoint)
            yield
        finally:
            del os.environ[FOLDER_VARIABLE]
            if before is not None:
                os.environ[FOLDER_VARIABLE] = before
