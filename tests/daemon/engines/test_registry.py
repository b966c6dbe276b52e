"""Every engine of the table through the same checks; a network runs on random weights, at small sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.fakes import brightness
from tests.fakes import sdmatte as fakes
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import checkpoint, gfm, sam2, sdmatte, vitmatte
from flyaway.engines.aim.network import AimNet
from flyaway.engines.backgroundmattingv2.network import BackgroundMattingV2
from flyaway.engines.ben2.engine import BEN2Engine
from flyaway.engines.ben2.network import BEN2
from flyaway.engines.birefnet.engine import BiRefNetEngine
from flyaway.engines.birefnet.network import LARGE, LITE, BiRefNet
from flyaway.engines.contract import AnyEngine, Extraction, Inputs, Prompts
from flyaway.engines.deepimagematting.network import DeepImageMatting
from flyaway.engines.gfm.network import build as build_gfm
from flyaway.engines.isnet.engine import ISNetEngine
from flyaway.engines.isnet.network import ISNet
from flyaway.engines.layers.nested_u import FULL, SMALL
from flyaway.engines.mobilesam.network import UNUSED as CLASSIFIER
from flyaway.engines.mobilesam.network import TinyViT
from flyaway.engines.modnet.network import MODNet
from flyaway.engines.p3m.network import P3MNet
from flyaway.engines.pointing import PromptedEngine
from flyaway.engines.ppmatting.network import W18, W48, PPMatting
from flyaway.engines.ppmatting.second import PPMattingV2
from flyaway.engines.records import Input, Role
from flyaway.engines.repvitsam.network import RepViT
from flyaway.engines.sam2.network import SAM2
from flyaway.engines.sam2.network import UNUSED as FILMS
from flyaway.engines.sdmatte.engine import SDMatteEngine
from flyaway.engines.segmentanything import SegmentAnything
from flyaway.engines.semanticimagematting.network import SemanticImageMatting
from flyaway.engines.u2net.network import U2Net
from flyaway.engines.vitmatte.network import ViTMatte
from flyaway.errors import CancelledError, RequestError, UnknownEngineError, WeightsError
from flyaway.weights.recognition import recognise

DATA = Path(__file__).parents[2] / "data" / "parity"
NETWORKS = [known.name for known in engines.weights_records()]

MADE_UP = "brightness-plain"
"""An engine of a family that a test adds as a newcomer would: its own place, and a line in the table."""

RUN = [
    "builtin",
    MADE_UP,
    "modnet-photographic",
    "vitmatte-small-composition-1k",
    "deepimagematting-skip",
    "deepimagematting-plain",
    "semanticimagematting-simd",
    "u2net-small",
    "isnet-general",
    "backgroundmattingv2-mobilenetv2",
    "backgroundmattingv2-resnet50",
    "birefnet-lite",
    "ben2-base",
    "mobile-sam",
    "repvit-sam",
    "sam2-tiny",
    "gfm-r34-tt",
    "gfm-d121-rim",
    "aim-matting",
    "p3m-portrait",
    "ppmatting-human-512",
    "ppmatting-v2-human-512",
    "sdmatte",
    "sdmatte-lite",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in (
            "vitmatte-base-composition-1k",
            "birefnet-general",
            "birefnet-dynamic",
            "gfm-r34-2b-tt",
            "gfm-r34-ft",
            "gfm-r34-bt",
            "ppmatting-composition-1k",
        )
    ),
]
"""One of each class and way of choosing a size; the others differ in their weights alone."""

FOR_FILMS = 7_653_618
"""Numbers in the files of SAM 2.1 that are of no use for single images."""

UNUSED = (*CLASSIFIER, *FILMS)
"""Beginnings of names that are in files and in no network."""


def build(name: str) -> torch.nn.Module:
    """The bare network of an engine, without memory for its parameters."""
    variant = name.partition("-")[2].split("-")[0]
    return checkpoint.build(
        {
            "modnet": MODNet,
            "vitmatte": lambda: ViTMatte(*vitmatte.WIDTHS[variant]),
            "isnet": ISNet,
            "u2net": lambda: U2Net(SMALL if variant == "small" else FULL),
            "deepimagematting": lambda: DeepImageMatting(
                has_skips=variant == "skip", refines=False
            ),
            "semanticimagematting": lambda: SemanticImageMatting(
                solves=variant != "classifier", classifies=variant == "classifier"
            ),
            "backgroundmattingv2": lambda: BackgroundMattingV2(variant),
            "ben2": BEN2,
            "gfm": lambda: build_gfm(*gfm.backbone_and_glance(engines.record(name))),
            "aim": AimNet,
            "p3m": P3MNet,
            "ppmatting": lambda: (
                PPMattingV2() if variant == "v2" else PPMatting(W18 if variant == "human" else W48)
            ),
            "birefnet": lambda: BiRefNet(LITE if variant == "lite" else LARGE),
            "mobile": lambda: SegmentAnything(TinyViT()),
            "repvit": lambda: SegmentAnything(RepViT()),
            "sam2": lambda: SAM2(*sam2.DEPTHS[variant]),
            "sdmatte": lambda: fakes.published(sdmatte.usual(engines.record(name))),
        }[name.split("-")[0]]
    )


def made_up(name: str) -> dict[str, torch.Tensor] | None:
    """A checkpoint of random weights for an engine, as it is published; None for one that needs none."""
    if name == "builtin":
        return None
    if name == MADE_UP:
        return {"head.w": torch.tensor([0.9, -0.4, 0.2]).view(1, 3, 1, 1)}
    if name.startswith("sdmatte"):
        return fakes.tensors(name == "sdmatte-lite")
    tensors = random_weights.fill(build(name))
    if name.startswith("sam2"):
        called = sam2.names_in_file(tensors)
        tensors = {called.get(name, name): values for name, values in tensors.items()}
    beside = engines.record(name).companion
    return tensors | (random_weights.fill(build(beside.name)) if beside else {})


@dataclass
class Loaded:
    """An engine and what its kind needs beside an image."""

    name: str
    engine: AnyEngine

    def inputs(self, image: np.ndarray, trimap: np.ndarray | None = None, **more: Any) -> Inputs:
        needs = engines.record(self.name).needs
        if Input.TRIMAP in needs and trimap is None:
            trimap = ring(*image.shape[:2])
        if Input.PLATE in needs:
            more["plate"] = image
        if Input.PROMPTS in needs:
            middle = image.shape[1] / 2, image.shape[0] / 2
            more["prompts"] = Prompts(keep=(middle,))
        return Inputs(trimap, **more)

    def extract(
        self, image: np.ndarray, trimap: Any = None, report: Any = None, **more: Any
    ) -> Extraction:
        told = {"report": report} if report else {}
        return self.engine.extract(image, self.inputs(image, trimap, **more), **told)


@pytest.fixture(scope="module")
def newcomer() -> Iterator[None]:
    """The made-up family has its line in the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.FAMILIES, "brightness", brightness)
        yield


