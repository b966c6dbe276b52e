"""What all tests of the daemon share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon.servers import Daemon, Gate, serving
from tests.fakes import hub as fake_hub

from flyaway_client import connection


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own for the daemon; it does not exist yet."""
    folder = tmp_path / "flyaway home"
    monkeypatch.setenv(connection.HOME_VARIABLE, str(folder))
    monkeypatch.setenv("FLYAWAY_CONFIG", str(tmp_path / "config.toml"))
    return folder


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A daemon whose work is to hand the selection back."""
    with serving() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty store of weights; the hub's own cache is empty too."""
    folder = tmp_path / "weights"
    monkeypatch.setenv("FLYAWAY_WEIGHTS", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hubs-own"))
    return folder


@pytest.fixture
def hub(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_hub.Hub]:
    """The hub that all downloads of this process go to: a local one that holds nothing yet."""
    with fake_hub.serve() as running:
        constants = "huggingface_hub.constants"
        monkeypatch.setattr(f"{constants}.ENDPOINT", running.endpoint)
        template = f"{running.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield running


@pytest.fixture
def gate() -> Gate:
    """Work that waits until a test lets it through."""
    return Gate()
