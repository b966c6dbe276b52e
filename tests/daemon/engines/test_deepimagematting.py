"""Deep Image Matting: the two layouts that one file could be for, and the head that only some files have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.contract import Inputs
from flyaway.engines.deepimagematting.engine import DeepImageMattingEngine
from flyaway.engines.deepimagematting.network import DeepImageMatting
from flyaway.errors import WeightsError
from flyaway.weights.recognition import recognise


def weights(*, refines: bool = False) -> dict[str, torch.Tensor]:
    return random_weights.fill(
        checkpoint.build(lambda: DeepImageMatting(has_skips=True, refines=refines))
    )


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)


def alpha(name: str, tensors: dict[str, torch.Tensor]) -> np.ndarray:
    trimap = np.full((70, 90), 128, np.uint8)
    return engines.load(name, tensors).extract(picture(), Inputs(trimap)).alpha


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("stage1_skip_sad_52.9.pth", "deepimagematting-skip"),
        ("stage1_sad_54.4.pth", "deepimagematting-plain"),
    ],
)
def test_a_files_name_tells_which_layout_it_is_for(tmp_path: Path, file: str, name: str) -> None:
    torch.save({"state_dict": weights()}, tmp_path / file)
    assert recognise(tmp_path / file).name == name


def test_a_file_that_says_nothing_is_never_taken_for_one_of_them_in_silence(tmp_path: Path) -> None:
    torch.save({"state_dict": weights()}, tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="add --as"):
        recognise(tmp_path / "weights.pth")
    assert recognise(tmp_path / "weights.pth", "deepimagematting-plain").name.endswith("plain")


def test_the_layouts_give_different_alphas_of_the_same_weights() -> None:
    one, other = (alpha(f"deepimagematting-{name}", weights()) for name in ("skip", "plain"))
    assert np.abs(one - other).max() > 0.1


def test_the_refining_head_works_where_a_file_has_it() -> None:
    tensors = weights(refines=True)
    coarse = {name: one for name, one in tensors.items() if not name.startswith("refine_")}
    refined, plain = (alpha("deepimagematting-skip", one) for one in (tensors, coarse))
    assert np.abs(refined - plain).max() > 1e-3


def test_what_is_no_multiple_of_32_is_seen_smaller_and_a_sliver_larger() -> None:
    engine = engines.load("deepimagematting-skip", weights())
    assert isinstance(engine, DeepImageMattingEngine)
    seen: list[tuple[int, ...]] = []
    engine.network.register_forward_hook(lambda _, args, __: seen.append(args[0].shape[2:]))
    for shape in ((70, 90), (5, 100), (64, 32)):
        trimap = np.full(shape, 128, np.uint8)
        assert engine.whole(np.zeros((*shape, 3), np.uint8), trimap).shape == shape
    assert seen == [(64, 64), (32, 96), (64, 32)]
