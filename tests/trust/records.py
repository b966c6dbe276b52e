"""What a long run has found, as JSON: each kind of run has its place, which its next run takes."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Case = TypeVar("Case")

RESULTS = Path(__file__).parent / "results.json"


@dataclass
class Finding:
    """What a run has found out: figures, and sentences on what is not as promised."""

    seed: int
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def some_of(self, possible: list[Case], count: int) -> list[Case]:
        """This many of what can be tried, chosen by the seed; all in their order where there are no more."""
        if count >= len(possible):
            return possible
        return random.Random(self.seed).sample(possible, count)

    def require(self, is_so: bool, sentence: str) -> None:
        """Note a promise that is not kept, and say so at once: a run may take an hour."""
        if not is_so:
            self.broken.append(sentence)
            sys.stdout.write(f"broken: {sentence}\n")
            sys.stdout.flush()


def keep(name: str, finding: Finding, begun: dict[str, Any], file: Path) -> None:
    """Print what was found, and put it into the file beside where and on what it was begun (`provenance`)."""
    entry = {**asdict(finding), **begun}
    sys.stdout.write(f"{name}: {json.dumps(asdict(finding), indent=2)}\n")
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    results[name] = entry
    file.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def growth_percent(before: int, after: int) -> float:
    """How much more it is, in percent of what it was."""
    return round(100 * (after - before) / before, 2)
