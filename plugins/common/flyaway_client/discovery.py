"""Find the running daemon, or start one: from the connection file to an authenticated greeting."""

from __future__ import annotations

import hmac
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import connection, launch, messages, protocol, texts, wording
from .errors import CancelledError, DaemonUnreachableError, TransportError, VersionError
from .wording import _
from .zmtp import Dealer, Line, Patience

ATTEMPT_S = 3.0
"""How long one daemon may take to answer hello; it answers in milliseconds unless it hangs."""

POLL_FILE_S = 0.03
START_AGAIN_S = 2.0
"""After a lost race with a daemon that was just about to exit, nobody is left: start once more."""

_LOG_TAIL_BYTES = 2000

StopQuestion = Callable[[], bool]


@dataclass(frozen=True)
class Greeted:
    """A connection on which the daemon has proved who it is."""

    dealer: Line
    reply: messages.HelloReply


@dataclass(frozen=True)
class Finder:
    """How one client looks for its daemon.

    `name` introduces the client; `launch_argv` overrides what launch.json says.
    """

    name: str
    folder: Path
    start: bool = True
    launch_argv: tuple[str, ...] | None = None
    timeout_s: float = 15.0

    def find(self, should_stop: StopQuestion | None = None) -> Greeted:
        """Connect to the daemon, starting it where there is none.

        Raises:
            DaemonUnreachableError: there is none, and it could not be started in time.
            VersionError: it speaks another major version.
            CancelledError: `should_stop` said so.
        """
        untrusted = connection.refusal(self.folder)
        if untrusted:
            raise DaemonUnreachableError(untrusted)
        deadline = time.monotonic() + self.timeout_s
        greeted = self._attempt(deadline, should_stop)
        if greeted is not None:
            return greeted
        if not self.start:
            raise DaemonUnreachableError(
                _("Flyaway's daemon is not running. Start it with `flyaway daemon start`.")
            )
        return self._start_and_wait(self._argv(), deadline, should_stop)

    def _argv(self) -> Sequence[str]:
        """The command line of the daemon."""
        advice = launch.sandbox_advice()
        if advice:
            raise DaemonUnreachableError(advice)
        argv = self.launch_argv or launch.read_launch(self.folder)
        if not argv:
            raise DaemonUnreachableError(
                _(
                    "Flyaway's daemon is a program of its own, which is not installed on this computer or "
                    "has never been run. {install} Then run `flyaway install` in a terminal and "
                    "try again."
                ).format(install=texts.WHERE_FLYAWAY_IS)
            )
        return argv

    def _start_and_wait(
        self, argv: Sequence[str], deadline: float, should_stop: StopQuestion | None
    ) -> Greeted:
        """Start the daemon, then try the connection file until it answers.

        Several clients may do this at once: one daemon wins the lock, the others exit, and all
        clients end up with the winner.
        """
        process = self._spawn(argv)
        started = time.monotonic()
        while time.monotonic() < deadline:
            status = process.poll()
            greeted = self._attempt(deadline, should_stop)
            if greeted is not None:
                return greeted
            if status is not None and status != launch.LOST_THE_RACE:
                raise DaemonUnreachableError(self._why_it_ended(status))
            if status is not None and time.monotonic() - started > START_AGAIN_S:
                process = self._spawn(argv)
                started = time.monotonic()
            if should_stop is not None and should_stop():
                raise CancelledError
            time.sleep(POLL_FILE_S)
        raise DaemonUnreachableError(
            _(
                "Flyaway's daemon did not answer within {seconds:.0f} seconds. Run `flyaway daemon "
                "stop`, then try again; `flyaway daemon logs` shows what it was doing."
            ).format(seconds=self.timeout_s)
        )

    def _spawn(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        try:
            return launch.start(argv, self.folder)
        except OSError as error:
            if self._is_about_the_folder(error):
                raise DaemonUnreachableError(connection.unusable(self.folder, error)) from error
            if isinstance(error, FileNotFoundError):
                raise DaemonUnreachableError(
                    _(
                        "The program that starts Flyaway's daemon, {program}, is not there any more. Run `flyaway "
                        "install` in a terminal, then try again. {install}"
                    ).format(program=argv[0], install=texts.WHERE_FLYAWAY_IS)
                ) from error
            raise DaemonUnreachableError(
                _(
                    "Flyaway's daemon could not be started: {why}. Run `flyaway install` in a terminal, "
                    "then try again."
                ).format(why=error.strerror or error)
            ) from error

    def _is_about_the_folder(self, error: OSError) -> bool:
        """Whether the home folder is what failed, something in it, or what it would lie in."""
        named = Path(str(error.filename))
        return self.folder in (named, *named.parents) or named in self.folder.parents

    def _why_it_ended(self, status: int) -> str:
        """A sentence about a daemon that ended right after its start, with its last words."""
        try:
            content = (self.folder / connection.LOG_NAME).read_bytes()[-_LOG_TAIL_BYTES:]
        except OSError:
            content = b""
        lines = content.decode("utf-8", "replace").strip().splitlines()
        last = _(" Its last words: {words}").format(words=lines[-1]) if lines else ""
        return _(
            "Flyaway's daemon ended at once (status {status}). Run `flyaway doctor` in a terminal "
            "to see why.{last}"
        ).format(status=status, last=last)

    def _attempt(self, deadline: float, should_stop: StopQuestion | None) -> Greeted | None:
        """Greet the daemon that the connection file names; None where none answers rightly.

        Whether its pid lives is not asked: a sandbox does not see it, and it may be another's now.
        """
        file = connection.ConnectionFile.read(self.folder)
        if file is None:
            return None
        patience = Patience(max(0.1, min(ATTEMPT_S, deadline - time.monotonic())), should_stop)
        try:
            dealer = Dealer.connect(file.address, connection.USERNAME, file.password, patience)
        except TransportError:
            return None
        try:
            return Greeted(dealer, self._greet(dealer, file, patience))
        except (TransportError, messages.MessageError):
            dealer.close()
            return None
        except BaseException:
            dealer.close()
            raise

    def _greet(
        self, dealer: Dealer, file: connection.ConnectionFile, patience: Patience
    ) -> messages.HelloReply:
        """Say hello and check the proof.

        Raises:
            VersionError: the daemon speaks another major version.
            TransportError, MessageError: whoever answers is not our daemon.
        """
        nonce = secrets.token_hex(32)
        hello = messages.Hello(
            protocol=protocol.VERSION,
            client=self.name,
            nonce=nonce,
            language=wording.language(),
        )
        dealer.send([messages.encode(hello)], patience)
        reply = messages.decode(dealer.receive(patience)[0])
        if isinstance(reply, messages.ErrorReply) and _is_other_version(reply, file):
            said = reply.message[: protocol.MAX_SENTENCE_CHARS]
            raise VersionError(said if said.strip() else _version_sentence(file.protocol))
        if not isinstance(reply, messages.HelloReply):
            raise TransportError("no answer to hello")
        if not hmac.compare_digest(
            reply.proof.encode(), connection.proof(file.secret, nonce).encode()
        ):
            raise TransportError("a wrong proof")
        if reply.protocol[:1] != protocol.VERSION[:1]:
            raise VersionError(_version_sentence(reply.protocol))
        return reply


def _is_other_version(reply: messages.ErrorReply, file: connection.ConnectionFile) -> bool:
    """Whether a refusal fits what the file says; an error alone proves nothing about its sender."""
    return reply.code == protocol.WRONG_VERSION and file.protocol[:1] != protocol.VERSION[:1]


def _version_sentence(theirs: tuple[int, ...]) -> str:
    if theirs[:1] > protocol.VERSION[:1]:
        return _(
            "This plugin is older than Flyaway's daemon. Run `flyaway install` in a terminal and "
            "restart this program."
        )
    return _(
        "Flyaway's daemon is older than this plugin. Run `flyaway update` in a terminal, then "
        "`flyaway daemon stop`, and try again."
    )
