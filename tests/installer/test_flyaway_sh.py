"""flyaway.sh: one line brings everything, whatever interrupts it, for the card that is there, and takes it out again.

uv is the real one; the indexes it asks, the cards it finds and the release are made up (tests/fakes).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.fakes import checkout, package_index
from tests.fakes.package_index import Index, make_wheel

import flyaway
import locks
from flyaway_client import connection, launch

pytestmark = [
    pytest.mark.timeout(600),  # some install twice, on a machine that does other things too
    pytest.mark.skipif(os.name != "posix", reason="Windows has flyaway.ps1"),
    pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here"),
]

VERSION = flyaway.__version__
BUILDS = ("cpu", "cu130", "rocm7.1", "xpu")
SUMMED = ("cpu", "cu130")
"""Builds of torch whose sums the release has."""

BESIDE = "nvidia-made-up"
"""What torch needs for one card."""

REPOSITORY = Path(__file__).parents[2]
UV = Path(sysconfig.get_path("scripts")) / "uv"
UV_INSTALLER = f"""
mkdir -p "$UV_UNMANAGED_INSTALL"
cp "{UV}" "$UV_UNMANAGED_INSTALL/uv"
"""
"""What uv's own one does."""

SCRIPT = REPOSITORY / "installer" / "flyaway.sh"
LOCKED = locks.read((REPOSITORY / "installer" / "locked.txt").read_text())
(TORCH,) = (package.version for package in LOCKED if package.name == "torch")
PATIENCE_S = 150


@dataclass
class User:
    """Somebody with a Krita, no uv and nothing of Flyaway; what the script sees is `environ`."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Path:
        return connection.home("linux", {}, self.home) / "app"

    @property
    def command(self) -> Path:
        return self.home / ".local" / "bin" / "flyaway"

    @property
    def plugin(self) -> Path:
        return self.home / ".local" / "share" / "krita" / "pykrita" / "flyaway_krita"

    def start(self, *arguments: str, script: Path | None = None) -> subprocess.Popen[str]:
        """Run the script in a process group of its own."""
        path = script or SCRIPT
        return subprocess.Popen(
            ["sh", str(path), *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, status: int = 0, script: Path | None = None) -> str:
        """Run the script to its end; returns what it said."""
        process = self.start(*arguments, script=script)
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == status, said
        return said

    def flyaway(self, *arguments: str) -> str:
        """Run what was installed."""
        environ = {name: value for name, value in self.environ.items() if name != "PYTHONHOME"}
        return subprocess.run(
            [str(self.command), *arguments],
            env=environ,
            cwd=self.home,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        ).stdout


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Path:
    """The folder of a release of the files as they lie here, which brings what the index has."""
    folder = tmp_path_factory.mktemp("release")
    make_release(checkout.make(folder / "source"), folder / "out", index)
    return folder / "out"


def make_release(source: Path, out: Path, index: Index) -> None:
    lines = []
    for package in LOCKED:
        marker = f" ; {package.marker}" if package.marker else ""
        stem = f"{package.name.replace('-', '_')}-{package.version}-"
        sums = [
            hashlib.sha256(one.read_bytes()).hexdigest()
            for one in index.wheels
            if one.name.startswith(stem)
        ]
        lines.append(f"{package.name}=={package.version}{marker}")
        lines[-1] += "".join(f" \\\n    --hash=sha256:{one}" for one in sums)
    lock = source / "installer" / "locked.txt"
    lock.write_text("\n".join(lines) + "\n")
    (source / "installer" / "torch.txt").write_text(
        "".join(_summed(index.builds[build][0]) for build in SUMMED)
        + f"torch=={TORCH}+xpu ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n"
    )
    checkout.commit(source)
    script = str(source / "installer" / "release.py")
    subprocess.run([sys.executable, script, "--dry-run", "-o", str(out)], check=True)


def _summed(wheel: Path) -> str:
    """A wheel of torch and its sum, as requirements have it."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"torch=={wheel.name.split('-')[1]} \\\n    --hash=sha256:{digest}\n"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """All locked packages, empty but for one that lets this Python's be found; torch in four builds."""
    folder = tmp_path_factory.mktemp("index")
    pins = {package.name: package.version for package in LOCKED}
    del pins["torch"]
    packages = [path for path in sys.path if path.endswith("-packages")]
    here = {"this_python.pth": "".join(f"{path}\n" for path in packages)}
    (version,) = re.findall(r"^uv_version=(\S+)$", SCRIPT.read_text(), re.MULTILINE)
    with package_index.serve(folder) as running:
        running.pages[f"/uv/{version}/install.sh"] = UV_INSTALLER.encode()
        # What there is for drivers of long ago, and too old for Flyaway.
        running.builds["cu110"] = [make_wheel(folder / "cu110", "torch", "1.7.1+cu110")]
        for name, version in pins.items():
            newest = make_wheel(folder / "wheels", name, f"{version}.1")  # to be held back
            wheel = make_wheel(folder / "wheels", name, version, here if name == "numpy" else None)
            running.wheels += [wheel, newest]
        running.wheels.append(make_wheel(folder / "wheels", BESIDE, "13.0"))
        for build in BUILDS:
            needs = f"{BESIDE}==13.0" if build == "cu130" else ""
            wheel = make_wheel(folder / build, "torch", f"{TORCH}+{build}", needs=needs)
            newer = make_wheel(folder / build, "torch", f"99.0+{build}")
            running.builds[build] = [wheel, newer]
        yield running


