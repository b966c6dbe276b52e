"""Finding the daemon, or starting it: alone and with eleven others, past stale files and impostors."""

import dataclasses
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fakes import daemon as fake
from tests.fakes.daemon import FakeDaemon, Part, Peer, running
from tests.fakes.sockets import HANDSHAKE, raw_server, say, wait_for_hangup

from flyaway_client import discovery, launch, messages, protocol
from flyaway_client.connection import ConnectionFile
from flyaway_client.discovery import Finder, Greeted
from flyaway_client.errors import CancelledError, DaemonUnreachableError, VersionError


def look(home: Path) -> Greeted:
    """Find a running daemon, with no way to start one."""
    return Finder("test", home, start=False).find()


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", script)


def test_greets_the_daemon_that_runs(home: Path) -> None:
    with running(home) as daemon:
        greeted = look(home)
        greeted.dealer.close()
    assert greeted.reply.daemon == "fake 1.0"
    (hello,) = daemon.received
    assert isinstance(hello, messages.Hello)
    assert hello.client == "test"
    assert hello.protocol == protocol.VERSION
    assert len(bytes.fromhex(hello.nonce)) == 32


def test_every_greeting_has_a_nonce_of_its_own(home: Path) -> None:
    with running(home) as daemon:
        for _ in range(3):
            look(home).dealer.close()
    assert len({hello.nonce for hello in daemon.received if isinstance(hello, messages.Hello)}) == 3


def test_says_how_to_start_it_where_that_is_not_its_business(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError, match="`flyaway daemon start`"):
        look(home)


def test_says_what_to_do_where_it_is_not_known_how_to_start_it(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError, match="`flyaway install`"):
        Finder("test", home).find()


def test_starts_the_daemon_as_recorded(home: Path, daemon_argv: list[str]) -> None:
    launch.write_launch(home, daemon_argv)
    Finder("test", home, timeout_s=60).find().dealer.close()
    look(home).dealer.close()


def test_starts_the_daemon_as_told_rather_than_as_recorded(
    home: Path, daemon_argv: list[str]
) -> None:
    launch.write_launch(home, ["/no/such/program"])
    Finder("test", home, launch_argv=tuple(daemon_argv), timeout_s=60).find().dealer.close()


def test_twelve_clients_at_once_start_one_daemon(home: Path, daemon_argv: list[str]) -> None:
    ConnectionFile("tcp://127.0.0.1:9", "stale", "stale", 1, protocol.VERSION).write(home)
    together = threading.Barrier(12)

    def find(number: int) -> int:
        together.wait(30)
        finder = Finder(f"test {number}", home, launch_argv=tuple(daemon_argv), timeout_s=60)
        greeted = finder.find()
        greeted.dealer.close()
        return greeted.reply.pid

    with ThreadPoolExecutor(12) as pool:
        assert len(list(pool.map(find, range(12)))) == 12
    running_now = ConnectionFile.read(home)
    assert running_now is not None
    winners = [process for process in launch._started if process.pid == running_now.pid]
    losers = [process for process in launch._started if process.pid != running_now.pid]
    assert len(winners) == 1
    assert {process.wait(30) for process in losers} <= {launch.LOST_THE_RACE}


def test_a_file_whose_port_nobody_serves_counts_as_none(home: Path) -> None:
    with running(home) as daemon:
        stale = daemon.file
    stale.write(home)
    with pytest.raises(DaemonUnreachableError):
        look(home)


@pytest.mark.parametrize("stream", [b"", b"SSH-2.0-OpenSSH\r\n", HANDSHAKE, HANDSHAKE + b"\0\x01a"])
def test_a_port_that_another_program_has_taken_counts_as_none(home: Path, stream: bytes) -> None:
    with raw_server(say(stream)) as address:
        ConnectionFile.create(address).write(home)
        with pytest.raises(DaemonUnreachableError):
            look(home)


def test_a_program_that_says_nothing_is_not_waited_for_long(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "ATTEMPT_S", 0.2)
    with raw_server(wait_for_hangup) as address:
        ConnectionFile.create(address).write(home)
        with pytest.raises(DaemonUnreachableError):
            look(home)


def test_a_wrong_password_counts_as_none(home: Path) -> None:
    with running(home) as daemon:
        dataclasses.replace(daemon.file, password="wrong").write(home)
        with pytest.raises(DaemonUnreachableError):
            look(home)


