"""scripts/soak in small: what is done again and again can be done at all, and what would be found is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.trust import long_work
from tests.trust.daemons import running_daemon
from tests.trust.jobs import Job

SEED = 7


def test_jobs_of_every_kind_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    small = [job for job in long_work.jobs() if job.name.endswith("17 x 9")]
    monkeypatch.setattr(long_work, "jobs", lambda: small)
    monkeypatch.setattr(long_work, "SIZES", ((17, 9),) * 4)
    finding = long_work.jobs_through_one_daemon(count=60, seconds=60, seed=SEED)
    assert finding.broken == []
    assert finding.figures["jobs"] == 60
    assert {"done", "cancelled", "client died"} == finding.figures["outcomes"].keys()


def test_another_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Job("wrong, 17 x 9", lambda client, should_stop: "this time something else")
    monkeypatch.setattr(long_work, "jobs", lambda: [wrong])
    monkeypatch.setattr(long_work, "SIZES", ((17, 9),) * 4)
    with running_daemon(tmp_path) as running:
        work = long_work.Work(running, SEED, {wrong.name: "always the same"})
        work.go_on(4, long_work.time.monotonic() + 60)
    assert "another answer than a fresh daemon's" in work.failures[0]
