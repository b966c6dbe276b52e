"""Clients with the password that say almost the right thing, to a real daemon over real sockets."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import zmq
from tests.daemon.servers import Peer
from tests.fakes.sockets import HANDSHAKE
from tests.trust import grammar, mutants
from tests.trust.daemons import Running

from flyaway_client import connection, messages
from flyaway_client.messages import Message, MessageError
from flyaway_client.zmtp import Dealer, Patience

MOST_A_CONNECTION = 60
"""Messages after which a client leaves, if not before."""

RAW_SHARE = 0.15
"""Of the connections, how many change the bytes below the messages."""


@dataclass
class Attack:
    """What was sent so far, by type, and what came back, by type or code."""

    running: Running
    seed: int
    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def __post_init__(self) -> None:
        """Open nothing yet."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()

    @property
    def messages(self) -> int:
        """How many messages were sent."""
        return self.sent.total()

    def go_on(self, most: int, until_s: float) -> None:
        """Attack until so many messages were sent, or `time.monotonic()` is past `until_s`."""
        while self.messages < most and time.monotonic() < until_s and not self.running.has_ended():
            chance = random.Random(f"{self.seed}/{self.connections}")
            self.connections += 1
            if chance.random() < RAW_SHARE:
                self._break_the_wire(chance)
            else:
                self._converse(chance)

    def close(self) -> None:
        """Hang up everywhere."""
        self._context.destroy(linger=0)

    def _converse(self, chance: random.Random) -> None:
        """One connection: messages, some right and most not quite; it leaves in the middle or hears the answers."""
        peer = Peer(self._context, self.running.file.address, self.running.file.password)
        for index in range(chance.randint(1, MOST_A_CONNECTION)):
            self._say(peer, chance.choice(grammar.EXAMPLES), f"r{index}", chance)
            self._hear(peer)
        if chance.random() < 0.8:
            peer.send(messages.StatusRequest("last"))
            self._hear_until(peer, "last")
        peer.close()

    def _say(self, peer: Peer, example: str, id: str, chance: random.Random) -> None:
        """One message and what follows it; nothing that would rightly end the daemon."""
        header = grammar.small(example, id)
        right = messages.decode(json.dumps(header).encode())
        is_right = chance.random() < 0.3
        frame = json.dumps(header).encode() if is_right else mutants.changed(header, chance)
        if _is_shutdown(frame):
            return
        payload = grammar.payload_of(right)
        self._send(peer, right.TYPE, frame, () if payload is None else _frames(payload, chance))
        for strip, content in grammar.strips_of(right):
            if chance.random() < 0.1:
                strip = json.loads(json.dumps({**strip, "offset": chance.choice((1, 5, 2**40))}))
            frame = json.dumps(strip).encode()
            if chance.random() < 0.1:
                frame = mutants.changed(strip, chance)
            self._send(peer, messages.Strip.TYPE, frame, _frames(content, chance))
        if chance.random() < 0.05:
            self._send(
                peer, messages.Cancel.TYPE, json.dumps({"type": "cancel", "id": id}).encode(), ()
            )

    def _send(self, peer: Peer, kind: str, frame: bytes, payload: tuple[bytes, ...]) -> None:
        self.sent[kind] += 1
        peer.send(frame, *payload)

    def _hear(self, peer: Peer) -> None:
        while peer.socket.poll(0):
            self._count(peer.receive()[0])

    def _hear_until(self, peer: Peer, id: str) -> None:
        while True:
            answer = peer.receive()[0]
            self._count(answer)
            if isinstance(answer, messages.StatusReply) and answer.id == id:
                return

    def _count(self, answer: Message) -> None:
        kind = answer.code if isinstance(answer, messages.ErrorReply) else answer.TYPE
        self.answered[kind] += 1

    def _break_the_wire(self, chance: random.Random) -> None:
        """A connection whose bytes are changed, from the greeting to the last frame."""
        example = chance.choice(grammar.EXAMPLES)
        header = grammar.small(example, "raw")
        if header["type"] == messages.Shutdown.TYPE:
            header = messages.StatusRequest("raw").to_header()
        right = messages.decode(json.dumps(header).encode())
        self.sent[right.TYPE] += 1
        stream, heads = wire_of(header, grammar.payload_of(right), self.running.file.password)
        port = int(self.running.file.address.rpartition(":")[2])
        with (
            contextlib.suppress(OSError),  # hung up on
            socket.create_connection(("127.0.0.1", port), 10) as connected,
        ):
            connected.sendall(mutants.mutate_stream(stream, heads, chance))
            if chance.random() < 0.5:
                connected.shutdown(socket.SHUT_WR)
                while connected.recv(1 << 16):
                    pass


def wire_of(header: dict[str, Any], payload: bytes | None, password: str) -> tuple[bytes, int]:
    """The bytes that our own client sends for a message, from the greeting on; how many are before the payload."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HANDSHAKE)
        patience = Patience(10)
        dealer = Dealer(ours)
        dealer._handshake(connection.USERNAME, password, patience)
        content = json.dumps(header).encode()
        dealer.send([content, *([] if payload is None else [payload])], patience)
        ours.shutdown(socket.SHUT_WR)
        stream = b"".join(iter(lambda: theirs.recv(1 << 16), b""))
    return stream, len(stream) - len(payload or b"")


def _frames(payload: bytes, chance: random.Random) -> tuple[bytes, ...]:
    return mutants.payload_instead(payload, chance) if chance.random() < 0.15 else (payload,)


def _is_shutdown(frame: bytes) -> bool:
    try:
        return isinstance(messages.decode(frame), messages.Shutdown)
    except MessageError:
        return False
