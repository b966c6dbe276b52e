"""docs/studio.md: what it says of a million photos is what the simulation says, which agrees with what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.benchmarks import million
from tests.benchmarks.million import Photo, simulate
from tests.benchmarks.provenance import REPOSITORY

PAGE = (REPOSITORY / "docs" / "studio.md").read_text("utf-8")
RESULTS = json.loads((Path(million.__file__).parent / "results.json").read_text())


def test_the_table_of_a_million_photos_is_the_simulations() -> None:
    assert f"|---|---|---|---|---|\n{million.table()}\n" in PAGE


def test_the_figures_beside_it_are_those_that_were_measured() -> None:
    photo = million.photo_of(million.measured(), None)
    most = million.WRITES_A_SECOND / photo.writes
    for words in (
        f"take {photo.processor_s:.2g} s of a core",
        f"{photo.reads:.0f} requests that read and {photo.writes:.0f} that write or list",
        f"about {round(most, -1):.0f} photos a second for each prefix",
        f"a photo is {photo.bytes / 1e6:.1f} MB there and back",
        f"{million.looking_min():.0f} minutes for a million that are new",
    ):
        assert words in PAGE


WAITING = [row for row in RESULTS["cluster"]["figures"] if row["engine"] == "stand-in"]
"""Those whose engine needs no core: two have no more to give, whatever is simulated."""


def test_the_clusters_figures_are_those_that_were_measured() -> None:
    one, two, four = (row["photos_a_minute"] for row in WAITING)
    assert (
        f"{one:.0f} photos a minute with one worker, {two:.0f} with two, {four:.0f} with four"
        in PAGE
    )


@pytest.mark.parametrize("row", WAITING, ids=lambda row: f"{row['workers']} workers")
def test_the_simulation_grows_as_the_cluster_did(row: dict[str, float | str]) -> None:
    photo = Photo(engine_s=1.0, processor_s=0.04, reads=0, writes=0, bytes=0)
    outcome = simulate(int(row["workers"]), photo, 1)
    assert float(row["photos_a_minute"]) == pytest.approx(60 * outcome.photos_a_second, rel=0.15)


def test_what_is_asked_for_most_limits_first() -> None:
    light = Photo(engine_s=0.01, processor_s=0.01, reads=1, writes=1, bytes=1)
    assert simulate(1, light, 1).limit == "the photos in hand"
    assert simulate(2, Photo(1.0, 0.1, 1, 1, 1), 1).limit == "the engine"
    assert simulate(2, Photo(0.1, 9.0, 1, 1, 1), 2).limit == "the cores"
    assert simulate(2, Photo(0.1, 0.1, 1, 1, 5e9), 2).limit == "the line"
    assert simulate(900, Photo(0.1, 0.1, 1, 50, 1), 2).limit == "the store's writing"
    assert simulate(900, Photo(0.1, 0.1, 50, 1, 1), 2).limit == "the store's answers"


def test_one_worker_that_never_waits_does_what_its_engine_does() -> None:
    outcome = simulate(1, Photo(2.0, 0.5, 4, 4, 1e6), 2)
    assert outcome.photos_a_second == pytest.approx(0.5, rel=0.01)
    assert outcome.hours == pytest.approx(1_000_000 * 2 / 3600, rel=0.01)
