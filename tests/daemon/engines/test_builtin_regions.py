"""The subject in rough regions, from useful ones to those that say nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from flyaway.engines.builtin import guess
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.contract import Inputs, silent
from flyaway.errors import NoSubjectError

Picture = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def sitter() -> Picture:
    """A photo-like picture and its subject: a figure of two colours, sharper than the clouds behind."""
    random = np.random.default_rng(4)
    height, width = 200, 280
    y, x = np.mgrid[:height, :width].astype(np.float32)
    head = np.hypot(y - 70, x - 150) < 26
    body = ((y - 170) / 75) ** 2 + ((x - 150) / 48) ** 2 < 1
    clouds = cv2.resize(random.random((5, 7, 3), np.float32), (width, height))
    image = 0.25 + 0.35 * clouds * np.array([0.6, 0.9, 1.0], np.float32)
    image[body] = (0.75, 0.55, 0.2)
    image[head] = (0.85, 0.7, 0.6)
    subject = head | body
    grain = random.normal(0, 0.06, image.shape) * subject[..., None]
    image = (cv2.GaussianBlur(image, (0, 0), 0.8) + grain).clip(0, 1)
    return (image * 255).astype(np.uint8), subject


def backlit(place: tuple[int, int], strength: float) -> Picture:
    """A dark figure before a glow, which stands out more than the figure does."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:200, :280].astype(np.float32)
    head = np.hypot(y - 70, x - 150) < 26
    subject = head | (((y - 170) / 75) ** 2 + ((x - 150) / 48) ** 2 < 1)
    clouds = cv2.resize(random.random((5, 7, 3), np.float32), (280, 200))
    glow = np.exp(-0.5 * (((y - place[0]) / 30) ** 2 + ((x - place[1]) / 60) ** 2))[..., None]
    image = 0.1 + 0.15 * clouds * [0.6, 0.9, 0.6] + strength * glow * [1.0, 0.9, 0.7]
    image[subject] = (0.25, 0.2, 0.3)
    image[head] = (0.5, 0.38, 0.3)
    grain = random.normal(0, 0.05, image.shape) * subject[..., None]
    image = (cv2.GaussianBlur(image, (0, 0), 0.8) + grain).clip(0, 1)
    return (image * 255).astype(np.uint8), subject


def maned() -> Picture:
    """A figure whose mane is wider than itself, of colours that its middle has none of, before a blurred wood."""
    random = np.random.default_rng(7)
    height, width = 240, 320
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wood = cv2.resize(random.random((6, 8, 3), np.float32), (width, height))
    image = 0.2 + 0.25 * wood * np.array([0.5, 1.0, 0.5], np.float32)
    mane = ((y - 70) / 60) ** 2 + ((x - 160) / 130) ** 2 < 1
    body = ((y - 190) / 90) ** 2 + ((x - 160) / 50) ** 2 < 1
    image[mane] = (0.8, 0.35, 0.55)
    image[body] = (0.75, 0.6, 0.5)
    subject = mane | body
    grain = random.normal(0, 0.04, image.shape) * body[..., None]  # the mane is out of focus
    image = (cv2.GaussianBlur(image, (0, 0), 0.8) + grain).clip(0, 1)
    return (image * 255).astype(np.uint8), subject


def around(subject: np.ndarray, share: float) -> np.ndarray:
    """The rectangle around a subject, grown by a share of its size on each side."""
    rows, columns = np.flatnonzero(subject.any(axis=1)), np.flatnonzero(subject.any(axis=0))
    down, along = (round(share * np.ptp(each)) for each in (rows, columns))
    region = np.zeros(subject.shape, bool)
    top, left = max(rows[0] - down, 0), max(columns[0] - along, 0)
    region[top : rows[-1] + down + 1, left : columns[-1] + along + 1] = True
    return region


def overlap(image: np.ndarray, region: np.ndarray | None, subject: np.ndarray) -> float:
    """Intersection over union of what is found in a region with the subject."""
    found = BuiltinEngine().extract(image, Inputs(region=region)).alpha > 0.5
    return float((found & subject).sum() / (found | subject).sum())


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3, 0.6])
def test_finds_the_subject_in_a_loose_rectangle(sitter: Picture, share: float) -> None:
    image, subject = sitter
    assert overlap(image, around(subject, share), subject) > 0.95


def test_keeps_what_has_colours_of_its_own_far_from_the_middle() -> None:
    image, subject = maned()
    found = BuiltinEngine().extract(image, Inputs(region=around(subject, 0.04)))
    assert np.abs(found.alpha - subject).mean() < 0.01
    assert found.confidence is not None
    assert found.confidence > 0.85
    assert not found.notes


def test_holds_on_to_the_middle_and_says_so_where_the_subject_looks_like_its_surroundings() -> None:
    image, subject = maned()
    hidden = image.copy()
    hidden[subject] = image[~subject].mean(axis=0)
    found = BuiltinEngine().extract(hidden, Inputs(region=around(subject, 0.04)))
    assert (found.alpha > 0.5)[120:200, 140:180].all()
    assert found.confidence is not None
    assert found.confidence < 0.3
    assert any("rough guess" in note for note in found.notes)


def test_finds_the_subject_in_an_ellipse(sitter: Picture) -> None:
    image, subject = sitter
    region = np.zeros(subject.shape, np.uint8)
    cv2.ellipse(region, (150, 140), (110, 120), 0, 0, 360, 1, -1)
    assert overlap(image, region > 0, subject) > 0.95


