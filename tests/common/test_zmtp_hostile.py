"""Thousands of servers that are almost right: each must end in a message or one kind of error."""

import random
import socket
from collections import Counter

import pytest
from tests.fakes.sockets import HANDSHAKE, raw_server, wait_for_hangup
from tests.trust.mutants import mutate_stream

from flyaway_client.connection import USERNAME
from flyaway_client.errors import TransportError
from flyaway_client.zmtp import Dealer, Patience

MESSAGES = (
    b"\x01\x05strip\x02"
    + (70_000).to_bytes(8, "big")
    + bytes(70_000)
    + b"\x04\x0b\x04PING\x00\x0acake"
    + b"\x00\x05after"
)
STREAM = HANDSHAKE + MESSAGES
SEEDS = 8
CASES_PER_SEED = 400


def outcome(address: str) -> str:
    """What a client makes of the server: "a message", or the name of the error."""
    patience = Patience(20)
    try:
        dealer = Dealer.connect(address, USERNAME, "open sesame", patience)
        try:
            for _ in range(2):
                dealer.receive(patience)
        finally:
            dealer.close()
    except TransportError as error:
        return type(error).__name__
    return "a message"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_mutated_servers_end_in_a_transport_error_or_a_message(seed: int) -> None:
    chance = random.Random(seed)

    def misspeak(client: socket.socket) -> None:
        client.sendall(mutate_stream(STREAM, len(HANDSHAKE) + 40, chance))
        client.shutdown(socket.SHUT_WR)
        wait_for_hangup(client)

    with raw_server(misspeak) as address:
        outcomes = Counter(outcome(address) for _ in range(CASES_PER_SEED))
    assert outcomes.keys() == {"a message", "TransportError", "PeerClosedError"}, outcomes
    assert outcomes["TransportError"] > CASES_PER_SEED // 10  # the mutants do find the checks


@pytest.mark.parametrize("seed", range(2))
def test_servers_of_noise_end_in_a_transport_error(seed: int) -> None:
    chance = random.Random(seed)

    def make_noise(client: socket.socket) -> None:
        client.sendall(chance.randbytes(chance.randrange(2000)))
        client.shutdown(socket.SHUT_WR)
        wait_for_hangup(client)

    with raw_server(make_noise) as address:
        outcomes = Counter(outcome(address) for _ in range(200))
    assert outcomes.keys() <= {"TransportError", "PeerClosedError"}


def test_the_server_that_is_not_mutated_is_understood() -> None:
    def speak(client: socket.socket) -> None:
        client.sendall(STREAM)
        wait_for_hangup(client)

    with raw_server(speak) as address:
        assert outcome(address) == "a message"
