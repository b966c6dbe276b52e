"""All errors the client raises. The text of each is a sentence for the user.

ClientError
├── DaemonUnreachableError    no daemon answers and none could be started
├── DaemonLostError           it went away, or fell silent, in the middle of a request
├── RefusedError              it answered no; `code` is one of protocol.py
├── CancelledError            the user no longer wants the result
├── VersionError              plugin and daemon speak different major versions
└── TransportError            what came over the wire is not what PROTOCOL.md says
    ├── PeerClosedError       the other side hung up
    └── PeerSilentError       the other side did not answer in time
"""

from __future__ import annotations

from . import protocol
from .wording import _

_UNSAID = _(
    "Flyaway's daemon refused without saying why. Run `flyaway daemon logs` in a terminal "
    "to see what it was about."
)


class ClientError(Exception):
    """Base of all errors of this package; `message` is for the user."""

    @property
    def message(self) -> str:
        """The sentence to show."""
        return str(self)


class DaemonUnreachableError(ClientError):
    """No daemon answers, and none could be started."""


class DaemonLostError(ClientError):
    """The daemon went away, or fell silent, in the middle of a request."""


class RefusedError(ClientError):
    """The daemon answered with an error; its sentence is passed on, as far as a dialog can show it."""

    def __init__(self, code: str, message: str) -> None:
        sentence = message[: protocol.MAX_SENTENCE_CHARS]
        super().__init__(sentence if sentence.strip() else _UNSAID)
        self.code = code


class CancelledError(ClientError):
    """The user no longer wants the result."""

    def __init__(self, message: str = _("Cancelled. The document is unchanged.")) -> None:
        super().__init__(message)


class VersionError(ClientError):
    """Plugin and daemon speak different major versions of the protocol."""


class TransportError(ClientError):
    """What came over the wire is not what PROTOCOL.md says; `reason` says in what."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            _(
                "Flyaway's daemon gave an answer that makes no sense here ({reason}). The document is "
                "unchanged. Stop the daemon with `flyaway daemon stop`, then try again."
            ).format(reason=reason)
        )
        self.reason = reason


class PeerClosedError(TransportError):
    """The other side hung up, or was never there."""


class PeerSilentError(TransportError):
    """The other side did not take or send anything in time."""