def send_wrong_proof(daemon: FakeDaemon, peer: Peer, message: messages.Message) -> None:
    reply = messages.HelloReply(protocol.VERSION, "impostor", "0" * 64, 1, 1)
    daemon.send(peer, reply)


def send_no_json(daemon: FakeDaemon, peer: Peer, message: messages.Message) -> None:
    daemon.send_raw(peer, b"hi")


def send_another_message(daemon: FakeDaemon, peer: Peer, message: messages.Message) -> None:
    daemon.send(peer, messages.Ready("a"))


@pytest.mark.parametrize(
    "answer",
    [
        send_wrong_proof,
        send_no_json,
        send_another_message,
        fake.refuse(protocol.BUSY, "Busy."),
        fake.refuse(protocol.WRONG_VERSION, "Our file names the same version, so this is a lie."),
    ],
)
def test_who_cannot_prove_to_be_the_daemon_counts_as_none(home: Path, answer: Part) -> None:
    with running(home, {"hello": answer}) as impostor:
        with pytest.raises(DaemonUnreachableError):
            look(home)
        assert [message.TYPE for message in impostor.received] == ["hello"]


def test_an_impostor_does_not_keep_the_real_daemon_from_being_started(
    home: Path, daemon_argv: list[str]
) -> None:
    with running(home, {"hello": send_wrong_proof}):
        finder = Finder("test", home, launch_argv=tuple(daemon_argv), timeout_s=60)
        greeted = finder.find()
        greeted.dealer.close()
    assert greeted.reply.daemon == "fake 1.0"


def test_passes_on_what_a_daemon_of_another_version_says(home: Path) -> None:
    script = {"hello": fake.refuse(protocol.WRONG_VERSION, "Update the plugin.")}
    with (
        running(home, script, version=(2, 0)),
        pytest.raises(VersionError, match=r"^Update the plugin\.$"),
    ):
        look(home)


def test_says_itself_what_a_daemon_of_another_version_does_not(home: Path) -> None:
    script = {"hello": fake.refuse(protocol.WRONG_VERSION, "")}
    with (
        running(home, script, version=(2, 0)),
        pytest.raises(VersionError, match="plugin is older"),
    ):
        look(home)


@pytest.mark.parametrize(
    ("version", "sentence"), [((0, 9), "daemon is older"), ((2, 0), "plugin is older")]
)
def test_refuses_a_daemon_of_another_version_that_does_not_refuse(
    home: Path, version: tuple[int, int], sentence: str
) -> None:
    def greet(daemon: FakeDaemon, peer: Peer, message: messages.Message) -> None:
        assert isinstance(message, messages.Hello)
        proof = fake.connection.proof(daemon.file.secret, message.nonce)
        daemon.send(peer, messages.HelloReply(version, "9.9", proof, 1, 1))

    with running(home, {"hello": greet}), pytest.raises(VersionError, match=sentence):
        look(home)


def test_a_newer_minor_version_is_welcome(home: Path) -> None:
    def greet(daemon: FakeDaemon, peer: Peer, message: messages.Message) -> None:
        assert isinstance(message, messages.Hello)
        proof = fake.connection.proof(daemon.file.secret, message.nonce)
        version = (protocol.VERSION[0], protocol.VERSION[1] + 7)
        daemon.send(peer, messages.HelloReply(version, "9.9", proof, 1, 1))

    with running(home, {"hello": greet}):
        look(home).dealer.close()


def test_a_daemon_that_ends_at_once_is_quoted(home: Path) -> None:
    argv = python("import sys; print('looking', flush=True); sys.exit('The disk is full.')")
    with pytest.raises(DaemonUnreachableError, match=r"status 1.*doctor.*The disk is full\."):
        Finder("test", home, launch_argv=argv, timeout_s=60).find()


def test_a_daemon_that_ends_at_once_without_a_word(home: Path) -> None:
    with pytest.raises(
        DaemonUnreachableError, match=r"status 3.*doctor` in a terminal to see why\.$"
    ):
        Finder("test", home, launch_argv=python("raise SystemExit(3)"), timeout_s=60).find()


def test_a_daemon_that_ends_at_once_and_left_no_log(home: Path) -> None:
    script = "import os; os.unlink('daemon.log'); raise SystemExit(3)"
    with pytest.raises(DaemonUnreachableError, match="status 3"):
        Finder("test", home, launch_argv=python(script), timeout_s=60).find()


def test_a_program_that_cannot_be_run_is_named(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError, match=r"/no/such/program.*`flyaway install`"):
        Finder("test", home, launch_argv=("/no/such/program",)).find()


