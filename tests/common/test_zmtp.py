"""The DEALER against a real ROUTER, and against servers that fall silent or hang up."""

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from tests.fakes.sockets import HANDSHAKE, READY, Router, raw_server, say, wait_for_hangup

from flyaway_client import protocol, zmtp
from flyaway_client.connection import USERNAME
from flyaway_client.errors import (
    CancelledError,
    PeerClosedError,
    PeerSilentError,
    TransportError,
)
from flyaway_client.zmtp import Dealer, Patience


def test_time_in_which_the_program_did_not_run_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(now_s=0.0)
    monkeypatch.setattr(zmtp, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    patience = Patience(10)
    for _ in range(2):
        clock.now_s += 3600  # the lid was closed
        patience.check()
    clock.now_s += zmtp.ASLEEP_S
    patience.check()
    assert patience.left_s() == 10 - zmtp.ASLEEP_S
    clock.now_s += zmtp.ASLEEP_S
    with pytest.raises(PeerSilentError):
        patience.check()


@pytest.fixture
def router() -> Iterator[Router]:
    router = Router()
    yield router
    router.close()


@contextlib.contextmanager
def connected(address: str, password: str = "open sesame") -> Iterator[Dealer]:
    dealer = Dealer.connect(address, USERNAME, password, Patience(10))
    try:
        yield dealer
    finally:
        dealer.close()


@pytest.mark.parametrize(
    "size", [0, 1, 63, 64, 254, 255, 256, 257, 4096, 4097, 16383, 16384, 65535, 70000, 4 << 20]
)
def test_carries_payloads_of_any_size_both_ways(router: Router, size: int) -> None:
    payload = os.urandom(size)
    with connected(router.bind()) as dealer:
        dealer.send([b"up", payload], Patience(10))
        identity, *frames = router.socket.recv_multipart()
        assert frames == [b"up", payload]
        router.socket.send_multipart([identity, b"down", payload])
        header, received = dealer.receive(Patience(10))
        assert (header, received) == (b"down", payload)


def test_receives_many_small_messages_that_arrive_at_once(router: Router) -> None:
    with connected(router.bind()) as dealer:
        dealer.send([b"hello"], Patience(10))
        identity, _ = router.socket.recv_multipart()
        for number in range(500):
            router.socket.send_multipart([identity, b"%d" % number])
        received = [dealer.receive(Patience(10)) for _ in range(500)]
    assert received == [(b"%d" % number, None) for number in range(500)]


def test_puts_the_payload_where_it_is_told(router: Router) -> None:
    asked = []
    room = bytearray(8)

    def place(header: bytes, size: int) -> memoryview:
        asked.append((header, size))
        return memoryview(room)[2 : 2 + size]

    with connected(router.bind()) as dealer:
        dealer.send([b"hello"], Patience(10))
        identity, _ = router.socket.recv_multipart()
        router.socket.send_multipart([identity, b"here", b"abcd"])
        dealer.receive(Patience(10), place)
    assert asked == [(b"here", 4)]
    assert room == b"\0\0abcd\0\0"


def test_sends_from_any_kind_of_buffer(router: Router) -> None:
    pixels = memoryview(bytearray(range(200)) * 100).cast("H")
    with connected(router.bind()) as dealer:
        dealer.send([bytearray(b"head"), pixels], Patience(10))
        _, *frames = router.socket.recv_multipart()
    assert frames == [b"head", pixels.tobytes()]


def test_says_that_a_wrong_password_is_refused(router: Router) -> None:
    with pytest.raises(TransportError, match="it refuses us: 400"):
        Dealer.connect(router.bind(), USERNAME, "open barley", Patience(10))


def test_understands_a_refusal_that_is_spelt_right() -> None:
    greeting = HANDSHAKE[:64]
    with (
        raw_server(say(greeting + b"\x04\x0a\x05ERROR\x03400")) as address,
        pytest.raises(TransportError, match="it refuses us: 400"),
    ):
        Dealer.connect(address, USERNAME, "x", Patience(10))


def test_tells_no_password_to_a_server_that_asks_for_none() -> None:
    heard = bytearray()

    def listen(client: socket.socket) -> None:
        client.sendall(HANDSHAKE[:12] + b"NULL".ljust(20, b"\0") + bytes(32))
        while piece := client.recv(1000):
            heard.extend(piece)

    with (
        raw_server(listen) as address,
        pytest.raises(TransportError, match="does not ask for a password"),
    ):
        Dealer.connect(address, USERNAME, "open sesame", Patience(10))
    assert b"sesame" not in heard
    assert len(heard) == 64


def test_refuses_a_socket_of_another_type() -> None:
    other = HANDSHAKE.replace(READY, READY.replace(b"ROUTER", b"DEALER"))
    with (
        raw_server(say(other)) as address,
        pytest.raises(TransportError, match="no ROUTER"),
    ):
        Dealer.connect(address, USERNAME, "x", Patience(10))


@pytest.mark.parametrize(
    "address",
    [
        "tcp://192.168.1.2:4000",
        "tcp://localhost:4000",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:70000",
        "tcp://127.0.0.1:٤٢",
        "tcp://127.0.0.1:",
        "ipc:///tmp/socket",
        "",
    ],
)
def test_connects_to_this_machine_only(address: str) -> None:
    with pytest.raises(TransportError, match="the address"):
        Dealer.connect(address, USERNAME, "x", Patience(10))


def test_a_port_that_nobody_listens_on_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PeerClosedError, match="no connection"):
        Dealer.connect(f"tcp://127.0.0.1:{port}", USERNAME, "x", Patience(10))


