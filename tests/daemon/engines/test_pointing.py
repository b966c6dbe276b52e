"""Networks that are pointed with: what the decoder is asked, what is kept, and second looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.parity import checkpoints, random_weights
from torch.nn import functional

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.candidates import Ask
from flyaway.engines.contract import Inputs, Prompts
from flyaway.engines.layers.mask_decoder import MaskDecoder
from flyaway.engines.layers.prompt_encoder import PADDING
from flyaway.engines.mobilesam.network import TinyViT
from flyaway.engines.pointing import Answer, PromptedEngine
from flyaway.engines.repvitsam.network import Mixer
from flyaway.engines.sam2.engine import SAM2Engine
from flyaway.engines.segmentanything import SegmentAnything
from flyaway.errors import RequestError
from flyaway.images.arrays import Image
from flyaway.weights.recognition import recognise

DATA = Path(__file__).parents[2] / "data" / "parity"

CLICK = Prompts(keep=((30.0, 20.0),))


def picture(height: int = 60, width: int = 90) -> Any:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def engine() -> PromptedEngine:
    """MobileSAM with reproducible weights, seeing little."""
    loaded = engines.load("mobile-sam", checkpoints.as_published(DATA / "mobile_sam"))
    assert isinstance(loaded, PromptedEngine)
    loaded.side_px = 256
    return loaded


def test_an_image_is_seen_once_however_often_it_is_clicked(engine: PromptedEngine) -> None:
    seen: list[Any] = []
    assert isinstance(engine.network, SegmentAnything)
    hook = engine.network.image_encoder.register_forward_hook(lambda *_: seen.append(1))
    features = engine.encode(picture())
    for x in (10.0, 30.0, 50.0):
        engine.candidates(features, Prompts(keep=((x, 20.0),)))
    hook.remove()
    assert len(seen) == 1
    assert engine.kept_bytes(features) == features.map.nbytes


def test_one_click_gets_masks_by_size_and_more_prompts_one(engine: PromptedEngine) -> None:
    features = engine.encode(picture())
    found = engine.candidates(features, CLICK)
    areas = [int((one.mask >= 0.5).sum()) for one in found]
    assert len(found) > 1
    assert areas == sorted(areas)
    assert all(one.mask.shape == (60, 90) for one in found)
    for more in (
        Prompts(keep=((30.0, 20.0), (50.0, 40.0))),
        Prompts(keep=((30.0, 20.0),), remove=((1.0, 1.0),)),
        Prompts(boxes=((10.0, 10.0, 60.0, 50.0),)),
    ):
        assert [one.size for one in engine.candidates(features, more)] == ["object"]


def test_candidates_of_a_large_picture_are_small(engine: PromptedEngine) -> None:
    features = engine.encode(picture(300, 1500))
    found = engine.candidates(features, Prompts(boxes=((10.0, 10.0, 900.0, 200.0),)))
    assert found[0].mask.shape == (102, 512)


def test_the_size_that_was_meant_is_solved(engine: PromptedEngine) -> None:
    features = engine.encode(picture())
    for index, size in enumerate(one.size for one in engine.candidates(features, CLICK)):
        meant = Prompts(keep=CLICK.keep, size=size)
        shown = engine.candidates(features, meant)[index]
        solved = engine.solve(features, Inputs(prompts=meant))
        assert np.abs(solved.alpha - shown.mask).max() < 1e-5
        assert solved.confidence == shown.score


def test_boxes_add_up(engine: PromptedEngine) -> None:
    features = engine.encode(picture())
    boxes = (5.0, 5.0, 30.0, 50.0), (50.0, 10.0, 85.0, 55.0)
    one, other, both = (
        engine.solve(features, Inputs(prompts=Prompts(boxes=some))).alpha
        for some in ((boxes[0],), (boxes[1],), boxes)
    )
    assert (one != other).any()
    either = np.maximum(one, other)  # between the networks' own places the larger one counts more
    assert (both >= either - 1e-5).all()
    assert float((both - either).mean()) < 0.05


def test_without_prompts_says_what_to_do(engine: PromptedEngine) -> None:
    with pytest.raises(RequestError, match="Point at the subject"):
        engine.extract(picture(), Inputs())


class _Answering(PromptedEngine):
    """Answers what a test wants; a frame of 64 pixels for images of 64."""

    def __init__(self, *answers: torch.Tensor) -> None:
        self.answers = list(answers)
        self.asked: list[list[Ask]] = []

    def shown(self, image: Image) -> torch.Tensor:
        raise AssertionError

    def embedded(self, planes: torch.Tensor, size: Any) -> Any:
        raise AssertionError

    def scale(self, size: Any) -> tuple[float, float]:
        return 1.0, 1.0

    def enlarged(self, logits: torch.Tensor, size: Any, target: Any) -> torch.Tensor:
        return functional.interpolate(logits, target, mode="bilinear")

    def answer(self, features: Any, questions: Any, mask: torch.Tensor | None) -> Answer:
        self.asked.append(list(questions))
        logits = self.answers.pop(0)
        fits = torch.arange(logits.shape[1] * len(logits)).view(len(logits), -1) / 10
        return Answer(logits, fits)


FEATURES: Any = type("Features", (), {"size": (64, 64)})


def squares(*sides: int) -> torch.Tensor:
    """Logits 1x4x64x64: nothing, then squares at 8, 8 of these sides."""
    made = torch.full((1, 4, 64, 64), -20.0)
    for index, side in enumerate(sides):
        made[0, index + 1, 8 : 8 + side, 8 : 8 + side] = 20
    return made


class TestSecondLook:
    """One click is asked about twice."""

    @pytest.mark.parametrize(
        ("size", "last", "deepest"),
        [("part", 16.0, 12.0), ("object", 24.0, 16.0), ("", 48.0, 28.0)],
    )
    def test_takes_box_and_deepest_point_of_what_is_meant(
        self, size: str, last: float, deepest: float
    ) -> None:
        first = squares(9, 17, 41)
        bench = _Answering(first, first[:, 1:2].expand(1, 4, 64, 64))
        bench._found(FEATURES, Prompts(keep=((10.0, 10.0),), size=size))
        (asked,) = bench.asked[1]
        assert asked.box == (8.0, 8.0, last, last)
        assert asked.keep == ((10.0, 10.0), (deepest, deepest))

    @pytest.mark.parametrize(("top", "taken"), [(9, True), (40, False)])
    def test_counts_only_where_it_shows_the_same_thing(self, top: int, taken: bool) -> None:
        first = squares(9, 17, 41)
        second = torch.full((1, 4, 64, 64), -20.0)
        second[0, 0, top : top + 16, 8:25] = 20
        bench = _Answering(first, second)
        wish = Prompts(keep=((10.0, 10.0),), size="object")
        logits, found, meant = bench._found(FEATURES, wish)
        assert meant == 1
        assert torch.equal(logits[1, 0], second[0, 0] if taken else first[0, 2])
        assert [one.size for one in found] == ["part", "object", "whole"]
        assert found[1].score == pytest.approx(0.0 if taken else 0.2)

    def test_is_at_the_best_where_no_size_is_said(self) -> None:
        first = squares(20, 20, 20)
        bench = _Answering(first, first[:, 1:2].expand(1, 4, 64, 64))
        _, found, _ = bench._found(FEATURES, Prompts(keep=((10.0, 10.0),)))
        assert [one.size for one in found] == ["object"]
        assert [len(asked) for asked in bench.asked] == [1, 1]

    def test_is_not_taken_where_nothing_was_shown(self) -> None:
        bench = _Answering(squares())
        _, found, _ = bench._found(FEATURES, Prompts(keep=((10.0, 10.0),)))
        assert found == ()
        assert len(bench.asked) == 1


class TestTokens:
    """What the decoder is given of prompts."""

    @pytest.mark.parametrize(
        ("ask", "first_kinds", "second_kinds"),
        [
            (Ask(((1, 1),), ((2, 2),)), [1, 0, PADDING], [1, 0, PADDING]),
            (Ask((), (), (0, 0, 5, 5)), [2, 3], [2, 3, PADDING]),
            (Ask(((1, 1),), (), (0, 0, 5, 5)), [1, 2, 3], [1, 2, 3, PADDING]),
            (Ask(()), [], []),
        ],
    )
    def test_padding_goes_where_the_network_was_trained_with_it(
        self, engine: PromptedEngine, ask: Ask, first_kinds: list[int], second_kinds: list[int]
    ) -> None:
        tensors = random_weights.fill(engine.network)
        assert engine._points([ask], (60, 90))[1][0].tolist() == first_kinds
        second = SAM2Engine.__new__(SAM2Engine)
        second.side_px = 256
        assert second._points([ask], (60, 90))[1][0].tolist() == second_kinds
        assert tensors

    def test_places_are_scaled_as_each_side_is_rounded(self, engine: PromptedEngine) -> None:
        points, _ = engine._points([Ask(((45.0, 30.0),))], (61, 90))
        # 61 rows of 90 columns become 174 of 256
        assert points[0, 0].tolist() == pytest.approx([45 * 256 / 90, 30 * 174 / 61])


def test_the_decoder_widens_as_transposed_convolutions_do() -> None:
    decoder = checkpoint.build(lambda: MaskDecoder(is_second=True))
    checkpoint.fill(decoder, random_weights.fill(decoder), "a decoder")
    assert isinstance(decoder, MaskDecoder)
    source = torch.Generator().manual_seed(1)
    cells, filters, quarter, eighth = (
        torch.randn(shape, generator=source)
        for shape in ((2, 15, 256), (2, 32, 4), (1, 32, 12, 20), (1, 64, 6, 10))
    )
    ours = decoder._logits(cells, filters, (3, 5), (quarter, eighth))
    widen, norm, act, again, _ = decoder.output_upscaling
    maps = act(norm(widen(cells.transpose(1, 2).view(2, 256, 3, 5)) + eighth))
    maps = act(again(maps) + quarter)
    theirs = (filters.transpose(1, 2) @ maps.flatten(2)).view(2, 4, 12, 20)
    assert torch.allclose(ours, theirs, atol=2e-4 * float(theirs.std()))


def test_one_convolution_does_what_three_branches_do() -> None:
    mixer = checkpoint.build(lambda: Mixer(6))
    checkpoint.fill(mixer, random_weights.fill(mixer), "a mixer")
    assert isinstance(mixer, Mixer)
    x = torch.randn((1, 6, 9, 7), generator=torch.Generator().manual_seed(2))
    assert torch.allclose(mixer.fused()(x), mixer(x), atol=1e-4)


@pytest.mark.parametrize(("wide", "chosen"), [(0.0, 0), (0.04, 2)])
def test_a_mask_that_is_not_steady_gives_way_to_the_one_thought_best(
    wide: float, chosen: int
) -> None:
    engine = SAM2Engine.__new__(SAM2Engine)
    logits = torch.full((1, 4, 8, 8), -1.0)
    logits[0, :, :4] = 1
    logits[0, 0, 4] = -wide if wide else -1.0  # a row between sure and not
    logits[0, 2] = 2
    fits = torch.tensor([[0.9, 0.1, 0.5, 0.3]])
    single = engine.single(Answer(logits, fits))
    assert torch.equal(single.logits[0, 0], logits[0, chosen])
    assert single.fits.tolist() == [[fits[0, chosen].item()]]


@pytest.mark.parametrize(
    ("file", "name"),
    [("mobile_sam.pt", "mobile-sam"), ("anything.pt", "mobile-sam")],
)
def test_the_published_file_is_recognised(tmp_path: Path, file: str, name: str) -> None:
    tensors = random_weights.fill(checkpoint.build(lambda: SegmentAnything(TinyViT())))
    tensors["image_encoder.head.weight"] = torch.zeros(1000, 320)
    torch.save(tensors, tmp_path / file)
    assert recognise(tmp_path / file).name == name
