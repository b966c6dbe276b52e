"""The daemon's settings: what there is, the defaults, and how they are read from config.toml."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from flyaway_client.paid_work import PaidWork


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; config.toml holds them under the same names at its top level.

    Attributes:
        idle_unload_minutes: an engine unused for this long gives its memory back; 0 keeps it for ever.
        idle_exit_minutes: a daemon unused for this long exits; 0 keeps it for ever.
        max_megapixels: larger images are refused before any pixel travels.
        max_waiting: how many requests of one program may be uploading, queued, running or unread at once; others have a quarter more, a batch's come on top, half as many at most.
        threads: processor threads for engines; 0 leaves one core to the editor.
        device: "auto", or a device as torch names it: "cpu", "cuda", "cuda:1", "xpu", "mps".
        precision: "full"; "half" for half precision where it is faster; "auto" for that on graphics cards.
        memory_budget_mb: what loaded engines may take together; 0 for what the device has free.
        remote_memory_mb: what pixels that other computers sent may take together, while they come and are worked on.
        cpu_fallback: whether work for which the device has too little memory may go to the processor.
        paid_work_only: whether only engines whose licence allows paid work may be used.
        paid_training_only: whether, beyond that, the pictures that an engine was trained on must be known to allow it.
        log_level: "debug", "info", "warning" or "error".
        problems: sentences on what in the file could not be used; the default was taken instead.
    """

    idle_unload_minutes: float = 10.0
    idle_exit_minutes: float = 60.0
    max_megapixels: float = 150.0
    max_waiting: int = 8
    threads: int = 0
    device: str = "auto"
    precision: str = "auto"
    memory_budget_mb: int = 0
    remote_memory_mb: int = 8000
    cpu_fallback: bool = True
    paid_work_only: bool = False
    paid_training_only: bool = False
    log_level: str = "info"
    problems: tuple[str, ...] = ()

    @property
    def paid_work(self) -> PaidWork:
        """What has to allow paid work."""
        return PaidWork.asked_by(self)

    @property
    def max_pixels(self) -> int:
        """The limit in pixels."""
        return int(self.max_megapixels * 1_000_000)

    @property
    def engine_threads(self) -> int:
        """How many threads an engine may use: the setting, or all cores but the editor's one."""
        return self.threads or max(1, (os.cpu_count() or 1) - 1)


_LIMITS: dict[str, tuple[float, float]] = {
    "idle_unload_minutes": (0, 1e6),
    "idle_exit_minutes": (0, 1e6),
    "max_megapixels": (0.01, 2000),
    "max_waiting": (1, 1000),
    "threads": (0, 1024),
    "memory_budget_mb": (0, 1e9),
    "remote_memory_mb": (1, 1e9),
}
_CHOICES = {
    "precision": ("auto", "full", "half"),
    "log_level": ("debug", "info", "warning", "error"),
}


def path() -> Path:
    """Where config.toml is looked for: FLYAWAY_CONFIG, or the platform's place for settings."""
    override = os.environ.get("FLYAWAY_CONFIG")
    return (
        Path(override)
        if override
        else Path(platformdirs.user_config_dir("flyaway", False)) / "config.toml"
    )


def load(file: Path | None = None) -> Settings:
    """Read the settings; what cannot be used is named in `problems` and its default taken.

    A daemon that refused to start over a typing mistake would leave the editors without an answer.
    """
    file = path() if file is None else file
    try:
        # -sig: editors on Windows may put a byte order mark first.
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        return Settings(problems=(f"{file} cannot be read, defaults are used: {error}",))
    defaults: dict[str, Any] = {
        field.name: field.default
        for field in dataclasses.fields(Settings)
        if field.name != "problems"
    }
    values: dict[str, Any] = {}
    problems = []
    for name, value in found.items():
        wrong = _complaint(name, value, defaults)
        if wrong:
            problems.append(f"{file}: {wrong}")
        else:
            values[name] = type(defaults[name])(value)
    return Settings(**values, problems=tuple(problems))


def _complaint(name: str, value: Any, defaults: dict[str, Any]) -> str:
    """What is wrong with one setting, or ""."""
    if name not in defaults:
        return f"there is no setting {name!r}; there are {', '.join(defaults)}"
    kind = type(defaults[name])
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is str and not isinstance(value, str):
        return f"{name} must be text in quotes"
    if kind is bool and not isinstance(value, bool):
        return f"{name} must be true or false"
    if kind in (int, float) and (not is_number or (kind is int and value % 1)):
        return f"{name} must be a {'whole ' if kind is int else ''}number"
    if name in _LIMITS and not _LIMITS[name][0] <= value <= _LIMITS[name][1]:
        return f"{name} must be between {_LIMITS[name][0]:g} and {_LIMITS[name][1]:g}"
    if name in _CHOICES and value not in _CHOICES[name]:
        return f"{name} must be one of {', '.join(_CHOICES[name])}"
    return ""
