"""The authors' networks that find a subject by themselves."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from tests.benchmarks.authors.paddle import Paddle
from tests.benchmarks.authors.stubs import Run, everything, imported, stub
from torch import nn


def modnet(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    module = imported(folder / "MODNet", "src.models.modnet").MODNet(backbone_pretrained=False)
    return module, lambda image: module(image, True)[2]


def birefnet(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    stub("kornia")
    stub("kornia.filters", laplacian=None)
    stub("dataset", class_labels_TR_sorted=[])
    config = imported(folder / "BiRefNet", "config")
    backbones = {"lite": "swin_v1_t", "large": "swin_v1_l"}
    config.Config = _with_backbone(config.Config, backbones[variant])
    module = importlib.import_module("models.birefnet").BiRefNet(bb_pretrained=False)
    return module, lambda image: module(image)[-1]


def _with_backbone(config: type, backbone: str) -> type:
    """Their configuration has the large backbone written into it; sizes follow from the name."""
    last = {"swin_v1_t": 768, "swin_v1_l": 1536}[backbone]
    channels = [2 * last // 2**stage for stage in range(4)]

    class Chosen(config):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bb = backbone
            self.lateral_channels_in_collection = channels
            self.cxt = channels[1:][::-1][-self.cxt_num :]

    return Chosen


def ben2(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    everything("torchvision")
    everything("torchvision.transforms")
    for name in ("timm", "timm.layers"):
        stub(name)
    sys.modules["timm.layers"].__dict__.update(
        DropPath=nn.Identity,
        to_2tuple=lambda side: (side, side),
        trunc_normal_=lambda *_, **__: None,
    )
    module = imported(folder / "BEN2", "BEN2").BEN_Base()
    return module, module


def gfm(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    stub("torchvision", models=SimpleNamespace(resnet34=_resnet34))
    if not torch.cuda.is_available():  # theirs asks for a graphics card by name
        torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign]
    chosen = SimpleNamespace(backbone="r34_2b", rosta="TT")
    module = imported(folder / "GFM" / "core", "gfm").GFM(chosen)
    return module, lambda image: module(image)[2]


def aim(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    everything("skimage")
    everything("skimage.transform")
    return _with_unpooled_resnet(folder / "AIM" / "core", "AimNet")


def p3m(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    everything("torchvision")
    return _with_unpooled_resnet(folder / "P3M" / "core", "P3mNet")


def isnet(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    everything("torchvision")
    module = imported(folder / "DIS" / "IS-Net", "models.isnet").ISNetDIS()
    return module, lambda image: module(image)[0][0]


def u2net(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    module = imported(folder / "U-2-Net", "model.u2net").U2NET(3, 1)
    return module, lambda image: module(image)[0]


def u2netp(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    module = imported(folder / "U-2-Net", "model.u2net").U2NETP(3, 1)
    return module, lambda image: module(image)[0]


_PPMATTING_V2 = {
    "decoder_channels": [128, 96, 64, 32, 16],
    "head_channel": 8,
    "dpp_output_channel": 256,
    "dpp_merge_type": "add",
}
"""Of their configuration ppmattingv2-stdc1-human_512."""


def ppmatting(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    checkout = folder / "PaddleSeg"
    sys.path.insert(0, str(checkout))
    root = checkout / "Matting" / "ppmatting"
    for name in ("sklearn", "sklearn.metrics", "visualdl", "ppmatting.models.losses"):
        everything(name)
    for name in ("paddleseg", "paddleseg.models"):
        stub(name).__path__ = [str(checkout.joinpath(*name.split(".")))]
    for name in ("", ".models", ".models.backbone"):
        stub(f"ppmatting{name}").__path__ = [str(root.joinpath(*name.split(".")))]
    importlib.import_module("paddleseg.cvlibs")  # before what imports it in a circle
    backbones = {"": "hrnet", "v2": "stdcnet"}
    backbone: Any = importlib.import_module(f"ppmatting.models.backbone.{backbones[variant]}")
    if variant:
        network: Any = importlib.import_module("ppmatting.models.ppmattingv2")
        module = Paddle(
            network.PPMattingV2(backbone=backbone.STDC1(), pretrained=None, **_PPMATTING_V2)
        )
    else:
        network = importlib.import_module("ppmatting.models.ppmatting")
        module = Paddle(network.PPMatting(backbone=backbone.HRNet_W18(), pretrained=None))
    return module, module


def _with_unpooled_resnet(core: Path, name: str) -> tuple[nn.Module, Run]:
    """Their networks whose encoder remembers its maxima; it is filled from a file as soon as it is made."""
    encoder: Any = imported(core, "network.resnet_mp")
    encoder.resnet34_mp = lambda: encoder.ResNet(encoder.BasicBlock, [3, 4, 6, 3])
    module = getattr(importlib.import_module(f"network.{name}"), name)()
    return module, lambda image: module(image)[2]


def _resnet34(pretrained: bool) -> nn.Module:
    """torchvision's, as far as GFM takes it apart."""
    stages = ((64, 64, 3, 1), (64, 128, 4, 2), (128, 256, 6, 2), (256, 512, 3, 2))
    whole = nn.Module()
    whole.conv1, whole.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
    whole.fc = nn.Linear(512, 1000)
    for number, (before, after, blocks, stride) in enumerate(stages, 1):
        first = _Basic(before, after, stride)
        rest = [_Basic(after, after, 1) for _ in range(blocks - 1)]
        whole.add_module(f"layer{number}", nn.Sequential(first, *rest))
    return whole


class _Basic(nn.Module):
    """torchvision's basic block, with its names."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample = None
        if stride > 1:
            shrinking = nn.Conv2d(before, after, 1, stride, bias=False)
            self.downsample = nn.Sequential(shrinking, nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        short = self.downsample(x) if self.downsample else x
        x = torch.relu_(self.bn1(self.conv1(x)))
        return torch.relu_(self.bn2(self.conv2(x)).add_(short))
