"""`scripts/soak`: much work, many beginnings, many deaths and all kinds of photos, from seeds that are printed."""

from __future__ import annotations

import sys

from tests.trust import editors, ladders, network_ladder, runs
from tests.trust.deaths import deaths
from tests.trust.long_work import jobs_through_one_daemon
from tests.trust.races import races
from tests.trust.sleeps import sleeps

RUNS: dict[str, tuple[runs.Run, int]] = {
    "jobs": (jobs_through_one_daemon, 10_000),
    "deaths": (deaths, 10_000),
    "gimp": (editors.gimp, 10_000),
    "dialogs": (editors.dialogs, 10_000),
    "krita": (editors.krita, 10_000),
    "sleeps": (sleeps, 10_000),
    "races": (races, 100),
    "shapes": (ladders.shapes, 1000),
    "formats": (ladders.formats, 1000),
    "profiles": (ladders.profiles, 1000),
    "networks": (network_ladder.networks, 1000),
}

if __name__ == "__main__":
    sys.exit(runs.main("scripts/soak", __doc__ or "", RUNS))
