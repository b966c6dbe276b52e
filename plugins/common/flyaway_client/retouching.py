"""One image that is being retouched: its pixels travel once, then small patches there and back.

What an editor's Refine Edge and its strokes are built on; PROTOCOL.md, "Retouching", says how.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from . import protocol, texts
from .client import Client, Extracted, PointedAt, new_request_id
from .conversation import OnPreview, Report, ShouldStop
from .errors import CancelledError, ClientError, RefusedError
from .messages import ImageHeader, OpenSession, PointRequest, Progress, RefineRequest
from .paid_work import PaidWork
from .prompts import Prompts
from .zmtp import Buffer

Connect = Callable[[ShouldStop | None], Client]
"""Finds the daemon, starting it if need be; called once for each request."""

Answer = TypeVar("Answer")

_TRIES = 3
"""Times a patch or a click is sent to a daemon that has let go of the session, perhaps since it was opened anew."""

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Image:
    """An image as a host has it.

    Attributes:
        header: how `pixels` are laid out.
        pixels: tightly packed; must not change as long as it is retouched.
        icc: its colour profile, empty where `colour` is not "icc".
        colour: one of `messages.COLOURS`.
    """

    header: ImageHeader
    pixels: Buffer
    icc: bytes = b""
    colour: str = "srgb"


@dataclass(frozen=True)
class Patch:
    """A rectangle of the image, and what is known and wanted there; all planes are of `width` x `height`.

    It should hold `protocol.REFINE_MARGIN_PX` of the mask on each side of what is to be solved again, or more.

    Attributes:
        left, top, width, height: in the image's pixels.
        mask: the mask as it is, samples of `dtype`.
        dtype: "u8", "u16" or "f32".
        inside: a byte a pixel, more than 0 where it shall be solved again; None: under the strokes.
        strokes: a byte a pixel, `KEEP`, `REMOVE` or `UNKNOWN` of messages.py: all strokes that hold here, also those
            of before; None where there are none.
    """

    left: int
    top: int
    width: int
    height: int
    mask: Buffer
    dtype: str = "u8"
    inside: Buffer | None = None
    strokes: Buffer | None = None


class Retouch:
    """A retoucher's session. Its methods may be called from several threads, and each blocks its own.

    A `refine` that begins while another one runs takes its place: that one raises `CancelledError`. A daemon that
    has forgotten the session, or was started anew, is sent the image again without a word.

    Args:
        connect: finds the daemon.
        image: the whole image.
        engine: a name, a job, or "auto".
        paid_work: what has to allow paid work.
        transparent: whether the subject lets light through, as glass and veils do.
    """

    def __init__(
        self,
        connect: Connect,
        image: Image,
        engine: str = "auto",
        *,
        paid_work: PaidWork = PaidWork.ANY,
        transparent: bool = False,
    ) -> None:
        self._connect = connect
        self._parts: dict[str, Buffer] = {"image": image.pixels}
        if image.icc:
            self._parts["icc"] = image.icc
        self._request = OpenSession(
            id="-",
            session=new_request_id(),
            digest="-",
            image=image.header,
            colour=image.colour,
            icc_bytes=len(image.icc),
            engine=engine,
            paid_work_only=paid_work.weights,
            paid_training_only=paid_work.training,
            transparent=transparent,
        )
        self._digest = ""
        self._is_open = False
        self._opening = threading.Lock()

    @property
    def session(self) -> str:
        """Its name, for an `extract` of what was pointed at in it."""
        return self._request.session

    def open(self, report: Report | None = None, should_stop: ShouldStop | None = None) -> None:
        """Send the image, so that the first patch need not wait for that; `refine` does it where nobody has.

        Args:
            report: called with how far it is, on this thread.
            should_stop: asked at least every 0.1 s.

        Raises:
            ClientError: any of errors.py.
        """
        while not self._opening.acquire(timeout=_LOOK_EVERY_S):  # by another thread's upload
            if should_stop is not None and should_stop():
                raise CancelledError
        try:
            if not self._is_open:
                self._open(report, should_stop)
                self._is_open = True
        finally:
            self._opening.release()

    def refine(
        self,
        patch: Patch,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
        *,
        on_preview: OnPreview | None = None,
    ) -> Extracted:
        """Have a patch solved again; the alpha is its new mask, of its size and sample type.

        Args:
            patch: what is there and what is wanted.
            report: called with how far it is, on this thread.
            should_stop: asked at least every 0.1 s.
            on_preview: told of a coarse result of the patch, smaller than it, where the final one takes long; on
                this thread.

        Raises:
            CancelledError: `should_stop` said so, or a newer `refine` took the place of this one.
            ClientError: anything else of errors.py.
        """
        request, parts = _request(patch, self.session, on_preview is not None)

        def ask(client: Client) -> Extracted:
            return client.refine(
                replace(request, id=new_request_id()),
                parts,
                report=report,
                should_stop=should_stop,
                on_preview=on_preview,
            )

        return self._asked(ask, report, should_stop)

    def point(
        self,
        prompts: Prompts,
        report: Report | None = None,
        should_stop: ShouldStop | None = None,
        *,
        engine: str = "auto",
    ) -> PointedAt:
        """What the user may have pointed at; without points and boxes the image is made ready for them.

        Args:
            prompts: all clicks and boxes that hold.
            report: called with how far it is, on this thread.
            should_stop: asked at least every 0.1 s.
            engine: that is pointed with, or "auto" for the best there is.

        Raises:
            CancelledError: `should_stop` said so, or a newer `point` took the place of this one.
            ClientError: anything else of errors.py.
        """
        request = PointRequest(
            "-",
            self.session,
            prompts,
            engine,
            self._request.paid_work_only,
            self._request.paid_training_only,
        )

        def ask(client: Client) -> PointedAt:
            own = replace(request, id=new_request_id())
            return client.point(own, report=report, should_stop=should_stop)

        return self._asked(ask, report, should_stop)

    def close(self) -> None:
        """Tell the daemon that the image is needed no more; where there is none, there is nothing to tell."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(ClientError), self._connect(None) as client:
                client.close_session(self._request.session)

    def _open(self, report: Report | None, should_stop: ShouldStop | None) -> None:
        if not self._digest:
            self._digest = self._request.digest_of(self._parts)
        request = replace(self._request, id=new_request_id(), digest=self._digest)
        if report is not None:
            report(Progress(request.id, texts.STARTING, 0.0))
        with self._connect(should_stop) as client:
            client.open_session(request, self._parts, report=report, should_stop=should_stop)

    def _asked(
        self,
        ask: Callable[[Client], Answer],
        report: Report | None,
        should_stop: ShouldStop | None,
    ) -> Answer:
        """An answer of the session, which is opened anew where the daemon has let go of it."""
        for _ in range(_TRIES - 1):
            try:
                return self._asked_once(ask, report, should_stop)
            except RefusedError as error:
                if error.code != protocol.UNKNOWN_SESSION:
                    raise
                self._is_open = False
        return self._asked_once(ask, report, should_stop)

    def _asked_once(
        self,
        ask: Callable[[Client], Answer],
        report: Report | None,
        should_stop: ShouldStop | None,
    ) -> Answer:
        self.open(report, should_stop)
        try:
            with self._connect(should_stop) as client:
                return ask(client)
        except RefusedError as error:
            if error.code == protocol.CANCELLED:
                raise CancelledError(error.message) from error
            raise


def _request(
    patch: Patch, session: str, wants_preview: bool
) -> tuple[RefineRequest, Mapping[str, Buffer]]:
    """A patch as a message, and the bytes that go with it."""
    planes = {"mask": patch.mask, "inside": patch.inside, "strokes": patch.strokes}
    request = RefineRequest(
        id=new_request_id(),
        session=session,
        left=patch.left,
        top=patch.top,
        mask=ImageHeader(patch.width, patch.height, "gray", patch.dtype),
        has_inside=patch.inside is not None,
        has_strokes=patch.strokes is not None,
        wants_preview=wants_preview,
    )
    return request, {name: plane for name, plane in planes.items() if plane is not None}
