"""Hold our engines against stored outputs of the authors' own code: one measurement a stored output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Picture
from tests.parity import checkpoints

from flyaway import engines
from flyaway.engines import pixels
from flyaway.engines.backgroundmattingv2.engine import BackgroundMattingV2Engine
from flyaway.engines.ben2.engine import BEN2Engine
from flyaway.engines.birefnet.engine import BiRefNetEngine
from flyaway.engines.candidates import Ask
from flyaway.engines.contract import Box, Inputs
from flyaway.engines.deepimagematting.engine import DeepImageMattingEngine
from flyaway.engines.glancing import GlancingEngine
from flyaway.engines.isnet.engine import ISNetEngine
from flyaway.engines.modnet.engine import MODNetEngine
from flyaway.engines.network import NetworkEngine
from flyaway.engines.pointing import Embedding, PromptedEngine
from flyaway.engines.ppmatting.engine import PPMattingEngine
from flyaway.engines.ppmatting.network import PPMatting
from flyaway.engines.sdmatte.engine import SDMatteEngine
from flyaway.engines.sdmatte.prompting import Prompt
from flyaway.engines.semanticimagematting.engine import SemanticImageMattingEngine
from flyaway.engines.u2net.engine import U2NetEngine
from flyaway.engines.vitmatte.engine import ViTMatteEngine

Stored = Mapping[str, NDArray[Any]]
Row = tuple[str, NDArray[Any] | torch.Tensor, NDArray[Any], float]
"""What is compared, ours, the authors', the largest difference allowed."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One comparison.

    Attributes:
        case: folder, case and output, for people.
        difference: the largest, or the one that `share` of the pixels stay below.
        tolerance: what it may be.
        share: of the pixels that count; ties in top-k may put single patches elsewhere.
    """

    case: str
    difference: float
    tolerance: float
    share: float

    @property
    def holds(self) -> bool:
        """Whether the two agree."""
        return self.difference <= self.tolerance  # false for NaN


def is_known(folder: Path) -> bool:
    """Whether there is an engine for the network of this folder."""
    return folder.name in NETWORKS and (folder / "keys.json").is_file()


def load(
    folder: Path,
    checkpoint: str | Path | Mapping[str, torch.Tensor],
    companion: Path | None = None,
) -> NetworkEngine[Any]:
    """The engine that a folder's cases are for, through the real loader."""
    engine = engines.load(NETWORKS[folder.name].engine, checkpoint, companion=companion)
    assert isinstance(engine, NetworkEngine)
    return engine


def measure(folder: Path, engine: NetworkEngine[Any]) -> Iterator[Measurement]:
    """Run every case of a folder."""
    network = NETWORKS[folder.name]
    for file in sorted(folder.glob("case_*.npz")):
        with torch.inference_mode():
            for what, ours, theirs, tolerance in network.run(engine, _stored(file)):
                share = network.shares.get(what, 1.0)
                apart = np.abs(np.asarray(ours, np.float64) - _unpacked(theirs)).ravel()
                difference = float(np.quantile(apart, share)) if apart.size else float("nan")
                case = f"{folder.name} {file.stem.removeprefix('case_')} {what}"
                yield Measurement(case, difference, tolerance, share)


def _stored(file: Path) -> Stored:
    """The arrays of a case; large pictures lie beside it."""
    pictures = {"image_u8": "RGB", "trimap_u8": "L"}
    beside = {name: file.with_name(f"{file.stem}_{name[:-3]}.png") for name in pictures}
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    for name, picture in beside.items():
        if picture.is_file():
            arrays[name] = np.asarray(Picture.open(picture).convert(pictures[name]))
    return arrays


def _unpacked(values: NDArray[Any]) -> NDArray[np.float64]:
    """Stored alphas as floats: our own copies are 16-bit to keep the repository small."""
    full = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(values.dtype, 1)
    return values.astype(np.float64) / full


def _modnet(engine: MODNetEngine, stored: Stored) -> Iterator[Row]:
    if "net_in_small" in stored:
        semantic, detail, alpha = engine.network(torch.from_numpy(stored["net_in_small"]), True)
        yield "semantic", semantic, stored["semantic_small"], 4e-4
        yield "detail", detail, stored["detail_small"], 4e-4
        yield "network", alpha, stored["net_out_small"], 4e-4
    yield "whole", engine.extract(stored["image_u8"]).alpha, stored["official_alpha"], 1e-3