def test_finds_the_subject_in_a_lasso(sitter: Picture) -> None:
    image, subject = sitter
    square = np.ones((21, 21), np.uint8)
    assert overlap(image, cv2.dilate(subject.view(np.uint8), square) > 0, subject) > 0.95


@pytest.mark.parametrize(("place", "strength"), [((100, 80), 0.4), ((60, 110), 0.8)])
def test_lets_go_of_a_glow_behind_the_subject(place: tuple[int, int], strength: float) -> None:
    image, subject = backlit(place, strength)
    assert overlap(image, None, subject) > 0.95


def test_shows_the_subject_before_its_edge_is_looked_at(sitter: Picture) -> None:
    image, _ = sitter
    shown: list[tuple[float, np.ndarray]] = []

    def see(fraction: float, preview: np.ndarray | None = None) -> None:
        if preview is not None:
            shown.append((fraction, preview))

    found = guess.find(image, None, see, 1)
    ((fraction, preview),) = shown
    assert fraction == 0.5
    assert preview.shape == image.shape[:2]
    assert (preview[found.trimap == 255] == 1).all()


def test_holds_on_to_what_stands_out_if_all_runs_lose_it(
    sitter: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guess, "cut", lambda picture, seeds, tick: seeds == cv2.GC_FGD)
    image, subject = sitter
    found = guess.find(image, None, lambda fraction, preview=None: None, 1).trimap > 0
    assert found.any()
    assert (found & subject).sum() > 0.5 * found.sum()


def test_a_run_that_lost_the_subject_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    seen = np.zeros((20, 30), bool)
    seen[5:15, 5:15] = True
    other = np.roll(seen, 12, axis=1)
    nothing = np.zeros_like(seen)
    monkeypatch.setattr(guess, "cut", lambda picture, seeds, tick: seeds > 0)

    def vote(*runs: np.ndarray) -> tuple[np.ndarray, float]:
        seeds = [run.astype(np.uint8) for run in runs]
        return guess._vote(picture, seeds, 1, silent)

    subject, agreement = vote(seen, nothing, nothing)
    assert np.array_equal(subject, seen)
    assert agreement == pytest.approx(1 / 3)
    assert np.array_equal(vote(seen, other, nothing)[0], seen | other)
    assert not vote(nothing, nothing)[0].any()


def test_a_region_of_everything_says_as_much_as_none(sitter: Picture) -> None:
    image, subject = sitter
    engine = BuiltinEngine()
    everything = engine.extract(image, Inputs(region=np.ones(subject.shape, bool)))
    nothing = engine.extract(image)
    assert np.array_equal(everything.alpha, nothing.alpha)
    assert everything.confidence == nothing.confidence
    assert everything.notes == nothing.notes


@pytest.mark.parametrize(
    ("region", "is_shape"),
    [
        (cv2.rectangle(np.zeros((300, 400), np.uint8), (20, 30), (380, 200), 1, -1), True),
        (
            cv2.ellipse(np.zeros((300, 400), np.uint8), (200, 150), (120, 80), 0, 0, 360, 1, -1),
            True,
        ),
        (
            cv2.ellipse(np.zeros((300, 400), np.uint8), (380, 150), (160, 80), 0, 0, 360, 1, -1),
            True,
        ),
        (cv2.circle(np.zeros((300, 400), np.uint8), (200, 150), 80, 1, 60), False),
        (np.tri(300, 400, dtype=np.uint8) | np.eye(300, 400, 200, dtype=np.uint8), False),
        (np.eye(300, 400, dtype=np.uint8)[::-1] | np.eye(300, 400, dtype=np.uint8), False),
    ],
)
def test_tells_shapes_from_what_is_drawn_by_hand(region: np.ndarray, is_shape: bool) -> None:
    assert guess._is_shape(region > 0) == is_shape


def test_an_empty_region_is_refused_in_a_sentence() -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    with pytest.raises(NoSubjectError, match="The region is empty"):
        BuiltinEngine().extract(image, Inputs(region=np.zeros((30, 40), bool)))


REGIONS = {
    "none": None,
    "everything": np.s_[:, :],
    "box": np.s_[3:-3, 3:-3],
    "pixel": np.s_[20:21, 30:31],
    "corner": np.s_[:1, :1],
    "row": np.s_[20:21, :],
    "all but a row": np.s_[1:, :],
}


@pytest.mark.parametrize("kind", ["constant", "noise", "no numbers"])
@pytest.mark.parametrize("name", REGIONS)
@pytest.mark.parametrize("shape", [(40, 60), (1, 1), (2, 7), (5, 300)])
def test_gives_numbers_or_a_sentence_for_any_region(
    shape: tuple[int, int], name: str, kind: str
) -> None:
    image = np.full((*shape, 3), 0.5 if kind == "constant" else np.nan, np.float32)
    if kind == "noise":
        image = np.random.default_rng(0).random(image.shape, np.float32)
    region = None
    if REGIONS[name] is not None:
        region = np.zeros(shape, bool)
        region[REGIONS[name]] = True
    try:
        found = BuiltinEngine().extract(image, Inputs(region=region))
    except NoSubjectError as error:
        assert "draw" in str(error)
        return
    assert np.isfinite(found.alpha).all()
    assert found.alpha.min() >= 0.0
    assert found.alpha.max() <= 1.0
    assert region is None or not found.alpha[~region].any()
