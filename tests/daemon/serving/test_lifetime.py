"""The daemon as a process: one a user, its files, its end, and what is in its way at the start."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from filelock import FileLock
from tests.daemon.servers import PATIENCE_S, wait_until
from tests.hosts.processes import pids_of

import flyaway
import flyaway_client
import flyaway_installer
from flyaway.config import Settings
from flyaway.errors import DaemonError
from flyaway.serving import lifetime
from flyaway_client import connection, launch
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.errors import DaemonLostError, DaemonUnreachableError
from flyaway_client.launch import LOST_THE_RACE

Start = Callable[..., "subprocess.Popen[str]"]

SOURCES = f"""
import sys
sys.path[:0] = {[str(Path(p.__path__[0]).parent) for p in (flyaway, flyaway_client, flyaway_installer)]}
"""
"""Makes a program find these sources whatever its environment says."""

MAIN = f"""{SOURCES}
from flyaway.cli.main import main
sys.exit(main())
"""
DAEMON = [sys.executable, "-c", MAIN, "daemon", "run"]

DAEMON_ON_A_FULL_DISK = [
    sys.executable,
    "-c",
    f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n{MAIN}",
    "daemon",
    "run",
]

RACER = f"""{SOURCES}
from flyaway_client.client import Client
with Client.connect("racer", launch_argv=sys.argv[1:], timeout_s={PATIENCE_S}) as client:
    print(client.hello.pid)
"""

posix = pytest.mark.skipif(os.name != "posix", reason="signals and modes as POSIX has them")


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts daemons in the foreground, and ends at last those that still run."""
    started: list[subprocess.Popen[str]] = []

    def begin(argv: Sequence[str] = DAEMON) -> subprocess.Popen[str]:
        process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def launched(home: Path) -> Iterator[None]:
    """Ends the daemon that a client has launched."""
    yield
    with Client.connect("a test", start=False) as client:
        client.shutdown()
    wait_until(lambda: ConnectionFile.read(home) is None)