def _birefnet(engine: BiRefNetEngine, stored: Stored) -> Iterator[Row]:
    if "net_in" in stored:
        logit = engine.network(torch.from_numpy(stored["net_in"]))
        yield "network", logit.sigmoid()[0, 0], stored["alpha"], 2e-4
    # our own copies are without the network's input: their pictures are seen as they are
    height, width = (
        stored["net_in"].shape[2:] if "net_in" in stored else stored["alpha_inference_py"].shape
    )
    engine.size = (width, height)
    whole = engine.extract(stored["image_u8"]).alpha
    yield "whole", whole, stored["alpha_inference_py"], 2e-3


def _ben2(engine: BEN2Engine, stored: Stored) -> Iterator[Row]:
    network = stored["net_out"]
    if "net_in" in stored:
        yield "network", engine.network(torch.from_numpy(stored["net_in"])).numpy(), network, 2e-4
    engine.size = (network.shape[3], network.shape[2])
    yield "seen", engine.look(stored["image_u8"]).numpy(), network, 2e-4
    yield "whole", engine.extract(stored["image_u8"]).alpha, stored["alpha_u8"], 1.5 / 255


def _vitmatte(engine: ViTMatteEngine, stored: Stored) -> Iterator[Row]:
    image, trimap = stored["image_u8"], stored["trimap_u8"]
    network = engine.whole(image, trimap)
    yield "network", network, stored["alpha"], 2e-4
    whole, theirs = engine.extract(image, Inputs(trimap)).alpha, _unpacked(stored["alpha"])
    known = {0: 0.0, 255: 1.0}
    for value, alpha in known.items():
        theirs[trimap == value] = alpha
    yield "whole", whole, theirs, 2e-4


def _deepimagematting(engine: DeepImageMattingEngine, stored: Stored) -> Iterator[Row]:
    if "net_in" in stored:
        alpha = engine.network(torch.from_numpy(stored["net_in"]))
        yield "network", alpha, stored["net_out"], 1e-4
    image, trimap = stored["image_u8_rgb"], stored["trimap_u8"]
    if "alpha_whole" in stored:
        yield "before known", engine.whole(image, trimap), stored["alpha_whole"], 1e-4
    yield "whole", engine.extract(image, Inputs(trimap)).alpha, stored["alpha_final"], 1e-4


def _semanticimagematting(engine: SemanticImageMattingEngine, stored: Stored) -> Iterator[Row]:
    image, trimap = stored["image_u8"], stored["trimap_u8"]
    raw, seen = engine.raw(image, trimap)
    alpha = raw[0, 0].numpy()
    yield "kinds", seen.shown[0].mean((1, 2)).numpy(), stored["smap_mean20"], 2e-4
    # upstream's own change by 7e-3 of their spread, and its alpha by 5e-3, between one thread and two
    if "preclamp" in stored:
        spread = stored["preclamp"].std(dtype=np.float64)
        yield "before limits", alpha / spread, stored["preclamp"] / spread, 2e-2
    if "alpha_raw" in stored:
        yield "before known", alpha.clip(0, 1), stored["alpha_raw"], 1e-2
    if "alpha" in stored:
        yield "whole", engine.extract(image, Inputs(trimap)).alpha, stored["alpha"], 1e-2


def _isnet(engine: ISNetEngine, stored: Stored) -> Iterator[Row]:
    yield from _nested_u(engine, stored, lambda planes: planes - 0.5)


def _u2net(engine: U2NetEngine, stored: Stored) -> Iterator[Row]:
    yield from _nested_u(engine, stored, pixels.normalised)


def _nested_u(
    engine: ISNetEngine | U2NetEngine,
    stored: Stored,
    normalised: Callable[[torch.Tensor], torch.Tensor],
) -> Iterator[Row]:
    if "small_u8" in stored:
        found = engine.network(normalised(_planes(stored["small_u8"])))
        yield "network", found[0, 0], stored["small_net_out"], 1e-3
    if "image_u8" not in stored:
        return
    # U2-Net's authors pin a scikit-image that does not blur what it shrinks
    written = stored["alpha_u8_noaa" if "alpha_u8_noaa" in stored else "alpha_u8"]
    yield "whole", engine.extract(stored["image_u8"]).alpha, written, 1.5 / 255


