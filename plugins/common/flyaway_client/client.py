"""Ask the daemon for something and wait for it, with every wait bounded: what plugins and CLI use.

A request has a connection of its own, which costs a few milliseconds and means that nothing of an
earlier, abandoned request can arrive in a later one. Not for use from several threads at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeVar

from . import connection, messages, protocol
from .conversation import Conversation, OnPreview, Report, ShouldStop
from .discovery import Finder, Greeted
from .errors import TransportError
from .messages import (
    AdjustRequest,
    EngineInfo,
    ExtractRequest,
    ExtractResult,
    HelloReply,
    ImageHeader,
    OpenSession,
    RefineRequest,
    SessionOpened,
)
from .zmtp import Buffer, Line

_MAX_ROW_PX = protocol.MAX_SHEET_WIDTH_PX * 16384
"""More than the highest row of a sheet has; what a daemon can make a client set aside."""

R = TypeVar("R", messages.StatusReply, messages.EnginesReply)


def new_request_id() -> str:
    """An id that no other request has."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Extracted:
    """What came of a request: `alpha` and `foreground` are laid out as their headers in `result` say."""

    result: ExtractResult
    alpha: bytearray
    foreground: bytearray | None = None


@dataclass(frozen=True)
class PointedAt:
    """What the user may have pointed at: a mask for each of the candidates in `answer`, laid out as that says."""

    answer: messages.Pointed
    masks: tuple[bytes, ...]


@dataclass(frozen=True)
class Drawn:
    """A picture that the daemon has drawn: `pixels` are laid out as `header` says."""

    header: ImageHeader
    pixels: bytearray


class Finds(Protocol):
    """What finds a daemon; `Finder` does on this computer."""

    def find(self, should_stop: ShouldStop | None = None) -> Greeted:
        """A greeted connection."""


