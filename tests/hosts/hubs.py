"""An editor whose daemon downloads from the fake hub, into a folder of the editor's own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fakes.hub import Hub
from tests.hosts.editor import Editor

from flyaway import engines
from flyaway_client.connection import LAUNCH_NAME
from flyaway_client.launch import write_launch

ENGINE, FILE = (
    "vitmatte-base-distinctions-646",
    "hustvl/vitmatte-base-distinctions-646/model.safetensors",
)
"""The project pins no hash of its weights, so any content will do."""

ENGINES_BELOW = len(engines.names()) - 1 - engines.names().index(ENGINE)
"""How many come after it in the menus, where all that need weights are missing."""


def download_from(hub: Hub, editor: Editor) -> Path:
    """Have the editor's daemon, which does not run yet, download from there; the folder it fills."""
    weights = editor.folder / "weights"
    (env, *command) = json.loads((editor.flyaway_home / LAUNCH_NAME).read_text("utf-8"))["argv"]
    variables = [
        f"HF_ENDPOINT={hub.endpoint}",
        f"HF_HOME={editor.folder / 'hub'}",
        f"FLYAWAY_WEIGHTS={weights}",
        "no_proxy=127.0.0.1",
    ]
    write_launch(editor.flyaway_home, [env, *variables, *command])
    return weights