def _glancing(engine: GlancingEngine, stored: Stored) -> Iterator[Row]:
    image = stored["image_u8"]
    height, width = (side - side % 32 for side in image.shape[:2])
    seen = torch.from_numpy(image[:height, :width].astype(np.float32)).permute(2, 0, 1)[None]
    planes = engine.prepared(seen)
    if "net_focus" in stored:
        glance, focus = engine.network.both(planes)
        maps = stored["net_glance_half_res"]
        yield "glance", _before_rounding(glance[0, :, ::2, ::2], maps), maps, 1e-3
        yield "focus", focus[0, 0].numpy(), stored["net_focus"], 1e-3
        yield "glance alone", engine.network.glance(planes).numpy(), glance.numpy(), 1e-6
        yield "focus alone", engine.network.focus(planes).numpy(), focus.numpy(), 1e-6
    if "net_fusion" in stored:
        yield "fusion", engine.network(planes)[0, 0], stored["net_fusion"], 2e-3
    for twice, strategy in ((False, "RESIZE"), (True, "HYBRID")):
        if f"alpha_{strategy}" in stored:
            engine.looks_twice = twice
            yield strategy, engine.extract(image).alpha, stored[f"alpha_{strategy}"], 2e-3
    engine.restore()


def _before_rounding(ours: torch.Tensor, stored: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Ours with only so much between it and what is stored as its few bits do not explain."""
    theirs = stored.astype(np.float64)
    apart = ours.numpy() - theirs
    explained = np.abs(np.spacing(stored)).astype(np.float64) / 2
    return theirs + np.sign(apart) * np.maximum(np.abs(apart) - explained, 0)


def _ppmatting(engine: PPMattingEngine, stored: Stored) -> Iterator[Row]:
    image = stored["image_u8"]
    if "resized_u8" in stored:
        height, width = (engine.fitting(side) for side in engine.limited_size(*image.shape[:2]))
        seen = pixels.resized_plainly(image, height, width)
        yield "seen", seen / 255, stored["resized_u8"], 0
        planes = _planes(stored["resized_u8"]) * 2 - 1
        if "scb_logits" in stored:
            semantics, detail = cast(PPMatting, engine.network).both(planes)
            ours, theirs = semantics[0, :, ::2, ::2], stored["scb_logits"]
            spread = theirs.std(dtype=np.float64)
            ours = _before_rounding(ours, theirs) / spread
            yield "semantics", ours, theirs / spread, 2e-3
            spread = stored["detail_logit"].std(dtype=np.float64)
            yield "detail", detail[0, 0] / spread, stored["detail_logit"] / spread, 2e-3
        if "net_alpha" in stored:
            yield "network", engine.network(planes)[0, 0], stored["net_alpha"], 2e-3
    yield "whole", engine.extract(image).alpha, stored["alpha"], 2e-3


def _backgroundmattingv2(engine: BackgroundMattingV2Engine, stored: Stored) -> Iterator[Row]:
    settings = json.loads(str(stored["conf"][0]))
    network = engine.network
    network.backbone_scale = settings["backbone_scale"]
    network.refiner.mode = settings["refine_mode"]
    network.refiner.sample_pixels = settings.get("refine_sample_pixels", 80_000)
    network.refiner.threshold = settings.get("refine_threshold", 0.1)
    image, plate = (_planes(stored[name]) for name in ("image_u8", "plate_u8"))
    names = ("pha", "fgr", "pha_sm", "fgr_sm", "err_sm", "ref_sm")
    outputs = dict(zip(names, network(image, plate), strict=True))
    for name in names:
        if name in stored:
            yield name, outputs[name], stored[name], 2e-4
    whole = engine.extract(stored["image_u8"], Inputs(plate=stored["plate_u8"]))
    if "pha" in stored:
        yield "whole alpha", whole.alpha, stored["pha"][0, 0], 2e-4
    if "fgr" in stored and whole.foreground is not None:
        yield "whole foreground", whole.foreground.transpose(2, 0, 1), stored["fgr"][0], 2e-4


def _sdmatte(engine: SDMatteEngine, stored: Stored) -> Iterator[Row]:
    if "image_u8" in stored:
        picture = _planes(stored["image_u8"]) * 2 - 1
    elif "image_u16" in stored:  # our own copy, of one that was no picture of 8 bits
        levels = _unpacked(stored["image_u16"]) * 2 - 1
        picture = torch.from_numpy(levels.astype(np.float32))[None]
    else:
        picture = torch.from_numpy(stored["image"])[None]
    kind, is_opaque = str(stored["aux_kind"][0]), not stored["is_trans"][0]
    prompt = Prompt(
        plane=stored["aux"].astype(np.float32).reshape(picture.shape[2:]),
        coordinates=tuple(stored["coords"].ravel().tolist()),
        is_points=kind == "point_mask",
        shuts_out=kind in ("point_mask", "bbox_mask", "mask"),
    )
    network = engine.network
    if "text_embed_head" in stored:
        words = stored["text_embed_head"]
        yield "words", network.words[0, : words.shape[0], : words.shape[1]], words, 2e-4
    seen = network.encode(picture)
    latents = network.latents(seen, prompt, is_opaque)
    yield "latents", latents[0], stored["unet_out"], 2e-3
    yield "alpha", network.drawn(latents)[0, 0], stored["alpha"], 2e-3


@dataclass(frozen=True, slots=True)
class _Allowed:
    """How far a network that is pointed with may be from its authors': its embedding, logits, fits, halves."""

    embedding: float
    logits: float
    fits: float
    halves: float
    decoder: float


def _prompted(allowed: _Allowed) -> Callable[[PromptedEngine, Stored], Iterator[Row]]:
    """The rows of a network that is pointed with."""

    def run(engine: PromptedEngine, stored: Stored) -> Iterator[Row]:
        image = stored["image_u8"]
        planes = engine.shown(image)
        row, column = (int(value) for value in stored["net_in_crop_yx"])
        crop = stored["net_in_crop"]
        side = crop.shape[-1]
        yield "seen", planes[0, :, row : row + side, column : column + side], crop, 2e-5
        embedding = engine.encode(image)
        yield "embedding", embedding.map[0, ::32], stored["embed_s32"], allowed.embedding
        means = torch.stack((embedding.map[0].mean((1, 2)), embedding.map[0].std((1, 2))))
        yield "embedding's spread", means, stored["embed_mean_std"], allowed.embedding
        for called, name, channels, step in (
            ("hr0", "hr0_c16_s5", 16, 5),
            ("hr1", "hr1_c16_s3", 16, 3),
        ):
            if name in stored:
                maps = embedding.finer[int(called[-1])]
                yield called, maps[0, ::channels, ::step, ::step], stored[name], allowed.embedding
        for index in range(10):
            yield from _asked(engine, stored, embedding, index, allowed)
        if "dec_p1_iou" in stored:
            seed = checkpoints.seed("decoder only: image embedding")
            source = torch.Generator().manual_seed(seed)
            made_up = torch.randn((1, 256, 64, 64), generator=source)
            finer = tuple(torch.randn(each.shape, generator=source) for each in embedding.finer)
            alone = Embedding(embedding.size, made_up, finer)
            planes, fits, _ = _planes_of(engine, alone, _question(stored, 1), None)
            yield (
                "decoder",
                engine.fed_back(planes)[:, ::5, ::5],
                stored["dec_p1_low_s5"],
                allowed.decoder,
            )
            yield "decoder's fits", fits, stored["dec_p1_iou"], allowed.decoder

    return run


def _asked(
    engine: PromptedEngine, stored: Stored, embedding: Embedding, index: int, allowed: _Allowed
) -> Iterator[Row]:
    """One prompt: logits and fits of the one mask and of the three, small and at the image's size."""
    name, mask = f"p{index}", None
    if f"{name}_iou" not in stored:
        return
    if f"{name}_mask_input_from" in stored:
        before = stored[f"p{int(stored[f'{name}_mask_input_from'])}_low_single_f16"]
        mask = torch.from_numpy(before.astype(np.float32))[None, None]
    planes, fits, fell_back = _planes_of(engine, embedding, _question(stored, index), mask)
    small = engine.fed_back(planes)
    if f"{name}_low_s5" in stored:
        yield f"{name} logits", small[:, ::5, ::5], stored[f"{name}_low_s5"], allowed.logits
    yield f"{name} fits", fits, stored[f"{name}_iou"], allowed.fits
    size = embedding.size
    whole = engine.enlarged(planes[:, None], size, size)[:, 0]
    if f"{name}_mask_s7" in stored:
        yield f"{name} whole", whole[:, ::7, ::7], stored[f"{name}_mask_s7"], allowed.logits
    for half, ours in (("low", small[0]), ("mask", whole[0])):
        if f"{name}_{half}_single_f16" in stored:
            theirs = stored[f"{name}_{half}_single_f16"]
            yield f"{name} every {half}", ours, theirs, allowed.halves
    if f"{name}_fell_back" in stored:
        yield f"{name} chose", np.array([fell_back]), stored[f"{name}_fell_back"][None], 0


def _planes_of(
    engine: PromptedEngine, embedding: Embedding, question: Ask, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, bool]:
    """The one mask and the three, 4xhxw, their fits, and whether the one is one of the three."""
    answer = engine.answer(embedding, [question], mask)
    single = engine.single(answer)
    planes = torch.cat((single.logits[0], answer.logits[0, 1:]))
    fits = torch.cat((single.fits[0], answer.fits[0, 1:]))
    return planes, fits, not torch.equal(single.logits[0, 0], answer.logits[0, 0])


def _question(stored: Stored, index: int) -> Ask:
    name = f"p{index}"
    points = stored.get(f"{name}_coords", np.zeros((0, 2)))
    labels = stored.get(f"{name}_labels", np.zeros(0))
    keep, remove = (
        tuple(
            (float(x), float(y))
            for (x, y), label in zip(points, labels, strict=True)
            if label == kind
        )
        for kind in (1, 0)
    )
    box = stored.get(f"{name}_box")
    return Ask(keep, remove, None if box is None else cast(Box, tuple(map(float, box))))


def _planes(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@dataclass(frozen=True, slots=True)
class _Network:
    """How the cases of one folder are run, and on which engine."""

    engine: str
    run: Callable[[Any, Stored], Iterator[Row]]
    shares: Mapping[str, float]


_TIES = dict.fromkeys(("pha", "fgr", "ref_sm", "whole alpha", "whole foreground"), 0.999)

_UNPOOLED = dict.fromkeys(("network", "before known", "whole"), 0.995)
"""Where two maxima are nearly equal, rounding decides which place a value goes back to."""

_DECIDED = dict.fromkeys(("fusion", "RESIZE", "HYBRID"), 0.99)
"""Where two maps are nearly equal, rounding decides which one wins."""

_SEMANTIC = {"semantics": 0.999, "network": 0.99, "whole": 0.99}
"""Paddle's semantics are up to 1.5e-3 of their spread from what exact numbers give, ours up to 1e-3."""

NETWORKS = {
    "mobile_sam": _Network("mobile-sam", _prompted(_Allowed(2e-4, 5e-4, 5e-4, 5e-3, 5e-4)), {}),
    "repvit_sam": _Network("repvit-sam", _prompted(_Allowed(1.5e-3, 3e-3, 3e-4, 8e-3, 5e-4)), {}),
    **{
        f"sam2.1_hiera_{size}": _Network(
            f"sam2-{size}", _prompted(_Allowed(2e-4, 6e-4, 1e-4, 1e-2, 6e-4)), {}
        )
        for size in ("tiny", "small")
    },
    "modnet": _Network("modnet-photographic", _modnet, {}),
    "birefnet_lite": _Network("birefnet-lite", _birefnet, {}),
    "birefnet_large": _Network("birefnet-general", _birefnet, {}),
    "ben2": _Network("ben2-base", _ben2, {}),
    "vitmatte": _Network("vitmatte-small-composition-1k", _vitmatte, {}),
    "isnet": _Network("isnet-general", _isnet, {"whole": 0.99}),
    "u2net": _Network("u2net-full", _u2net, {"whole": 0.99}),
    "u2netp": _Network("u2net-small", _u2net, {"whole": 0.99}),
    "dim_hctt": _Network("deepimagematting-skip", _deepimagematting, _UNPOOLED),
    "sim": _Network("semanticimagematting-simd", _semanticimagematting, {}),
    "gfm": _Network("gfm-r34-2b-tt", _glancing, _DECIDED),
    "gfm_d121_rim": _Network("gfm-d121-rim", _glancing, _DECIDED),
    "sdmatte": _Network("sdmatte", _sdmatte, {}),
    "sdmatte_lite": _Network("sdmatte-lite", _sdmatte, {}),
    "aim": _Network("aim-matting", _glancing, _DECIDED),
    "p3m": _Network("p3m-portrait", _glancing, _DECIDED),
    "ppmatting": _Network("ppmatting-human-1024", _ppmatting, _SEMANTIC),
    "ppmatting_v2": _Network("ppmatting-v2-human-512", _ppmatting, {}),
    **{
        f"bgmv2_{backbone}": _Network(
            f"backgroundmattingv2-{backbone}", _backgroundmattingv2, _TIES
        )
        for backbone in ("mobilenetv2", "resnet50", "resnet101")
    },
}
