"""Checkpoints of reproducible made-up weights under a network's published parameter names.

Every value is drawn from a generator seeded by the parameter's name, so a list of names and shapes says
all. Trained weights cannot be kept in a repository; with these, the authors' own code was run once and
its output stored, and an implementation that reads names and computes rightly gives the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

PADDLE = "linear_weights_transposed"
"""In keys.json: the file is one of Paddle's."""

COMPANION = "classifier_keys"
"""In keys.json: names and shapes of the second network of those that come in two files."""


def make(folder: Path, names: str = "keys.json", part: str = "keys") -> dict[str, torch.Tensor]:
    """The checkpoint that a folder's keys.json (and bn_stats*.npz, where it has them) describes.

    Integer buffers are left out: networks recompute them.

    Args:
        folder: holds keys.json.
        names: a file beside it with the names and shapes of another size of the network.
        part: under what that file has them.
    """
    notes = json.loads((folder / "keys.json").read_text())
    published = json.loads((folder / names).read_text())
    state = {
        name: _values(name, tuple(shape)) * _gain(name, notes)
        for name, (shape, dtype) in published.get(part, published).items()
        if dtype.startswith(("float", "bfloat"))
    }
    for name, index, value in notes.get("shifts") or []:
        state[name][index] += value
    for file in sorted(folder.glob("bn_stats*.npz")):
        with np.load(file) as stats:
            state |= {name: torch.from_numpy(stats[name]) for name in stats.files if name in state}
    for name, twin in (notes.get("aliases_same_storage") or {}).items():
        if name in state:
            state[name] = state[twin] = state[max(name, twin)]
    return state


def as_published(folder: Path) -> dict[str, torch.Tensor]:
    """The same under the names and prefixes that the published file has."""
    notes = json.loads((folder / "keys.json").read_text())
    prefix, renamed = notes.get("ckpt_prefix", ""), notes.get("hf_rename", {})
    return {prefix + renamed.get(name, name): values for name, values in make(folder).items()}


def write(folder: Path, place: Path) -> list[Path]:
    """Write what the published files hold, the second one last where there are two."""
    contents = {"model": as_published(folder)}
    if COMPANION in json.loads((folder / "keys.json").read_text()):
        # training wrote a word before each name
        beside = make(folder, part=COMPANION)
        contents["companion"] = {f"module.{name}": values for name, values in beside.items()}
    if PADDLE in json.loads((folder / "keys.json").read_text()):
        return [_write_as_paddle(contents["model"], place / "model.pdparams")]
    files = []
    for name, tensors in contents.items():
        files.append(place / f"{name}.safetensors")
        save_file({called: values.clone() for called, values in tensors.items()}, files[-1])
    return files


def seed(name: str) -> int:
    """Of the generator for what has that name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") & 0x7FFFFFFFFFFFFFFF


def _write_as_paddle(tensors: dict[str, torch.Tensor], file: Path) -> Path:
    """A pickle of numpy arrays, and of what Paddle called them while it ran."""
    content: dict[str, object] = {name: values.numpy() for name, values in tensors.items()}
    content["StructuredToParameterName@@"] = {name: f"p_{n}" for n, name in enumerate(tensors)}
    file.write_bytes(pickle.dumps(content, protocol=4))
    return file


def _values(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """He-normal weights, small biases, norms near the identity."""
    source = torch.Generator().manual_seed(seed(name))
    if len(shape) >= 2:
        deviation = math.sqrt(2 * shape[0] / math.prod(shape))
        return deviation * torch.randn(shape, generator=source)
    if not shape:
        return 1 + 0.1 * torch.randn((), generator=source)
    if name.endswith(("running_var", "._variance")):
        return 1 + 0.1 * torch.rand(shape, generator=source)
    if name.endswith(("running_mean", "._mean")):
        return 0.1 * torch.randn(shape, generator=source)
    if name.endswith("bias"):
        return 0.05 * torch.randn(shape, generator=source)
    return 1 + 0.1 * torch.randn(shape, generator=source)


def _gain(name: str, notes: dict[str, Any]) -> float:
    gains = [factor for pattern, factor in notes.get("gains") or [] if re.search(pattern, name)]
    return float(gains[-1]) if gains else 1.0