class Client:
    """The daemon, as seen by one plugin or command. Made by `connect`."""

    def __init__(self, finder: Finds, greeted: Greeted) -> None:
        self._finder = finder
        self._unused: Greeted | None = greeted
        self.hello: HelloReply = greeted.reply

    @classmethod
    def connect(
        cls,
        name: str,
        *,
        start: bool = True,
        launch_argv: Sequence[str] | None = None,
        timeout_s: float = 15.0,
        should_stop: ShouldStop | None = None,
    ) -> Client:
        """Find the daemon and check that it is ours; start it where there is none.

        Args:
            name: the program and its version, for the daemon's log, such as "krita 5.2.9".
            start: False only looks.
            launch_argv: how to start it; None does what launch.json says.
            timeout_s: for all of this together.
            should_stop: asked at least every 0.1 s.

        Raises:
            DaemonUnreachableError: there is none, and it could not be started in time.
            VersionError: it speaks another major version.
            CancelledError: `should_stop` said so.
        """
        finder = Finder(
            name=name,
            folder=connection.home(),
            start=start,
            launch_argv=tuple(launch_argv) if launch_argv else None,
            timeout_s=timeout_s,
        )
        return cls(finder, finder.find(should_stop))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; a later request would connect anew."""
        if self._unused is not None:
            self._unused.dealer.close()
            self._unused = None

    def extract(
        self,
        request: ExtractRequest,
        parts: Mapping[str, Buffer],
        *,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
        on_preview: OnPreview | None = None,
    ) -> Extracted:
        """Cut out the subject of an image.

        Args:
            request: what `parts` holds and what is wanted; its id from `new_request_id`.
            parts: the bytes of each of `request.parts()`, tightly packed.
            report: called about once a second, on this thread.
            should_stop: asked at least every 0.1 s; True cancels within two seconds.
            on_preview: called with early results where the request wants them, on this thread.

        Raises:
            RefusedError: the daemon says no, and why.
            CancelledError: `should_stop` said so.
            DaemonLostError: the daemon went away in the middle.
            ClientError: anything else of errors.py.
        """
        uploads = _checked_parts(request, parts)
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, report, should_stop, on_preview) as conversation:
            conversation.send(request)
            conversation.expect(messages.Ready)
            conversation.upload(uploads)
            result = conversation.expect(ExtractResult)
            _check_result(result, request)
            alpha = conversation.download("alpha", result.alpha.bytes)
            foreground = None
            if result.foreground is not None:
                foreground = conversation.download("foreground", result.foreground.bytes)
            return Extracted(result, alpha, foreground)

    def open_session(
        self,
        request: OpenSession,
        parts: Mapping[str, Buffer],
        *,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
    ) -> SessionOpened:
        """Begin to retouch an image; its pixels travel only if the daemon does not have them.

        Args:
            request: what `parts` holds and what is wanted.
            parts: the bytes of each of `request.parts()`, tightly packed.
            report: called about once a second, on this thread.
            should_stop: asked at least every 0.1 s.

        Raises:
            RefusedError: the daemon says no, and why.
            CancelledError: `should_stop` said so.
            ClientError: anything else of errors.py.
        """
        uploads = _checked_parts(request, parts)
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, report, should_stop) as conversation:
            conversation.send(request)
            answer = conversation.expect((SessionOpened, messages.Ready))
            if isinstance(answer, SessionOpened):
                return answer
            conversation.upload(uploads)
            return conversation.expect(SessionOpened)

    def refine(
        self,
        request: RefineRequest,
        parts: Mapping[str, Buffer],
        *,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
        on_preview: OnPreview | None = None,
    ) -> Extracted:
        """Solve a part of a session's image again; as `extract`, of the mask's size and sample type.

        Raises:
            RefusedError: the daemon says no; with the code `UNKNOWN_SESSION` it must be opened anew, with
                `CANCELLED` a newer request took the place of this one.
            CancelledError: `should_stop` said so.
            ClientError: anything else of errors.py.
        """
        return self._changed(request, parts, report, should_stop, on_preview)

    def point(
        self,
        request: messages.PointRequest,
        *,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
    ) -> PointedAt:
        """What the user may have pointed at in a session's image.

        Args:
            request: the clicks and boxes; none makes the image ready for them.
            report: called about once a second, on this thread.
            should_stop: asked at least every 0.1 s.

        Raises:
            RefusedError: the daemon says no; with the code `UNKNOWN_SESSION` it must be opened anew, with
                `CANCELLED` a newer click took the place of this one, with `WEIGHTS_MISSING` no engine that can
                be pointed with is here, and the sentence says how to get one.
            CancelledError: `should_stop` said so.
            ClientError: anything else of errors.py.
        """
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, report, should_stop) as conversation:
            conversation.send(request)
            answer, payload = conversation.expect_filled(messages.Pointed)
        if len(payload) != answer.payload_bytes:
            raise TransportError(f"masks of {len(payload)} bytes, not {answer.payload_bytes}")
        size = answer.mask.bytes if answer.mask is not None else 1
        starts = range(0, len(payload), size)
        return PointedAt(answer, tuple(payload[at : at + size] for at in starts))

    def adjust(
        self,
        request: AdjustRequest,
        parts: Mapping[str, Buffer],
        *,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Extracted:
        """Adjust a mask without a look at its image; as `refine`, of the whole mask."""
        return self._changed(request, parts, report, should_stop)

    def draw_row(
        self,
        request: messages.DrawRow,
        parts: Mapping[str, Buffer],
        *,
        should_stop: ShouldStop | None = None,
    ) -> Drawn:
        """One row of a comparison of engines, "rgb" and "u8".

        Args:
            request: what `parts` holds and what is to be written.
            parts: the bytes of each of `request.parts()`, tightly packed.
            should_stop: asked at least every 0.1 s.

        Raises:
            RefusedError: the daemon says no, and why.
            CancelledError: `should_stop` said so.
            ClientError: anything else of errors.py.
        """
        uploads = _checked_parts(request, parts)
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, should_stop=should_stop) as conversation:
            conversation.send(request)
            if uploads:
                conversation.expect(messages.Ready)
                conversation.upload(uploads)
            header = conversation.expect(messages.DrawnRow).image
            is_sized = header.width <= protocol.MAX_SHEET_WIDTH_PX and header.pixels <= _MAX_ROW_PX
            if (header.channels, header.dtype) != ("rgb", "u8") or not is_sized:
                raise TransportError(f"a row of a sheet is {header}")
            return Drawn(header, conversation.download("row", header.bytes))

    def close_session(self, session: str) -> None:
        """Make the daemon forget a session.

        Raises:
            ClientError: any of errors.py.
        """
        request = messages.CloseSession(new_request_id(), session)
        with Conversation(self._connection(), request.id) as conversation:
            conversation.send(request)
            conversation.expect(messages.SessionClosed)

    def describe(
        self,
        request: messages.DescribeRequest,
        pixels: Buffer,
        *,
        should_stop: ShouldStop | None = None,
    ) -> messages.Description:
        """What a selection would be taken for.

        Args:
            request: what `pixels` holds.
            pixels: the small copies, the image's first.
            should_stop: asked at least every 0.1 s.

        Raises:
            RefusedError: it leaves nothing to cut out; the sentence says what to do.
            CancelledError: `should_stop` said so.
            ClientError: anything else of errors.py.
        """
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, should_stop=should_stop) as conversation:
            conversation.send(request, pixels)
            return conversation.expect(messages.Description)

    def status(self) -> messages.StatusReply:
        """What the daemon is doing.

        Raises:
            ClientError: any of errors.py.
        """
        return self._ask(messages.StatusRequest(new_request_id()), messages.StatusReply)

    def engines(self) -> tuple[EngineInfo, ...]:
        """All engines, the one that "auto" takes first.

        Raises:
            ClientError: any of errors.py.
        """
        request = messages.EnginesRequest(new_request_id())
        return self._ask(request, messages.EnginesReply).engines

    def download(
        self,
        engine: str,
        *,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
    ) -> None:
        """Make the daemon fetch an engine's weights; returns when they are ready for use.

        Args:
            engine: its name.
            report: called about once a second, on this thread.
            should_stop: asked at least every 0.1 s; True stops, what came so far is kept.

        Raises:
            RefusedError: they cannot be had; the sentence says why.
            CancelledError: `should_stop` said so.
            ClientError: anything else of errors.py.
        """
        request = messages.DownloadRequest(new_request_id(), engine)
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, report, should_stop) as conversation:
            conversation.send(request)
            conversation.expect(messages.DownloadReply)

    def use_remote(self, name: str) -> None:
        """Have work done by another computer from now on.

        Args:
            name: what it is called here, "" for this computer.

        Raises:
            RefusedError: none is called so.
            ClientError: any other of errors.py.
        """
        request = messages.UseRemote(new_request_id(), name)
        with Conversation(self._connection(), request.id) as conversation:
            conversation.send(request)
            conversation.expect(messages.RemoteUsed)

    def shutdown(self) -> None:
        """Make the daemon cancel its work and exit; returns when it has hung up.

        Raises:
            ClientError: any of errors.py.
        """
        request = messages.Shutdown(new_request_id())
        with Conversation(self._connection(), request.id) as conversation:
            conversation.send(request)
            conversation.expect(messages.ShutdownReply)
            conversation.wait_for_hangup()

    def _changed(
        self,
        request: RefineRequest | AdjustRequest,
        parts: Mapping[str, Buffer],
        report: Report | None,
        should_stop: ShouldStop | None,
        on_preview: OnPreview | None = None,
    ) -> Extracted:
        """What becomes of a request's mask."""
        uploads = _checked_parts(request, parts)
        dealer = self._connection(should_stop)
        with Conversation(dealer, request.id, report, should_stop, on_preview) as conversation:
            conversation.send(request)
            conversation.expect(messages.Ready)
            conversation.upload(uploads)
            result = conversation.expect(ExtractResult)
            if result.alpha != request.mask:
                raise TransportError(f"the alpha is {result.alpha}, not {request.mask}")
            return Extracted(result, conversation.download("alpha", result.alpha.bytes))

    def _ask(
        self,
        request: messages.StatusRequest | messages.EnginesRequest,
        answer: type[R],
    ) -> R:
        with Conversation(self._connection(), request.id) as conversation:
            conversation.send(request)
            return conversation.expect(answer)

    def _connection(self, should_stop: ShouldStop | None = None) -> Line:
        """A greeted connection of its own for one request."""
        greeted, self._unused = self._unused, None
        if greeted is not None and greeted.dealer.is_open():
            return greeted.dealer
        if greeted is not None:
            greeted.dealer.close()
        greeted = self._finder.find(should_stop)
        self.hello = greeted.reply
        return greeted.dealer


def _checked_parts(
    request: ExtractRequest | OpenSession | RefineRequest | AdjustRequest | messages.DrawRow,
    parts: Mapping[str, Buffer],
) -> dict[str, memoryview]:
    """The parts as views of bytes, in the order in which they travel.

    Raises:
        ValueError: they are not those of the request.
    """
    expected = request.parts()
    if parts.keys() != expected.keys():
        raise ValueError(f"the request has the parts {list(expected)}, given are {list(parts)}")
    views = {name: memoryview(parts[name]).cast("B") for name in expected}
    for name, size in expected.items():
        if len(views[name]) != size:
            raise ValueError(
                f"the part {name} has {len(views[name])} bytes, its header says {size}"
            )
    return views


def _check_result(result: ExtractResult, request: ExtractRequest) -> None:
    """Refuse parts that do not fit the image, before memory is set aside for them."""
    width, height = request.image.width, request.image.height
    expected = ImageHeader(width, height, "gray", request.output_dtype)
    if result.alpha != expected:
        raise TransportError(f"the alpha is {result.alpha}, not {expected}")
    if result.foreground != request.foreground:
        raise TransportError(f"the foreground is {result.foreground}, not {request.foreground}")
