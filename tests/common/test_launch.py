"""Starting a process from inside another: what it inherits, what it does not, where it may not."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flyaway_client import launch
from flyaway_client.launch import clean_environment, read_launch, sandbox_advice, write_launch

TELL = "import json, os, sys; print(json.dumps([os.getcwd(), dict(os.environ), sys.stdin.read()]))"


def python(script: str) -> list[str]:
    return [sys.executable, "-I", "-c", script]


def test_reads_what_was_written(home: Path) -> None:
    write_launch(home, ["/opt/with space/python", "-m", "flyaway", "daemon", "run"])
    assert read_launch(home) == ("/opt/with space/python", "-m", "flyaway", "daemon", "run")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
def test_only_the_owner_can_write_what_will_be_run(home: Path) -> None:
    write_launch(home, ["flyaway"])
    assert stat.S_IMODE((home / "launch.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"argv": []}',
        b'{"argv": "rm"}',
        b'{"argv": [1]}',
        b'{"argv": ["\\ud800"]}',
        b"\xff",
    ],
)
def test_a_file_that_makes_no_sense_is_none(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "launch.json").write_bytes(content)
    assert read_launch(home) is None


@pytest.mark.skipif(os.name == "nt", reason="pipes are POSIX'")
def test_a_pipe_in_place_of_the_log_is_not_waited_for(home: Path) -> None:
    home.mkdir()
    os.mkfifo(home / "daemon.log")
    with pytest.raises(OSError, match=r"daemon\.log"):
        launch.start(python("pass"), home)


def test_no_file_is_none(home: Path) -> None:
    assert read_launch(home) is None


def test_a_started_process_lives_in_the_home_folder_and_writes_the_log(home: Path) -> None:
    process = launch.start(python(TELL), home)
    assert process.wait(30) == 0
    folder, environ, heard = json.loads((home / "daemon.log").read_text())
    assert Path(folder) == home
    assert environ["FLYAWAY_HOME"] == str(home)
    assert heard == ""


def test_what_it_complains_about_is_added_to_the_log(home: Path) -> None:
    home.mkdir()
    (home / "daemon.log").write_text("from before\n")
    launch.start(python("import sys; sys.exit('no disk')"), home).wait(30)
    assert (home / "daemon.log").read_text().splitlines() == ["from before", "no disk"]


def test_a_long_log_is_put_aside_once(home: Path) -> None:
    home.mkdir()
    (home / "daemon.log.1").write_text("oldest")
    (home / "daemon.log").write_text("x" * (1024 * 1024 + 1))
    launch.start(python("import sys; sys.exit('no disk')"), home).wait(30)
    assert (home / "daemon.log").read_text().splitlines() == ["no disk"]
    assert (home / "daemon.log.1").stat().st_size == 1024 * 1024 + 1


def test_nothing_of_the_host_reaches_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/host/python")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/host/lib")
    monkeypatch.setenv("QT_PLUGIN_PATH", "/host/qt")
    launch.start(python(TELL), home).wait(30)
    _, environ, _ = json.loads((home / "daemon.log").read_text())
    assert not {"PYTHONPATH", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH"} & environ.keys()


@pytest.mark.skipif(os.name == "nt", reason="sessions are POSIX'; Windows' flags are tested below")
def test_it_outlives_the_program_that_started_it(home: Path) -> None:
    daemon = "import os, time; print(os.getpid(), os.getsid(0), flush=True); time.sleep(60)"
    host = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from pathlib import Path\n"
        "from flyaway_client import launch\n"
        f"launch.start({python(daemon)!r}, Path({str(home)!r}))\n"
    )
    subprocess.run(python(host), check=True, timeout=30)
    pid, session = map(int, wait_for_line(home / "daemon.log").split())
    try:
        assert session == pid != os.getsid(0)
        os.kill(pid, 0)
    finally:
        os.kill(pid, 9)


def test_a_record_that_no_program_can_be_started_by_counts_as_none(home: Path) -> None:
    write_launch(home, ["flyaway\0"])
    assert read_launch(home) is None


def test_a_program_that_is_not_there_is_an_os_error(home: Path) -> None:
    with pytest.raises(OSError, match="no/such/program"):
        launch.start(["/no/such/program"], home)


def test_finished_ones_are_forgotten_at_the_next_start(home: Path) -> None:
    first = launch.start(python("pass"), home)
    first.wait(30)
    second = launch.start(python("pass"), home)
    second.wait(30)
    assert first not in launch._started


def test_windows_gets_no_window_and_leaves_the_hosts_job() -> None:
    first, second = (options["creationflags"] for options in launch.detachment("win32"))
    no_window, own_group, breakaway = 0x08000000, 0x00000200, 0x01000000
    assert first == no_window | own_group | breakaway
    assert second == no_window | own_group


def test_a_job_that_lets_nobody_go_is_no_obstacle(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[dict[str, Any]] = []

    def popen(argv: list[str], **options: Any) -> Any:
        tried.append(options)
        if len(tried) == 1:
            raise PermissionError("access denied")
        return "a process"

    monkeypatch.setattr("flyaway_client.launch.sys.platform", "win32")
    monkeypatch.setattr("flyaway_client.launch.subprocess.Popen", popen)
    process: Any = launch._spawn(["flyaway"], cwd=home)
    assert process == "a process"
    assert [options["creationflags"] for options in tried] == [0x09000200, 0x08000200]


def test_the_hosts_variables_are_dropped_and_others_kept() -> None:
    hosts = {
        "PYTHONHOME": "/krita",
        "PYTHONPATH": "/krita/lib",
        "LD_LIBRARY_PATH": "/krita/lib",
        "DYLD_LIBRARY_PATH": "/krita/lib",
        "LD_PRELOAD": "/krita/exec.so",
        "QT_PLUGIN_PATH": "/krita/qt",
        "QML2_IMPORT_PATH": "/krita/qml",
        "GI_TYPELIB_PATH": "/gimp",
        "GTK_PATH": "/gimp",
        "GEGL_PATH": "/gimp",
        "__PYVENV_LAUNCHER__": "/gimp",
    }
    own = {
        "HOME": "/home/ana",
        "PATH": "/usr/bin",
        "CUDA_VISIBLE_DEVICES": "1",
        "HF_HOME": "/models",
        "FLYAWAY_CONFIG": "/c",
    }
    assert clean_environment({**hosts, **own}) == own


@pytest.mark.parametrize("prefix", ["APPIMAGE_ORIGINAL_", "APPRUN_ORIGINAL_"])
def test_what_an_appimage_changed_is_restored(prefix: str) -> None:
    environ = {
        "APPDIR": "/tmp/.mount_krita",
        "APPIMAGE": "/home/ana/krita.appimage",
        "ARGV0": "krita",
        "OWD": "/home/ana",
        "PATH": "/tmp/.mount_krita/usr/bin:/usr/bin",
        f"{prefix}PATH": "/home/ana/bin:/usr/bin",
        "LD_LIBRARY_PATH": "/tmp/.mount_krita/usr/lib",
        f"{prefix}LD_LIBRARY_PATH": "/opt/cuda/lib",
        "XDG_DATA_DIRS": "/tmp/.mount_krita/usr/share",
        f"{prefix}XDG_DATA_DIRS": "",
    }
    assert clean_environment(environ) == {
        "PATH": "/home/ana/bin:/usr/bin",
        "LD_LIBRARY_PATH": "/opt/cuda/lib",
    }


def test_search_paths_lose_what_lies_inside_an_appimage() -> None:
    mount = "/tmp/.mount_krita"
    environ = {
        "APPDIR": mount,
        "PATH": os.pathsep.join([f"{mount}/usr/bin", "/usr/bin", f"{mount}/bin", "/bin"]),
        "XDG_DATA_DIRS": f"{mount}/usr/share",
        "HOME": "/home/ana",
    }
    assert clean_environment(environ) == {
        "PATH": os.pathsep.join(["/usr/bin", "/bin"]),
        "HOME": "/home/ana",
    }


def test_a_flatpak_is_told_what_to_do_outside(tmp_path: Path) -> None:
    (tmp_path / ".flatpak-info").touch()
    advice = sandbox_advice(tmp_path)
    assert advice is not None
    assert "Flatpak" in advice
    assert "`flyaway daemon start`" in advice


def labelled(root: Path, label: str) -> Path:
    """A root folder in which AppArmor has put this label on the process."""
    folder = root / "proc" / "self" / "attr"
    folder.mkdir(parents=True)
    (folder / "current").write_text(label)
    return root


def test_a_snap_is_told_what_to_do_outside(tmp_path: Path) -> None:
    advice = sandbox_advice(labelled(tmp_path, "snap.krita.krita (enforce)\n"))
    assert advice is not None
    assert "Snap" in advice
    assert "`flyaway daemon start`" in advice


@pytest.mark.parametrize("label", ["unconfined\n", "snap.code.code (complain)\n", "\0"])
def test_others_may_start_programs(tmp_path: Path, label: str) -> None:
    assert sandbox_advice(labelled(tmp_path, label)) is None


def test_a_system_without_labels_may_start_programs(tmp_path: Path) -> None:
    assert sandbox_advice(tmp_path) is None


def wait_for_line(file: Path) -> str:
    """The file's first line, once it is complete."""
    for _ in range(3000):
        content = file.read_text() if file.exists() else ""
        if "\n" in content:
            return content.splitlines()[0]
        time.sleep(0.01)
    raise AssertionError(f"nothing was written to {file}")
