"""Requests from end to end against a daemon that keeps to the protocol, and connecting for them."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import daemon as fake
from tests.fakes.daemon import FakeDaemon, Peer, running

from flyaway_client import conversation, messages, protocol
from flyaway_client.client import Client, new_request_id
from flyaway_client.errors import (
    DaemonLostError,
    DaemonUnreachableError,
    RefusedError,
    TransportError,
)
from flyaway_client.messages import ExtractRequest, ImageHeader, Message, Progress, Strip


def request(width: int = 5, height: int = 3, **fields: Any) -> ExtractRequest:
    image = ImageHeader(width, height, "rgba", "u8")
    selection = ImageHeader(width, height, "gray", "u8")
    return ExtractRequest(new_request_id(), image, selection=selection, **fields)


def parts_of(request: ExtractRequest) -> dict[str, bytes]:
    return {name: os.urandom(size) for name, size in request.parts().items()}


def test_introduces_itself_and_learns_about_the_daemon(home: Path) -> None:
    with running(home) as daemon, Client.connect("krita 5.2.9", start=False) as client:
        assert client.hello.daemon == "fake 1.0"
        assert client.hello.max_pixels == 1_000_000
    assert [
        message.client for message in daemon.received if isinstance(message, messages.Hello)
    ] == ["krita 5.2.9"]


def test_extracts(home: Path) -> None:
    asked, heard = request(), list[Progress]()
    parts = parts_of(asked)
    with running(home) as daemon, Client.connect("test", start=False) as client:
        extracted = client.extract(asked, parts, report=heard.append)
    assert extracted.alpha == parts["selection"]
    assert extracted.result.engine == "fake"
    assert extracted.result.alpha == ImageHeader(5, 3, "gray", "u8")
    assert heard == [Progress(asked.id, "Thinking", 0.5)]
    assert asked in daemon.received


def test_a_refusal_and_an_unknown_answer_have_an_end(home: Path) -> None:
    def babble(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        daemon.send_raw(peer, b'{"type": "' + b"x" * 5000 + b'"}')

    script = {"status": fake.refuse(protocol.INTERNAL, "No. " * 5000), "engines": babble}
    with running(home, script), Client.connect("test", start=False) as client:
        with pytest.raises(RefusedError) as refusal:
            client.status()
        with pytest.raises(TransportError) as complaint:
            client.engines()
    assert len(refusal.value.message) == protocol.MAX_SENTENCE_CHARS
    assert len(complaint.value.message) < 500


def test_a_refusal_without_a_word_is_a_sentence_all_the_same(home: Path) -> None:
    script = {"status": fake.refuse(protocol.INTERNAL, " ")}
    with (
        running(home, script),
        Client.connect("test", start=False) as client,
        pytest.raises(RefusedError, match="without saying why"),
    ):
        client.status()


def test_carries_parts_of_many_strips_in_order_and_whole(home: Path) -> None:
    arrived: dict[str, bytes] = {}

    def keep(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        arrived.update({name: bytes(content) for name, content in peer.parts.items()})
        fake.finish_when_complete(daemon, peer, message)

    asked = ExtractRequest(
        new_request_id(),
        ImageHeader(2000, 1000, "rgba", "u16"),
        colour="icc",
        icc_bytes=3144,
        selection=ImageHeader(2000, 1000, "gray", "f32"),
        output_dtype="f32",
    )
    parts = parts_of(asked)
    with running(home, {"strip": keep}) as daemon, Client.connect("test", start=False) as client:
        extracted = client.extract(asked, parts)
    assert arrived == parts
    assert extracted.alpha == parts["selection"]
    strips = [message for message in daemon.received if isinstance(message, Strip)]
    assert [strip.part for strip in strips] == ["image"] * 4 + ["icc"] + ["selection"] * 2
    assert [strip.offset for strip in strips[:4]] == [n * protocol.STRIP_BYTES for n in range(4)]


def test_brings_a_plate_and_takes_the_foreground_with_it(home: Path) -> None:
    foreground = os.urandom(4 * 2 * 3)
    image = ImageHeader(4, 2, "bgra", "u8")
    asked = ExtractRequest(
        new_request_id(), image, plate=ImageHeader(4, 2, "rgb", "u8"), wants_foreground=True
    )

    def answer(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        if fake.is_complete(peer):
            header = ImageHeader(4, 2, "rgb", "u8")
            alpha = ImageHeader(4, 2, "gray", "u8")
            daemon.send(
                peer, messages.ExtractResult(asked.id, alpha, "f", "cpu", 0.1, foreground=header)
            )
            fake.send_alpha(daemon, peer)
            daemon.send(peer, Strip(asked.id, "foreground", 0), foreground)

    parts = parts_of(asked)
    assert list(parts) == ["image", "plate"]
    with running(home, {"strip": answer}), Client.connect("test", start=False) as client:
        extracted = client.extract(asked, parts)
    assert bytes(extracted.alpha) == b"\xff" * 8
    assert bytes(extracted.foreground or b"") == foreground


def test_makes_the_daemon_fetch_weights(home: Path) -> None:
    heard = list[Progress]()
    with running(home) as daemon, Client.connect("test", start=False) as client:
        client.download("vitmatte", report=heard.append)
    assert [progress.stage for progress in heard] == ["Downloading"]
    request = daemon.received[-1]
    assert isinstance(request, messages.DownloadRequest)
    assert request.engine == "vitmatte"


def test_takes_parts_from_any_buffer(home: Path) -> None:
    asked = request(4, 2)
    parts: dict[str, Any] = {
        "image": memoryview(bytearray(32)).cast("I"),
        "selection": bytearray(b"abcdefgh"),
    }
    with running(home), Client.connect("test", start=False) as client:
        assert client.extract(asked, parts).alpha == b"abcdefgh"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"image": bytes(59)}, "part image has 59 bytes, its header says 60"),
        ({"selection": bytes(16)}, "part selection has 16 bytes, its header says 15"),
        ({"selection": None}, "has the parts"),
        ({"mask": b"x"}, "has the parts"),
    ],
)
def test_parts_that_are_not_those_of_the_request_are_not_sent(
    home: Path, changes: dict[str, bytes | None], complaint: str
) -> None:
    asked = request()
    parts = {**parts_of(asked), **changes}
    given = {name: content for name, content in parts.items() if content is not None}
    with running(home) as daemon, Client.connect("test", start=False) as client:
        with pytest.raises(ValueError, match=complaint):
            client.extract(asked, given)
        assert asked not in daemon.received


def test_every_request_has_an_id_of_its_own() -> None:
    assert len({new_request_id() for _ in range(100)}) == 100


def test_one_client_makes_many_requests_each_on_a_connection_of_its_own(home: Path) -> None:
    with running(home) as daemon, Client.connect("test", start=False) as client:
        assert client.status().warm == ("fake",)
        assert [engine.name for engine in client.engines()] == ["fake"]
        for _ in range(2):
            asked = request()
            parts = parts_of(asked)
            assert client.extract(asked, parts).alpha == parts["selection"]
        client.shutdown()
    kinds = [message.TYPE for message in daemon.received]
    assert kinds.count("hello") == 5
    assert kinds[-1] == "shutdown"


def test_a_request_after_the_daemon_was_replaced_goes_to_the_new_one(home: Path) -> None:
    with running(home):
        client = Client.connect("test", start=False)
    with running(home) as second:
        assert client.status().done == 3
        client.close()
    assert [message.TYPE for message in second.received] == ["hello", "status"]


def test_a_request_after_the_daemon_has_exited_starts_a_new_one(
    home: Path, daemon_argv: list[str]
) -> None:
    with Client.connect("test", launch_argv=daemon_argv, timeout_s=60) as client:
        client.shutdown()
        assert client.status().daemon == "fake 1.0"
        client.shutdown()


def test_a_closed_client_connects_anew(home: Path) -> None:
    with running(home), Client.connect("test", start=False) as client:
        client.close()
        assert client.status().done == 3


def test_there_may_be_no_daemon(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError):
        Client.connect("test", start=False)


def test_a_refusal_carries_code_and_sentence(home: Path) -> None:
    script = {"status": fake.refuse(protocol.UNKNOWN_REQUEST, "Update Flyaway.")}
    with (
        running(home, script),
        Client.connect("test", start=False) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.status()
    assert caught.value.code == protocol.UNKNOWN_REQUEST
    assert caught.value.message == "Update Flyaway."


def test_shutting_down_returns_when_the_daemon_has_hung_up(home: Path) -> None:
    with running(home) as daemon, Client.connect("test", start=False) as client:
        client.shutdown()
        assert daemon.is_over.is_set()


def test_a_daemon_that_agrees_to_exit_and_stays_is_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stay(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, messages.Shutdown)
        daemon.send(peer, messages.ShutdownReply(message.id))

    monkeypatch.setattr(conversation, "SILENCE_S", 0.2)
    with (
        running(home, {"shutdown": stay}),
        Client.connect("test", start=False) as client,
        pytest.raises(DaemonLostError),
    ):
        client.shutdown()


@pytest.mark.parametrize("channels", ["gray", "rgb"])
def test_takes_early_results_that_are_as_they_say(home: Path, channels: str) -> None:
    asked = request(4, 2, wants_preview=True)
    seen: list[bytes] = []

    def answer(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        if fake.is_complete(peer):
            preview = messages.Preview(asked.id, ImageHeader(2, 1, channels, "u8"))
            daemon.send(peer, preview, b"ab")
            alpha = ImageHeader(4, 2, "gray", "u8")
            daemon.send(peer, messages.ExtractResult(asked.id, alpha, "f", "cpu", 0.1))
            fake.send_alpha(daemon, peer)

    with running(home, {"strip": answer}), Client.connect("test", start=False) as client:
        if channels == "gray":
            client.extract(asked, parts_of(asked), on_preview=lambda _, pixels: seen.append(pixels))
        else:
            with pytest.raises(TransportError, match="a preview of 2 bytes"):
                client.extract(asked, parts_of(asked))
    assert seen == ([b"ab"] if channels == "gray" else [])
