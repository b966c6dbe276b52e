"""Settings as people write them, rightly and wrongly."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from flyaway import config
from flyaway.config import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(file: Path, content: str) -> Settings:
    file.write_text(content, encoding="utf-8")
    return config.load(file)


def test_without_a_file_the_defaults_are_taken(file: Path) -> None:
    assert config.load(file) == Settings()


def test_an_empty_file_is_no_problem(file: Path) -> None:
    assert load(file, "") == Settings()


def test_every_setting_can_be_made(file: Path) -> None:
    values = {
        "idle_unload_minutes": 0.5,
        "idle_exit_minutes": 0,
        "max_megapixels": 400,
        "max_waiting": 3,
        "threads": 2,
        "device": "cuda:1",
        "memory_budget_mb": 6000,
        "remote_memory_mb": 500,
        "cpu_fallback": False,
        "paid_work_only": True,
        "paid_training_only": True,
        "precision": "half",
        "log_level": "debug",
    }
    written = {
        name: str(value).lower() if isinstance(value, bool) else repr(value)
        for name, value in values.items()
    }
    settings = load(file, "\n".join(f"{name} = {value}" for name, value in written.items()))
    expected = dataclasses.asdict(settings)
    assert expected.pop("problems") == ()
    assert expected == values


def test_mark_that_windows_editors_put_first_is_no_problem(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfthreads = 3\r\n")

    assert config.load(file) == Settings(threads=3)


def test_numbers_become_what_the_setting_is(file: Path) -> None:
    settings = load(file, "max_waiting = 4.0\nmax_megapixels = 12")
    assert (settings.max_waiting, type(settings.max_waiting)) == (4, int)
    assert (settings.max_megapixels, type(settings.max_megapixels)) == (12.0, float)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('max_megapixels = "many"', "max_megapixels must be a number"),
        ("max_megapixels = true", "max_megapixels must be a number"),
        ("max_megapixels = []", "max_megapixels must be a number"),
        ("max_megapixels = 0", "max_megapixels must be between 0.01 and 2000"),
        ("max_megapixels = nan", "max_megapixels must be between"),
        ("max_megapixels = inf", "max_megapixels must be between"),
        ("max_waiting = 2.5", "max_waiting must be a whole number"),
        ("max_waiting = inf", "max_waiting must be a whole number"),
        ("max_waiting = nan", "max_waiting must be a whole number"),
        ("max_waiting = 0", "max_waiting must be between 1 and 1000"),
        ("threads = -1", "threads must be between 0 and 1024"),
        ("idle_exit_minutes = -5", "idle_exit_minutes must be between"),
        ("idle_unload_minutes = 1e400", "idle_unload_minutes must be between"),
        ("memory_budget_mb = -1", "memory_budget_mb must be between"),
        ("device = 1", "device must be text in quotes"),
        ('log_level = "loud"', "log_level must be one of debug, info, warning, error"),
        ("log_level = 3", "log_level must be text in quotes"),
        ('cpu_fallback = "no"', "cpu_fallback must be true or false"),
        ("paid_work_only = 0", "paid_work_only must be true or false"),
        (
            "max_megapixel = 12",
            "there is no setting 'max_megapixel'; there are idle_unload_minutes",
        ),
        ('problems = ["x"]', "there is no setting 'problems'"),
        ("[server]\nport = 1", "there is no setting 'server'"),
    ],
)
def test_what_makes_no_sense_is_said_and_the_rest_taken(
    file: Path, line: str, complaint: str
) -> None:
    settings = load(file, f'device = "cpu"\n{line}' if "device" not in line else line)
    (problem,) = settings.problems
    assert problem.startswith(f"{file}: ")
    assert complaint in problem
    defaults = dataclasses.replace(Settings(), device=settings.device, problems=settings.problems)
    assert settings == defaults
    assert settings.device == ("cpu" if "device" not in line else "auto")


@pytest.mark.parametrize(
    "content", [b"device =", b"\xff\xfe", b"device = \xe9", b"x = " + b"[" * 9999]
)
def test_a_file_that_is_no_toml_is_said_and_the_defaults_taken(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    settings = config.load(file)
    assert dataclasses.replace(settings, problems=()) == Settings()
    (problem,) = settings.problems
    assert problem.startswith(f"{file} cannot be read, defaults are used")


def test_a_folder_in_place_of_the_file_is_said(file: Path) -> None:
    file.mkdir()
    assert "cannot be read" in config.load(file).problems[0]


def test_the_file_is_where_the_environment_says(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYAWAY_CONFIG", str(file))
    file.write_text("max_waiting = 2", encoding="utf-8")
    assert config.path() == file
    assert config.load().max_waiting == 2


def test_the_file_is_at_the_platforms_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLYAWAY_CONFIG", raising=False)
    assert config.path().name == "config.toml"
    assert "flyaway" in config.path().parts[-2]


def test_the_limit_in_pixels() -> None:
    assert Settings(max_megapixels=0.5).max_pixels == 500_000


@pytest.mark.parametrize(
    ("threads", "cores", "expected"), [(3, 8, 3), (0, 8, 7), (0, 1, 1), (0, None, 1)]
)
def test_engines_leave_a_core_to_the_editor(
    monkeypatch: pytest.MonkeyPatch, threads: int, cores: int | None, expected: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert Settings(threads=threads).engine_threads == expected
