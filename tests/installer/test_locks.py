"""locks: every package of the lock is listed, and none that something is known against."""

from __future__ import annotations

import json

import pytest
from tests.fakes.checkout import REPOSITORY

import locks
from locks import Locked

LOCK = (REPOSITORY / "installer" / "locked.txt").read_text(encoding="utf-8")
ADVISORIES = (REPOSITORY / "installer" / "advisories.json").read_text(encoding="utf-8")


def test_nothing_is_known_against_what_the_installers_bring() -> None:
    assert locks.audit(locks.read(LOCK), ADVISORIES) == []


def test_what_is_known_is_found_by_version() -> None:
    old, new = Locked("pillow", "11.2.1", ""), Locked("pillow", "11.3.0", "")
    assert locks.audit([new], ADVISORIES) == []
    assert "CVE-2025-48379" in locks.audit([old], ADVISORIES)[0]


def test_every_advisory_is_about_something_that_is_brought() -> None:
    brought = {package.name for package in locks.read(LOCK)}
    assert {advisory["package"] for advisory in json.loads(ADVISORIES)} <= brought


def test_a_package_that_is_brought_only_somewhere_says_where() -> None:
    lock = "# a remark\nnumpy==2.4.6\ncolorama==0.4.6 ; sys_platform == 'win32'\n"
    bill = json.loads(locks.bill_of_materials("1.2.3", 0, locks.read(lock)))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"
    assert bill["metadata"]["component"]["version"] == "1.2.3"
    numpy, colorama = bill["components"]
    assert numpy["purl"] == numpy["bom-ref"] == "pkg:pypi/numpy@2.4.6"
    assert "properties" not in numpy
    assert colorama["properties"] == [
        {"name": "flyaway:marker", "value": "sys_platform == 'win32'"}
    ]


def test_the_whole_lock_is_listed_once_each() -> None:
    bill = json.loads(locks.bill_of_materials("1.2.3", 0, locks.read(LOCK)))
    names = [component["name"] for component in bill["components"]]
    packages = [line for line in LOCK.splitlines() if line and not line.startswith(("#", " "))]
    assert names == [line.partition("==")[0] for line in packages]
    assert len(set(names)) == len(names)


def test_every_package_but_torch_has_the_sums_of_its_files() -> None:
    packages = locks.read(LOCK)
    assert [one.name for one in packages if not one.sums] == [locks.WITHOUT_SUMS]
    (numpy,) = (one for one in packages if one.name == "numpy")
    assert len(numpy.sums) > 20  # one for each system and Python


def test_sums_of_builds_are_of_the_torch_that_is_locked() -> None:
    builds = locks.read((REPOSITORY / "installer" / "torch.txt").read_text(encoding="utf-8"))
    (torch,) = (one for one in locks.read(LOCK) if one.name == locks.WITHOUT_SUMS)
    assert {one.name for one in builds} == {"torch"}
    assert {one.version.split("+")[0] for one in builds} == {torch.version}
    sums = [each for one in builds for each in one.sums]
    assert all(one.sums for one in builds)
    assert len(set(sums)) == len(sums)


def test_sums_belong_to_the_package_above_them() -> None:
    lock = f"a==1 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\nb==2\n"
    first, second = locks.read(lock)
    assert first == Locked("a", "1", "sys_platform == 'win32'", ("0" * 64, "1" * 64))
    assert second == Locked("b", "2", "")


@pytest.mark.parametrize(
    "line", ["numpy>=2", "numpy", "numpy==", "== 2", f"    --hash=sha256:{'0' * 64}"]
)
def test_a_line_that_locks_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="has the line"):
        locks.read(line)
