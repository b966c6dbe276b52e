"""One request on one connection: send it, wait for its answers, carry pixels, give it up properly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeVar

from . import messages, protocol
from .errors import (
    ClientError,
    DaemonLostError,
    PeerClosedError,
    PeerSilentError,
    RefusedError,
    TransportError,
)
from .messages import Cancel, ErrorReply, Message, MessageError, Preview, Progress, Strip
from .wording import _
from .zmtp import Buffer, Line, Patience, Place

SILENCE_S = 30.0
"""The daemon says something at least every second while it works; after this long it hangs."""

CANCEL_SEND_S = 0.5
CANCEL_REPLY_S = 1.0
"""Together less than the two seconds in which a user must have their program back."""

OnPreview = Callable[[Preview, bytes], None]
"""Told of an early alpha: its header, and its pixels."""

M = TypeVar("M", bound=Message)

Report = Callable[[Progress], None]
"""Called with how far the work is."""

ShouldStop = Callable[[], bool]
"""Asked whether to give the work up."""


class Conversation:
    """A request from its first message to its last; a context manager that hangs up at its end.

    Left by an exception of this side, it tells the daemon to stop working on the request. Errors of
    the wire leave it as errors that say what they mean for the user.

    Args:
        dealer: a greeted connection, used for nothing else.
        id: the request's; messages with another are skipped.
        report: called with each `Progress`.
        should_stop: asked at least every 0.1 s while waiting.
        on_preview: called with each early result and its pixels.
    """

    def __init__(
        self,
        dealer: Line,
        id: str,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
        on_preview: OnPreview | None = None,
    ) -> None:
        self._dealer = dealer
        self._id = id
        self._report = report
        self._on_preview = on_preview
        self._should_stop = should_stop
        self._has_ended = False

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        is_lost = isinstance(error, (PeerClosedError, PeerSilentError))
        try:
            if error is not None and not is_lost and not self._has_ended:
                self._cancel()
        finally:
            self._dealer.close()
        if isinstance(error, PeerSilentError):
            raise DaemonLostError(
                _(
                    "Flyaway's daemon has not answered for {seconds:.0f} seconds. The document is "
                    "unchanged. Run `flyaway daemon stop` in a terminal, then try again."
                ).format(seconds=SILENCE_S)
            ) from error
        if is_lost:
            raise DaemonLostError(
                _(
                    "Flyaway's daemon stopped in the middle of the work. The document is unchanged; try "
                    "again, which starts a new daemon."
                )
            ) from error
        if isinstance(error, MessageError):
            raise TransportError(str(error)) from error

    def send(self, message: Message, *payload: Buffer) -> None:
        """Send a message, with its payload if it has one."""
        self._dealer.send([messages.encode(message), *payload], self._patience())

    def expect(self, kind: type[M] | tuple[type[M], ...]) -> M:
        """Wait for the message of this kind, or one of these.

        Raises:
            RefusedError: the daemon answered with an error.
            TransportError: it answered with something else.
        """
        return self.expect_filled(kind)[0]

    def expect_filled(self, kind: type[M] | tuple[type[M], ...]) -> tuple[M, bytes]:
        """As `expect`, with the message's payload, b"" where it has none."""
        message, payload = self._next()
        if not isinstance(message, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise TransportError(
                f"{message.TYPE} instead of {' or '.join(one.TYPE for one in kinds)}"
            )
        return message, b"" if payload is None else bytes(payload)

    def upload(self, parts: Mapping[str, memoryview]) -> None:
        """Send parts in strips, in their order; they hold bytes and are not copied."""
        for part, content in parts.items():
            for offset in range(0, len(content), protocol.STRIP_BYTES):
                strip = Strip(id=self._id, part=part, offset=offset)
                self.send(strip, content[offset : offset + protocol.STRIP_BYTES])

    def download(self, part: str, size: int) -> bytearray:
        """Receive a part of `size` bytes, each strip straight into its place."""
        content = bytearray(size)
        room = memoryview(content)
        done = 0

        def place(header: bytes, length: int) -> memoryview:
            strip = messages.decode(header)
            if getattr(strip, "id", None) != self._id:
                return memoryview(bytearray(length))
            if not isinstance(strip, Strip) or strip.part != part:
                raise TransportError(f"{strip.TYPE} instead of pixels")
            if strip.offset != done or not 0 < length <= size - done:
                raise TransportError(f"{length} bytes at {strip.offset}, expected at {done}")
            return room[done : done + length]

        while done < size:
            message, payload = self._next(place)
            if not payload:
                raise TransportError(f"{message.TYPE} instead of pixels")
            done += len(payload)
        return content

    def wait_for_hangup(self) -> None:
        """Wait until the daemon has closed the connection; what it still says is skipped.

        Raises:
            PeerSilentError: it has not closed it in time.
        """
        patience = self._patience()
        with contextlib.suppress(PeerClosedError):
            while True:
                self._dealer.receive(patience)

    def _next(self, place: Place | None = None) -> tuple[Message, Buffer | None]:
        """The next message of this request that is no `Progress` or `Preview`, and its payload.

        Silence means silence about this request: messages of others do not prolong the wait.
        """
        patience = self._patience()
        while True:
            header, payload = self._dealer.receive(patience, place)
            message = messages.decode(header)
            if isinstance(message, ErrorReply) and message.id in (self._id, ""):
                self._has_ended = True
                raise RefusedError(message.code, message.message)
            if getattr(message, "id", None) != self._id:
                continue
            if isinstance(message, Preview):
                self._pass_on(message, b"" if payload is None else bytes(payload))
            elif not isinstance(message, Progress):
                return message, payload
            elif self._report is not None:
                self._report(message)
            patience = self._patience()

    def _pass_on(self, preview: Preview, pixels: bytes) -> None:
        image = preview.image
        if (image.channels, image.dtype, image.bytes) != ("gray", "u8", len(pixels)):
            raise TransportError(f"a preview of {len(pixels)} bytes for {image}")
        if self._on_preview is not None:
            self._on_preview(preview, pixels)

    def _cancel(self) -> None:
        """Ask the daemon to stop, and give it a moment to say that it did.

        Hanging up at once could lose the message: unread answers turn a close into a reset.
        """
        with contextlib.suppress(ClientError, MessageError):
            cancel = messages.encode(Cancel(self._id))
            self._dealer.send([cancel], Patience(CANCEL_SEND_S))
            patience = Patience(CANCEL_REPLY_S)
            while self._dealer.is_between_messages:
                reply = messages.decode(self._dealer.receive(patience)[0])
                if isinstance(reply, ErrorReply) and reply.id == self._id:
                    return

    def _patience(self) -> Patience:
        return Patience(SILENCE_S, self._should_stop)
