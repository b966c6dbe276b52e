"""The ladders of scripts/soak in small: a few rungs of each, and what would be found is found."""

from __future__ import annotations

import sys

import pytest
from tests.parity import cases
from tests.trust import ladders, network_ladder, rungs
from tests.trust.ladders import MIB, Taken
from tests.trust.rungs import Rung

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the most memory held")


REFUSED = ("half a png", "cut short with rgb u16", "of 9 MiB with gray u8")


def named(*names: str) -> list[Rung]:
    """A ladder of these alone."""
    all_rungs = {rung.name: rung for rung in (*rungs.shapes(), *rungs.formats(), *rungs.profiles())}
    return [all_rungs[name] for name in names]


def test_a_few_inputs_of_each_kind_stay_within_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "FILE_SIZE", (240, 160))
    few = named(
        *("1 x 1", "1 x 997, automatic", "641 x 479", "half a png", "tif CMYK"),
        *("bgra f16 on the wire", "cut short with rgb u16", "CMYK in jpg", "of 9 MiB with gray u8"),
    )
    finding = ladders._climb(few, 100, 600, 1)
    assert finding.broken == []
    assert finding.figures["inputs"] == len(few)
    refused = finding.figures["refused"]
    said = [refused.pop(name, "") for name in REFUSED]
    assert all(said)
    assert "damaged or cut short" in said[0]
    assert refused == {}


def test_every_input_has_a_name_of_its_own_and_can_be_made() -> None:
    everything = [*rungs.shapes(), *rungs.formats(), *rungs.profiles()]
    assert len({rung.name for rung in everything}) == len(everything)
    for rung in everything:
        if rung.header is not None:
            photo, _ = rungs.picture(4, 3, 1)
            sample = rungs.samples(rung, photo)
            assert len(sample) * rung.width * rung.height == 12 * rung.header.bytes


def test_too_much_memory_is_found() -> None:
    (rung,) = named("3000 x 2000")
    bound = (ladders.DAEMON_BASE_MIB + 6 * ladders.DAEMON_MIB_A_MEGAPIXEL) * MIB
    assert ladders._broken(rung, Taken(bound, 0)) == []
    (sentence,) = ladders._broken(rung, Taken(bound + 1, 0))
    assert "the daemon took 480 MiB for 6 megapixels" in sentence


def test_what_is_known_of_a_trimap_is_as_much_as_is_said() -> None:
    for unknown, least, most in ((0.01, 0.002, 0.03), (0.1, 0.05, 0.15), (1, 1, 1)):
        _, trimap = rungs.picture(480, 320, unknown)
        assert least <= (trimap == 128).mean() <= most


def test_networks_stay_within_what_they_take_for_a_small_photo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cases, "NETWORKS", {"u2netp": cases.NETWORKS["u2netp"]})
    monkeypatch.setattr(network_ladder, "SIZES", ((240, 160), (1500, 1000)))
    finding = network_ladder.networks(count=1, seconds=60, seed=1)
    assert finding.broken == []
    small, large = finding.figures["peak_mib"]["u2netp"]
    assert 100 < small <= large


def test_a_network_that_takes_too_much_for_a_large_photo_is_found() -> None:
    more = round(10.5 * ladders.DAEMON_MIB_A_MEGAPIXEL * MIB)
    assert network_ladder.broken(1000, 1000 + more) == []
    (sentence,) = network_ladder.broken(1000, 1000 + more + MIB)
    assert "it took 48.1 MiB for each megapixel" in sentence