def greet() -> int:
    """Say hello to the daemon, which must run or be starting; its process id."""
    greeted: list[int] = []

    def has_answered() -> bool:
        try:
            with Client.connect("a test", start=False) as client:
                greeted.append(client.hello.pid)
        except DaemonUnreachableError:
            return False
        return True

    wait_until(has_answered)
    return greeted[0]


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process to end; its status and what it said."""
    _, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, errors


class TestFiles:
    """What lies in the home folder."""

    @posix
    def test_are_for_their_owner_alone(self, start: Start, home: Path) -> None:
        start()
        greet()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [home, *home.iterdir()]}
        assert modes[home.name] == 0o700
        assert modes[connection.CONNECTION_NAME] == 0o600
        assert modes[connection.LOCK_NAME] == 0o600

    def test_of_a_dead_daemon_are_replaced(self, start: Start, home: Path) -> None:
        ConnectionFile.create("tcp://127.0.0.1:9").write(home)
        process = start()
        assert greet() == process.pid

    @pytest.mark.parametrize("content", [None, b"damaged"])
    def test_that_are_lost_while_it_lives_are_written_anew(
        self, start: Start, home: Path, content: bytes | None
    ) -> None:
        process = start()
        greet()
        if content is None:
            (home / connection.CONNECTION_NAME).unlink()
        else:
            (home / connection.CONNECTION_NAME).write_bytes(content)
        assert greet() == process.pid

    def test_name_the_process_that_has_the_lock(self, start: Start, home: Path) -> None:
        process = start()
        greet()
        assert lifetime.process_of(home) == process.pid
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        assert lifetime.process_of(home) is None

    @posix
    def test_of_a_folder_that_all_may_write_are_not_believed(
        self, start: Start, home: Path
    ) -> None:
        home.mkdir()
        home.chmod(0o777)
        status, errors = ended(start())
        assert status == 1
        assert "every user of this computer" in errors

    def test_name_the_home_whatever_it_is_called(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path / "Zoë's 'Fotos' 写真 & more"
        monkeypatch.setenv(connection.HOME_VARIABLE, str(home))
        with Client.connect("a test", launch_argv=DAEMON, timeout_s=PATIENCE_S) as client:
            assert client.hello.pid == client.status().pid
            client.shutdown()
        wait_until(lambda: all(process.poll() is not None for process in launch._started))
        assert ConnectionFile.read(home) is None
        assert "listens at" in (home / connection.LOG_NAME).read_text("utf-8")


class TestOne:
    """There is one daemon for each user."""

    def test_so_a_second_leaves_at_once(self, start: Start) -> None:
        first = start()
        greet()
        status, errors = ended(start())
        assert status == LOST_THE_RACE
        assert "Another daemon" in errors
        assert greet() == first.pid

    def test_however_many_clients_start_one(self, home: Path, launched: None) -> None:
        home.mkdir()
        ConnectionFile.create("tcp://127.0.0.1:9").write(home)
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", RACER, *DAEMON], stdout=subprocess.PIPE, text=True
            )
            for _ in range(12)
        ]
        answers = [racer.communicate(timeout=3 * PATIENCE_S)[0] for racer in racers]
        assert [racer.returncode for racer in racers] == [0] * 12
        assert len(set(answers)) == 1
        assert greet() == int(answers[0])
        # On a busy machine a loser may come so late that it would take the place of the winner, once that has ended.
        wait_until(lambda: list(pids_of(home)) == [int(answers[0])])

    def test_in_this_process_too(self, home: Path) -> None:
        home.mkdir()
        with FileLock(home / connection.LOCK_NAME):
            assert lifetime.run(Settings()) == LOST_THE_RACE


class TestEnd:
    """How a daemon leaves, and what it leaves behind."""

    def test_by_request(self, start: Start, home: Path) -> None:
        process = start()
        greet()
        with Client.connect("a test", start=False) as client:
            client.shutdown()
        assert ended(process)[0] == 0
        assert not (home / connection.CONNECTION_NAME).exists()

    @posix
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_by_a_signal(self, start: Start, home: Path, number: int) -> None:
        process = start()
        greet()
        process.send_signal(number)
        status, errors = ended(process)
        assert status == 0
        assert "Traceback" not in errors
        assert not (home / connection.CONNECTION_NAME).exists()

    def test_by_idleness(self, start: Start, home: Path, tmp_path: Path) -> None:
        (tmp_path / "config.toml").write_text("idle_exit_minutes = 0.001\n")
        assert ended(start())[0] == 0
        assert not (home / connection.CONNECTION_NAME).exists()

    def test_by_force_lets_the_next_one_start(self, start: Start, home: Path) -> None:
        process = start()
        greet()
        with Client.connect("a test", start=False) as client:
            process.kill()
            process.wait(PATIENCE_S)
            with pytest.raises((DaemonLostError, DaemonUnreachableError)):
                client.status()
        assert (home / connection.CONNECTION_NAME).exists()
        successor = start()
        assert greet() == successor.pid


class TestPlace:
    """A daemon whose home folder was deleted under it."""

    @posix
    def test_makes_it_anew_and_is_still_the_only_one(self, start: Start, home: Path) -> None:
        process = start()
        greet()
        shutil.rmtree(home)
        assert greet() == process.pid
        assert ended(start())[0] == LOST_THE_RACE

    @posix
    def test_ends_where_another_one_has_it_and_leaves_its_file_alone(
        self, start: Start, home: Path
    ) -> None:
        first = start()
        greet()
        shutil.rmtree(home)
        home.mkdir(mode=0o700)
        other = ConnectionFile.create("tcp://127.0.0.1:9")
        with FileLock(home / connection.LOCK_NAME):
            other.write(home)
            assert ended(first)[0] == 0
            assert ConnectionFile.read(home) == other


class TestObstacles:
    """A home that cannot be used is said in a sentence."""

    def test_a_file_in_place_of_the_home(self, home: Path) -> None:
        home.write_text("")
        with pytest.raises(DaemonError) as caught:
            lifetime.run(Settings())
        assert str(home) in str(caught.value)
        assert connection.HOME_VARIABLE in str(caught.value)

    def test_a_folder_in_place_of_the_lock(self, home: Path) -> None:
        (home / connection.LOCK_NAME).mkdir(parents=True)
        with pytest.raises(DaemonError, match="cannot be used"):
            lifetime.run(Settings())

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
    def test_a_place_where_no_folder_can_be_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(connection.HOME_VARIABLE, "/proc/flyaway")
        with pytest.raises(DaemonError, match="Make it writable"):
            lifetime.run(Settings())

    @posix
    @pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write all")
    def test_a_folder_that_may_not_be_written(self, home: Path) -> None:
        home.mkdir(mode=0o500)
        with pytest.raises(DaemonError, match="Make it writable"):
            lifetime.run(Settings())

    @posix
    def test_a_full_disk(self, start: Start, home: Path) -> None:
        status, errors = ended(start(DAEMON_ON_A_FULL_DISK))
        assert status == 1
        assert "Traceback" not in errors
        assert f"{connection.CONNECTION_NAME} cannot be written" in errors
        assert "Free some space" in errors
        assert not (home / connection.CONNECTION_NAME).exists()

    def test_settings_that_make_no_sense_are_said_and_nothing_else(
        self, start: Start, tmp_path: Path
    ) -> None:
        (tmp_path / "config.toml").write_text("idle_exit_minutes = 0.001\nmax_megapixels = -1\n")
        status, errors = ended(start())
        assert status == 0
        assert "max_megapixels must be between" in errors