@pytest.fixture(scope="module", params=RUN)
def loaded(request: pytest.FixtureRequest, newcomer: None) -> Iterator[Loaded]:
    name = request.param
    engine = engines.load(name, made_up(name))
    if isinstance(engine, BiRefNetEngine) and engine.size is not None:
        engine.size = (64, 96)  # what it sees; its own size would take minutes here
    if isinstance(engine, BEN2Engine):
        engine.size = (128, 128)
    if isinstance(engine, ISNetEngine):
        engine.side_px = 128
    if isinstance(engine, SDMatteEngine):
        engine.side_px = 128
    if isinstance(engine, PromptedEngine):
        engine.side_px = 256
    yield Loaded(name, engine)


def picture(height: int, width: int) -> np.ndarray:
    """A bright grainy middle before something dark."""
    grain = np.random.default_rng(0).integers(0, 100, (height, width, 3), dtype=np.uint8)
    return np.where(ring(height, width)[..., None] > 0, 150 + grain, grain).astype(np.uint8)


def ring(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    far = np.maximum(abs(rows / height - 0.5), abs(columns / width - 0.5))
    return np.where(far < 0.15, 255, np.where(far > 0.35, 0, 128)).astype(np.uint8)


@pytest.mark.usefixtures("newcomer")
@pytest.mark.parametrize("name", [*engines.names(), MADE_UP])
def test_a_record_says_what_people_need_to_know(name: str) -> None:
    record = engines.record(name)
    assert record.name == name
    assert record.title
    assert record.purpose.endswith(".")
    assert record.ranks
    assert set(record.needs) <= record.accepts
    assert record.licence_url.startswith("https://")
    assert record in engines.FAMILIES[record.family].RECORDS


@pytest.mark.parametrize("name", NETWORKS)
def test_a_weights_record_says_where_the_file_is(name: str) -> None:
    weights = engines.weights_record(name).weights
    assert weights is not None
    assert weights.repository.count("/") == 1 or weights.page.startswith("https://")
    assert weights.revision
    assert weights.sha256 == "" or len(bytes.fromhex(weights.sha256)) == 32
    network = build(name)
    tensors = [*network.parameters(), *network.buffers()]
    numbers = sum(tensor.numel() for tensor in tensors if tensor.is_floating_point())
    single = 4 * (numbers + (FOR_FILMS if name.startswith("sam2") else 0))
    if name.startswith("sdmatte"):  # two numbers more for each that training changed
        trained = network.get_submodule("unet").parameters()
        single += 2 * 4 * sum(values.numel() for values in trained)
    assert any(abs(weights.bytes / size - 1) < 0.05 for size in (single, single / 2))


def test_names_and_titles_are_unlike() -> None:
    for told in ("name", "title"):
        values = [getattr(engines.record(name), told) for name in engines.names()]
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("role", Role)
def test_no_two_engines_have_one_rank(role: Role) -> None:
    ranks = [
        engines.record(n).ranks[role] for n in engines.names() if role in engines.record(n).ranks
    ]
    assert ranks
    assert len(set(ranks)) == len(ranks)


def test_looking_an_engine_up_needs_neither_torch_nor_numpy() -> None:
    look = "import sys; from flyaway import engines; engines.record(engines.names()[-1])"
    found = f"{look}; sys.exit(bool({{'torch', 'numpy'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", found], check=False).returncode == 0