@pytest.mark.parametrize("field", ["name", "password"])
def test_refuses_credentials_that_plain_cannot_carry(router: Router, field: str) -> None:
    name, password = ("x" * 256, "x") if field == "name" else ("x", "x" * 256)
    with pytest.raises(TransportError, match="over 255 bytes"):
        Dealer.connect(router.bind(), name, password, Patience(10))


def test_answers_pings_while_it_waits(router: Router) -> None:
    router.socket.heartbeat_ivl = 50
    router.socket.heartbeat_timeout = 500
    with connected(router.bind()) as dealer:
        dealer.send([b"hello"], Patience(10))
        identity, _ = router.socket.recv_multipart()
        answer_later = threading.Timer(1.2, router.socket.send_multipart, [[identity, b"late"]])
        answer_later.start()
        assert dealer.receive(Patience(10)) == (b"late", None)
        answer_later.join()


def test_gives_the_context_of_a_ping_back() -> None:
    heard = bytearray()

    def ping(client: socket.socket) -> None:
        client.sendall(HANDSHAKE + b"\x04\x0b\x04PING\x00\x0acake" + b"\x00\x02hi")
        while piece := client.recv(1000):
            heard.extend(piece)

    with raw_server(ping) as address, connected(address) as dealer:
        assert dealer.receive(Patience(10)) == (b"hi", None)
    assert heard.endswith(b"\x04\x09\x04PONGcake")


