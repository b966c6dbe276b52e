"""The authors' own networks, from checkouts that the user made, to be measured beside ours.

Nothing of theirs is kept here: a class is imported from a folder given at run time, which holds checkouts
named MODNet, BiRefNet, ViTMatte, BackgroundMattingV2, MobileSAM and RepViT. What they import and inference never calls
(training losses, data sets, frameworks) is replaced by empty modules. BiRefNet and BackgroundMattingV2
need torchvision, BiRefNet and ViTMatte timm, BiRefNet einops too.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

Run = Callable[..., torch.Tensor]


def load(network: str, folder: Path, state: dict[str, torch.Tensor]) -> tuple[nn.Module, Run]:
    """Their module with a checkpoint in it, and how it is called for alpha or logits."""
    name, _, variant = network.partition("_")
    if name.startswith("sam2"):
        raise LookupError("SAM 2 is not measured: its classes need torchvision, hydra and iopath")
    module, run = {
        "modnet": _modnet,
        "birefnet": _birefnet,
        "vitmatte": _vitmatte,
        "bgmv2": _backgroundmattingv2,
        "mobile": _mobilesam,
        "repvit": _repvitsam,
    }[name](folder, variant)
    unread = module.load_state_dict(state, strict=False).unexpected_keys
    if unread:
        raise SystemExit(f"their {network} does not know {unread[0]}")
    return module.eval(), run


def _modnet(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    module = _imported(folder / "MODNet", "src.models.modnet").MODNet(backbone_pretrained=False)
    return module, lambda image: module(image, True)[2]


def _birefnet(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    _stub("kornia")
    _stub("kornia.filters", laplacian=None)
    _stub("dataset", class_labels_TR_sorted=[])
    config = _imported(folder / "BiRefNet", "config")
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


def _backgroundmattingv2(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    classes = _imported(folder / "BackgroundMattingV2", "model")
    module = classes.MattingRefine(variant, refine_mode="thresholding")
    return module, lambda image, plate: module(image, plate)[0]


def _vitmatte(folder: Path, variant: str) -> tuple[nn.Module, Run]:
    layers = importlib.import_module("timm.layers")
    _stub(
        "timm.models.layers",
        **{n: getattr(layers, n) for n in ("DropPath", "Mlp", "trunc_normal_")},
    )
    _stub("detectron2")
    _stub("detectron2.layers", CNNBlockBase=_Block, Conv2d=nn.Conv2d, get_norm=_layer_norm)
    _stub("detectron2.structures", ImageList=None)
    _stub("detectron2.modeling")
    _stub("detectron2.modeling.backbone")
    _stub("detectron2.modeling.backbone.fpn", _assert_strides_are_log2_contiguous=None)
    for name in ("fairscale", "fairscale.nn", "fvcore", "fvcore.nn"):
        _stub(name)
    _stub("fairscale.nn.checkpoint", checkpoint_wrapper=None)
    _stub("fvcore.nn.weight_init", c2_msra_fill=lambda layer: None)
    root = folder / "ViTMatte" / "modeling"
    for name in ("", ".backbone", ".decoder", ".meta_arch"):
        package = _stub(f"modeling{name}")
        package.__path__ = [str(root / name.removeprefix("."))]
    _stub("modeling.backbone.backbone", Backbone=nn.Module)
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


def decoder(
    network: str, folder: Path, state: dict[str, torch.Tensor], features: Any
) -> Callable[[], object]:
    """Their prompt encoder and decoder, asked about one click in an embedding of ours."""
    module, _ = load(network, folder, state)
    whole: Any = module
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


def _mobilesam(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    _stub_timm()
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


def _repvitsam(folder: Path, _variant: str) -> tuple[nn.Module, Run]:
    _stub_timm()
    classes = _sam(folder / "RepViT" / "sam", "repvit_sam")
    return _with_decoder(classes, importlib.import_module("repvit_sam.modeling.repvit").repvit())


def _stub_timm() -> None:
    """What the encoders want of timm, whose own import brings torchvision."""
    for name in ("timm", "timm.models"):
        _stub(name)
    _stub(
        "timm.models.layers",
        DropPath=_Identity,
        SqueezeExcite=_Gate,
        to_2tuple=lambda size: (size, size),
        trunc_normal_=lambda tensor, std=1.0: tensor,
    )
    _stub("timm.models.vision_transformer", trunc_normal_=lambda tensor, std=1.0: tensor)
    _stub("timm.models.registry", register_model=lambda function: function)
    sys.modules["timm.models"].register_model = lambda function: function  # type: ignore[attr-defined]


def _sam(checkout: Path, package: str) -> Any:
    """Their classes without their predictor, which needs torchvision."""
    if not checkout.is_dir():
        raise SystemExit(f"there is no {checkout}; clone the authors' repository there")
    _stub(package).__path__ = [str(checkout / package)]
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


def _imported(checkout: Path, name: str) -> Any:
    if not checkout.is_dir():
        raise SystemExit(f"there is no {checkout}; clone the authors' repository there")
    sys.path.insert(0, str(checkout))
    return importlib.import_module(name)


def _stub(name: str, **content: object) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(content)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module