def test_a_family_is_added_by_its_place_and_one_line(newcomer: None, tmp_path: Path) -> None:
    assert engines.names()[-1] == MADE_UP
    file = tmp_path / "Bright_P.safetensors"
    save_file(made_up(MADE_UP) or {}, file)
    assert recognise(file).name == MADE_UP
    image = np.full((20, 30, 3), 40, np.uint8)
    image[:, 15:] = 255
    alpha = engines.load(MADE_UP, file).extract(image).alpha
    assert alpha.shape == (20, 30)
    assert alpha[:, -1].min() > alpha[:, 0].max()


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("modnet-webcam", "modnet", "keys.json"),
        ("birefnet-lite-matting", "birefnet_lite", "keys.json"),
        ("birefnet-hr", "birefnet_large", "keys.json"),
        ("ben2-base", "ben2", "keys.json"),
        ("vitmatte-small-distinctions-646", "vitmatte", "keys.json"),
        ("vitmatte-base-composition-1k", "vitmatte", "keys_base.json"),
        ("isnet-dis", "isnet", "keys.json"),
        ("mobile-sam", "mobile_sam", "keys.json"),
        ("repvit-sam", "repvit_sam", "keys.json"),
        ("sam2-tiny", "sam2.1_hiera_tiny", "keys.json"),
        ("sdmatte", "sdmatte", "keys_full.json"),
        ("u2net-human", "u2net", "keys.json"),
        ("u2net-small", "u2netp", "keys.json"),
        ("deepimagematting-skip", "dim_hctt", "keys.json"),
        ("deepimagematting-plain", "dim_hctt", "keys.json"),
        ("semanticimagematting-composition-1k", "sim", "keys.json"),
        ("backgroundmattingv2-mobilenetv2", "bgmv2_mobilenetv2", "keys.json"),
        ("backgroundmattingv2-resnet50", "bgmv2_resnet50", "keys.json"),
        ("backgroundmattingv2-resnet101", "bgmv2_resnet101", "keys.json"),
    ],
)
def test_has_the_published_names_and_shapes(name: str, folder: str, file: str) -> None:
    published = json.loads((DATA / folder / file).read_text())
    published = published.get("keys", published)
    ours = {n: list(t.shape) for n, t in build(name).state_dict().items()}
    if name.startswith("sam2"):
        ours = {sam2.names_in_file(ours).get(n, n): shape for n, shape in ours.items()}
    optional = checkpoint.OPTIONAL
    theirs = {
        n: shape
        for n, (shape, _) in published.items()
        if not n.endswith(optional) and not n.startswith(UNUSED)
    }
    assert {n: shape for n, shape in ours.items() if not n.endswith(optional)} == theirs


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownEngineError, match="modnet-webcam"):
        engines.load("magic")