def test_commands_that_it_does_not_know_are_skipped() -> None:
    stream = HANDSHAKE + b"\x04\x06\x05GUESS" + b"\x00\x02hi"
    with raw_server(say(stream)) as address, connected(address) as dealer:
        assert dealer.receive(Patience(10)) == (b"hi", None)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"", "hung up"),
        (b"\x00", "hung up"),
        (b"\x00\x05abc", "hung up"),
        (b"\x08\x01a", "flags 0x8"),
        (b"\x05\x01a", "flags 0x5"),
        (b"\x02" + b"\xff" * 8, "a frame of 18446744073709551615 bytes"),
        (b"\x02" + (1 << 31).to_bytes(8, "big"), "a frame of 2147483648 bytes"),
        (b"\x02" + (protocol.MAX_HEADER_BYTES + 1).to_bytes(8, "big"), "a header of"),
        (b"\x06" + (5000).to_bytes(8, "big"), "a frame of 5000 bytes"),
        (b"\x01\x01a\x01\x01b\x00\x01c", "more than two frames"),
        (b"\x04\x00", "without a name"),
        (b"\x04\x02\x05P", "without a name"),
    ],
)
def test_refuses_frames_that_are_none(stream: bytes, reason: str) -> None:
    with (
        raw_server(say(HANDSHAKE + stream)) as address,
        connected(address) as dealer,
        pytest.raises(TransportError, match=reason),
    ):
        dealer.receive(Patience(10))


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not a ZeroMQ port"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a ZeroMQ port"),
        (HANDSHAKE[:10] + b"\x01" + bytes(53), "ZMTP version 1"),
        (HANDSHAKE[:64] + b"\x00\x01a", "a message before WELCOME"),
        (HANDSHAKE[:64] + b"\x04\x09\x08WELCOMES", "instead of WELCOME"),
        (HANDSHAKE[:64] + b"\x04\x09\x07WELCOME!", "WELCOME with a body"),
        (HANDSHAKE[: -len(READY)] + b"\x04\x08\x05READY\x0bS", "metadata cut short"),
        (
            HANDSHAKE[: -len(READY)] + b"\x04\x0c\x05READY\x01S\x00\x00\x00\x09",
            "metadata cut short",
        ),
    ],
)
def test_refuses_a_handshake_that_is_none(stream: bytes, reason: str) -> None:
    with (
        raw_server(say(stream)) as address,
        pytest.raises(TransportError, match=reason),
    ):
        Dealer.connect(address, USERNAME, "x", Patience(10))


@pytest.mark.parametrize("sent", [0, 5, 10, 40, 64, 70])
def test_gives_up_on_a_handshake_that_stands_still(sent: int) -> None:
    def stall(client: socket.socket) -> None:
        client.sendall(HANDSHAKE[:sent])
        wait_for_hangup(client)

    with raw_server(stall) as address, pytest.raises(PeerSilentError):
        Dealer.connect(address, USERNAME, "x", Patience(0.2))


def test_a_connection_that_is_reset_counts_as_hung_up() -> None:
    def reset(client: socket.socket) -> None:
        client.sendall(HANDSHAKE)
        heard = b""
        while b"INITIATE" not in heard:
            heard += client.recv(1000)
        at_once = struct.pack("ii", 1, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

    with (
        raw_server(reset) as address,
        pytest.raises(PeerClosedError, match="hung up: "),
        connected(address) as dealer,
    ):
        dealer.receive(Patience(10))


def test_gives_up_on_a_message_that_drips() -> None:
    def drip(client: socket.socket) -> None:
        client.sendall(HANDSHAKE + b"\x00\xff")
        for _ in range(255):
            client.sendall(b"a")
            threading.Event().wait(0.05)

    with (
        raw_server(drip) as address,
        connected(address) as dealer,
        pytest.raises(PeerSilentError, match="silent for"),
    ):
        dealer.receive(Patience(0.3))


def test_gives_up_on_a_server_that_sends_commands_for_ever() -> None:
    def babble(client: socket.socket) -> None:
        client.sendall(HANDSHAKE)
        while True:
            client.sendall(b"\x04\x06\x05GUESS" * 100)

    with (
        raw_server(babble) as address,
        connected(address) as dealer,
        pytest.raises(PeerSilentError),
    ):
        dealer.receive(Patience(0.3))


def test_stops_waiting_when_asked_to(router: Router) -> None:
    asked = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) == 3

    with connected(router.bind()) as dealer, pytest.raises(CancelledError):
        dealer.receive(Patience(60, should_stop))
    assert dealer.is_between_messages


