"""scripts/fuzz in small: neither side ends, or says anything but a sentence."""

from __future__ import annotations

import json
import random

import pytest
from tests.trust import fuzz, grammar, mutants
from tests.trust.hostile_clients import wire_of

from flyaway_client import messages
from flyaway_client.messages import MessageError

SEED = 4


def test_a_daemon_bears_what_clients_say() -> None:
    finding = fuzz.daemon(count=1500, seconds=60, seed=SEED)
    assert finding.broken == []
    assert finding.figures["sent"].keys() == messages.MESSAGES.keys()
    answered = finding.figures["answered"]
    assert {"bad-request", "unknown-request", "session-opened", "result"} <= answered.keys()


def test_our_client_bears_what_a_daemon_says() -> None:
    finding = fuzz.client(count=1500, seconds=60, seed=SEED)
    assert finding.broken == []
    outcomes = finding.figures["outcomes"]
    assert {"an answer", "TransportError", "RefusedError"} <= outcomes.keys()


def test_a_promise_that_is_not_kept_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flyaway_client.client._check_result", lambda result, request: 1 / 0)
    finding = fuzz.client(count=300, seconds=10, seed=SEED)
    assert "ZeroDivisionError" in "".join(finding.broken)


@pytest.mark.parametrize("example", grammar.EXAMPLES)
def test_what_is_changed_is_right_before(example: str) -> None:
    header = grammar.small(example, "id")
    message = messages.decode(json.dumps(header).encode())
    assert sum(grammar.parts_of(message).values()) < 4096
    assert wire_of(header, grammar.payload_of(message), "password")[0]


def test_most_changes_are_refused_and_some_reach_what_lies_behind() -> None:
    chance, refused = random.Random(SEED), 0
    for index in range(500):
        header = grammar.small(grammar.EXAMPLES[index % len(grammar.EXAMPLES)], "id")
        try:
            messages.decode(mutants.changed(header, chance))
        except MessageError:
            refused += 1
    assert 100 < refused < 450