@pytest.mark.parametrize("name", NETWORKS)
def test_without_weights_says_how_to_get_them(name: str) -> None:
    with pytest.raises(WeightsError, match="flyaway models download"):
        engines.load(name)


@pytest.mark.parametrize(
    ("name", "folder", "changed"),
    [
        ("gfm-r34-2b-tt", "gfm", "encoder5.1.conv1.weight"),
        ("gfm-d121-rim", "gfm_d121_rim", "rim.0.weight"),
        ("aim-matting", "aim", "decoder0_g_spatial.weight"),
        ("p3m-portrait", "p3m", "dbfi_1.conv2.weight"),
        ("ppmatting-human-512", "ppmatting", "hrdb.gates.0._gate_conv.4._variance"),
        ("ppmatting-human-1024", "ppmatting", "backbone.conv_layer1_1._batch_norm._mean"),
        (
            "ppmatting-v2-human-512",
            "ppmatting_v2",
            "dpp.pp2.2.1.transformer_blocks.0.mlp.fc1.bn._mean",
        ),
    ],
)
def test_takes_the_published_file_and_no_other(name: str, folder: str, changed: str) -> None:
    """Where a file has parts twice, parts that never run, or names of another framework."""
    published = json.loads((DATA / folder / "keys.json").read_text())["keys"]
    file = {n: torch.empty(shape, device="meta") for n, (shape, _) in published.items()}
    assert engines.load(name, file, "meta").device
    with pytest.raises(WeightsError, match=f"lacks {changed}"):
        engines.load(name, {n: t for n, t in file.items() if n != changed}, "meta")
    with pytest.raises(WeightsError, match=r"has more\.weight"):
        engines.load(name, {**file, "more.weight": file[changed]}, "meta")
    with pytest.raises(WeightsError, match=f"wrong shape or type of {changed}"):
        engines.load(name, {**file, changed: torch.empty(9, 9, 9, device="meta")}, "meta")


@pytest.mark.parametrize("size", [(64, 64), (97, 61), (33, 130)])
def test_alpha_has_the_images_size_and_range(loaded: Loaded, size: Any) -> None:
    extraction = loaded.extract(picture(*size))
    assert extraction.alpha.shape == size
    assert extraction.alpha.dtype == np.float32
    assert np.isfinite(extraction.alpha).all()
    assert extraction.alpha.min() >= 0
    assert extraction.alpha.max() <= 1
    if extraction.foreground is not None:
        assert extraction.foreground.shape == (*size, 3)
        assert 0 <= extraction.foreground.min() <= extraction.foreground.max() <= 1


def test_the_same_picture_gives_the_same_alpha(loaded: Loaded) -> None:
    image = picture(64, 80)
    assert np.array_equal(loaded.extract(image).alpha, loaded.extract(image).alpha)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deeper_pixels_mean_the_same(loaded: Loaded, dtype: Any) -> None:
    image = picture(64, 64)
    deep = image.astype(np.uint16) * 257 if dtype == np.uint16 else image.astype(np.float32) / 255
    difference = np.abs(loaded.extract(image).alpha - loaded.extract(deep).alpha)
    assert difference.max() < 0.02  # an 8-bit picture is resized in 8 bits, as upstream does


def test_a_trimaps_certain_pixels_come_back(loaded: Loaded) -> None:
    trimap = ring(64, 96)
    alpha = loaded.extract(picture(64, 96), trimap).alpha
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()


