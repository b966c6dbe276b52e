"""release: an older plugin is told so once for each release of the daemon, wherever that can be kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes import daemon

from flyaway_client import calls, connection, protocol, release, request
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import Hello, HelloReply, ImageHeader, Message
from flyaway_client.options import Options


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plugin of release 0.9.0 that has said nothing yet."""
    monkeypatch.setattr(release, "RELEASE", "0.9.0")
    release._told.clear()
    yield
    release._told.clear()


def test_older_plugin_is_told_once_for_each_newer_daemon(home: Path) -> None:
    home.mkdir()
    (said,) = release.remark("krita 5.2.9", "0.10.0", home)
    assert "Flyaway 0.9.0" in said
    assert "0.10.0" in said
    assert release.remark("krita 5.2.9", "0.10.0", home) == ()
    assert release.remark("krita 5.2.9", "0.10.1", home) != ()
    assert release.remark("gimp 3.0.4", "0.10.0", home) != ()


def test_next_process_knows_what_was_said(home: Path) -> None:
    home.mkdir()
    release.remark("gimp 3.0.4", "1.0.0", home)
    release._told.clear()
    assert release.remark("gimp 3.0.4", "1.0.0", home) == ()


def test_home_that_cannot_be_written_does_not_make_it_say_so_again(home: Path) -> None:
    assert release.remark("gimp 3.0.4", "1.0.0", home) != ()
    assert release.remark("gimp 3.0.4", "1.0.0", home) == ()
    assert not home.exists()


@pytest.mark.parametrize("running", ["0.9.0", "0.8.9", "0.9", "fake", "", "1.x"])
def test_daemon_that_is_not_newer_is_no_matter(running: str, home: Path) -> None:
    assert release.remark("krita 5.2.9", running, home) == ()


def test_extraction_brings_it_as_a_note(home: Path) -> None:
    def greet(fake: daemon.FakeDaemon, peer: daemon.Peer, message: Message) -> None:
        assert isinstance(message, Hello)
        proof = connection.proof(fake.file.secret, message.nonce)
        fake.send(peer, HelloReply(protocol.VERSION, "1.0.0", proof, 4711, 1_000_000))

    picture = Picture(ImageHeader(2, 1, "rgba", "u8"), bytes(8))
    notes = []
    with daemon.running(home, {"hello": greet}):
        for _ in range(2):
            asked, parts = request.build(LayerPixels(picture), Options(), "u8")
            notes.append(calls.extract("krita 5", asked, parts, lambda _: None).result.notes)
    assert "older than the daemon, 1.0.0" in notes[0][-1]
    assert notes[1] == notes[0][:-1]
