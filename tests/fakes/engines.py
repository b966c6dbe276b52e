"""Engines that a made-up daemon offers to be compared."""

from __future__ import annotations

from flyaway_client.messages import EngineInfo


def info(name: str, rank: int, *, installed: bool = True, paid_work: bool = True) -> EngineInfo:
    """One that says of itself no more than has to be said."""
    return EngineInfo(
        name, f"The {name}", "Tests.", (), installed, 0, "MIT", "", paid_work, rank=rank
    )


COMPARED = (
    info("builtin", 100),
    info("good", 1),
    info("unpaid", 2, paid_work=False),
    info("missing", 3, installed=False),
)
