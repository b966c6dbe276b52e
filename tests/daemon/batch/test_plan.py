"""plan: which photos there are, what goes with them, and that no two results share a name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from flyaway.batch.locations import Location
from flyaway.batch.plan import STATE_FOLDER, Job, Plan, Planner, root
from flyaway.batch.settings import settle
from flyaway.errors import RequestError


def planned(
    photos: Path | list[Path], output: Path, results: Iterable[str] = (), **options: Any
) -> Plan:
    given = {name.replace("_", "-"): value for name, value in options.items()}
    settings = settle({"output": str(output)} | given, {})
    return Planner([photos] if isinstance(photos, Path) else photos, settings).plan(
        lambda _: results
    )


def names(plan: Plan) -> list[str]:
    return [job.name for job in plan.jobs]


def targets(plan: Plan) -> dict[str, str]:
    return {job.name: target for job in plan.jobs for target in job.targets.values()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos as folders hold them, none with anything in it."""
    files = (
        "b.JPG",
        "a.png",
        "sub/a.png",
        "sub/deep/x.cr2",
        "notes.txt",
        "README",
        "._a.png",
        ".cache/a.png",
    )
    for name in files:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


def test_takes_all_photos_of_a_folder_and_counts_the_rest(folder: Path, tmp_path: Path) -> None:
    plan = planned(folder, tmp_path / "out")

    assert names(plan) == ["a.png", "b.JPG", "sub/a.png", "sub/deep/x.cr2"]
    assert targets(plan)["sub/a.png"] == "sub/a-cutout.png"
    assert plan.aside == {".txt": 1, "": 1}


def test_several_folders_keep_their_own_names(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").touch()

    plan = planned([folder / "sub", other], tmp_path / "out")

    assert names(plan) == ["photos/sub/a.png", "photos/sub/deep/x.cr2", "other/a.png"]


def test_named_files_are_taken_whatever_they_are_called(folder: Path, tmp_path: Path) -> None:
    plan = planned([folder / "README", folder / "._a.png"], tmp_path / "out")
    assert targets(plan) == {"README": "README-cutout.png", "._a.png": "._a-cutout.png"}


def test_a_photo_that_is_named_twice_is_taken_once(folder: Path, tmp_path: Path) -> None:
    plan = planned([folder, folder / "a.png", folder / "sub/../a.png"], tmp_path / "out")
    assert names(plan).count("a.png") == 1


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="nowhere is not there"):
        root([tmp_path / "nowhere"])


def test_photos_that_would_share_a_name_get_their_whole_one(tmp_path: Path) -> None:
    for name in ("a.jpg", "A.png", "b.png"):
        (tmp_path / name).touch()

    assert targets(planned(tmp_path, tmp_path / "out")) == {
        "A.png": "A.png-cutout.png",
        "a.jpg": "a.jpg-cutout.png",
        "b.png": "b-cutout.png",
    }


def test_photos_that_share_even_that_are_refused(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "a.jpg.png"):
        (tmp_path / name).touch()

    jobs = {job.name: job for job in planned(tmp_path, tmp_path / "out").jobs}

    assert jobs["a.png"].refusal == ""
    assert "both become a.jpg-cutout.png" in jobs["a.jpg"].refusal
    assert "both become a.jpg-cutout.png" in jobs["a.jpg.png"].refusal


def test_what_goes_with_a_photo_is_no_photo_itself(tmp_path: Path) -> None:
    for name in ("a.jpg", "a_trimap.png", "b.jpg", "c_trimap.png", "empty.jpg", "wall.jpg"):
        (tmp_path / name).touch()

    plan = planned(
        tmp_path,
        tmp_path / "out",
        trimap_pattern="{stem}_trimap.png",
        plate=str(tmp_path / "empty.jpg"),
        background=str(tmp_path / "wall.jpg"),
    )

    assert names(plan) == ["a.jpg", "b.jpg", "c_trimap.png"]
    assert plan.jobs[0].selection == tmp_path / "a_trimap.png"
    assert {job.plate for job in plan.jobs} == {tmp_path / "empty.jpg"}


def test_a_photo_that_would_be_its_own_trimap_is_refused_and_not_passed_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.png").touch()

    (job,) = planned(tmp_path, tmp_path / "out", trimap_pattern="{stem}.png").jobs

    assert "would be its own trimap" in job.refusal


def test_patterns_may_lead_to_other_folders(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").touch()

    (job,) = planned(
        tmp_path / "photos", tmp_path / "out", region_pattern="../regions/{name}.png"
    ).jobs

    assert job.selection == tmp_path / "regions/a.jpg.png"


def test_results_in_the_folder_are_no_photos(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/a-cutout.png").touch()
    (folder / "b-cutout.png").touch()
    (folder / "contact-sheet.png").touch()

    assert "out/a-cutout.png" not in names(planned(folder, folder / "out"))
    beside = names(planned(folder, folder, results=["b-cutout.png"]))
    assert "b-cutout.png" not in beside
    assert "contact-sheet.png" not in beside
    assert "out/a-cutout.png" in beside


def test_results_of_another_batch_are_known_by_its_state(folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / STATE_FOLDER).mkdir()
    asked = []

    def results(output: Location) -> list[str]:
        asked.append(output)
        return ["a.png"]

    settings = settle({"output": str(tmp_path / "out")}, {})
    plan = Planner([folder], settings).plan(results)

    assert asked == [folder / "sub"]
    assert "sub/a.png" not in names(plan)


def test_parts_hold_each_photo_once_and_do_not_change_with_others(tmp_path: Path) -> None:
    for index in range(40):
        (tmp_path / f"{index}.png").touch()

    parts = [names(planned(tmp_path, tmp_path / "out", shard=f"{part}/3")) for part in (1, 2, 3)]
    (tmp_path / "0a.png").touch()
    later = [names(planned(tmp_path, tmp_path / "out", shard=f"{part}/3")) for part in (1, 2, 3)]

    assert sorted(name for part in parts for name in part) == sorted(f"{i}.png" for i in range(40))
    assert all(parts)
    assert all(set(part) <= set(after) for part, after in zip(parts, later, strict=True))


def test_a_key_is_plain_letters_whatever_the_name() -> None:
    keys = {Job(name, Path()).key for name in ("a", "b", "ü\n", "\udcff")}
    assert len(keys) == 4
    assert all(key.isalnum() and key.isascii() for key in keys)


def test_a_folder_that_cannot_be_looked_into_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.scandir

    def scandir(path: str) -> Any:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", path)
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)

    plan = planned(folder, tmp_path / "out")

    assert names(plan) == ["a.png", "b.JPG"]
    assert plan.unreadable == (f"{folder / 'sub'} cannot be read: Permission denied.",)


def test_the_planner_knows_the_photos_of_all_parts(folder: Path, tmp_path: Path) -> None:
    settings = settle({"output": str(tmp_path / "out"), "shard": "1/2"}, {})
    planner = Planner([folder], settings)
    planner.plan(lambda _: ())
    assert planner.names == {"a.png", "b.JPG", "sub/a.png", "sub/deep/x.cr2"}


def test_links_to_folders_are_followed_and_circles_end(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/e.png").touch()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/result.png").touch()
    for name, target in (("linked", "elsewhere"), ("sub/circle", "photos"), ("results", "out")):
        (folder / name).symlink_to(tmp_path / target, target_is_directory=True)

    plan = planned(folder, tmp_path / "out")

    assert names(plan) == ["a.png", "b.JPG", "linked/e.png", "sub/a.png", "sub/deep/x.cr2"]
