"""The authors' networks that are pointed with: their encoders, and their decoder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tests.benchmarks.authors.stubs import Run, stub
from torch import nn


def decoder(whole: Any, features: Any) -> Callable[[], object]:
    """The prompt encoder and decoder of their module, asked about one click in an embedding of ours."""
    points = torch.tensor([[[512.0, 384.0]]]), torch.tensor([[1]])

    def run() -> object:
        sparse, dense = whole.prompt_encoder(points=points, boxes=None, masks=None)
        return whole.mask_decoder(
            image_embeddings=features.map,
            image_pe=whole.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )

    return run


def mobilesam(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    _without_timm()
    classes = _sam(folder / "MobileSAM", "mobile_sam")
    encoder = importlib.import_module("mobile_sam.modeling.tiny_vit_sam").TinyViT(
        img_size=1024,
        in_chans=3,
        num_classes=1000,
        embed_dims=[64, 128, 160, 320],
        depths=[2, 2, 6, 2],
        num_heads=[2, 4, 5, 10],
        window_sizes=[7, 7, 14, 7],
        drop_path_rate=0.0,
        layer_lr_decay=0.8,
    )
    return _with_decoder(classes, encoder)


def repvitsam(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    _without_timm()
    classes = _sam(folder / "RepViT" / "sam", "repvit_sam")
    return _with_decoder(classes, importlib.import_module("repvit_sam.modeling.repvit").repvit())


def _without_timm() -> None:
    """What the encoders want of timm, whose own import brings torchvision."""
    for name in ("timm", "timm.models"):
        stub(name)
    stub(
        "timm.models.layers",
        DropPath=_Identity,
        SqueezeExcite=_Gate,
        to_2tuple=lambda size: (size, size),
        trunc_normal_=lambda tensor, std=1.0: tensor,
    )
    stub("timm.models.vision_transformer", trunc_normal_=lambda tensor, std=1.0: tensor)
    stub("timm.models.registry", register_model=lambda function: function)
    sys.modules["timm.models"].register_model = lambda function: function  # type: ignore[attr-defined]


def _sam(checkout: Path, package: str) -> Any:
    """Their classes without their predictor, which needs torchvision."""
    if not checkout.is_dir():
        raise SystemExit(f"there is no {checkout}; clone the authors' repository there")
    stub(package).__path__ = [str(checkout / package)]
    return importlib.import_module(f"{package}.modeling")


def _with_decoder(classes: Any, encoder: nn.Module) -> tuple[nn.Module, Run]:
    transformer = classes.TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
    module = classes.Sam(
        image_encoder=encoder,
        prompt_encoder=classes.PromptEncoder(
            embed_dim=256,
            image_embedding_size=(64, 64),
            input_image_size=(1024, 1024),
            mask_in_chans=16,
        ),
        mask_decoder=classes.MaskDecoder(
            num_multimask_outputs=3,
            transformer=transformer,
            transformer_dim=256,
            iou_head_depth=3,
            iou_head_hidden_dim=256,
        ),
    )
    return module, lambda image: module.image_encoder(image)


class _Identity(nn.Identity):
    """timm's DropPath, which does nothing outside of training; theirs adds an attribute to it."""

    def __init__(self, drop_prob: float | None = None) -> None:
        super().__init__()
        self.drop_prob = drop_prob


class _Gate(nn.Module):
    """timm's squeeze and excite, with its names."""

    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        inner = int(width * share + 4) // 8 * 8
        self.fc1, self.fc2 = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.fc2(inner))
