"""The daemon's desk: what each message of a client leads to, from hello to the last strip of the result.

Knows messages and bytes, not pixels; the work is done in the threads of `WorkQueue`, all else in the
thread that calls `Server.run`. Neither numpy nor torch is imported before the first request.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import zmq

import flyaway
from flyaway import memory
from flyaway.config import Settings
from flyaway.errors import CancelledError, FlyawayError, RequestError, TooLargeError
from flyaway.remote.workplace import Workplace
from flyaway.serving import places
from flyaway.serving.deliveries import Deliveries, Key
from flyaway.serving.doorway import MOST_HEARD
from flyaway.serving.engine_service import EngineService
from flyaway.serving.places import Place
from flyaway.serving.relays import RelayWorkshop
from flyaway.serving.routes import Payload, route
from flyaway.serving.tasks import Task, Urgency
from flyaway.serving.transport import Frame, PeerGoneError, Transport
from flyaway.serving.uploads import Upload, Uploaded
from flyaway.serving.workshop import Asked, LocalWorkshop, Workshop
from flyaway_client import messages, protocol, wording
from flyaway_client.headers import is_unicode
from flyaway_client.messages import Message, MessageError
from flyaway_client.wording import _

if TYPE_CHECKING:
    import mmap

log = logging.getLogger(__name__)

_TICK_S = 0.25
_PROGRESS_EVERY_S = 0.5
_KEEP_PLACE_EVERY_S = 2.0
_STOP_WAIT_S = 2.0
_DELIVERING_S = 0.005
"""The tick while a result waits for its client to read: `Unread.MOST_BYTES` keep a fast line busy for longer."""

_REST_S = 4.0
"""Without work for so long, which is longer than a stranger may take to log in, memory that nothing uses goes back to the system."""

_MOST_NAME_CHARS = 60

_STOPPING = _("Flyaway's daemon was told to stop. Try again, which starts it anew.")
_UNREAD = _("The result was not read for a minute, and is gone. Try again.")
_REPLACED = _("A newer stroke took the place of this one, or its session was closed.")
_REPLACED_CLICK = _("A newer click took the place of this one, or its session was closed.")
_REPLACED_LOOK = _("Something else was asked for before the first click.")
_PLUGIN_OLDER = _(
    "The plugin speaks protocol {plugin}, the daemon {daemon}. Update the plugin: run `flyaway install`, then "
    "restart the editor."
)
_DAEMON_OLDER = _(
    "The plugin speaks protocol {plugin}, the daemon {daemon}. Update the daemon: run `flyaway update`, then "
    "restart the daemon with `flyaway daemon stop`."
)


class Server:
    """Serves clients until it is told to stop, or has been idle for as long as the settings say.

    Args:
        settings: limits and times.
        engines: what is worked with.
        transport: the sockets; closed when `run` ends.
        clock: seconds that only grow.
        keep_place: called every two seconds; makes sure that clients find the daemon, False where another
            one has taken its place.
        workplace: the other computers that may work for this one; None where there are none.
    """

    def __init__(
        self,
        settings: Settings,
        engines: EngineService,
        transport: Transport,
        clock: Callable[[], float] = time.monotonic,
        keep_place: Callable[[], bool] = lambda: True,
        workplace: Workplace | None = None,
    ) -> None:
        wording.add_catalogues(flyaway.CATALOGUES)
        self._settings = settings
        self._keep_place = keep_place
        self._engines = engines
        self._transport = transport
        self._clock = clock
        self._here = LocalWorkshop(engines, self._take_back, transport.wake)
        self._elsewhere = (
            RelayWorkshop(workplace, self._take_back, transport.wake) if workplace else None
        )
        self._ended: queue.SimpleQueue[tuple[Task, FlyawayError | None]] = queue.SimpleQueue()
        self._uploads: dict[Key, Upload] = {}
        self._tasks: dict[Key, Task] = {}
        self._deliveries = Deliveries(transport)
        self._programs: dict[bytes, str] = {}
        self._progress_sent_s = 0.0
        self._done_count = 0
        self._started_s = self._busy_s = self._ticked_s = self._kept_s = clock()
        self._has_rested = False
        self._arrivals, self._arrived_s = 0, self._started_s
        self._is_stopping = threading.Event()
        self._routes = dict(
            (
                route(messages.Hello, self._greet),
                route(messages.ExtractRequest, self._accept),
                route(messages.Strip, self._take_strip),
                route(messages.OpenSession, self._open_session),
                route(messages.RefineRequest, self._refine),
                route(messages.PointRequest, self._point),
                route(messages.CloseSession, self._close_session),
                route(messages.AdjustRequest, self._adjust),
                route(messages.DrawRow, self._draw_row),
                route(messages.DescribeRequest, self._describe),
                route(messages.Cancel, self._cancel),
                route(messages.StatusRequest, self._answer_status),
                route(messages.EnginesRequest, self._answer_engines),
                route(messages.DownloadRequest, self._download),
                route(messages.UseRemote, self._use_remote),
                route(messages.Shutdown, self._shut_down),
            )
        )

    def run(self) -> None:
        """Serve; returns once stopped, with all work ended and the sockets closed."""
        for workshop in self._workshops:
            workshop.start()
        try:
            while not self._is_stopping.is_set():
                wait_s = _DELIVERING_S if self._deliveries else _TICK_S
                for peer, frames in self._transport.receive(round(wait_s * 1000)):
                    self._handle(peer, frames)
                self._answer_ended()
                self._deliver()
                self._transport.bound(self._is_busy)
                self._send_strokes_previews()
                if self._clock() - self._ticked_s >= _TICK_S:
                    self._tick()
        finally:
            for task in self._tasks.values():
                task.parting = _STOPPING
                self._call_off(task)
            for peer, request_id in self._uploads:
                self._refuse(peer, request_id, protocol.CANCELLED, _STOPPING)
            for workshop in self._workshops:
                workshop.stop(_STOP_WAIT_S)
            self._answer_ended()
            self._deliver_last()
            self._transport.close()

    @property
    def _workshops(self) -> tuple[Workshop, ...]:
        return (self._here,) if self._elsewhere is None else (self._here, self._elsewhere)

    def stop(self) -> None:
        """Make `run` return soon; safe in a signal handler and from other threads."""
        self._is_stopping.set()

    # --- what comes in

    def _handle(self, peer: bytes, frames: Sequence[Frame]) -> None:
        """Answer one message; whatever is wrong with it becomes an error reply, never the daemon's end."""
        request_id = ""
        try:
            if not 1 <= len(frames) <= protocol.MAX_FRAMES:
                raise MessageError(f"a message has 1 to {protocol.MAX_FRAMES} frames")
            header = messages.read_header(bytes(_content(frames[0])))
            request_id = _readable_id(header)
            handle = self._routes.get(header["type"])
            if handle is None:
                sentence = _(
                    "This daemon ({version}) does not know the request {request!r}. Update Flyaway, then "
                    "stop the daemon with `flyaway daemon stop`."
                ).format(version=flyaway.__version__, request=header["type"][:40])
                self._refuse(peer, request_id, protocol.UNKNOWN_REQUEST, sentence)
                return
            if header["type"] != messages.Strip.TYPE:
                self._busy_s = self._clock()
            handle(peer, header, _content(frames[1]) if len(frames) > 1 else None)
        except MessageError as error:
            self._uploads.pop((peer, request_id), None)
            sentence = _("The request is not as the protocol says: {error}.").format(error=error)
            self._refuse(peer, request_id, protocol.BAD_REQUEST, sentence)
        except FlyawayError as error:
            self._refuse(peer, request_id, error.code, str(error))
        except Exception:
            log.exception("a message could not be handled")
            self._uploads.pop((peer, request_id), None)
            sentence = _("The daemon failed at this request. `flyaway daemon logs` tells more.")
            self._refuse(peer, request_id, protocol.INTERNAL, sentence)

    def _greet(self, peer: bytes, message: messages.Hello, payload: Payload) -> None:
        client = self._transport.client_of(peer)
        self._transport.speak_to(peer, message.language)
        log.info("hello from %.60r%s", message.client, f" at {client}" if client else "")
        self._note_program(peer, message.client)
        if message.protocol[:1] != protocol.VERSION[:1]:
            is_older = message.protocol < protocol.VERSION
            sentence = (_PLUGIN_OLDER if is_older else _DAEMON_OLDER).format(
                plugin=_dotted(message.protocol), daemon=_dotted(protocol.VERSION)
            )
            self._refuse(peer, "", protocol.WRONG_VERSION, sentence)
            return
        reply = messages.HelloReply(
            protocol=protocol.VERSION,
            daemon=flyaway.__version__,
            proof="" if client else self._transport.proof(message.nonce),
            pid=0 if client else os.getpid(),
            max_pixels=self._settings.max_pixels,
        )
        self._send(peer, reply)

    def _note_program(self, peer: bytes, name: str) -> None:
        """Keep how a peer calls itself, for as long as it is connected."""
        if len(self._programs) > 2 * MOST_HEARD:
            here = self._transport.peers
            self._programs = {one: its for one, its in self._programs.items() if one in here}
        self._programs[peer] = name[:_MOST_NAME_CHARS]

    def _accept(self, peer: bytes, message: messages.ExtractRequest, payload: Payload) -> None:
        """Check a request by its header alone and make room for its pixels."""
        key = self._new_key(peer, message.id, message.is_batch)
        self._check_size(message.image)
        self._workshop(peer, message).check(message)
        self._expect(key, message)

    def _open_session(self, peer: bytes, message: messages.OpenSession, payload: Payload) -> None:
        """Open a session at once where its picture is here; make room for its pixels otherwise."""
        key = self._new_key(peer, message.id)
        self._check_size(message.image)
        engine = self._workshop(peer, message).reopen(message)
        if engine is None:
            self._expect(key, message)
        else:
            self._send(peer, messages.SessionOpened(message.id, message.session, engine))

    def _refine(self, peer: bytes, message: messages.RefineRequest, payload: Payload) -> None:
        """Make room for a patch; an older one of the same session is wanted no more."""
        self._workshop(peer, message).check_session(message)
        self._call_off_strokes(message.session)
        self._expect(self._new_key(peer, message.id), message)

    def _close_session(self, peer: bytes, message: messages.CloseSession, payload: Payload) -> None:
        self._call_off_strokes(message.session)
        self._call_off_clicks(message.session)
        if self._workshop(peer, message) is self._here:
            self._here.close_session(message.session)
            self._send(peer, messages.SessionClosed(message.id))
        else:
            self._begin(peer, message)

    def _point(self, peer: bytes, message: messages.PointRequest, payload: Payload) -> None:
        """Find what was pointed at; an older click of the same session is wanted no more."""
        self._workshop(peer, message).check_session(message)
        self._call_off_clicks(message.session)
        self._new_key(peer, message.id)
        self._begin(peer, message)

    def _call_off_clicks(self, session: str) -> None:
        """End the search for what was pointed at in a session."""
        self._call_off_all(
            lambda task: _is_about(task, messages.PointRequest, session), _REPLACED_CLICK
        )

    def _call_off_looks(self) -> None:
        """End what nobody has asked for yet: somebody wants the engines now."""
        self._call_off_all(lambda task: task.urgency is Urgency.AHEAD, _REPLACED_LOOK)

    def _call_off_all(self, is_meant: Callable[[Task], bool], parting: str) -> None:
        """Make some tasks end soon, with a sentence for whoever asked."""
        for task in self._tasks.values():
            if is_meant(task):
                task.parting = parting
                self._call_off(task)

    def _call_off_strokes(self, session: str) -> None:
        """End the patches that are under way for a session."""
        for key, upload in list(self._uploads.items()):
            if (
                isinstance(upload.request, messages.RefineRequest)
                and upload.request.session == session
            ):
                del self._uploads[key]
                self._refuse(*key, protocol.CANCELLED, _REPLACED)
        self._call_off_all(lambda task: _is_about(task, messages.RefineRequest, session), _REPLACED)

    def _adjust(self, peer: bytes, message: messages.AdjustRequest, payload: Payload) -> None:
        """Make room for a mask."""
        key = self._new_key(peer, message.id)
        self._check_size(message.mask)
        self._expect(key, message)

    def _draw_row(self, peer: bytes, message: messages.DrawRow, payload: Payload) -> None:
        """Make room for a row's pixels; draw it at once where it is words alone."""
        key = self._new_key(peer, message.id)
        self._check_size(message.image)
        if message.parts():
            self._expect(key, message)
        else:
            self._begin(peer, message)

    def _check_size(self, image: messages.ImageHeader) -> None:
        if image.pixels > self._settings.max_pixels:
            raise TooLargeError(
                _(
                    "The image has {megapixels:.4g} megapixels, the limit is {max_megapixels:g}. Scale it "
                    "down or work on a part of it, or raise max_megapixels in Flyaway's settings."
                ).format(
                    megapixels=image.pixels / 1e6,
                    max_megapixels=self._settings.max_megapixels,
                )
            )

    def _workshop(self, peer: bytes, request: Message) -> Workshop:
        """Who does a request: the computer that is chosen, but for what is better or must be done here.

        Without an engine, as a mask is adjusted, a selection described and a comparison drawn, this computer is faster than any line; a
        session stays where it was opened; what another computer asks for goes no further.
        """
        if self._elsewhere is None or self._transport.client_of(peer):
            return self._here
        if isinstance(
            request, (messages.AdjustRequest, messages.DescribeRequest, messages.DrawRow)
        ):
            return self._here
        session = getattr(request, "session", "")
        is_here = getattr(request, "here", False) or (session and self._here.has_session(session))
        return self._here if is_here or not self._elsewhere.is_chosen else self._elsewhere

    def _expect(self, key: Key, message: Uploaded) -> None:
        """Make room for the pixels of a message, and ask for them."""
        size = sum(message.parts().values())
        most_bytes = self._settings.remote_memory_mb * 1_000_000
        places.check_memory(self._place(key[0], nbytes=size), self._places(), most_bytes)
        self._uploads[key] = Upload(message, self._clock())
        self._send(key[0], messages.Ready(message.id))

    def _new_key(self, peer: bytes, request_id: str, is_batch: bool = False) -> Key:
        """The key of a new request; refuses one too many, and one that is known already."""
        key = (peer, request_id)
        if key in self._uploads or key in self._tasks or key in self._deliveries:
            raise RequestError(_("A request with this id is being worked on. Use a new id."))
        wanted = self._place(peer, is_batch)
        places.check(wanted, self._places(), self._settings.max_waiting)
        return key

    def _place(self, peer: bytes, is_batch: bool = False, nbytes: int = 0) -> Place:
        client, program = self._transport.client_of(peer), self._programs.get(peer, "")
        return Place(client, program, is_batch, nbytes)

    def _places(self) -> list[Place]:
        """All that are taken."""
        uploading = (
            (peer, _is_batch(upload.request), sum(upload.request.parts().values()))
            for (peer, _), upload in self._uploads.items()
        )
        others = (
            (task.peer, task.urgency is Urgency.BATCH, task.nbytes)
            for task in (*self._tasks.values(), *self._deliveries.tasks)
        )
        return [self._place(*one) for one in (*uploading, *others)]

    def _is_busy(self, peer: bytes) -> bool:
        """Whether something of a peer is under way."""
        return any(peer == one for one, _ in (*self._uploads, *self._tasks, *self._deliveries))

    def _take_strip(self, peer: bytes, message: messages.Strip, payload: Payload) -> None:
        key = (peer, message.id)
        upload = self._uploads.get(key)
        if upload is None:
            return  # of a request that was refused or cancelled while its strips were on their way
        if payload is None:
            raise MessageError("a strip has a payload frame")
        upload.add(message, payload, self._clock())
        if upload.is_complete:
            del self._uploads[key]
            self._begin(peer, upload.request, upload.parts)

    def _begin(
        self,
        peer: bytes,
        request: Message,
        parts: Mapping[str, mmap.mmap] | None = None,
        payload: bytes = b"",
    ) -> None:
        """Begin the work on a request, and know of it until it is answered. Looks ahead of clicks end for what is solved."""
        if isinstance(
            request, (messages.ExtractRequest, messages.RefineRequest, messages.PointRequest)
        ):
            self._call_off_looks()
        asked = Asked(
            peer,
            request,
            parts or {},
            payload,
            client=self._transport.client_of(peer),
            language=self._transport.language_of(peer),
        )
        task = self._workshop(peer, request).begin(asked)
        task.nbytes = sum(map(len, asked.parts.values()))
        self._tasks[task.peer, task.id] = task

    def _cancel(self, peer: bytes, message: messages.Cancel, payload: Payload) -> None:
        """Stop a request; the answer to a running one comes when its work has ended."""
        key = (peer, message.id)
        if self._uploads.pop(key, None) is not None:
            raise CancelledError(_("The request was cancelled."))
        task = self._tasks.get(key)
        if task is not None:
            self._call_off(task)

    def _describe(self, peer: bytes, message: messages.DescribeRequest, payload: Payload) -> None:
        if payload is None or len(payload) != message.payload_bytes:
            raise MessageError(f"describe has a payload frame of {message.payload_bytes} bytes")
        self._new_key(peer, message.id)
        self._begin(peer, message, payload=bytes(payload))

    def _download(self, peer: bytes, message: messages.DownloadRequest, payload: Payload) -> None:
        self._new_key(peer, message.id)
        self._workshop(peer, message).check(message)
        self._begin(peer, message)

    def _call_off(self, task: Task) -> None:
        """Make a task end soon; one that still waits ends now, and its memory is free."""
        task.is_cancelled.set()
        if any(workshop.withdraw(task) for workshop in self._workshops):
            self._ended.put((task, CancelledError(task.parting)))

    def _answer_status(
        self, peer: bytes, message: messages.StatusRequest, payload: Payload
    ) -> None:
        running = sum(task.is_running for task in self._tasks.values())
        reply = messages.StatusReply(
            id=message.id,
            daemon=flyaway.__version__,
            pid=os.getpid(),
            uptime_s=self._clock() - self._started_s,
            warm=self._engines.warm_engines,
            running=running,
            queued=len(self._uploads) + len(self._tasks) + len(self._deliveries) - running,
            done=self._done_count,
            rss_bytes=memory.resident_bytes(),
        )
        self._send(peer, reply)

    def _answer_engines(
        self, peer: bytes, message: messages.EnginesRequest, payload: Payload
    ) -> None:
        if self._workshop(peer, message) is self._here:
            self._send(peer, messages.EnginesReply(message.id, self._here.infos()))
        else:
            self._begin(peer, message)

    def _use_remote(self, peer: bytes, message: messages.UseRemote, payload: Payload) -> None:
        if self._transport.client_of(peer):
            raise RequestError(_("A computer's work is sent elsewhere by its own users alone."))
        if self._elsewhere is not None:
            self._elsewhere.choose(message.name)
        elif message.name:
            raise RequestError(_("This daemon sends no work elsewhere."))
        self._send(peer, messages.RemoteUsed(message.id, message.name))

    def _shut_down(self, peer: bytes, message: messages.Shutdown, payload: Payload) -> None:
        if self._transport.client_of(peer):
            raise RequestError(_("A daemon is stopped on its own computer alone."))
        log.info("told to stop")
        self._send(peer, messages.ShutdownReply(message.id))
        self.stop()

    # --- what goes out

    def _take_back(self, task: Task, error: FlyawayError | None) -> None:
        """Put what became of a task where the server's thread finds it; called in the worker's."""
        self._ended.put((task, error))
        self._transport.wake()

    def _answer_ended(self) -> None:
        while not self._ended.empty():
            task, error = self._ended.get()
            self._tasks.pop((task.peer, task.id), None)
            self._busy_s = self._clock()
            self._done_count += 1
            _log_ended(task, error)
            if error is None:
                self._deliveries.add(task, self._clock())
            else:
                self._refuse(task.peer, task.id, error.code, str(error))
                task.close()

    def _deliver(self) -> None:
        """Send of the results what their clients read."""
        gone, unread = self._deliveries.go_on(self._clock())
        for task in gone:
            log.info("request %s: the client left before its result", task.id)
        for task in unread:
            log.info("request %s: the client does not read its result", task.id)
            self._refuse(task.peer, task.id, protocol.CANCELLED, _UNREAD)

    def _deliver_last(self) -> None:
        """Send what is read within the time that stopping may take."""
        until_s = time.monotonic() + _STOP_WAIT_S
        self._deliver()
        while self._deliveries and time.monotonic() < until_s:
            time.sleep(_DELIVERING_S)
            self._deliver()

    def _refuse(self, peer: bytes, request_id: str, code: str, sentence: str) -> None:
        """Answer with an error; a sentence that quotes what a client sent is kept short."""
        most = protocol.MAX_SENTENCE_CHARS
        short = sentence if len(sentence) <= most else sentence[:most]
        self._send(peer, messages.ErrorReply(request_id[:64], code, short))

    def _send(self, peer: bytes, message: Message) -> None:
        """Send a message to a peer that may be gone; then nobody waits for it."""
        if not self._reaches(peer, message):
            log.info("a client left before its answer")

    # --- what time brings

    def _tick(self) -> None:
        now_s = self._ticked_s = self._clock()
        self._drop_late_uploads(now_s)
        if now_s - self._progress_sent_s >= _PROGRESS_EVERY_S:
            self._progress_sent_s = now_s
            self._send_progress()
        if now_s - self._kept_s >= _KEEP_PLACE_EVERY_S:
            self._kept_s = now_s
            if not self._keep_place():
                self.stop()
        if self._tasks or self._uploads or self._deliveries:
            self._busy_s, self._has_rested = now_s, False
            return
        self._rest(now_s)
        self._engines.unload_idle()
        limit_s = self._settings.idle_exit_minutes * 60
        if limit_s and now_s - self._busy_s > limit_s:
            log.info("unused for %g minutes", self._settings.idle_exit_minutes)
            self.stop()

    def _rest(self, now_s: float) -> None:
        """Give memory back to the system once after work, and after strangers, who make libzmq hold some."""
        if self._transport.arrivals != self._arrivals:
            self._arrivals, self._arrived_s = self._transport.arrivals, now_s
            self._has_rested = False
        if not self._has_rested and now_s - max(self._busy_s, self._arrived_s) > _REST_S:
            self._has_rested = True
            memory.give_back()

    def _drop_late_uploads(self, now_s: float) -> None:
        for key, upload in list(self._uploads.items()):
            if upload.is_late(now_s):
                log.info("request %s: its pixels stopped coming", key[1])
                del self._uploads[key]
                sentence = _("The picture took too long to arrive. Try again.")
                self._refuse(*key, protocol.BAD_REQUEST, sentence)

    def _send_progress(self) -> None:
        """Send how far uploads and tasks are; a client that is gone wants them no more."""
        for key in list(self._uploads):
            if not self._reaches(key[0], messages.Progress(key[1], _("Receiving"), 0.0)):
                log.info("request %s: the client is gone before its pixels came", key[1])
                del self._uploads[key]
        for task in self._tasks.values():
            if self._reaches(task.peer, messages.Progress(task.id, task.stage, task.fraction)):
                self._send_preview(task)
                continue
            if not task.is_cancelled.is_set():
                log.info("request %s: the client is gone, its work stops", task.id)
            self._call_off(task)

    def _send_strokes_previews(self) -> None:
        """Send early results of patches at once: who draws waits for them."""
        for task in self._tasks.values():
            if _is_drawn(task):
                self._send_preview(task)

    def _send_preview(self, task: Task) -> None:
        preview = task.take_preview()
        if preview is not None and self._transport.has_room(task.peer):
            with contextlib.suppress(PeerGoneError):  # noticed at the next progress
                self._transport.send(task.peer, *preview)

    def _reaches(self, peer: bytes, message: Message) -> bool:
        """Send a message; False if the peer is gone."""
        try:
            self._transport.send(peer, message)
        except PeerGoneError:
            return False
        return True


def _readable_id(header: Mapping[str, Any]) -> str:
    """The id of a message of which nothing else is known to be right; "" where it has none that can be sent back."""
    found = header.get("id")
    return found if isinstance(found, str) and is_unicode(found) else ""


def _content(frame: Frame) -> memoryview:
    return frame.buffer if isinstance(frame, zmq.Frame) else frame


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _is_about(task: Task, kind: type[Message], session: str) -> bool:
    """Whether a task is of this kind and about that session, wherever it is worked on."""
    request = getattr(task, "request", None)
    return isinstance(request, kind) and getattr(request, "session", None) == session


def _is_drawn(task: Task) -> bool:
    return isinstance(getattr(task, "request", None), messages.RefineRequest)


def _is_batch(request: Message) -> bool:
    return isinstance(request, messages.ExtractRequest) and request.is_batch


def _log_ended(task: Task, error: FlyawayError | None) -> None:
    """One line a request: id, size, what became of it, how long it took; never pixels."""
    became = f"{error.code}: {error}" if error else task.result
    whose = f" of {task.client}" if task.client else ""
    log.info("request %s%s: %s, %s, %.2f s", task.id, whose, task.subject, became, task.seconds)
