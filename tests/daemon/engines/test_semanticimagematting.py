"""Semantic Image Matting: its two files, the tiles that its classifier sees, and what it says of an edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.contract import Inputs
from flyaway.engines.semanticimagematting import standardised
from flyaway.engines.semanticimagematting.network import SemanticImageMatting
from flyaway.engines.semanticimagematting.semantics import WORDS, in_words, recommendation, tiles
from flyaway.errors import WeightsError
from flyaway.weights.recognition import recognise

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def matting() -> Tensors:
    return random_weights.fill(checkpoint.build(lambda: SemanticImageMatting(classifies=False)))


@pytest.fixture(scope="module")
def classifier() -> Tensors:
    both = checkpoint.build(lambda: SemanticImageMatting(solves=False))
    return {
        name.removeprefix("classifier."): values
        for name, values in random_weights.fill(both).items()
    }


def edge(height: int = 40, width: int = 60) -> tuple[np.ndarray, Inputs]:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:, : width // 3], trimap[:, -width // 3 :] = 255, 0
    return image, Inputs(trimap)


def test_says_what_it_took_the_edge_for_each_time(matting: Tensors, classifier: Tensors) -> None:
    engine = engines.load("semanticimagematting-simd", matting, companion=classifier)
    image, inputs = edge()
    features = engine.encode(image)
    first, again = (engine.solve(features, inputs) for _ in range(2))
    assert len(first.notes) in (1, 2)
    assert first.notes[0].startswith("The uncertain edge was taken for ")
    assert again.notes == first.notes
    assert engine.extract(image, Inputs(np.full((40, 60), 255, np.uint8))).notes == ()


def test_what_shows_in_little_of_the_edge_is_not_told() -> None:
    tally = np.zeros(len(WORDS), np.int64)
    tally[[4, 2, 13]] = 60, 34, 6
    assert in_words(tally) == "The uncertain edge was taken for plain hair (60%), fur (34%)."


@pytest.mark.parametrize(("kind", "name"), [(5, "ViTMatte"), (14, "SDMatte"), (13, "")])
def test_who_is_made_for_most_of_the_edge_is_recommended(kind: int, name: str) -> None:
    tally = np.zeros(len(WORDS), np.int64)
    tally[[kind, 13]] += 60, 34
    assert recommendation(tally).startswith(name)
    assert bool(recommendation(tally)) == bool(name)
    tally[13] = 61
    assert recommendation(tally) == ""


def test_the_most_is_told_where_everything_shows_a_little() -> None:
    tally = np.full(len(WORDS), 5)
    tally[3] = 6
    assert in_words(tally) == "The uncertain edge was taken for glass or ice (6%)."


def test_a_large_picture_is_seen_in_upstreams_tiles() -> None:
    found = list(tiles(np.ones((808, 840), np.bool_)))
    small = [(rows.start, columns.start) for rows, columns in found if rows.stop - rows.start < 800]
    large = [(rows.start, columns.start) for rows, columns in found if rows.stop - rows.start > 320]
    tops, lefts = (0, 160, 320, 480, 488), (0, 160, 320, 480, 520)
    assert small == [(top, left) for top in tops for left in lefts]
    assert large == [(0, 0), (0, 40), (8, 0), (8, 40)]


def test_a_tile_without_unknown_pixels_is_not_seen() -> None:
    unknown = np.zeros((1000, 1000), np.bool_)
    unknown[5, 5] = True
    assert list(tiles(unknown)) == [
        (slice(0, 320), slice(0, 320)),
        (slice(0, 800), slice(0, 800)),
    ]


@pytest.mark.parametrize("shape", [(799, 900), (320, 320), (1, 1), (40, 5000)])
def test_a_picture_too_small_for_the_large_tiles_is_one(shape: tuple[int, int]) -> None:
    assert list(tiles(np.ones(shape, np.bool_))) == [(slice(0, shape[0]), slice(0, shape[1]))]


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (70, 1), (8, 8)])
def test_slivers_are_solved(shape: tuple[int, int], matting: Tensors, classifier: Tensors) -> None:
    engine = engines.load("semanticimagematting-simd", matting, companion=classifier)
    extraction = engine.extract(np.zeros((*shape, 3), np.uint8), Inputs(np.full(shape, 128, "u1")))
    assert extraction.alpha.shape == shape


@pytest.mark.parametrize("prefix", ["", "module.", "net."])
def test_the_classifier_may_have_any_word_before_its_names(
    prefix: str, matting: Tensors, classifier: Tensors
) -> None:
    named = {prefix + name: values for name, values in classifier.items()}
    engine = engines.load("semanticimagematting-simd", matting, companion=named)
    bare = engines.load("semanticimagematting-simd", matting, companion=classifier)
    assert np.array_equal(engine.extract(*edge()).alpha, bare.extract(*edge()).alpha)


def test_with_one_of_its_files_it_says_that_it_needs_both(
    matting: Tensors, classifier: Tensors
) -> None:
    halves = ("semanticimagematting-simd", matting), ("semanticimagematting-classifier", classifier)
    for name, tensors in halves:
        with pytest.raises(WeightsError, match="needs two files"):
            engines.load(name, tensors).extract(*edge())


def test_its_files_are_recognised_as_upstream_lays_them_out(
    tmp_path: Path, matting: Tensors, classifier: Tensors
) -> None:
    for folder in ("SIM", "Adobe"):
        (tmp_path / folder).mkdir()
        torch.save({"state_dict": matting, "epoch": 3}, tmp_path / folder / "ckpt_best.pth")
    second = tmp_path / "classifier_resnet50_best.pth.tar"
    named = {f"module.{name}": values for name, values in classifier.items()}
    torch.save({"state_dict": named, "arch": "resnet50"}, second)
    assert recognise(tmp_path / "SIM/ckpt_best.pth").name.endswith("-simd")
    assert recognise(tmp_path / "Adobe/ckpt_best.pth").name.endswith("-composition-1k")
    assert recognise(second).name == "semanticimagematting-classifier"
    (tmp_path / "SIM/ckpt_best.pth").rename(tmp_path / "ckpt_best.pth")
    with pytest.raises(WeightsError, match="add --as"):
        recognise(tmp_path / "ckpt_best.pth")


def test_a_standardised_weight_has_no_mean_and_one_deviation() -> None:
    weight = 7 + 3 * torch.randn(5, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    rows = standardised(weight.half()).flatten(1)
    assert rows.dtype == torch.float32
    assert rows.mean(1).abs().max() < 1e-5
    assert (rows.std(1) - 1).abs().max() < 1e-4
    assert standardised(torch.ones(2, 3, 1, 1)).abs().max() == 0