@pytest.mark.parametrize("value", [0, 255])
def test_a_trimap_without_unknown_pixels_is_its_own_alpha(loaded: Loaded, value: int) -> None:
    trimap = np.full((64, 64), value, np.uint8)
    assert (loaded.extract(picture(64, 64), trimap).alpha == value // 255).all()


def test_outside_a_region_is_background(loaded: Loaded) -> None:
    if Input.REGION not in engines.record(loaded.name).accepts:
        with pytest.raises(RequestError, match="selection"):
            loaded.engine.extract(picture(64, 64), Inputs(region=np.ones((64, 64), np.bool_)))
        return
    region = np.zeros((64, 80), np.bool_)
    region[6:58, 8:72] = True
    assert (loaded.extract(picture(64, 80), region=region).alpha[~region] == 0).all()


@pytest.mark.parametrize("window", [(slice(20, 75), slice(30, 91)), (slice(0, 1), slice(0, 128))])
def test_a_window_gets_what_solving_all_gives_there(loaded: Loaded, window: Any) -> None:
    image = picture(96, 128)
    inputs = loaded.inputs(image, ring(96, 128))
    whole = loaded.engine.extract(image, inputs)
    part = loaded.engine.solve(loaded.engine.encode(image), inputs, window)
    assert np.allclose(part.alpha, whole.alpha[window], atol=2e-3)
    assert part.alpha.flags.c_contiguous
    if whole.foreground is not None:
        assert part.foreground is not None
        assert np.allclose(part.foreground, whole.foreground[window], atol=2e-3)


def test_features_can_be_solved_again_with_something_else(loaded: Loaded) -> None:
    image, less = picture(64, 96), ring(64, 96)
    less[:, :40] = 0
    features = loaded.engine.encode(image)
    first = loaded.engine.solve(features, loaded.inputs(image, ring(64, 96)))
    other = loaded.engine.solve(features, loaded.inputs(image, less))
    again = loaded.engine.solve(features, loaded.inputs(image, ring(64, 96)))
    assert np.array_equal(other.alpha, loaded.extract(image, less).alpha)
    assert np.array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.alpha, other.alpha)


def test_says_where_it_works(loaded: Loaded) -> None:
    assert loaded.engine.device.startswith("CPU (")


def test_on_a_processor_there_is_an_end_to_saving(loaded: Loaded) -> None:
    saved = [loaded.engine.economise(24_000_000, True) for _ in range(5)]
    assert saved[-1] is None
    assert not any("half precision" in (sentence or "") for sentence in saved)
    image = picture(64, 64)
    loaded.extract(image)
    loaded.engine.restore()
    assert np.isfinite(loaded.extract(image).alpha).all()


def test_reports_rise_to_one(loaded: Loaded) -> None:
    reported: list[float] = []
    loaded.extract(picture(96, 96), report=lambda fraction, preview=None: reported.append(fraction))
    assert reported[0] < 0.2
    assert reported == sorted(reported)
    assert 0.9 <= reported[-1] <= 1


def test_a_cancel_passes_through_and_the_engine_works_on(loaded: Loaded) -> None:
    image, seen = picture(96, 96), 0

    def cancel(fraction: float, preview: Any = None) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise CancelledError("not wanted any more")

    before = loaded.extract(image).alpha
    with pytest.raises(CancelledError):
        loaded.extract(image, report=cancel)
    assert np.array_equal(loaded.extract(image).alpha, before)


def test_leaves_the_picture_as_it_was(loaded: Loaded) -> None:
    image, trimap = picture(64, 64), ring(64, 64)
    copies = image.copy(), trimap.copy()
    loaded.extract(image, trimap)
    assert np.array_equal(image, copies[0])
    assert np.array_equal(trimap, copies[1])


def test_takes_reversed_and_repeated_channels(loaded: Loaded) -> None:
    image = picture(64, 64)
    assert np.array_equal(
        loaded.extract(image[..., ::-1]).alpha, loaded.extract(image[..., ::-1].copy()).alpha
    )
    grey = np.broadcast_to(image[..., :1], image.shape)
    assert np.array_equal(loaded.extract(grey).alpha, loaded.extract(grey.copy()).alpha)