def test_knows_when_it_was_stopped_inside_a_message() -> None:
    def stall(client: socket.socket) -> None:
        client.sendall(HANDSHAKE + b"\x00\xff" + b"a" * 100)
        wait_for_hangup(client)

    answers = iter([False] * 4 + [True])
    with raw_server(stall) as address, connected(address) as dealer:
        with pytest.raises(CancelledError):
            dealer.receive(Patience(60, lambda: next(answers)))
        assert not dealer.is_between_messages


def test_does_not_even_connect_when_stopped_before() -> None:
    with pytest.raises(CancelledError):
        Dealer.connect("tcp://127.0.0.1:9", USERNAME, "x", Patience(60, lambda: True))


def test_an_interrupted_send_is_finished_by_the_next() -> None:
    go_on = threading.Event()
    heard = bytearray()

    def stall(client: socket.socket) -> None:
        client.sendall(HANDSHAKE)
        go_on.wait(10)
        while piece := client.recv(1 << 20):
            heard.extend(piece)

    payload = os.urandom(protocol.STRIP_BYTES)
    sent = 0
    with raw_server(stall) as address, connected(address) as dealer:
        with pytest.raises(PeerSilentError):
            while True:
                sent += 1
                dealer.send([b"strip", payload], Patience(0.2))
        go_on.set()
        dealer.send([b"cancel"], Patience(10))
    message = b"\x01\x05strip\x02" + len(payload).to_bytes(8, "big") + payload
    assert bytes(heard).endswith(message * sent + b"\x00\x06cancel")


def test_sending_to_a_server_that_is_gone_is_an_error() -> None:
    def hang_up_when_greeted(client: socket.socket) -> None:
        client.sendall(HANDSHAKE)
        heard = b""
        while b"INITIATE" not in heard:
            heard += client.recv(1000)

    payload = bytes(protocol.STRIP_BYTES)
    with (
        raw_server(hang_up_when_greeted) as address,
        connected(address) as dealer,
        pytest.raises(PeerClosedError),
    ):
        for _ in range(100):
            dealer.send([b"strip", payload], Patience(10))


class SocketOfWindows(socket.socket):
    """A socket without sendmsg, as Python on Windows has it."""

    @property
    def sendmsg(self) -> None:  # type: ignore[override]
        raise AttributeError


def test_sends_without_sendmsg(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
        connected = SocketOfWindows(socket.AF_INET, socket.SOCK_STREAM)
        connected.settimeout(timeout_s)
        connected.connect(address)
        return connected

    monkeypatch.setattr("flyaway_client.zmtp.socket.create_connection", connect)
    payload = os.urandom(1 << 20)
    with connected(router.bind()) as dealer:
        dealer.send([b"up", payload], Patience(10))
        dealer.send([b"again"], Patience(10))
        assert router.socket.recv_multipart()[1:] == [b"up", payload]
        assert router.socket.recv_multipart()[1:] == [b"again"]


def test_sees_that_an_idle_connection_was_closed(router: Router) -> None:
    with connected(router.bind()) as dealer:
        assert dealer.is_open()
        router.socket.close(linger=0)
        with pytest.raises(PeerClosedError):  # waits for the hang-up to arrive
            dealer.receive(Patience(10))
        assert not dealer.is_open()


def test_an_idle_connection_with_something_to_read_is_open(router: Router) -> None:
    with connected(router.bind()) as dealer:
        dealer.send([b"hello"], Patience(10))
        identity, _ = router.socket.recv_multipart()
        router.socket.send_multipart([identity, b"one"])
        router.socket.send_multipart([identity, b"x" * 100_000])
        dealer.receive(Patience(10))
        assert dealer.is_open()
        assert dealer.receive(Patience(10))[0] == b"x" * 100_000


def test_a_closed_connection_is_not_open(router: Router) -> None:
    with connected(router.bind()) as dealer:
        dealer.close()
        assert not dealer.is_open()
