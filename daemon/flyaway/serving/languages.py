"""Which language each client reads: English, unless it has said otherwise in its hello."""

from __future__ import annotations

_MOST_REMEMBERED = 4096
"""More than can be connected at once; whoever of so many came first is gone, or reads English again."""

_MOST_CHARS = 16
"""Of a language's code: it comes from outside, and is kept."""


class Languages:
    """The languages of those clients that read another one than English."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}  # in the order they came

    def learn(self, peer: bytes, language: str) -> None:
        """Take in what a client reads.

        Args:
            peer: whoever said it, opaque here.
            language: such as "de"; "" for English.
        """
        self._known.pop(peer, None)
        if not language or len(language) > _MOST_CHARS:
            return
        self._known[peer] = language
        if len(self._known) > _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def forget(self, peer: bytes) -> None:
        """Keep nothing of a client that is gone."""
        self._known.pop(peer, None)

    def of(self, peer: bytes) -> str:
        """What a client reads; "" for English."""
        return self._known.get(peer, "")