@pytest.fixture
def user(tmp_path: Path, index: Index) -> Iterator[User]:
    """See `User`; what it started is ended."""
    home = tmp_path / "Ann's Ö"
    (home / ".local" / "share" / "krita").mkdir(parents=True)
    user = User(
        home,
        {
            "HOME": str(home),
            "PATH": f"{tmp_path / 'cards'}:/usr/bin:/bin",
            "HTTPS_PROXY": index.address,
            "SSL_CERT_FILE": str(index.authority),
            "FLYAWAY_PYTHON": sys.executable,
            "PYTHONHOME": "/of/another/program",
        },
    )
    put_in(user, "systemctl", "exit 1")  # that of whoever runs the tests is not theirs
    index.asked.clear()
    yield user
    if user.command.exists():
        user.flyaway("daemon", "stop")


def put_in(user: User, name: str, script: str) -> None:
    """A program of this user's, by which uv finds a card."""
    program = Path(user.environ["PATH"].split(":")[0]) / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_one_line_brings_command_plugins_and_a_daemon_that_runs(user: User, release: Path) -> None:
    said = user.run("--from", str(release))

    assert f"Flyaway {VERSION} is installed, with torch" in said
    assert "for the processor" in said
    assert "Krita: installed in" in said
    assert f"{user.command}: log in anew" in said
    assert (user.plugin / "LICENSE").is_file()
    assert user.flyaway("--version") == f"flyaway {VERSION}\n"
    page = user.flyaway("doctor")
    assert "installed, the same as this Flyaway's" in page
    assert "right: " in page
    recorded = launch.read_launch(user.app.parent)
    assert recorded is not None
    assert recorded[0].startswith(str(user.app))
    assert "1 done" in user.flyaway("daemon", "status")


@pytest.mark.skipif(not shutil.which("script"), reason="script, which makes terminals, is not here")
def test_whoever_has_a_flatpak_is_asked_at_the_terminal(user: User, release: Path) -> None:
    (user.home / ".var" / "app" / "org.kde.krita").mkdir(parents=True)
    line = f'cat "{release}/flyaway.sh" | sh -s -- --from "{release}"'

    said = subprocess.run(
        ["script", "--quiet", "--return", "--command", line, "/dev/null"],
        input="y\n",
        env=user.environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    ).stdout

    assert "Start it whenever you log in? [Y/n]" in said
    assert (user.home / ".config" / "autostart" / "flyaway.desktop").is_file()
    assert user.flyaway("daemon", "autostart", "status") == "The daemon is started at login.\n"


