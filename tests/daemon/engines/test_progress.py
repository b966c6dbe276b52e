"""Layers tell how far a network is, let a cancel through, and are silent when nobody listens."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from flyaway.engines import progress
from flyaway.errors import CancelledError


class Part(nn.Sequential):
    """A step of the network below."""


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(*(Part(nn.Linear(2, 2), nn.Linear(2, 2)) for _ in range(4)))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)


def test_steps_lead_from_begin_to_end(network: nn.Module) -> None:
    reported: list[float] = []
    steps = progress.watch(network, Part)
    with progress.reporting(lambda f, preview=None: reported.append(f), steps, 0.2, 0.6):
        network(torch.zeros(1, 2))
    assert steps == 4
    assert sorted(set(reported)) == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])
    assert reported == sorted(reported)


def test_more_steps_than_were_promised_stay_at_the_end(network: nn.Module) -> None:
    reported: list[float] = []
    with progress.reporting(lambda f, preview=None: reported.append(f), 1):
        progress.check(steps=5)
    assert max(reported) == 1.0


def test_a_layer_within_a_step_lets_a_cancel_through(network: nn.Module) -> None:
    ran: list[nn.Module] = []
    progress.watch(network, Part)
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_pre_hook(lambda layer, _: ran.append(layer))

    def cancel(fraction: float, preview: Any = None) -> None:
        if ran:
            raise CancelledError("enough")

    with pytest.raises(CancelledError), progress.reporting(cancel, 4):
        network(torch.zeros(1, 2))
    assert len(ran) == 1


def test_nobody_is_reported_outside_a_run(network: nn.Module) -> None:
    reported: list[float] = []
    steps = progress.watch(network, Part)
    with progress.reporting(lambda f, preview=None: reported.append(f), steps):
        pass
    count = len(reported)
    network(torch.zeros(1, 2))
    assert len(reported) == count


def test_reports_are_far_enough_apart(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 3600.0)
    reported: list[float] = []
    with progress.reporting(lambda f, preview=None: reported.append(f), 100):
        for _ in range(100):
            progress.check(steps=1)
    assert len(reported) <= 3  # begin, perhaps one, end
