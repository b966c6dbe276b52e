"""Who is let in at the port, and what becomes of those who do not speak its language."""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.daemon.servers import PATIENCE_S, Daemon

from flyaway.serving import doorway
from flyaway.serving.transport import PeerGoneError, Transport
from flyaway_client import connection, messages, protocol

CASES = 1500

REFUSED = b"RROR"
"""What is in the answer to a wrong password; libzmq 4.3.5 misspells the E."""

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"PLAIN".ljust(20, b"\0") + bytes(32)


def command(name: bytes, body: bytes) -> bytes:
    """A ZMTP command frame."""
    content = bytes([len(name)]) + name + body
    return b"\x04" + bytes([len(content)]) + content


def login(password: str) -> list[tuple[bytes, bytes]]:
    """What a client says up to and with its first message, and what it hears in each answer.

    libzmq hangs up on a client that does not wait for these.
    """
    user, secret = connection.USERNAME.encode(), password.encode()
    hello = bytes([len(user)]) + user + bytes([len(secret)]) + secret
    socket_type = b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
    asked = messages.encode(messages.StatusRequest("s"))
    return [
        (GREETING + command(b"HELLO", hello), b"WELCOME"),
        (command(b"INITIATE", socket_type), b"READY"),
        (b"\x00" + bytes([len(asked)]) + asked, b"status-reply"),
    ]


def converse(connected: socket.socket, steps: list[tuple[bytes, bytes]]) -> None:
    """Say and hear what a login is made of."""
    for content, expected in steps:
        connected.sendall(content)
        heard = b""
        while expected not in heard:
            received = connected.recv(4096)
            assert received, heard
            heard += received


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A copy with a few bytes changed, cut out, put in, or its end missing."""
    result = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(result)) if result else 0
        match chance.randrange(4):
            case 0:
                result[place : place + 1] = chance.randbytes(1)
            case 1:
                del result[place : place + chance.randint(1, 9)]
            case 2:
                result[place:place] = chance.randbytes(chance.randint(1, 9))
            case _:
                del result[place:]
    return bytes(result)


def reach(daemon: Daemon) -> socket.socket:
    """A bare TCP connection to the daemon's port."""
    return socket.create_connection(("127.0.0.1", daemon.port), PATIENCE_S)


def hears_nothing_more(connected: socket.socket) -> bool:
    """Whether the daemon hangs up, whatever it says before."""
    try:
        while connected.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


class TestLogin:
    """What the password is for."""

    def test_is_at_a_loopback_port(self, daemon: Daemon) -> None:
        assert daemon.file.address.startswith("tcp://127.0.0.1:")

    def test_with_the_password_is_let_in(self, daemon: Daemon) -> None:
        with reach(daemon) as connected:
            converse(connected, login(daemon.file.password))

    @pytest.mark.parametrize("password", ["", "wrong", "f" * 64, "f" * 200])
    def test_with_a_wrong_password_is_refused(self, daemon: Daemon, password: str) -> None:
        with reach(daemon) as connected:
            converse(connected, [(login(password)[0][0], REFUSED)])

    def test_as_somebody_else_is_refused(self, daemon: Daemon) -> None:
        hello = login(daemon.file.password)[0][0].replace(b"\x07flyaway", b"\x07FLYAWAY")
        with reach(daemon) as connected:
            converse(connected, [(hello, REFUSED)])

    def test_of_others_goes_on_after_all_that(self, daemon: Daemon) -> None:
        for password in ("wrong", None):
            daemon.stranger(password).offer(messages.StatusRequest("s"))
        assert daemon.peer().hello().protocol == protocol.VERSION


