"""Work done on another computer: which one is chosen, what is sent there, and what to say where it cannot be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from flyaway import errors
from flyaway.errors import FlyawayError, RemoteError, RemoteLostError
from flyaway.remote import records
from flyaway.remote.line import NotLetInError, RemoteFinder
from flyaway.remote.packing import LineSpeed, Packer
from flyaway.remote.records import Remote
from flyaway_client import messages, protocol
from flyaway_client.client import Client, Extracted
from flyaway_client.conversation import OnPreview, Report, ShouldStop
from flyaway_client.errors import (
    CancelledError,
    ClientError,
    DaemonUnreachableError,
    RefusedError,
    VersionError,
)
from flyaway_client.messages import ExtractRequest, ExtractResult, Message
from flyaway_client.wording import _, joined
from flyaway_client.zmtp import Buffer

if TYPE_CHECKING:
    from flyaway.remote.cropping import Crop

Relayed = (
    messages.ExtractRequest
    | messages.OpenSession
    | messages.RefineRequest
    | messages.PointRequest
    | messages.CloseSession
    | messages.EnginesRequest
    | messages.DownloadRequest
)
"""What can be done elsewhere. A selection is described and a mask adjusted here: both need no engine."""

OFFER = _(
    "The image is unchanged. Try again, or have it done on this computer: `flyaway remote "
    "use local`."
)


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Attributes:
        message: the header.
        payload: that goes with it.
        parts: pixels that follow as strips, by their names.
    """

    message: Message
    payload: bytes = b""
    parts: Mapping[str, Buffer] | None = None


@dataclass(frozen=True)
class Watching:
    """Who follows a request: how far it is, whether it is still wanted, early results, and the language they read."""

    report: Report
    should_stop: ShouldStop
    on_preview: OnPreview | None = None
    language: str = ""


