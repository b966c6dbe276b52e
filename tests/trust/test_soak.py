"""scripts/soak in small: what is done again and again can be done at all, and what would be found is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.trust import jobs, long_work, networks
from tests.trust.daemons import own_home, running_daemon
from tests.trust.deaths import Death, Stage, deaths
from tests.trust.jobs import Job
from tests.trust.races import races

SEED = 7


def test_jobs_of_every_kind_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SIZES", ((17, 9),))
    monkeypatch.setattr(long_work, "SIZES", ((17, 9),) * 4)
    monkeypatch.setattr(long_work, "NETWORK_SHARE", 0.1)
    monkeypatch.delitem(networks.FOLDERS, "u2net-small")
    finding = long_work.jobs_through_one_daemon(count=60, seconds=60, seed=SEED)
    assert finding.broken == []
    assert finding.figures["jobs"] == 60
    assert finding.figures["by_networks"] > 0
    assert {"done", "cancelled", "client died"} == finding.figures["outcomes"].keys()


def test_another_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Job("wrong, 17 x 9", lambda client, should_stop: "this time something else")
    monkeypatch.setattr(long_work, "jobs", lambda: [wrong])
    monkeypatch.setattr(long_work, "SIZES", ((17, 9),) * 4)
    with running_daemon(tmp_path) as running:
        work = long_work.Work(running, SEED, {wrong.name: "always the same"})
        work.go_on(4, long_work.time.monotonic() + 60)
    assert "another answer than a fresh daemon's" in work.failures[0]


def test_of_many_at_once_one_has_a_daemon_start() -> None:
    finding = races(count=2, seconds=60, seed=SEED)
    assert finding.broken == []
    assert finding.figures["races"] == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children that share what was imported")
def test_whoever_dies_the_next_request_works() -> None:
    finding = deaths(count=6, seconds=60, seed=SEED)
    assert finding.broken == []
    assert finding.figures["conversations"] == 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children that share what was imported")
def test_a_cut_out_that_is_half_written_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_home(tmp_path) as home:
        stage = Stage(tmp_path, home)
        try:
            stage.rehearse("adjusted, 17 x 9")
            monkeypatch.setitem(stage._expected, "command line", "another content")
            cutout = stage.work / "cutout.png"
            monkeypatch.setitem(
                stage.conversations,
                "status",
                lambda: str(cutout.write_bytes(stage._photo.read_bytes())),
            )
            stage._expected["status"] = "anything"
            _, wrong = stage.play(Death("status", "client", 99))
        finally:
            stage.close()
    assert "a cut-out half written" in wrong
