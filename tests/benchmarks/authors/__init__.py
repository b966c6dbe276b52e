"""The authors' own networks, from checkouts that the user made, to be measured beside ours.

Nothing of theirs is kept here: a class is imported from a folder given at run time, which holds checkouts
with the names of their repositories. What they import and inference never calls (training losses, data
sets, frameworks) is replaced by empty modules. BiRefNet and BackgroundMattingV2 need torchvision, BiRefNet
and ViTMatte timm, BiRefNet and BEN2 einops, PP-Matting Paddle, SDMatte diffusers and transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tests.benchmarks.authors import finders, pointers, solvers
from tests.benchmarks.authors.stubs import Run
from torch import nn

WAYS: dict[str, Callable[[Path, str], tuple[nn.Module, Run]]] = {
    "modnet": finders.modnet,
    "birefnet": finders.birefnet,
    "ben2": finders.ben2,
    "gfm": finders.gfm,
    "aim": finders.aim,
    "p3m": finders.p3m,
    "ppmatting": finders.ppmatting,
    "isnet": finders.isnet,
    "u2net": finders.u2net,
    "u2netp": finders.u2netp,
    "vitmatte": solvers.vitmatte,
    "bgmv2": solvers.backgroundmattingv2,
    "dim": solvers.deepimagematting,
    "sim": solvers.semanticimagematting,
    "sdmatte": solvers.sdmatte,
    "mobile": pointers.mobilesam,
    "repvit": pointers.repvitsam,
}


def load(network: str, folder: Path, state: dict[str, torch.Tensor]) -> tuple[nn.Module, Run]:
    """Their module with a checkpoint in it, and how it is called for alpha or logits."""
    name, _, variant = network.partition("_")
    if name.startswith("sam2"):
        raise LookupError("SAM 2 is not measured: its classes need torchvision, hydra and iopath")
    module, run = WAYS[name](folder, variant)
    unread = module.load_state_dict(state, strict=False).unexpected_keys
    if unread:
        raise SystemExit(f"their {network} does not know {unread[0]}")
    return module.eval(), run


def decoder(
    network: str, folder: Path, state: dict[str, torch.Tensor], features: Any
) -> Callable[[], object]:
    """Their prompt encoder and decoder, asked about one click in an embedding of ours."""
    return pointers.decoder(load(network, folder, state)[0], features)
