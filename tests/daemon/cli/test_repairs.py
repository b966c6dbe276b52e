"""repairs: `doctor --fix` mends each thing that it finds, and `doctor` alone only tells it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from tests.daemon.cli.test_daemon import HUNG
from tests.daemon.servers import PATIENCE_S, Daemon
from tests.fakes.hub import Hub

import flyaway
from flyaway import engines
from flyaway.cli import repairs
from flyaway.cli.connecting import LAUNCH_ARGV, record_launch
from flyaway.cli.main import main
from flyaway.serving import lifetime, server
from flyaway_client import discovery, launch, protocol
from flyaway_client.connection import ConnectionFile
from flyaway_installer import editors
from flyaway_installer import install as installing
from flyaway_installer.install import install
from flyaway_installer.places import Machine, Place, places

NAME = "birefnet-lite-2k"
"""An engine whose published hash is not known, so that a made-up file passes."""


@pytest.fixture(autouse=True)
def krita(
    tmp_path: Path, home: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """The Krita of a user without GIMP and weights; no daemon is left behind."""
    (tmp_path / ".local" / "share" / "krita").mkdir(parents=True)
    machine = Machine("linux", tmp_path, {}, tmp_path / "root", lambda folder: [])
    monkeypatch.setattr(editors, "this_machine", lambda: machine)
    monkeypatch.setenv("PATH", str(tmp_path))
    yield places("krita", machine)[0]
    main(["daemon", "stop"])


def found() -> list[str]:
    return [f"{fault.where}: {fault.what}" for fault in repairs.faults()]


def mended() -> list[str]:
    return [fault.mend() for fault in repairs.faults()]


def test_whole_installation_has_no_fault(krita: Place) -> None:
    assert found() == []
    install(krita)
    record_launch()
    assert found() == []


def test_plugin_switched_off_is_switched_on(krita: Place) -> None:
    install(krita)
    record_launch()
    Path(str(krita.kritarc)).write_bytes(b"[python]\nenable_flyaway_krita=false\n")

    assert found() == ["Krita: The plugin is switched off."]
    assert mended() == ["It is switched on; restart Krita."]

    assert installing.is_switched_on(krita)
    assert found() == []


def test_another_versions_plugin_is_installed_again(krita: Place) -> None:
    install(krita)
    record_launch()
    (Path(krita.plugins) / "flyaway_krita" / "menu.py").write_text("older")

    assert found() == ["Krita: The plugin is another version's."]
    mended()

    assert installing.state(krita) == "same"


def test_links_into_a_checkout_that_moved_are_replaced(krita: Place) -> None:
    install(krita, link=True)
    record_launch()
    link = Path(krita.plugins) / "flyaway_krita" / "menu.py"
    link.unlink()
    link.symlink_to("/moved/menu.py")

    assert found() == ["Krita: The plugin is linked to what is gone."]
    mended()

    assert installing.state(krita) == "same"


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (None, "How plugins start the daemon is not recorded."),
        (["/moved/python"], "It names /moved/python, which is not there any more."),
        ([sys.executable, "-m", "old"], f"It starts another Flyaway, that of {sys.executable}."),
    ],
)
def test_launch_record_of_a_moved_install_is_written_anew(
    argv: list[str] | None, what: str, krita: Place, home: Path
) -> None:
    install(krita)
    if argv:
        launch.write_launch(home, argv)

    assert found() == [f"launch record: {what}"]
    mended()

    assert launch.read_launch(home) == LAUNCH_ARGV
    assert found() == []


def test_stale_launch_record_without_plugins_is_deleted(home: Path) -> None:
    launch.write_launch(home, ["/moved/python"])

    assert mended() == ["It was deleted: no plugin is installed."]

    assert launch.read_launch(home) is None
    assert found() == []


def test_connection_file_of_a_killed_daemon_is_deleted(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    ConnectionFile.create(f"tcp://127.0.0.1:{port}").write(home)

    assert found() == ["connection file: It is of a daemon that has gone."]
    mended()

    assert found() == []


def test_daemon_that_does_not_answer_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "ATTEMPT_S", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", HUNG, str(home)], stdout=subprocess.PIPE, text=True
    ) as hung:
        assert hung.stdout is not None
        assert hung.stdout.readline() == "hung\n"
        assert found() == ["daemon: It runs but does not answer."]
        assert mended() == ["The daemon, which did not answer, was ended."]
        hung.wait(PATIENCE_S)
    assert not lifetime.is_running(home)


def test_daemon_of_another_release_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["daemon", "start"])
    monkeypatch.setattr(flyaway, "__version__", "9.0.0")

    assert len(found()) == 1
    (said,) = mended()

    assert said == "The daemon has stopped. The next request starts Flyaway 9.0.0."
    assert not lifetime.is_running(home)


def test_daemon_of_another_protocol_is_told(
    home: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.file.write(home)
    newer = (protocol.VERSION[0] + 1, 0)
    monkeypatch.setattr(protocol, "VERSION", newer)
    monkeypatch.setattr(server, "protocol", _Older(newer))

    assert found() == ["daemon: The one that runs speaks another protocol."]


class _Older:
    """The protocol as the running daemon knows it: of the major version before."""

    def __init__(self, newer: tuple[int, int]) -> None:
        self.VERSION = (newer[0] - 1, 0)

    def __getattr__(self, name: str) -> object:
        return getattr(protocol, name)


def test_download_that_broke_off_is_finished(store: Path, hub: Hub) -> None:
    weights = engines.weights_record(NAME).weights
    assert weights is not None
    content = os.urandom(20_000)
    hub.files[f"{weights.repository}/{weights.file}"] = content
    partial = store / "files" / f"{NAME}.safetensors.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(content[:5000])

    assert found() == [f"{NAME}: Its download broke off after 0 MB."]
    assert mended() == ["It is whole now."]

    assert (store / "files" / f"{NAME}.safetensors").read_bytes() == content
    assert found() == []


def test_download_that_goes_on_is_left_alone(store: Path) -> None:
    partial = store / "files" / f"{NAME}.safetensors.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"half")
    with FileLock(partial.with_suffix(".lock")):
        assert found() == []
    assert len(found()) == 1


def test_half_imports_are_deleted_once_nobody_writes_them(store: Path) -> None:
    left = store / "files" / f"{NAME}.safetensors.0123456789abcdef.partial"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert found() == []

    os.utime(left, (0, 0))
    assert found() == ["weights: Imports broke off and left 0 MB."]
    mended()

    assert not left.exists()


def test_page_tells_faults_and_mends_them_only_when_asked(
    krita: Place, home: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.file.write(home)
    record_launch()
    install(krita)
    Path(str(krita.kritarc)).write_bytes(b"")

    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "The plugin is switched off. `flyaway doctor --fix` mends that." in shown
    assert not installing.is_switched_on(krita)

    assert main(["doctor", "--fix"]) == 0
    shown = capsys.readouterr().out
    assert "The plugin is switched off. It is switched on; restart Krita." in shown
    assert "nothing that `flyaway doctor --fix` could mend" in shown

    assert main(["doctor", "--fix"]) == 0
    assert "there was nothing to mend" in capsys.readouterr().out


def test_fault_that_cannot_be_mended_does_not_keep_others_from_it(
    krita: Place, home: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.file.write(home)
    install(krita)
    rc = Path(str(krita.kritarc))
    rc.unlink()
    rc.mkdir()

    assert main(["doctor", "--fix"]) == 0

    shown = capsys.readouterr().out
    assert "It could not be mended: Krita: " in shown
    assert launch.read_launch(home) == LAUNCH_ARGV
