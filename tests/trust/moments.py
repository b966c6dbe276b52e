"""The moments of a conversation in which something can befall it: before and after each message of our client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flyaway_client.zmtp import Dealer


def count(befall: Callable[[int], None]) -> list[str]:
    """Count them in this process from now on, of all its connections together.

    Args:
        befall: called at each with its number, from 0.

    Returns:
        Those that have passed, such as "before send"; it grows.
    """
    passed: list[str] = []

    def pass_moment(name: str) -> None:
        befall(len(passed))
        passed.append(name)

    for name in ("send", "receive"):
        setattr(Dealer, name, _watched(getattr(Dealer, name), name, pass_moment))
    return passed


def _watched(
    act: Callable[..., Any], name: str, pass_moment: Callable[[str], None]
) -> Callable[..., Any]:
    def watched(*arguments: Any) -> Any:
        pass_moment(f"before {name}")
        result = act(*arguments)
        pass_moment(f"after {name}")
        return result

    return watched
