"""The authors' networks that solve an edge, from a trimap or a photo of the empty scene."""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from tests.benchmarks.authors.stubs import Run, everything, imported, stub
from tests.benchmarks.provenance import REPOSITORY
from torch import nn

DATA = REPOSITORY / "tests" / "data" / "parity"


def backgroundmattingv2(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    classes = imported(folder / "BackgroundMattingV2", "model")
    module = classes.MattingRefine(variant, refine_mode="thresholding")
    return module, lambda image, plate: module(image, plate)[0]


def vitmatte(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    layers = importlib.import_module("timm.layers")
    stub(
        "timm.models.layers",
        **{n: getattr(layers, n) for n in ("DropPath", "Mlp", "trunc_normal_")},
    )
    stub("detectron2")
    stub("detectron2.layers", CNNBlockBase=_Block, Conv2d=nn.Conv2d, get_norm=_layer_norm)
    stub("detectron2.structures", ImageList=None)
    stub("detectron2.modeling")
    stub("detectron2.modeling.backbone")
    stub("detectron2.modeling.backbone.fpn", _assert_strides_are_log2_contiguous=None)
    for name in ("fairscale", "fairscale.nn", "fvcore", "fvcore.nn"):
        stub(name)
    stub("fairscale.nn.checkpoint", checkpoint_wrapper=None)
    stub("fvcore.nn.weight_init", c2_msra_fill=lambda layer: None)
    root = folder / "ViTMatte" / "modeling"
    for name in ("", ".backbone", ".decoder", ".meta_arch"):
        package = stub(f"modeling{name}")
        package.__path__ = [str(root / name.removeprefix("."))]
    stub("modeling.backbone.backbone", Backbone=nn.Module)
    width, heads = {"": (384, 6), "base": (768, 12)}[variant]
    backbone = importlib.import_module("modeling.backbone.vit").ViT(
        img_size=512,
        in_chans=4,
        embed_dim=width,
        num_heads=heads,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        window_size=14,
        window_block_indexes=[0, 1, 3, 4, 6, 7, 9, 10],
        residual_block_indexes=[2, 5, 8, 11],
        use_rel_pos=True,
    )
    decoder = importlib.import_module("modeling.decoder.detail_capture").Detail_Capture(width)
    module = importlib.import_module("modeling.meta_arch.vitmatte").ViTMatte(
        backbone=backbone,
        criterion=None,
        pixel_mean=[0.485, 0.456, 0.406],
        pixel_std=[0.229, 0.224, 0.225],
        input_format="RGB",
        size_divisibility=32,
        decoder=decoder,
    )
    return module, lambda image, trimap: module({"image": image, "trimap": trimap})["phas"]


def deepimagematting(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    core = folder / "pytorch-deep-image-matting" / "core"
    module = imported(core, "net").VGG16(SimpleNamespace(stage=1))
    return module, lambda planes: module(planes)[0]


def semanticimagematting(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    for name in ("kornia", "kornia.filters", "kornia.filters.kernels"):
        everything(name)
    encoder = imported(folder / "SIM", "networks.resnet_bn")
    encoder.l_resnet50 = lambda pretrained: encoder.ResNet(
        encoder.Bottleneck, [3, 4, 6, 3], inplanes=128
    )
    chosen = SimpleNamespace(
        encoder="resnet50_BN", n_channel=11, atrous_rates=[12, 24, 36], aspp_channel=256
    )
    module = importlib.import_module("networks.model").build_model(SimpleNamespace(arch=chosen))

    def run(
        colours: torch.Tensor, normalised: torch.Tensor, hints: torch.Tensor, kinds: torch.Tensor
    ) -> torch.Tensor:
        near, known = hints[:, :6], hints[:, 6:]
        alpha: torch.Tensor = module(colours, known, normalised, near, kinds, is_training=False)[
            "alpha"
        ]
        return alpha

    return module, run


FULL: dict[str, dict[str, Any]] = {
    "text": {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_attention_heads": 16,
        "num_hidden_layers": 23,
        "projection_dim": 512,
    },
    "unet": {
        "attention_head_dim": [5, 10, 20, 20],
        "block_out_channels": [320, 640, 1280, 1280],
        "layers_per_block": 2,
        "sample_size": 96,
    },
    "vae": {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "sample_size": 768},
}
"""Stable Diffusion 2's sizes, where they differ from those of the made-up weights."""


def sdmatte(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    """Their classes name CUDA, which is taken for where things are."""
    utils = stub("utils")
    utils.__path__ = [str(folder / "SDMatte" / "utils")]
    changes = imported(folder / "SDMatte", "utils.utils")
    vars(utils).update(vars(changes))
    meta = imported(folder / "SDMatte", "modeling.SDMatte.meta_arch")
    sizes = json.loads((DATA / "sdmatte" / "keys.json").read_text())["reduced_config"]
    if variant == "full":
        sizes = {name: {**part, **FULL[name]} for name, part in sizes.items()}
    setattr(torch.Tensor, "cuda", _as_it_is)  # noqa: B010 - which mypy takes for a method
    meta.torch = SimpleNamespace(**{**vars(torch), "tensor": _here})

    class Theirs(meta.SDMatte):  # type: ignore[misc, name-defined] # of a checkout
        def init_submodule(self, *_: object) -> None:
            self.text_encoder = _Words(meta.CLIPTextModel(meta.CLIPTextConfig(**sizes["text"])))
            self.vae = meta.AutoencoderKL(**sizes["vae"])
            self.unet = meta.CustomUNet(**sizes["unet"])
            self.tokenizer = _NoWords()

    module = Theirs(
        "",
        aux_input="trimap",
        use_aux_input=True,
        use_encoder_hidden_states_list=[False, True, False],
    )
    everywhere = torch.tensor([[0.0, 0.0, 1.0, 1.0]])

    def run(image: torch.Tensor) -> torch.Tensor:
        alpha: torch.Tensor = module(
            {
                "image": 2 * image - 1,
                "trimap": 2 * image[:, :1].round() - 1,
                "trimap_coords": everywhere,
                "is_trans": torch.tensor([0]),
            }
        )
        return alpha

    return module, run


def _as_it_is(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


class _Words(nn.Module):
    """Their text encoder under the names that it has in checkpoints, which transformers 5 shortens."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.text_model = model

    def forward(self, numbers: torch.Tensor) -> object:
        """What it makes of the numbers of words."""
        return self.text_model(numbers)


def _here(content: object, device: str = "") -> torch.Tensor:
    """A tensor, wherever it was to be."""
    return torch.tensor(content)


class _NoWords:
    """What CLIP's tokenizer makes of nothing: where it begins, where it ends, and the rest filled up."""

    model_max_length = 77

    def __call__(self, *_: object, **__: object) -> SimpleNamespace:
        numbers = torch.tensor([[49406, 49407, *[0] * 75]])
        return SimpleNamespace(input_ids=SimpleNamespace(to=lambda _: numbers))


class _Block(nn.Module):
    """What their block wants of detectron2's base class: to be a module."""

    def __init__(self, *_sizes: int) -> None:
        super().__init__()


class _layer_norm(nn.Module):  # noqa: N801 - called where a function is expected
    """Layer normalisation over the channels of NxCxHxW, as detectron2 has it."""

    def __init__(self, _kind: str, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        centred = x - x.mean(1, keepdim=True)
        scaled = centred / torch.sqrt(centred.pow(2).mean(1, keepdim=True) + 1e-6)
        return self.weight[:, None, None] * scaled + self.bias[:, None, None]
