"""The daemon's desk: what each message of a client leads to, from hello to the last strip of the result.

Knows messages and bytes, not pixels; the work is done in `jobs.Worker`'s thread, all else in the thread
that calls `Server.run`. Neither numpy nor torch is imported before the first request.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import zmq

import flyaway
from flyaway.config import Settings
from flyaway.errors import BusyError, CancelledError, FlyawayError, RequestError, TooLargeError
from flyaway.serving.jobs import Done, Download, Job, Worker
from flyaway.serving.process import resident_bytes
from flyaway.serving.transport import PeerGoneError, Transport
from flyaway.serving.uploads import Upload
from flyaway_client import connection, messages, protocol
from flyaway_client.messages import ImageHeader, Message, MessageError

if TYPE_CHECKING:
    from flyaway.extraction.pipeline import Outcome
    from flyaway.serving.workshop import Workshop

log = logging.getLogger(__name__)

_TICK_S = 0.25
_PROGRESS_EVERY_S = 0.5
_UPLOAD_SILENCE_S = 30.0
_STOP_WAIT_S = 2.0
_STOPPING = "Flyaway's daemon was told to stop. Try again, which starts it anew."
_SENTENCE_CHARS = 1000

Key = tuple[bytes, str]
"""A request: whose it is, and the id they gave it."""


class Server:
    """Serves clients until it is told to stop, or has been idle for as long as the settings say.

    Args:
        settings: limits and times.
        workshop: the engines.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        workshop: Workshop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._workshop = workshop
        self._clock = clock
        secrets = connection.ConnectionFile.create(address="")
        self._transport = Transport(secrets.password)
        self.connection_file = connection.ConnectionFile(
            self._transport.address,
            secrets.password,
            secrets.secret,
            secrets.pid,
            secrets.protocol,
        )
        self._worker: Worker[Job] = Worker(
            workshop.extract, self._take_back, workshop.is_ready, workshop.prepare
        )
        self._downloader: Worker[Download] = Worker(workshop.download, self._take_back)
        self._finished: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._uploads: dict[Key, Upload] = {}
        self._jobs: dict[Key, Job | Download] = {}
        self._told_s: dict[Key, float] = {}
        self._done_count = 0
        self._started_s = self._busy_s = self._ticked_s = clock()
        self._is_stopping = threading.Event()
        self._handlers: dict[type[Message], Callable[[bytes, Message, Payload], None]] = {
            messages.Hello: self._greet,
            messages.ExtractRequest: self._accept,
            messages.Strip: self._take_strip,
            messages.Cancel: self._cancel,
            messages.StatusRequest: self._tell_status,
            messages.EnginesRequest: self._tell_engines,
            messages.DownloadRequest: self._download,
            messages.Shutdown: self._shut_down,
        }

    def run(self) -> None:
        """Serve; returns once stopped, with all work ended and the sockets closed."""
        self._worker.start()
        self._downloader.start()
        try:
            while not self._is_stopping.is_set():
                for peer, frames in self._transport.receive(round(_TICK_S * 1000)):
                    self._handle(peer, frames)
                self._return_finished()
                if self._clock() - self._ticked_s >= _TICK_S:
                    self._tick()
        finally:
            for job in self._jobs.values():
                job.parting = _STOPPING
                self._call_off(job)
            for peer, request_id in self._uploads:
                self._refuse(peer, request_id, protocol.CANCELLED, _STOPPING)
            self._worker.stop(_STOP_WAIT_S)
            self._downloader.stop(_STOP_WAIT_S)
            self._return_finished()
            self._transport.close()

    def stop(self) -> None:
        """Make `run` return soon; safe in a signal handler and from other threads."""
        self._is_stopping.set()

    # What comes in

    def _handle(self, peer: bytes, frames: Sequence[zmq.Frame]) -> None:
        """Answer one message; whatever is wrong with it becomes an error reply, never the daemon's end."""
        request_id = ""
        try:
            if not 1 <= len(frames) <= protocol.MAX_FRAMES:
                raise MessageError(f"a message has 1 to {protocol.MAX_FRAMES} frames")
            header = messages.read_header(frames[0].bytes)
            request_id = header["id"] if isinstance(header.get("id"), str) else ""
            kind = messages.MESSAGES.get(header["type"])
            handler = self._handlers.get(kind) if kind else None
            if kind is None or handler is None:
                self._refuse(
                    peer,
                    request_id,
                    protocol.UNKNOWN_REQUEST,
                    f"This daemon ({flyaway.__version__}) does not know the request "
                    f"{header['type'][:40]!r}. Update Flyaway, then stop the daemon with "
                    "`flyaway daemon stop`.",
                )
                return
            if kind is not messages.Strip:
                self._busy_s = self._clock()
            handler(peer, kind.from_header(header), frames[1].buffer if len(frames) > 1 else None)
        except MessageError as error:
            self._uploads.pop((peer, request_id), None)
            sentence = f"The request is not as the protocol says: {error}."
            self._refuse(peer, request_id, protocol.BAD_REQUEST, sentence)
        except FlyawayError as error:
            self._refuse(peer, request_id, error.code, str(error))
        except Exception:
            log.exception("a message could not be handled")
            self._uploads.pop((peer, request_id), None)
            sentence = "The daemon failed at this request. `flyaway daemon logs` tells more."
            self._refuse(peer, request_id, protocol.INTERNAL, sentence)

    def _greet(self, peer: bytes, message: Message, payload: Payload) -> None:
        assert isinstance(message, messages.Hello)
        log.info("hello from %.60r", message.client)
        if message.protocol[:1] != protocol.VERSION[:1]:
            is_older = message.protocol < protocol.VERSION
            sentence = (
                f"The plugin speaks protocol {_dotted(message.protocol)}, the daemon "
                f"{_dotted(protocol.VERSION)}. Update the {'plugin' if is_older else 'daemon'}: run "
                f"{'`flyaway install`' if is_older else '`pip install -U flyaway`'}, then restart "
                f"{'the editor' if is_older else 'the daemon with `flyaway daemon stop`'}."
            )
            self._refuse(peer, "", protocol.WRONG_VERSION, sentence)
            return
        reply = messages.HelloReply(
            protocol=protocol.VERSION,
            daemon=flyaway.__version__,
            proof=connection.proof(self.connection_file.secret, message.nonce),
            pid=os.getpid(),
            max_pixels=self._settings.max_pixels,
        )
        self._send(peer, reply)

    def _accept(self, peer: bytes, message: Message, payload: Payload) -> None:
        """Check a request by its header alone and make room for its pixels."""
        assert isinstance(message, messages.ExtractRequest)
        key = self._new_key(peer, message.id)
        if message.image.pixels > self._settings.max_pixels:
            raise TooLargeError(
                f"The image has {message.image.pixels / 1e6:.4g} megapixels, the limit is "
                f"{self._settings.max_megapixels:g}. Scale it down or work on a part of it, or raise "
                "max_megapixels in Flyaway's settings."
            )
        self._workshop.check(message)
        self._uploads[key] = Upload(message, self._clock())
        self._send(peer, messages.Ready(message.id))

    def _new_key(self, peer: bytes, request_id: str) -> Key:
        """The key of a new request; refuses one too many, and one that is known already."""
        key = (peer, request_id)
        if key in self._uploads or key in self._jobs:
            raise RequestError("A request with this id is being worked on. Use a new id.")
        if len(self._uploads) + len(self._jobs) >= self._settings.max_waiting:
            raise BusyError(
                f"Flyaway is working on {self._settings.max_waiting} requests already. Wait for one "
                "to finish, or cancel one, and try again."
            )
        return key

    def _take_strip(self, peer: bytes, message: Message, payload: Payload) -> None:
        assert isinstance(message, messages.Strip)
        key = (peer, message.id)
        upload = self._uploads.get(key)
        if upload is None:
            return  # of a request that was refused or cancelled while its strips were on their way
        if payload is None:
            raise MessageError("a strip has a payload frame")
        upload.add(message, payload, self._clock())
        if upload.is_complete:
            del self._uploads[key]
            job = self._jobs[key] = Job(peer, upload.request, upload.parts)
            self._worker.submit(job)

    def _cancel(self, peer: bytes, message: Message, payload: Payload) -> None:
        """Stop a request; the answer to a running one comes when its work has ended."""
        assert isinstance(message, messages.Cancel)
        key = (peer, message.id)
        if self._uploads.pop(key, None) is not None:
            raise CancelledError("The request was cancelled.")
        job = self._jobs.get(key)
        if job is not None:
            self._call_off(job)

    def _download(self, peer: bytes, message: Message, payload: Payload) -> None:
        assert isinstance(message, messages.DownloadRequest)
        key = self._new_key(peer, message.id)
        self._workshop.check(message)
        download = self._jobs[key] = Download(peer, message)
        self._downloader.submit(download)

    def _call_off(self, job: Job | Download) -> None:
        """Make a job end soon; one that still waits ends now, and its memory is free."""
        job.is_cancelled.set()
        is_out = (
            self._worker.withdraw(job) if isinstance(job, Job) else self._downloader.withdraw(job)
        )
        if is_out:
            self._finished.put(Done(job, 0.0, error=CancelledError(job.parting)))

    def _tell_status(self, peer: bytes, message: Message, payload: Payload) -> None:
        assert isinstance(message, messages.StatusRequest)
        running = sum(job.is_running for job in self._jobs.values())
        reply = messages.StatusReply(
            id=message.id,
            daemon=flyaway.__version__,
            pid=os.getpid(),
            uptime_s=self._clock() - self._started_s,
            warm=self._workshop.warm_engines,
            running=running,
            queued=len(self._uploads) + len(self._jobs) - running,
            done=self._done_count,
            rss_bytes=resident_bytes(),
        )
        self._send(peer, reply)

    def _tell_engines(self, peer: bytes, message: Message, payload: Payload) -> None:
        assert isinstance(message, messages.EnginesRequest)
        self._send(peer, messages.EnginesReply(message.id, self._workshop.infos()))

    def _shut_down(self, peer: bytes, message: Message, payload: Payload) -> None:
        assert isinstance(message, messages.Shutdown)
        log.info("told to stop")
        self._send(peer, messages.ShutdownReply(message.id))
        self.stop()

    # What goes out

    def _take_back(self, done: Done) -> None:
        """Put what became of a job where the server's thread finds it; called in the worker's."""
        self._finished.put(done)
        self._transport.wake()

    def _return_finished(self) -> None:
        while not self._finished.empty():
            done = self._finished.get()
            key = (done.job.peer, done.job.request.id)
            self._jobs.pop(key, None)
            self._told_s.pop(key, None)
            self._busy_s = self._clock()
            self._done_count += 1
            _log_done(done)
            if done.error is not None:
                self._refuse(key[0], key[1], done.error.code, str(done.error))
            elif isinstance(done.job, Job) and done.outcome is not None:
                self._send_result(done.job, done.seconds, done.outcome)
            elif isinstance(done.job, Download):
                self._send(key[0], messages.DownloadReply(key[1], done.job.request.engine))

    def _send_result(self, job: Job, seconds: float, outcome: Outcome) -> None:
        peer, request = job.peer, job.request
        width, height = request.image.width, request.image.height
        parts = {"alpha": outcome.alpha.data}
        foreground = None
        if outcome.foreground is not None:
            depth = "u8" if outcome.foreground.itemsize == 1 else "u16"
            foreground = ImageHeader(width, height, "rgb", depth)
            parts["foreground"] = outcome.foreground.data
        result = messages.ExtractResult(
            id=request.id,
            alpha=ImageHeader(width, height, "gray", request.output_dtype),
            engine=outcome.engine,
            device=outcome.device,
            seconds=seconds,
            notes=outcome.notes,
            foreground=foreground,
        )
        try:
            self._transport.send(peer, result)
            for name, pixels in parts.items():
                self._send_part(peer, request.id, name, memoryview(pixels).cast("B"))
        except PeerGoneError:
            log.info("request %s: the client left before its result", request.id)

    def _send_part(self, peer: bytes, request_id: str, name: str, content: memoryview) -> None:
        for offset in range(0, len(content), protocol.STRIP_BYTES):
            strip = messages.Strip(request_id, name, offset)
            self._transport.send(peer, strip, content[offset : offset + protocol.STRIP_BYTES])

    def _refuse(self, peer: bytes, request_id: str, code: str, sentence: str) -> None:
        """Answer with an error; a sentence that quotes what a client sent is kept short."""
        self._send(peer, messages.ErrorReply(request_id[:64], code, sentence[:_SENTENCE_CHARS]))

    def _send(self, peer: bytes, message: Message) -> None:
        """Send a message to a peer that may be gone; then nobody waits for it."""
        try:
            self._transport.send(peer, message)
        except PeerGoneError:
            log.info("a client left before its answer")

    # What time brings

    def _tick(self) -> None:
        now_s = self._ticked_s = self._clock()
        for key, upload in list(self._uploads.items()):
            if now_s - upload.last_heard_s > _UPLOAD_SILENCE_S:
                log.info("request %s: its pixels stopped coming", key[1])
                del self._uploads[key]
        for key, job in self._jobs.items():
            if now_s - self._told_s.get(key, 0.0) >= _PROGRESS_EVERY_S:
                self._told_s[key] = now_s
                self._tell_progress(key, job)
        if self._jobs or self._uploads:
            self._busy_s = now_s
            return
        self._workshop.unload_idle()
        limit_s = self._settings.idle_exit_minutes * 60
        if limit_s and now_s - self._busy_s > limit_s:
            log.info("unused for %g minutes", self._settings.idle_exit_minutes)
            self.stop()

    def _tell_progress(self, key: Key, job: Job | Download) -> None:
        """Say how far a job is; a client that is gone wants it no more."""
        try:
            self._transport.send(key[0], messages.Progress(key[1], job.stage, job.fraction))
        except PeerGoneError:
            if not job.is_cancelled.is_set():
                log.info("request %s: the client is gone, its work stops", key[1])
            self._call_off(job)


Payload = memoryview | None
"""The second frame of a message, if it has one."""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _log_done(done: Done) -> None:
    """One line a request: id, size, what became of it, how long it took; never pixels."""
    request = done.job.request
    if isinstance(request, messages.DownloadRequest):
        subject = f"download of {request.engine}"
    else:
        subject = f"{request.image.width}x{request.image.height} {request.image.dtype}"
    if done.error is not None:
        became = f"{done.error.code}: {done.error}"
    elif done.outcome is not None:
        became = f"done by {done.outcome.engine} on {done.outcome.device or 'nothing'}"
    else:
        became = "done"
    log.info("request %s: %s, %s, %.2f s", request.id, subject, became, done.seconds)
