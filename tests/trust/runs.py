"""What `scripts/fuzz` and `scripts/soak` share: names, counts, seconds and a seed in, sentences and JSON out."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.provenance import provenance
from tests.trust.records import RESULTS, Finding, keep

Run = Callable[[int, float, int], Finding]
"""Given how often, for how many seconds at most, and a seed."""


def main(program: str, purpose: str, runs: Mapping[str, tuple[Run, int]]) -> int:
    """Do the runs that the command line names.

    Args:
        program: as people call it; figures are kept under the last word of it and the run's name.
        purpose: for its help.
        runs: name -> the run and how often it does what it does, unless told otherwise.

    Returns:
        Exit status: 1 where a promise is not kept.
    """
    parser = argparse.ArgumentParser(prog=program, description=purpose)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(runs)}; all if none")
    parser.add_argument("--count", type=int, help="how often, for each")
    parser.add_argument("--seconds", type=float, default=1800, help="for each, at most")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--json", type=Path, default=RESULTS, help="file to keep the figures in")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(runs))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    sys.stdout.write(f"seed {arguments.seed}\n")
    broken = 0
    for name in arguments.names or runs:
        run, usual_count = runs[name]
        begun = provenance()  # a long run is of the code that it began with
        finding = run(arguments.count or usual_count, arguments.seconds, arguments.seed)
        keep(f"{program.rpartition('/')[2]}-{name}", finding, begun, arguments.json)
        broken += len(finding.broken)
    return 1 if broken else 0