class Workplace:
    """The other computers that may work for this one. Its methods may be called from several threads.

    Args:
        home: the folder with keys and names.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._speeds: dict[Remote, LineSpeed] = {}

    @property
    def chosen(self) -> Remote | None:
        """The one that is used now; None where this computer works itself.

        Raises:
            RemoteError: the file that says so is damaged.
        """
        return records.remotes(self._home).chosen

    def choose(self, name: str) -> None:
        """Use that one from now on; "" for this computer.

        Raises:
            RemoteError: none is called so.
        """
        records.use(self._home, name or records.HERE)

    def close(self) -> None:
        """Hang up on all; no request may be under way."""
        self._context.destroy(linger=0)

    def do(
        self,
        remote: Remote,
        request: Relayed,
        parts: Mapping[str, Buffer],
        watching: Watching,
    ) -> Answer:
        """Have a request done.

        Args:
            remote: by whom.
            request: what is wanted.
            parts: the bytes of each of its parts.
            watching: who follows it.

        Raises:
            RemoteLostError: it cannot be reached, or was lost on the way.
            FlyawayError: it refused, and why.
        """
        with self._client(remote, watching.should_stop, watching.language) as client:
            answer = _asked(client, request, parts, watching)
        if isinstance(answer.message, ExtractResult):
            return replace(answer, message=replace(answer.message, place=remote.name))
        return answer

    def status(self, remote: Remote) -> tuple[str, messages.StatusReply]:
        """The version of another computer's Flyaway, and what it is doing.

        Raises:
            RemoteLostError: it cannot be reached.
        """
        with self._client(remote, None) as client:
            return client.hello.daemon, client.status()

    @contextlib.contextmanager
    def _client(
        self, remote: Remote, should_stop: ShouldStop | None, language: str = ""
    ) -> Iterator[Client]:
        keys = records.own_keys(self._home)
        if keys is None:
            raise RemoteError(
                _(
                    "This computer has no key. Run `flyaway remote key`, and `flyaway remote allow` with "
                    "it there."
                )
            )
        packer = Packer(self._speeds.setdefault(remote, LineSpeed()))
        finder = RemoteFinder(remote, keys, self._context, packer, language)
        try:
            with (
                _in_words(remote),
                Client(finder, finder.find(should_stop)) as client,
            ):
                yield client
        finally:
            packer.close()


def _extract(
    client: Client,
    request: ExtractRequest,
    parts: Mapping[str, Buffer],
    watching: Watching,
) -> Answer:
    """An extraction, of that part of the image alone which it needs."""
    from flyaway.remote import cropping  # deferred: brings numpy and OpenCV

    crop = cropping.cropped(request, parts)
    if crop is None:
        asked, sent = cropping.without_opacity(request, parts)
    else:
        asked, sent = crop.request, crop.parts
    on_preview = watching.on_preview
    if crop is not None and on_preview is not None:
        on_preview = _whole_previews(crop, on_preview)
    extracted = client.extract(
        asked,
        sent,
        report=watching.report,
        should_stop=watching.should_stop,
        on_preview=on_preview,
    )
    return _alpha(extracted if crop is None else crop.pasted(extracted))


def _asked(
    client: Client, request: Relayed, parts: Mapping[str, Buffer], watching: Watching
) -> Answer:
    """What another computer answers."""
    report, should_stop = watching.report, watching.should_stop
    match request:
        case messages.ExtractRequest():
            return _extract(client, request, parts, watching)
        case messages.RefineRequest():
            return _alpha(
                client.refine(
                    request,
                    parts,
                    report=report,
                    should_stop=should_stop,
                    on_preview=watching.on_preview,
                )
            )
        case messages.OpenSession():
            opened = client.open_session(request, parts, report=report, should_stop=should_stop)
            return Answer(opened)
        case messages.PointRequest():
            pointed = client.point(request, report=report, should_stop=should_stop)
            return Answer(pointed.answer, b"".join(pointed.masks))
        case messages.CloseSession():
            client.close_session(request.session)
            return Answer(messages.SessionClosed(request.id))
        case messages.DownloadRequest():
            client.download(request.engine, report=report, should_stop=should_stop)
            return Answer(messages.DownloadReply(request.id, request.engine))
        case messages.EnginesRequest():
            return Answer(messages.EnginesReply(request.id, client.engines()))


def _alpha(extracted: Extracted) -> Answer:
    """A result with its pixels."""
    parts: dict[str, Buffer] = {"alpha": extracted.alpha}
    if extracted.foreground is not None:
        parts["foreground"] = extracted.foreground
    return Answer(extracted.result, parts=parts)


def _whole_previews(crop: Crop, tell: OnPreview) -> OnPreview:
    def passed(preview: messages.Preview, pixels: bytes) -> None:
        tell(*crop.preview(preview, pixels))

    return passed


@contextlib.contextmanager
def _in_words(remote: Remote) -> Iterator[None]:
    """Turn what goes wrong on the line into errors that say so, and what can be done instead."""
    name = remote.name
    try:
        yield
    except CancelledError as error:
        raise errors.CancelledError(_("The request was cancelled.")) from error
    except RefusedError as error:
        raise _refusal(name, error) from error
    except NotLetInError as error:
        raise RemoteLostError(
            _(
                "{name} hangs up at {address}. Either it does not know this computer's key (`flyaway "
                "remote allow` on {name}), or its own is not the one that was given here (`flyaway "
                "remote add`). {offer}"
            ).format(name=name, address=remote.address, offer=OFFER)
        ) from error
    except DaemonUnreachableError as error:
        raise RemoteLostError(
            _(
                "{name} does not answer at {address}: it may be off, asleep or in another network, or "
                "its daemon does not listen. {offer}"
            ).format(name=name, address=remote.address, offer=OFFER)
        ) from error
    except VersionError as error:
        raise RemoteLostError(
            _(
                "{name} runs a Flyaway that this one cannot talk to ({why}). Run `flyaway update` "
                "on both. {offer}"
            ).format(name=name, why=error.message.rstrip("."), offer=OFFER)
        ) from error
    except ClientError as error:
        raise RemoteLostError(
            _("The line to {name} was lost in the middle of the work. {offer}").format(
                name=name, offer=OFFER
            )
        ) from error


def _refusal(name: str, error: RefusedError) -> FlyawayError:
    """A refusal as an error of ours: the same code, and whose it is."""
    known = (one for one in errors.all_kinds() if one.code == error.code)
    kind = next(known, errors.EngineError)
    sentence = _("At {name}: {message}").format(name=name, message=error.message)
    if error.code in (protocol.BUSY, protocol.OUT_OF_MEMORY):
        sentence = joined(" ", (sentence, OFFER))
    return kind(sentence)
