"""Who is let in from other computers, and what strangers get: nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from tests.daemon.remote.studios import Studio, keys_of, studio
from tests.daemon.servers import Gate, Peer, request, wait_until
from zmq.utils import z85

from flyaway.config import Settings
from flyaway.errors import DaemonError, RemoteError
from flyaway.remote import packing, records
from flyaway.remote.line import NotLetInError, RemoteFinder
from flyaway.remote.packing import LineSpeed, Packer
from flyaway.remote.records import KeyPair, Remote
from flyaway.serving import doorway
from flyaway.serving.encrypted_door import Listening
from flyaway.serving.transport import Transport
from flyaway_client import messages, protocol
from flyaway_client.client import Client
from flyaway_client.discovery import Greeted
from flyaway_client.errors import ClientError, DaemonUnreachableError, RefusedError
from flyaway_client.zmtp import Line, Patience


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    keys_of(tmp_path / "laptop")
    return tmp_path / "laptop"


def finder(served: Studio, keys: KeyPair, key: str | None = None) -> RemoteFinder:
    remote = Remote("studio", served.address, key or keys_of(served.home).public)
    return RemoteFinder(remote, keys, zmq.Context.instance(), Packer(LineSpeed()))


def greet(served: Studio, keys: KeyPair, key: str | None = None) -> Greeted:
    return finder(served, keys, key).find()


def client(served: Studio, home: Path) -> Client:
    found = finder(served, keys_of(home))
    return Client(found, found.find())


class TestKeys:
    """Who is let in."""

    def test_known_one_is_let_in(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served, client(served, laptop) as known:
            assert known.status().running == 0

    def test_known_one_has_its_work_done(self, tmp_path: Path, laptop: Path) -> None:
        asked = request(width=4, height=3)
        parts = {"image": b"\x05" * 36, "selection": bytes(range(12))}

        with studio(tmp_path / "studio", laptop) as served, client(served, laptop) as known:
            assert known.extract(asked, parts).alpha == bytes(range(12))

    def test_unknown_one_is_told_nothing(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served, pytest.raises(NotLetInError):
            greet(served, keys_of(tmp_path / "stranger"))

    def test_none_is_told_nothing(self, tmp_path: Path, laptop: Path) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        with studio(tmp_path / "studio", laptop) as served:
            for password in (None, "a password"):
                stranger = Peer(context, f"tcp://{served.address}", password)
                stranger.offer(messages.Hello(protocol.VERSION, "stranger", "00"))
                is_told = stranger.socket.poll(300)
                stranger.close()
                assert not is_told
        context.term()

    def test_bytes_that_come_are_those_of_zeromqs_greeting_alone(
        self, tmp_path: Path, laptop: Path
    ) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            host, _, port = served.address.rpartition(":")
            with socket.create_connection((host, int(port)), 10) as stranger:
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(200))
                heard = b""
                while content := _received(stranger):
                    heard += content
        assert len(heard) <= 64
        assert b"flyaway" not in heard.lower()

    def test_client_does_not_talk_to_who_has_another_key(
        self, tmp_path: Path, laptop: Path
    ) -> None:
        other = keys_of(tmp_path / "other").public
        with studio(tmp_path / "studio", laptop) as served, pytest.raises(DaemonUnreachableError):
            greet(served, keys_of(laptop), other)

    def test_revoked_one_is_turned_out_at_once(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            greeted = greet(served, keys_of(laptop))

            records.revoke(served.home, laptop.name)

            wait_until(lambda: not greeted.dealer.is_open())
            greeted.dealer.close()
            with pytest.raises(NotLetInError):
                greet(served, keys_of(laptop))

    def test_revoked_ones_work_stops(self, tmp_path: Path, laptop: Path) -> None:
        gate = Gate()
        asked = request()
        with studio(tmp_path / "studio", laptop, work=gate) as served:
            dealer = greet(served, keys_of(laptop)).dealer
            patience = Patience(10)
            dealer.send([messages.encode(asked)], patience)
            dealer.receive(patience)
            for part, size in asked.parts().items():
                strip = messages.encode(messages.Strip(asked.id, part, 0))
                dealer.send([strip, bytes(size)], patience)
            gate.wait_until_begun()

            records.revoke(served.home, laptop.name)

            gate.wait_until_ended()
            dealer.close()

    def test_damaged_list_lets_nobody_in(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            (served.home / records.CLIENTS_NAME).write_bytes(b"{")

            with pytest.raises(NotLetInError):
                greet(served, keys_of(laptop))

    def test_local_password_opens_nothing_here(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            peer = served.daemon.peer()
            peer.socket.disconnect(served.daemon.file.address)
            peer.socket.connect(f"tcp://{served.address}")
            peer.send(messages.StatusRequest("s"))
            assert not peer.socket.poll(300)


def _received(connected: socket.socket) -> bytes:
    try:
        return connected.recv(4096)
    except ConnectionResetError:
        return b""


class TestRights:
    """What another computer may ask for."""

    def test_another_computer_cannot_stop_the_daemon(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            with client(served, laptop) as known, pytest.raises(RefusedError) as refused:
                known.shutdown()

            assert "own computer" in refused.value.message
            with client(served, laptop) as known:
                assert known.status().running == 0

    def test_another_computer_cannot_send_the_work_elsewhere(
        self, tmp_path: Path, laptop: Path
    ) -> None:
        with (
            studio(tmp_path / "studio", laptop) as served,
            client(served, laptop) as known,
            pytest.raises(RefusedError, match="own users"),
        ):
            known.use_remote("")

    def test_hello_says_neither_proof_nor_process(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            greeted = greet(served, keys_of(laptop))
            greeted.dealer.close()

            assert (greeted.reply.proof, greeted.reply.pid) == ("", 0)


class TestListening:
    """What it takes to serve others."""

    def test_needs_a_key(self, tmp_path: Path) -> None:
        with pytest.raises(RemoteError, match="flyaway remote key"):
            Listening.at("0.0.0.0:7797", tmp_path)

    def test_needs_somebody_who_is_let_in(self, tmp_path: Path) -> None:
        keys_of(tmp_path)

        with pytest.raises(RemoteError, match="flyaway remote allow"):
            Listening.at("0.0.0.0:7797", tmp_path)

    def test_at_a_port_that_is_taken_is_a_sentence(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(DaemonError, match="cannot listen at"):
                Transport(Listening(address, tmp_path, keys_of(tmp_path)))


class TestHostileClients:
    """Whose key is let in, and who misbehaves."""

    def test_packed_pixels_that_would_blow_up_are_refused(
        self, tmp_path: Path, laptop: Path
    ) -> None:
        asked = request(width=4, height=3)
        bomb = packing._packed(memoryview(bytes(packing.BLOCK_BYTES)), 0)
        with studio(tmp_path / "studio", laptop) as served:
            found = finder(served, keys_of(laptop))
            dealer = found.find().dealer
            patience = Patience(10)
            dealer.send([messages.encode(asked)], patience)
            dealer.receive(patience)
            strip = messages.encode(messages.Strip(asked.id, "image", 0))
            socket = dealer._socket  # type: ignore[attr-defined]
            socket.send_multipart([strip, f"0:36:{len(bomb)}".encode(), bomb])
            answer = messages.decode(dealer.receive(patience)[0])
            dealer.close()

            assert isinstance(answer, messages.ErrorReply)
            assert answer.code == protocol.BAD_REQUEST

    def test_of_too_many_connections_the_oldest_go(self, tmp_path: Path, laptop: Path) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            keys = keys_of(laptop)
            lines = [greet(served, keys).dealer for _ in range(doorway.MOST_CONNECTIONS + 2)]

            wait_until(lambda: not lines[0].is_open() and not lines[1].is_open())
            assert lines[-1].is_open()
            for line in lines:
                line.close()

    def test_silent_ones_cost_a_place_among_strangers_alone(
        self, tmp_path: Path, laptop: Path
    ) -> None:
        with studio(tmp_path / "studio", laptop) as served:
            host, _, port = served.address.rpartition(":")
            silent = [
                socket.create_connection((host, int(port)), 10)
                for _ in range(doorway.MOST_STRANGERS + 4)
            ]

            with client(served, laptop) as known:
                assert known.status().running == 0
            for one in silent:
                one.close()


def test_settings_are_the_daemons_own(tmp_path: Path, laptop: Path) -> None:
    small = Settings(max_megapixels=0.01)
    with studio(tmp_path / "studio", laptop, settings=small) as served:
        asked = request(width=200, height=200)
        parts = {name: bytes(size) for name, size in asked.parts().items()}
        with client(served, laptop) as known, pytest.raises(ClientError, match="megapixels"):
            known.extract(asked, parts)


def test_z85_and_hex_name_the_same_key(tmp_path: Path) -> None:
    pair = keys_of(tmp_path)
    secret = z85.encode(bytes.fromhex(pair.secret))
    assert z85.decode(zmq.curve_public(secret)).hex() == pair.public


class TestLimits:
    """Of each computer, and of all together."""

    @pytest.fixture
    def tablet(self, tmp_path: Path) -> Path:
        keys_of(tmp_path / "tablet")
        return tmp_path / "tablet"

    def begin(self, served: Studio, home: Path, *ids: str, side: int = 4) -> list[messages.Message]:
        """What is answered to requests that begin on connections that stay."""
        answers = []
        for name in ids:
            dealer = greet(served, keys_of(home)).dealer
            self.lines.append(dealer)
            asked = request(name, width=side, height=side)
            dealer.send([messages.encode(asked)], Patience(10))
            answer = messages.decode(dealer.receive(Patience(10))[0])
            while isinstance(answer, messages.Progress):
                answer = messages.decode(dealer.receive(Patience(10))[0])
            answers.append(answer)
        return answers

    @pytest.fixture(autouse=True)
    def hung_up(self) -> Iterator[None]:
        self.lines: list[Line] = []
        yield
        for line in self.lines:
            line.close()

    def test_one_who_has_too_many_requests_waits_while_others_go_on(
        self, tmp_path: Path, laptop: Path, tablet: Path
    ) -> None:
        few = Settings(max_waiting=2)
        with studio(tmp_path / "studio", laptop, tablet, settings=few) as served:
            answers = self.begin(served, laptop, "1", "2", "3")
            others = self.begin(served, tablet, "1", "2")
            peer = served.daemon.peer()
            peer.begin(request("here"))

        assert [type(one) for one in answers[:2] + others] == [messages.Ready] * 4
        assert isinstance(answers[2], messages.ErrorReply)
        assert answers[2].code == protocol.BUSY

    def test_no_setting_allows_more_requests_than_connections(
        self, tmp_path: Path, laptop: Path
    ) -> None:
        many = Settings(max_waiting=100)
        names = [str(number) for number in range(doorway.MOST_CONNECTIONS // 2 + 1)]
        with studio(tmp_path / "studio", laptop, settings=many) as served:
            answers = self.begin(served, laptop, *names)

        assert all(isinstance(one, messages.Ready) for one in answers[:-1])
        assert isinstance(answers[-1], messages.ErrorReply)

    def test_pixels_of_all_others_together_are_bounded(
        self, tmp_path: Path, laptop: Path, tablet: Path
    ) -> None:
        little = Settings(remote_memory_mb=1)
        with studio(tmp_path / "studio", laptop, tablet, settings=little) as served:
            first = self.begin(served, laptop, "1", side=400)  # 640 kB
            second = self.begin(served, tablet, "1", side=400)
            peer = served.daemon.peer()
            peer.begin(request("here", width=800, height=800))

        assert isinstance(first[0], messages.Ready)
        assert isinstance(second[0], messages.ErrorReply)
        assert "other computers" in second[0].message


def test_log_names_who_was_refused_and_whose_work_was_done(
    tmp_path: Path, laptop: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    asked = request("r1")
    parts = {name: bytes(size) for name, size in asked.parts().items()}
    stranger = keys_of(tmp_path / "stranger")
    with studio(tmp_path / "studio", laptop) as served:
        with client(served, laptop) as known:
            known.extract(asked, parts)
        with pytest.raises(NotLetInError):
            greet(served, stranger)

    assert "request r1 of laptop: 4x3 u8" in caplog.text
    assert f"refused the key {stranger.public[:16]}" in caplog.text