def test_who_has_the_plugin_alone_is_told_where_flyaway_is_had(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError, match=r"not installed, get it .* README") as caught:
        Finder("test", home).find()
    assert "pip" not in caught.value.message  # the package index may have another of that name


def test_a_program_that_is_gone_is_named_without_numbers(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError) as caught:
        Finder("test", home, launch_argv=("/no/such/program",)).find()
    sentence = caught.value.message
    assert "/no/such/program, is not there any more. Run `flyaway install`" in sentence
    assert "README" in sentence
    assert "Errno" not in sentence


def test_a_home_folder_that_cannot_be_made_is_named(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(DaemonUnreachableError, match=r"home of Ana.*cannot be used.*FLYAWAY_HOME"):
        Finder("test", home, launch_argv=python("pass")).find()


def test_a_log_that_cannot_be_written_is_the_home_folders_fault(home: Path) -> None:
    (home / "daemon.log").mkdir(parents=True)
    with pytest.raises(DaemonUnreachableError, match=r"home of Ana.*cannot be used.*FLYAWAY_HOME"):
        Finder("test", home, launch_argv=python("pass")).find()


def test_a_daemon_that_never_answers_is_given_up(home: Path) -> None:
    argv = python("import time; time.sleep(5)")
    with pytest.raises(DaemonUnreachableError, match=r"within 1 seconds.*`flyaway daemon logs`"):
        Finder("test", home, launch_argv=argv, timeout_s=0.6).find()


def test_who_lost_the_race_waits_for_the_winner(home: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        argv = python(f"raise SystemExit({launch.LOST_THE_RACE})")
        found = pool.submit(Finder("test", home, launch_argv=argv, timeout_s=60).find)
        while not launch._started or launch._started[-1].poll() is None:
            time.sleep(0.01)
        with running(home):
            found.result(60).dealer.close()


def test_a_race_lost_to_a_daemon_that_then_exited_is_run_again(
    home: Path, daemon_argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "START_AGAIN_S", 0.1)
    lose_once = (
        "import os, sys\n"
        "try: os.mkdir('tried')\n"
        f"except FileExistsError: os.execv({daemon_argv[0]!r}, {daemon_argv!r})\n"
        f"sys.exit({launch.LOST_THE_RACE})"
    )
    Finder("test", home, launch_argv=python(lose_once), timeout_s=60).find().dealer.close()


def test_inside_a_sandbox_it_says_what_to_do_outside(
    home: Path, monkeypatch: pytest.MonkeyPatch, daemon_argv: list[str]
) -> None:
    monkeypatch.setattr(launch, "sandbox_advice", lambda: "Go outside.")
    with pytest.raises(DaemonUnreachableError, match=r"^Go outside\.$"):
        Finder("test", home, launch_argv=tuple(daemon_argv)).find()


def test_inside_a_sandbox_a_running_daemon_is_found(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "sandbox_advice", lambda: "Go outside.")
    with running(home):
        look(home).dealer.close()


def test_stops_when_asked_to_while_the_daemon_starts(home: Path) -> None:
    argv = python("import time; time.sleep(5)")
    with pytest.raises(CancelledError):
        Finder("test", home, launch_argv=argv, timeout_s=60).find(lambda: bool(launch._started))


def test_stops_when_asked_to_while_somebody_is_silent(home: Path) -> None:
    asked = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) > 2

    with raw_server(wait_for_hangup) as address:
        ConnectionFile.create(address).write(home)
        with pytest.raises(CancelledError):
            Finder("test", home, start=False).find(should_stop)


def test_stops_when_asked_to_during_the_greeting(home: Path) -> None:
    with running(home, {"hello": fake.ignore}) as daemon, pytest.raises(CancelledError):
        Finder("test", home, start=False).find(lambda: bool(daemon.received))


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_home_that_all_may_write_is_not_looked_into(home: Path) -> None:
    home.mkdir(exist_ok=True)
    home.chmod(0o777)
    with pytest.raises(DaemonUnreachableError, match="every user of this computer"):
        Finder("test", home).find()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_program_that_may_not_be_run_is_said_without_a_number(home: Path, tmp_path: Path) -> None:
    program = tmp_path / "no program"
    program.write_bytes(b"")
    program.chmod(0o600)
    with pytest.raises(DaemonUnreachableError, match="could not be started: Permission denied"):
        Finder("test", home, launch_argv=(str(program),)).find()
