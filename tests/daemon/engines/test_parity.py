"""Every network gives what its authors' own code gave, from made-up weights under the published names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.parity import cases, checkpoints

DATA = Path(__file__).parents[2] / "data" / "parity"
FOLDERS = sorted(folder.parent for folder in DATA.glob("*/keys.json"))

LARGER = {"sam2.1_hiera_small"}
"""Of a class of which a smaller one is stored."""


def test_every_stored_network_has_an_engine() -> None:
    assert {folder.name for folder in FOLDERS} == set(cases.NETWORKS) - LARGER


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_equals_the_authors_output_on_a_stored_picture(folder: Path, tmp_path: Path) -> None:
    files = checkpoints.write(folder, tmp_path)
    measured = list(cases.measure(folder, cases.load(folder, *files)))
    assert measured
    beyond = [m for m in measured if not m.holds]
    assert not beyond


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("modnet", "f_branch.conv_f2x.layers.0.weight"),
        ("vitmatte", "decoder.matting_head.matting_convs.0.weight"),
    ],
)
def test_a_wrong_parameter_shows(name: str, changed: str) -> None:
    folder = DATA / name
    state = checkpoints.make(folder)
    state[changed] = state[changed].roll(1, 0)
    measured = list(cases.measure(folder, cases.load(folder, state)))
    assert not any(m.holds for m in measured if m.case.endswith("whole"))


@pytest.mark.parametrize(
    "folder",
    # the others are of the same classes, larger
    [DATA / name for name in ("modnet", "vitmatte", "birefnet_lite", "bgmv2_mobilenetv2")],
    ids=lambda folder: folder.name,
)
def test_loads_the_checkpoint_as_half_precision_pickle(folder: Path, tmp_path: Path) -> None:
    state = checkpoints.make(folder)
    halves = {f"module.{name}": values.half() for name, values in state.items()}
    torch.save({"state_dict": halves}, tmp_path / "w.pth")
    rounded = {name: values.half().float() for name, values in state.items()}
    loaded, wanted = (
        cases.load(folder, source).network.state_dict() for source in (tmp_path / "w.pth", rounded)
    )
    assert all(torch.equal(loaded[name], values) for name, values in wanted.items())
