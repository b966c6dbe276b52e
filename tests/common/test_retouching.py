"""retouching.py: an image that travels once, patches there and back, and what becomes of lost sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer, running

from flyaway_client import calls, messages, protocol, texts
from flyaway_client.errors import CancelledError, ClientError, RefusedError, TransportError
from flyaway_client.messages import (
    CloseSession,
    ImageHeader,
    Message,
    OpenSession,
    PointRequest,
    Preview,
    Progress,
    RefineRequest,
)
from flyaway_client.paid_work import PaidWork
from flyaway_client.prompts import Point, Prompts
from flyaway_client.retouching import Image, Patch, Retouch

PIXELS = bytes(range(60))
IMAGE = Image(ImageHeader(5, 3, "rgba", "u8"), PIXELS)
PATCH = Patch(1, 0, 2, 3, b"abcdef", inside=b"\xff" * 6, strokes=bytes(6))


def retouch(image: Image = IMAGE) -> Retouch:
    return Retouch(calls.connector("test"), image, "some-engine", paid_work=PaidWork.WEIGHTS)


def received(fake: FakeDaemon, kind: type[Message]) -> list[Message]:
    return [message for message in fake.received if isinstance(message, kind)]


def once(first: daemon.Part, then: daemon.Part) -> daemon.Part:
    """What a daemon does the first time, and what ever after."""
    acts = iter([first])
    return lambda fake, peer, message: next(acts, then)(fake, peer, message)


def test_sends_the_image_once_and_gives_back_new_masks(home: Path) -> None:
    session, heard = retouch(), list[Progress]()
    with running(home) as fake:
        assert [session.refine(PATCH, heard.append).alpha for _ in range(2)] == [b"abcdef"] * 2
    (opened,) = received(fake, OpenSession)
    assert isinstance(opened, OpenSession)
    assert (opened.engine, opened.paid_work_only, opened.colour) == ("some-engine", True, "srgb")
    assert opened.digest == opened.digest_of({"image": PIXELS})
    first, second = received(fake, RefineRequest)
    assert isinstance(first, RefineRequest)
    assert isinstance(second, RefineRequest)
    assert first.session == second.session == opened.session
    assert first.id != second.id
    assert (first.left, first.top, first.mask) == (1, 0, ImageHeader(2, 3, "gray", "u8"))
    assert (first.has_inside, first.has_strokes, first.wants_preview) == (True, True, False)
    assert heard[0].stage == texts.STARTING


def test_sends_no_pixels_that_the_daemon_has(home: Path) -> None:
    def know(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, OpenSession)
        fake.send(peer, messages.SessionOpened(message.id, message.session, "fake"))

    with running(home, {"open-session": know}) as fake:
        retouch().open()
    assert received(fake, messages.Strip) == []


def test_sends_the_profile_with_the_image(home: Path) -> None:
    image = Image(IMAGE.header, PIXELS, b"profile", "icc")
    with running(home) as fake:
        retouch(image).open()
    (opened,) = received(fake, OpenSession)
    assert isinstance(opened, OpenSession)
    assert opened.parts() == {"image": 60, "icc": 7}
    assert opened.digest != opened.digest_of({"image": PIXELS, "icc": b"another"})


def test_opens_a_lost_session_anew(home: Path) -> None:
    lost = once(daemon.refuse(protocol.UNKNOWN_SESSION, "Gone."), daemon.accept)
    with running(home, {"refine": lost}) as fake:
        assert retouch().refine(PATCH).alpha == b"abcdef"
    assert len(received(fake, OpenSession)) == 2


def test_gives_up_on_a_daemon_that_keeps_no_session(home: Path) -> None:
    with (
        running(home, {"refine": daemon.refuse(protocol.UNKNOWN_SESSION, "Gone.")}) as fake,
        pytest.raises(RefusedError, match="Gone"),
    ):
        retouch().refine(PATCH)
    assert len(received(fake, RefineRequest)) == 3


def test_points_in_the_session_and_opens_a_lost_one_anew(home: Path) -> None:
    lost = once(daemon.refuse(protocol.UNKNOWN_SESSION, "Gone."), daemon.find_pointed)
    session, clicks = retouch(), Prompts((Point(1, 2), Point(3, 0, False)))
    with running(home, {"point": lost}) as fake:
        found = session.point(clicks, engine="mobile-sam")
        assert found.masks == (b"ab", b"cd")
        assert session.point(Prompts()).masks == ()
    first, again, ready = received(fake, PointRequest)
    assert isinstance(first, PointRequest)
    assert isinstance(again, PointRequest)
    assert first.id != again.id
    assert again == PointRequest(again.id, session.session, clicks, "mobile-sam", True)
    assert isinstance(ready, PointRequest)
    assert ready.engine == "auto"
    assert len(received(fake, OpenSession)) == 2


@pytest.mark.parametrize(
    ("code", "kind"), [(protocol.CANCELLED, CancelledError), (protocol.BUSY, RefusedError)]
)
def test_tells_being_replaced_from_being_refused(
    home: Path, code: str, kind: type[ClientError]
) -> None:
    with (
        running(home, {"refine": daemon.refuse(code, "Not this one.")}),
        pytest.raises(kind, match="Not this one"),
    ):
        retouch().refine(PATCH)


def test_hands_on_coarse_results(home: Path) -> None:
    seen = list[bytes]()

    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest) and daemon.is_complete(peer):
            assert peer.request.wants_preview
            fake.send(peer, Preview(peer.request.id, ImageHeader(1, 2, "gray", "u8")), b"xy")
        daemon.finish_when_complete(fake, peer, message)

    with running(home, {"strip": answer}):
        retouch().refine(PATCH, on_preview=lambda preview, pixels: seen.append(pixels))
    assert seen == [b"xy"]


def test_refuses_a_mask_of_another_shape(home: Path) -> None:
    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        if isinstance(peer.request, RefineRequest):
            alpha = ImageHeader(3, 2, "gray", "u8")
            fake.send(peer, messages.ExtractResult(peer.request.id, alpha, "f", "cpu", 0.1))
        else:
            daemon.finish_when_complete(fake, peer, message)

    with running(home, {"strip": answer}), pytest.raises(TransportError):
        retouch().refine(PATCH)


def test_closes_what_is_open_and_only_that(home: Path) -> None:
    session = retouch()
    with running(home) as fake:
        session.close()
        session.open()
        session.open()
        session.close()
        session.close()
    assert len(received(fake, OpenSession)) == len(received(fake, CloseSession)) == 1


def test_closing_without_a_daemon_is_no_error(home: Path) -> None:
    session = Retouch(lambda stop: calls.connector("test")(lambda: True), IMAGE)
    session._is_open = True
    session.close()


def test_a_stroke_waits_for_the_upload_of_another_thread_but_hears_a_stop(home: Path) -> None:
    session, begun, proceed = retouch(), threading.Event(), threading.Event()

    def hold(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        begun.set()
        assert proceed.wait(30)
        daemon.accept(fake, peer, message)

    with running(home, {"open-session": hold}) as fake:
        thread = threading.Thread(target=session.open)
        thread.start()
        assert begun.wait(30)
        with pytest.raises(CancelledError):
            session.refine(PATCH, should_stop=lambda: True)

        def proceed_at_first_question() -> bool:
            proceed.set()
            return False

        assert session.refine(PATCH, should_stop=proceed_at_first_question).alpha == b"abcdef"
        thread.join(30)
    assert len(received(fake, OpenSession)) == 1


def test_patches_must_be_as_they_say(home: Path) -> None:
    with running(home), pytest.raises(ValueError, match="part strokes has 5 bytes"):
        retouch().refine(Patch(0, 0, 2, 3, b"abcdef", strokes=bytes(5)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: RefineRequest("r", "s", -1, 0, ImageHeader(1, 1, "gray", "u8")),
        lambda: RefineRequest("r", "s", 0, 0, ImageHeader(1, 1, "rgb", "u8")),
        lambda: RefineRequest("r", "s", 0, 0, ImageHeader(1, 1, "gray", "f16")),
        lambda: RefineRequest("r", "", 0, 0, ImageHeader(1, 1, "gray", "u8")),
        lambda: OpenSession("o", "s" * 65, "d", IMAGE.header),
        lambda: OpenSession("o", "s", "d", IMAGE.header, colour="icc"),
    ],
)
def test_messages_that_mean_nothing_are_refused(make: Callable[[], Message]) -> None:
    with pytest.raises(messages.MessageError):
        make()
