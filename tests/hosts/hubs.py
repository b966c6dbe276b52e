"""An editor whose daemon has weights in a folder of the editor's own: downloaded from the fake hub, or made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from tests.fakes.hub import Hub
from tests.hosts.editor import Editor

from flyaway import engines
from flyaway.weights.store import Store
from flyaway_client.connection import LAUNCH_NAME
from flyaway_client.launch import write_launch

PORTRAIT, PORTRAIT_FILE = "birefnet-portrait", "ZhengPeng7/BiRefNet-portrait/model.safetensors"
"""The best for portraits. The project pins no hash of its weights, so any content will do."""

SMALL, SMALL_FILE = (
    "vitmatte-small-distinctions-646",
    "hustvl/vitmatte-small-distinctions-646/model.safetensors",
)
"""Likewise, and small enough to be made up whole."""


def download_from(hub: Hub, editor: Editor) -> Path:
    """Have the editor's daemon, which does not run yet, download from there; the folder it fills."""
    return _set_weights(
        editor,
        f"HF_ENDPOINT={hub.endpoint}",
        f"HF_HOME={editor.folder / 'hub'}",
        "no_proxy=127.0.0.1",
    )


def bring_weights(editor: Editor, engine: str, tensors: Mapping[str, torch.Tensor]) -> None:
    """Have the editor's daemon, which does not run yet, find these weights for an engine."""
    record = engines.record(engine)
    file = editor.folder / "made up.pth"
    torch.save(tensors, file)
    Store(_set_weights(editor)).adopt(record, file)


def _set_weights(editor: Editor, *variables: str) -> Path:
    """Have the daemon started with these variables and a folder of its own for weights, which is returned."""
    weights = editor.folder / "weights"
    (env, *command) = json.loads((editor.flyaway_home / LAUNCH_NAME).read_text("utf-8"))["argv"]
    write_launch(editor.flyaway_home, [env, *variables, f"FLYAWAY_WEIGHTS={weights}", *command])
    return weights