@pytest.mark.skipif(not shutil.which("shasum"), reason="shasum, which macOS has, is not here")
def test_on_macos_it_goes_where_the_daemon_lives_there(
    user: User, release: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in (*Path("/usr/bin").iterdir(), *Path("/bin").iterdir()):
        if program.name not in ("sha256sum", "wget") and not (programs / program.name).exists():
            (programs / program.name).symlink_to(program)
    user.environ["PATH"] = f"{tmp_path / 'cards'}:{programs}"
    put_in(user, "uname", "echo Darwin")

    user.run("--from", str(release))

    home = connection.home("darwin", {}, user.home)
    assert (home / "app" / "tools" / "flyaway" / "bin" / "flyaway").is_file()
    assert user.flyaway("--version") == f"flyaway {VERSION}\n"


def test_line_works_through_a_pipe_too(user: User, release: Path) -> None:
    line = f'cat "{release}/flyaway.sh" | sh -s -- --from "{release}"'

    subprocess.run(["sh", "-c", line], env=user.environ, check=True, capture_output=True)

    assert user.flyaway("--version") == f"flyaway {VERSION}\n"
    assert (user.app / "flyaway.sh").is_file()


def test_half_a_script_does_nothing(user: User, release: Path) -> None:
    half = (release / "flyaway.sh").read_text().rpartition("main")[0]

    subprocess.run(["sh"], input=half, text=True, env=user.environ, check=True)

    assert tree(user.home) == {".local", ".local/share", ".local/share/krita"}


def test_only_the_locked_versions_come(user: User, release: Path) -> None:
    user.run("--from", str(release))

    (site,) = user.app.glob("tools/flyaway/lib/python*/site-packages")
    found = {folder.name.removesuffix(".dist-info") for folder in site.glob("*.dist-info")}
    pins = {f"{package.name}-{package.version}" for package in LOCKED}
    pins |= {f"flyaway-{VERSION}"}
    assert {name.split("+")[0].replace("_", "-") for name in found} <= pins
    assert any(name.startswith("torch-") for name in found)


def test_what_is_installed_is_what_was_held_against_the_lock(user: User, release: Path) -> None:
    said = user.run("--from", str(release))

    assert "comes unchecked" not in said
    assert not (user.app / "checked").exists()


@pytest.mark.parametrize("name", ["click", "torch"])
def test_a_package_that_is_not_the_one_that_was_locked_stops_it(
    name: str, user: User, release: Path, index: Index
) -> None:
    wheels = [one for one in (*index.wheels, *index.builds["cpu"]) if one.name.startswith(name)]
    wheel, whole = wheels[0], wheels[0].read_bytes()
    try:
        make_wheel(wheel.parent, name, wheel.name.split("-")[1], {f"{name}/__init__.py": "evil"})
        said = user.run("--from", str(release), status=1)
    finally:
        wheel.write_bytes(whole)
    assert f"Hash mismatch for `{name}" in said
    assert "A package could not be fetched, or is not the one that was tested (above)" in said
    assert not (user.app / "tools").exists()

    user.run("--from", str(release))
    assert user.flyaway("--version") == f"flyaway {VERSION}\n"


def test_an_index_that_changes_its_mind_afterwards_is_not_asked_again(
    user: User, release: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = make_wheel(tmp_path, "torch", f"{TORCH}+cpu", {"evil.pth": "import evil"}).read_bytes()
    answer = index.answer

    def changing(path: str) -> bytes | None:
        was_checked = list(user.app.glob("checked/environment/lib/python*/*/torch-*.dist-info"))
        return evil if was_checked and path.startswith("/files/torch") else answer(path)

    monkeypatch.setattr(index, "answer", changing)
    user.run("--from", str(release))

    assert not list(user.app.rglob("evil.pth"))
    assert user.flyaway("--version") == f"flyaway {VERSION}\n"


@pytest.mark.parametrize(
    ("card", "program", "build", "words"),
    [
        ("auto", ("nvidia-smi", "echo 580.65.06"), "cu130", "for NVIDIA cards (cu130)"),
        ("auto", ("rocm_agent_enumerator", "echo gfx1100"), "rocm7.1", "for AMD cards (rocm7.1)"),
        ("auto", None, "cpu", "for the processor"),
        ("none", ("nvidia-smi", "echo 580.65.06"), "cpu", "for the processor"),
        ("xpu", None, "xpu", "for Intel cards"),
        ("cu130", None, "cu130", "for NVIDIA cards (cu130)"),
    ],
)
def test_torch_is_the_build_for_the_card(
    card: str,
    program: tuple[str, str] | None,
    build: str,
    words: str,
    user: User,
    release: Path,
    index: Index,
) -> None:
    if program:
        put_in(user, *program)

    said = user.run("--from", str(release), *(["--card", card] if card != "auto" else []))

    assert words in said
    is_unchecked = f"has no sum for torch=={TORCH}+{build} on this system" in said
    assert is_unchecked == (build not in SUMMED)
    fetched = [path for path in index.asked if path.startswith("/files/torch-")]
    assert fetched
    assert all(path.endswith(f"+{build}-py3-none-any.whl") for path in fetched)
    beside = list(user.app.glob("tools/flyaway/lib/python*/site-packages/nvidia_made_up-*"))
    assert bool(beside) == (build == "cu130")


def test_card_whose_driver_is_too_old_leaves_the_processor(user: User, release: Path) -> None:
    put_in(user, "nvidia-smi", "echo 450.80")

    said = user.run("--from", str(release))

    assert "for the processor" in said
    assert "its driver is too old for this torch" in said


def test_processor_that_was_asked_for_is_no_matter(user: User, release: Path) -> None:
    put_in(user, "nvidia-smi", "echo 450.80")

    assert "too old" not in user.run("--from", str(release), "--card", "none")


def test_another_card_later_brings_another_build(user: User, release: Path) -> None:
    user.run("--from", str(release))
    put_in(user, "nvidia-smi", "echo 580.65.06")

    said = user.run("--from", str(release))

    assert "for NVIDIA cards (cu130)" in said


STEPS: dict[str, Callable[[User], bool]] = {
    "release fetched": lambda user: (user.app / "locked.txt").exists(),
    "uv fetched": lambda user: (user.app / "uv" / "uv").exists(),
    "environment begun": lambda user: (user.app / "tools" / "flyaway").exists(),
    "packages there": lambda user: bool(list(user.app.glob("tools/flyaway/lib/*/*/flyaway"))),
    "command there": lambda user: user.command.exists(),
    "plugin there": lambda user: user.plugin.exists(),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_goes_on_when_run_again(step: str, user: User, release: Path) -> None:
    process = user.start("--from", str(release))
    deadline = time.monotonic() + PATIENCE_S
    while not STEPS[step](user) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert STEPS[step](user)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    user.run("--from", str(release))

    assert user.flyaway("--version") == f"flyaway {VERSION}\n"
    assert (user.plugin / "__init__.py").is_file()
    assert not (user.app / "cache").exists()


def test_removing_leaves_nothing_but_what_the_user_made(user: User, release: Path) -> None:
    before = tree(user.home)
    user.run("--from", str(release))
    user.flyaway("daemon", "start")
    user.flyaway("daemon", "autostart", "on")
    weights = Path(user.flyaway("models", "path").strip())
    weights.mkdir(parents=True, exist_ok=True)
    (weights / "mine.safetensors").write_text("")

    said = user.run("--uninstall", script=user.app / "flyaway.sh")

    assert f"Downloaded models stay in {weights}" in said
    assert "Krita: removed from" in said
    assert "started at login no more" in said
    left = {path for path in tree(user.home) - before if (user.home / path).is_file()}
    assert left == {str((weights / "mine.safetensors").relative_to(user.home)), KRITARC}


KRITARC = ".config/kritarc"
"""Krita's own; without our line it is as good as none."""


def test_removing_goes_on_where_it_was_interrupted(user: User, release: Path) -> None:
    user.run("--from", str(release))
    user.flyaway("uninstall")
    (user.app / "removing").touch()
    shutil.rmtree(user.app / "tools" / "flyaway" / "lib")

    user.run("--uninstall")

    assert not user.app.exists()
    assert not user.command.is_symlink()


def test_removing_what_is_not_there_is_no_failure(user: User) -> None:
    assert "Flyaway is removed." in user.run("--uninstall")


def test_removing_refuses_to_leave_plugins_behind(user: User, release: Path) -> None:
    user.run("--from", str(release))
    shutil.rmtree(user.app / "tools" / "flyaway" / "lib")

    said = user.run("--uninstall", status=1)

    assert "only it can take its plugins out" in said
    user.run("--from", str(release))
    user.run("--uninstall")
    assert not user.plugin.exists()


@pytest.fixture
def published(release: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a web server that hands out a copy of the release, which is `tmp_path/web`."""
    web = tmp_path / "web"
    shutil.copytree(release, web)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(web))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_update_brings_what_is_published_since(
    user: User, published: str, tmp_path: Path, index: Index
) -> None:
    user.run("--from", published)
    source = checkout.make(tmp_path / "newer")
    for name in ("pyproject.toml", "plugins/common/flyaway_client/release.py"):
        text = (source / name).read_text()
        (source / name).write_text(text.replace(f'"{VERSION}"', '"99.1.0"'))
    script = source / "installer" / "flyaway.sh"
    script.write_text(script.read_text().replace("Flyaway $version is", "The newer $version is"))
    shutil.rmtree(tmp_path / "web")
    make_release(source, tmp_path / "web", index)
    user.flyaway("daemon", "start")

    user.flyaway("update")

    assert user.flyaway("--version") == "flyaway 99.1.0\n"
    assert '"99.1.0"' in (user.plugin / "flyaway_client" / "release.py").read_text()
    assert "The newer" in (user.app / "flyaway.sh").read_text()
    assert len(list(user.app.glob("*.whl"))) == 1


def test_python_is_one_of_its_own_unless_another_is_named(
    user: User, release: Path, index: Index
) -> None:
    del user.environ["FLYAWAY_PYTHON"]

    said = user.run("--from", str(release), status=1)  # nobody has one here

    assert "uv could not install Flyaway (above)" in said
    assert any("cpython-3.11" in path for path in index.asked)


def test_uv_can_be_had_from_elsewhere(user: User, release: Path, tmp_path: Path) -> None:
    (tmp_path / "here.sh").write_text(f"touch '{tmp_path}/asked'\n{UV_INSTALLER}")
    user.environ["FLYAWAY_UV_INSTALLER"] = (tmp_path / "here.sh").as_uri()

    user.run("--from", str(release))

    assert (tmp_path / "asked").exists()


def test_users_own_uv_is_used_where_it_is_new_enough(user: User, release: Path) -> None:
    put_in(user, "uv", f'exec "{UV}" "$@"')

    said = user.run("--from", str(release))

    assert "Fetching uv" not in said
    assert not (user.app / "uv").exists()


def test_file_that_was_changed_on_the_way_is_not_installed(
    user: User, published: str, tmp_path: Path
) -> None:
    (wheel,) = (tmp_path / "web").glob("*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"more")

    said = user.run("--from", published, status=1)

    assert f"What came as {wheel.name}" in said
    assert not (user.app / "tools").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name the address, or the folder, of one: --from"),
        (["--from", "/no/such/folder"], "There is no SHA256SUMS in /no/such/folder"),
        (["--from", "http://127.0.0.1:9/x"], "it goes on from here"),
    ],
)
def test_missing_release_is_a_sentence(arguments: list[str], words: str, user: User) -> None:
    assert words in user.run(*arguments, status=1)


def test_wrong_arguments_show_the_usage(user: User) -> None:
    said = user.run("--nonsense", status=2)

    assert "usage: sh flyaway.sh [--card CARD]" in said


def test_through_sudo_it_is_refused(user: User) -> None:
    put_in(user, "id", "echo 0")
    user.environ["SUDO_USER"] = "ann"

    assert "run it without sudo" in user.run(status=1)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not here")
def test_shellcheck_has_nothing_against_it() -> None:
    scripts = ["installer/flyaway.sh", "scripts/release", "scripts/lock"]
    checked = subprocess.run(
        ["shellcheck", *scripts], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert checked.stdout == ""
    assert checked.returncode == 0


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