class TestStrangers:
    """Those who are not let in, at the level of bytes."""

    @pytest.mark.parametrize(
        "content",
        [
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00" + bytes(512),
            GREETING.replace(b"PLAIN", b"NULL\0"),
            GREETING.replace(b"PLAIN", b"CURVE"),
            GREETING + b"\x04\xff" + b"\x05HELLO" + bytes(249),
            GREETING + b"\x06" + struct.pack(">Q", 2**40) + b"\x05HELLO",
            GREETING + b"\x06" + struct.pack(">Q", 2**63) + b"\x05HELLO",
            GREETING + command(b"INITIATE", b""),
            GREETING + b"\x00\x05hello",
        ],
        ids=lambda content: repr(content[:4] + content[12:17] + content[64:70]),
    )
    def test_are_hung_up_on(self, daemon: Daemon, content: bytes) -> None:
        with reach(daemon) as connected:
            connected.sendall(content)
            assert hears_nothing_more(connected)
        assert daemon.peer().hello().protocol == protocol.VERSION

    def test_that_stay_silent_are_hung_up_on(self, daemon: Daemon) -> None:
        with reach(daemon) as silent, reach(daemon) as slow:
            slow.sendall(GREETING[:30])
            assert hears_nothing_more(silent)
            assert hears_nothing_more(slow)

    def test_that_garble_their_login_in_every_way_change_nothing(self, daemon: Daemon) -> None:
        watcher, chance = daemon.peer(), random.Random(2026)
        before = watcher.status().rss_bytes
        steps = login(daemon.file.password)
        for _ in range(CASES):
            rightly = chance.randrange(len(steps))
            with reach(daemon) as connected:
                converse(connected, steps[:rightly])
                connected.sendall(mutated(steps[rightly][0], chance))
        assert watcher.status().rss_bytes - before < 64 * 2**20
        assert daemon.peer().hello().protocol == protocol.VERSION

    def test_that_send_too_long_a_frame_after_their_login_are_hung_up_on(
        self, daemon: Daemon
    ) -> None:
        with reach(daemon) as connected:
            converse(connected, login(daemon.file.password))
            connected.sendall(b"\x02" + struct.pack(">Q", protocol.MAX_FRAME_BYTES + 1))
            assert hears_nothing_more(connected)


@pytest.mark.skipif(os.name == "nt", reason="descriptors are POSIX'")
class TestDoorway:
    """There are only so many who have connected and not logged in."""

    def test_the_longest_waiting_makes_room_and_the_others_stay(self, daemon: Daemon) -> None:
        friend = daemon.peer()
        friend.hello()
        with ExitStack() as stack:
            strangers = [
                stack.enter_context(reach(daemon)) for _ in range(doorway.MOST_STRANGERS + 3)
            ]
            for gone in strangers[:3]:
                assert hears_nothing_more(gone)
            converse(strangers[-1], login(daemon.file.password))
            friend.hello()

    def test_those_who_were_heard_are_not_hung_up_on(
        self, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doorway, "MOST_STRANGERS", 2)
        peers = [daemon.peer() for _ in range(5)]
        for peer in peers:
            peer.hello()
        with ExitStack() as stack:
            strangers = [stack.enter_context(reach(daemon)) for _ in range(5)]
            assert hears_nothing_more(strangers[0])
            for peer in peers:
                peer.hello()


class TestTransport:
    """What the server relies on."""

    @pytest.fixture
    def transport(self) -> Iterator[Transport]:
        transport = Transport()
        yield transport
        transport.close()

    def test_waits_no_longer_than_told(self, transport: Transport) -> None:
        assert list(transport.receive(0)) == []

    def test_can_be_woken(self, transport: Transport) -> None:
        transport.wake()
        assert list(transport.receive(round(PATIENCE_S * 1000))) == []

    def test_can_be_woken_by_several_threads_at_once(self, transport: Transport) -> None:
        def wake() -> None:
            for _ in range(2000):
                transport.wake()

        threads = [threading.Thread(target=wake) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert list(transport.receive(1)) == []
        for thread in threads:
            thread.join()

    def test_says_that_a_peer_is_gone(self, transport: Transport) -> None:
        with pytest.raises(PeerGoneError):
            transport.send(b"nobody", messages.Ready("r"))

    def test_may_be_woken_when_closed(self) -> None:
        transport = Transport()
        transport.close()
        transport.wake()
