"""own_engines: requests without a daemon, answered and refused as one would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.daemon.servers import Loading, request

from flyaway.batch.own_engines import OwnEngines
from flyaway.config import Settings
from flyaway.engines.contract import AnyEngine
from flyaway_client import protocol
from flyaway_client.errors import CancelledError, RefusedError

LEVELS = bytes((0, 128, 128, 255, 0, 128))


def parts() -> dict[str, bytes]:
    return {"image": bytes(3 * len(LEVELS)), "selection": LEVELS}


@pytest.fixture
def engines(home: Path) -> OwnEngines:
    return OwnEngines(Settings(threads=1))


def test_answers_with_alpha_and_who_did_it(engines: OwnEngines) -> None:
    asked = request("r", len(LEVELS), 1, selection_is="trimap", engine="builtin")

    answer = engines.solve(asked, parts(), lambda: False)

    alpha = np.frombuffer(answer.alpha, np.uint8)
    assert alpha.shape == (6,)
    assert (alpha[0], alpha[3]) == (0, 255)
    assert answer.result.engine == "builtin"
    assert answer.foreground is None


def test_refuses_with_the_codes_of_a_daemon(engines: OwnEngines) -> None:
    with pytest.raises(RefusedError, match="none-such") as refused:
        engines.solve(request("r", len(LEVELS), 1, engine="none-such"), parts(), lambda: False)
    assert refused.value.code == protocol.UNKNOWN_ENGINE

    asked = request("r", len(LEVELS), 1, selection_is="region", engine="builtin")
    with pytest.raises(RefusedError) as refused:
        engines.solve(asked, parts() | {"selection": bytes(6)}, lambda: False)
    assert refused.value.code == protocol.NO_SUBJECT


def test_an_engine_that_breaks_is_a_refusal_and_the_next_request_is_done(home: Path) -> None:
    def broken(name: str) -> AnyEngine:
        raise RuntimeError("broken")

    engines = OwnEngines(Settings(threads=1), Loading(broken))
    asked = request("r", len(LEVELS), 1, selection_is="trimap", engine="builtin")
    for _ in range(2):
        with pytest.raises(RefusedError) as refused:
            engines.solve(asked, parts(), lambda: False)
        assert refused.value.code == protocol.ENGINE_FAILED


def test_a_caller_that_gives_up_gets_no_answer(
    engines: OwnEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flyaway.batch.own_engines._LOOK_S", 0.0)
    asked = request("r", len(LEVELS), 1, selection_is="trimap", engine="builtin")
    with pytest.raises(CancelledError):
        engines.solve(asked, parts(), lambda: True)
