"""Requests that go wrong: refused, cancelled, lied to, hung up on, left waiting."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes import daemon as fake
from tests.fakes.daemon import FakeDaemon, Part, Peer, running

from flyaway_client import conversation, protocol
from flyaway_client.client import Client, Extracted
from flyaway_client.errors import (
    CancelledError,
    ClientError,
    DaemonLostError,
    RefusedError,
    TransportError,
)
from flyaway_client.messages import (
    Cancel,
    DrawnRow,
    DrawRow,
    ErrorReply,
    ExtractRequest,
    ExtractResult,
    ImageHeader,
    Message,
    Progress,
    Ready,
    Strip,
    encode,
)

REQUEST = ExtractRequest(
    "this one", ImageHeader(300, 200, "rgb", "u8"), selection=ImageHeader(300, 200, "gray", "u8")
)
PARTS = {name: os.urandom(size) for name, size in REQUEST.parts().items()}
SIZE = 300 * 200
RESULT = ExtractResult("this one", ImageHeader(300, 200, "gray", "u8"), "fake", "cpu", 0.1)


def extract(should_stop: Callable[[], bool] | None = None) -> Extracted:
    with Client.connect("test", start=False) as client:
        return client.extract(REQUEST, PARTS, should_stop=should_stop)


def when_complete(act: Callable[[FakeDaemon, Peer], None]) -> dict[str, Part]:
    """A script that does this once all strips have come."""

    def on_strip(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        if fake.is_complete(peer):
            act(daemon, peer)

    return {"strip": on_strip}


def answering(*messages: tuple[Message, bytes | None]) -> dict[str, Part]:
    """A script that answers a complete upload with these messages and payloads."""

    def act(daemon: FakeDaemon, peer: Peer) -> None:
        for message, payload in messages:
            daemon.send(peer, message, payload)

    return when_complete(act)


def alpha(offset: int, payload: bytes, id: str = "this one") -> tuple[Message, bytes]:
    return Strip(id, "alpha", offset), payload


def test_a_refusal_by_the_header_sends_no_pixels(home: Path) -> None:
    script = {"extract": fake.refuse(protocol.TOO_LARGE, "Scale it down.")}
    with running(home, script) as daemon, pytest.raises(RefusedError, match=r"Scale it down\."):
        extract()
    assert [message.TYPE for message in daemon.received] == ["hello", "extract"]


def test_a_refusal_after_the_pixels_is_passed_on(home: Path) -> None:
    refusal = ErrorReply("this one", protocol.ENGINE_FAILED, "Take another engine.")
    with running(home, answering((refusal, None))) as daemon, pytest.raises(RefusedError) as caught:
        extract()
    assert (caught.value.code, caught.value.message) == ("engine-failed", "Take another engine.")
    assert not any(isinstance(message, Cancel) for message in daemon.received)


def test_a_refusal_without_an_id_is_about_this_request(home: Path) -> None:
    with (
        running(home, answering((ErrorReply("", "bad-request", "No."), None))),
        pytest.raises(RefusedError, match="No"),
    ):
        extract()


def test_a_refusal_between_strips_is_passed_on(home: Path) -> None:
    refusal = ErrorReply("this one", protocol.INTERNAL, "Sorry.")
    script = answering((RESULT, None), alpha(0, bytes(100)), (refusal, None))
    with running(home, script), pytest.raises(RefusedError, match="Sorry"):
        extract()


def test_a_daemon_that_cancels_by_itself_says_why(home: Path) -> None:
    stopping = ErrorReply("this one", protocol.CANCELLED, "The daemon is stopping. Try again.")
    with running(home, answering((stopping, None))), pytest.raises(RefusedError, match="stopping"):
        extract()


def test_messages_about_other_requests_are_skipped(home: Path) -> None:
    other = ExtractResult("another", ImageHeader(9, 9, "gray", "u8"), "fake", "cpu", 0.1)
    content = os.urandom(SIZE)
    script = answering(
        (Progress("another", "Late", 0.9), None),
        (other, None),
        alpha(0, bytes(81), id="another"),
        (ErrorReply("another", protocol.INTERNAL, "Late."), None),
        (RESULT, None),
        alpha(0, content[:1000]),
        alpha(0, bytes(SIZE), id="another"),
        (Progress("this one", "Sending", 1.0), None),
        (ErrorReply("another", protocol.INTERNAL, "Late."), None),
        alpha(1000, content[1000:]),
    )
    with running(home, script):
        assert extract().alpha == content


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([(Ready("this one"), None)], "ready instead of result"),
        ([alpha(0, bytes(SIZE))], "strip instead of result"),
        ([(RESULT, None), (RESULT, None)], "result instead of pixels"),
        ([(RESULT, None), (RESULT, bytes(10))], "result instead of pixels"),
        ([(RESULT, None), (Strip("this one", "alpha", 0), None)], "strip instead of pixels"),
        ([(RESULT, None), (Strip("this one", "image", 0), bytes(10))], "strip instead of pixels"),
        ([(RESULT, None), alpha(1, bytes(10))], "10 bytes at 1, expected at 0"),
        ([(RESULT, None), alpha(0, bytes(10)), alpha(0, bytes(10))], "at 0, expected at 10"),
        ([(RESULT, None), alpha(0, bytes(10)), alpha(11, bytes(10))], "at 11, expected at 10"),
        ([(RESULT, None), alpha(-1, bytes(10))], "at -1, expected at 0"),
        ([(RESULT, None), alpha(0, bytes(SIZE + 1))], "60001 bytes at 0"),
        ([(RESULT, None), alpha(0, bytes(SIZE)[1:]), alpha(SIZE - 1, b"ab")], "2 bytes at 59999"),
        ([(RESULT, None), alpha(0, b"")], "0 bytes at 0"),
    ],
)
def test_a_daemon_that_breaks_the_protocol_is_told_off_and_left(
    home: Path, answers: list[tuple[Message, bytes | None]], reason: str
) -> None:
    with running(home, answering(*answers)), pytest.raises(TransportError, match=reason) as caught:
        extract()
    assert "document is unchanged" in caught.value.message


@pytest.mark.parametrize(
    "lie",
    [
        ImageHeader(200, 300, "gray", "u8"),
        ImageHeader(1_000_000, 1_000_000, "gray", "u8"),
        ImageHeader(300, 200, "rgb", "u8"),
        ImageHeader(300, 200, "gray", "u16"),
    ],
)
def test_an_alpha_that_does_not_fit_the_image_is_refused(home: Path, lie: ImageHeader) -> None:
    lying = ExtractResult("this one", lie, "fake", "cpu", 0.1)
    with (
        running(home, answering((lying, None))),
        pytest.raises(TransportError, match="the alpha is"),
    ):
        extract()


@pytest.mark.parametrize(
    ("asked", "lie"),
    [
        (False, ImageHeader(300, 200, "rgb", "u8")),
        (True, None),
        (True, ImageHeader(300, 200, "rgb", "u16")),
        (True, ImageHeader(300, 200, "rgba", "u8")),
        (True, ImageHeader(200, 300, "rgb", "u8")),
    ],
)
def test_a_foreground_that_was_not_asked_for_like_this_is_refused(
    home: Path, asked: bool, lie: ImageHeader | None
) -> None:
    request = dataclasses.replace(REQUEST, wants_foreground=asked)
    lying = dataclasses.replace(RESULT, foreground=lie)
    with (
        running(home, answering((lying, None))),
        Client.connect("test", start=False) as client,
        pytest.raises(TransportError, match="the foreground is"),
    ):
        client.extract(request, PARTS)


@pytest.mark.parametrize(
    "lie",
    [
        ImageHeader(2, 1, "rgba", "u8"),
        ImageHeader(2, 1, "rgb", "u16"),
        ImageHeader(protocol.MAX_SHEET_WIDTH_PX + 1, 1, "rgb", "u8"),
    ],
)
def test_a_row_of_a_sheet_that_is_none_is_refused(home: Path, lie: ImageHeader) -> None:
    def lying(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        daemon.send(peer, DrawnRow("this one", lie))

    words = DrawRow("this one", REQUEST.image, 1, "", (), "", ("", "", "", ""))
    with (
        running(home, {"draw-row": lying}),
        Client.connect("test", start=False) as client,
        pytest.raises(TransportError, match="a row of a sheet is"),
    ):
        client.draw_row(words, {})


@pytest.mark.parametrize(
    "frame",
    [b"", b"hi", b'{"type":"sing"}', b'{"type":"result","id":"this one"}', b"[" * 50_000],
)
def test_a_header_that_makes_no_sense_is_a_transport_error(home: Path, frame: bytes) -> None:
    script = when_complete(lambda daemon, peer: daemon.send_raw(peer, frame))
    with running(home, script), pytest.raises(TransportError):
        extract()


def test_a_message_of_many_frames_is_a_transport_error(home: Path) -> None:
    frames = [encode(Strip("this one", "alpha", 0)), b"a", b"b"]
    script = when_complete(lambda daemon, peer: daemon.send_raw(peer, *frames))
    with running(home, script), pytest.raises(TransportError, match="more than two frames"):
        extract()


def die_on_extract(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
    daemon.hang_up()


def die_before_the_result(daemon: FakeDaemon, peer: Peer) -> None:
    daemon.hang_up()


def die_in_the_middle_of_the_alpha(daemon: FakeDaemon, peer: Peer) -> None:
    daemon.send(peer, RESULT)
    daemon.send(peer, *alpha(0, bytes(1000)))
    time.sleep(0.1)  # closing throws away what has not left yet
    daemon.hang_up()


@pytest.mark.parametrize(
    "script",
    [
        {"extract": die_on_extract},
        when_complete(die_before_the_result),
        when_complete(die_in_the_middle_of_the_alpha),
    ],
)
def test_a_daemon_that_dies_is_lost_and_the_user_told_to_try_again(
    home: Path, script: dict[str, Part]
) -> None:
    with running(home, script), pytest.raises(DaemonLostError) as caught:
        extract()
    assert "document is unchanged" in caught.value.message
    assert "try again" in caught.value.message


def test_after_a_death_the_next_call_starts_a_new_daemon(
    home: Path, daemon_argv: list[str]
) -> None:
    with (
        running(home, {"extract": die_on_extract}),
        Client.connect("test", launch_argv=daemon_argv, timeout_s=60) as client,
    ):
        with pytest.raises(DaemonLostError):
            client.extract(REQUEST, PARTS)
        assert client.extract(REQUEST, PARTS).alpha == PARTS["selection"]


@pytest.mark.parametrize(
    "script",
    [
        {"extract": fake.ignore},
        {"strip": fake.ignore},
        when_complete(fake.announce),
        answering((Progress("this one", "Thinking", 0.1), None)),
    ],
    ids=["before ready", "while working", "before the alpha", "after progress"],
)
def test_a_daemon_that_falls_silent_is_given_up(
    home: Path, script: dict[str, Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "SILENCE_S", 0.3)
    with running(home, script), pytest.raises(DaemonLostError, match="has not answered for"):
        extract()


def test_chatter_about_other_requests_is_silence_about_this_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chatter(daemon: FakeDaemon, peer: Peer) -> None:
        for number in range(200):
            daemon.send(peer, Progress("another", "Thinking", number / 200))
            time.sleep(0.01)

    monkeypatch.setattr(conversation, "SILENCE_S", 0.3)
    with (
        running(home, when_complete(chatter)),
        pytest.raises(DaemonLostError, match="has not answered for"),
    ):
        extract()


def test_progress_is_a_sign_of_life(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def think(daemon: FakeDaemon, peer: Peer) -> None:
        for number in range(10):
            time.sleep(0.2)
            daemon.send(peer, Progress("this one", "Thinking", number / 10))
        fake.announce(daemon, peer)
        fake.send_alpha(daemon, peer)

    monkeypatch.setattr(conversation, "SILENCE_S", 1.5)
    with running(home, when_complete(think)):
        assert extract().alpha == PARTS["selection"]


def test_cancelling_tells_the_daemon(home: Path) -> None:
    with running(home, {"strip": fake.ignore}) as daemon:
        with pytest.raises(CancelledError, match="document is unchanged"):
            extract(lambda: any(isinstance(message, Strip) for message in daemon.received))
        wait_for_cancel(daemon)


def test_cancelling_while_the_daemon_asks_for_the_pixels(home: Path) -> None:
    with running(home, {"extract": fake.ignore}) as daemon:
        with pytest.raises(CancelledError):
            extract(lambda: REQUEST in daemon.received)
        wait_for_cancel(daemon)


def test_cancelling_a_daemon_that_does_not_answer_is_not_in_vain(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "CANCEL_REPLY_S", 0.2)
    with running(home, {"strip": fake.ignore, "cancel": fake.ignore}) as daemon:
        with pytest.raises(CancelledError):
            extract(lambda: any(isinstance(message, Strip) for message in daemon.received))
        wait_for_cancel(daemon)


def test_cancelling_waits_less_than_the_two_seconds_that_users_were_promised() -> None:
    assert conversation.CANCEL_SEND_S + conversation.CANCEL_REPLY_S < 2


def test_cancelling_is_possible_in_the_middle_of_the_alpha(home: Path) -> None:
    has_begun = []

    def begin(daemon: FakeDaemon, peer: Peer) -> None:
        daemon.send(peer, RESULT)
        daemon.send(peer, *alpha(0, bytes(1000)))
        has_begun.append(True)

    with running(home, when_complete(begin)) as daemon:
        with pytest.raises(CancelledError):
            extract(lambda: bool(has_begun))
        wait_for_cancel(daemon)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_accident_on_this_side_cancels_too(home: Path, error: type[BaseException]) -> None:
    def fail(progress: Progress) -> None:
        raise error

    script = answering((Progress("this one", "Thinking", 0.1), None))
    with running(home, script) as daemon:
        with Client.connect("test", start=False) as client, pytest.raises(error):
            client.extract(REQUEST, PARTS, report=fail)
        wait_for_cancel(daemon)


def test_asking_fails_in_the_same_ways(home: Path) -> None:
    def tell_nonsense(daemon: FakeDaemon, peer: Peer, message: Message) -> None:
        daemon.send(peer, Ready(getattr(message, "id", "")))

    with (
        running(home, {"status": tell_nonsense}),
        Client.connect("test", start=False) as client,
        pytest.raises(ClientError, match="ready instead of status-reply"),
    ):
        client.status()


def wait_for_cancel(daemon: FakeDaemon) -> None:
    """Return once the daemon has been told to stop."""
    for _ in range(1000):
        if Cancel("this one") in daemon.received:
            return
        time.sleep(0.01)
    raise AssertionError("the daemon was not told")
