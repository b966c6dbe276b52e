"""models: engines are listed, their weights downloaded, imported, checked, found and removed."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from tests.fakes.hub import Hub

from flyaway import engines
from flyaway.cli import terminal
from flyaway.cli.main import main
from flyaway.cli.models import _described
from flyaway.engines.backgroundmattingv2.network import BackgroundMattingV2
from flyaway_client.messages import EngineInfo

NAME = "backgroundmattingv2-mobilenetv2"
HAS_NO_HASH = "birefnet-lite-2k"
"""An engine whose published hash is not known, so that a made-up file passes."""

READY = f"{HAS_NO_HASH}: ready. {engines.record(HAS_NO_HASH).training.told}"
"""What its download says in the end."""

CONTENT = bytes(range(256)) * 12_000

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file, not there yet."""
    file = tmp_path / "config.toml"
    monkeypatch.setenv("FLYAWAY_CONFIG", str(file))
    return file


@pytest.fixture(autouse=True)
def no_settings_of_the_user(settings: Path) -> None:
    """Whoever runs the tests has settings of their own."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A weights file of an engine whose published hash nobody knows."""
    folder = tmp_path / "Von Hand geholt"
    folder.mkdir()
    torch.save(BackgroundMattingV2("mobilenetv2").state_dict(), folder / "weights.pth")
    return folder / "weights.pth"


def publish(hub: Hub, name: str, content: bytes) -> None:
    """Put an engine's file on the hub."""
    weights = engines.record(name).weights
    assert weights
    hub.files[f"{weights.repository}/{weights.file}"] = content


def test_lists_every_engine_the_built_in_first(store: Path, capsys: Captured) -> None:
    assert main(["models", "list"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("builtin: Built-in engine (always there)\n")
    paragraphs = [line for line in shown.splitlines() if not line.startswith(" ")]
    assert [line.split(":")[0] for line in paragraphs] == list(engines.names())


def test_says_what_the_licence_is_and_allows() -> None:
    info = EngineInfo("e", "Engine", "Hair.", (), True, 0, "MIT", "https://licence", True)

    assert "    Licence: MIT, paid work allowed. https://licence" in _described(info)


def test_says_that_a_licence_leaves_paid_work_open(store: Path, capsys: Captured) -> None:
    main(["models", "list"])

    paragraph = capsys.readouterr().out.partition("sdmatte-lite: ")[2].splitlines()
    assert "not known whether for paid work" in paragraph[2]
    assert "some of them for research only. Not all who made that allow paid work." in paragraph[3]


def test_says_what_an_engine_needs_and_how_large_its_download_is() -> None:
    info = EngineInfo("e", "Engine", "Hair.", ("trimap", "plate"), False, 12_400_000, "MIT", "")

    described = _described(info)

    assert "Engine (not installed, a download of 12 MB)" in described
    assert "Hair. Needs a trimap and a plate." in described


def test_says_where_to_fetch_what_is_on_no_hub(store: Path, capsys: Captured) -> None:
    main(["models", "list"])

    lines = capsys.readouterr().out.partition(f"{NAME}: ")[2].splitlines()
    assert "(not installed, to be fetched by hand)" in lines[0]
    assert "Fetch its weights (20 MB) from https://github.com/PeterL1n/Back" in lines[1]
    assert "`flyaway models import FILE`" in lines[1]


def test_what_needs_no_tensors_loads_no_torch(store: Path, hub: Hub) -> None:
    publish(hub, HAS_NO_HASH, CONTENT)
    script = (
        "import sys\n"
        "from flyaway.cli.main import main\n"
        f"for verb in (['list'], ['download', '{HAS_NO_HASH}'], ['path', '{HAS_NO_HASH}'],\n"
        f"             ['verify'], ['remove', '{HAS_NO_HASH}']):\n"
        "    assert main(['models', *verb]) == 0, verb\n"
        "assert 'torch' not in sys.modules\n"
    )
    environ = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(store.parent / "home")}

    ended = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{READY}\n{store}" in ended.stdout


def test_path_is_the_stores_or_a_files(store: Path, file: Path, capsys: Captured) -> None:
    main(["models", "import", str(file)])
    capsys.readouterr()

    assert main(["models", "path"]) == 0
    assert capsys.readouterr().out == f"{store}\n"
    assert main(["models", "path", NAME]) == 0
    assert capsys.readouterr().out == f"{store / 'files' / NAME}.pth\n"
    assert main(["models", "path", "modnet-webcam"]) == 1
    assert "flyaway models download modnet-webcam" in capsys.readouterr().err


def test_imported_file_is_listed_checked_and_removed(
    store: Path, file: Path, capsys: Captured
) -> None:
    assert main(["models", "import", str(file)]) == 0
    assert capsys.readouterr().out.startswith(f"{NAME}: {store}")

    main(["models", "list"])
    listed = capsys.readouterr().out
    assert f"{NAME}: Background Matting V2 MobileNetV2 (installed, 20 MB)" in listed
    assert "modnet-webcam: MODNet Webcam (not installed, a download of 26 MB)" in listed

    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out.startswith(f"{NAME}: whole, ")

    assert main(["models", "remove", NAME]) == 0
    freed = file.stat().st_size / 1e6
    assert capsys.readouterr().out == f"{NAME}: {freed:.0f} MB freed.\n"
    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out == ""


def test_damage_is_found(store: Path, file: Path, capsys: Captured) -> None:
    main(["models", "import", str(file)])
    with (store / "files" / f"{NAME}.pth").open("r+b") as damaged:
        damaged.seek(1000)
        damaged.write(b"damage")

    assert main(["models", "verify", NAME]) == 1

    assert "damaged" in capsys.readouterr().err


def test_damage_is_said_once(store: Path, file: Path) -> None:
    main(["models", "import", str(file)])
    next((store / "files").glob("*.pth")).write_bytes(b"damage")

    command = [sys.executable, "-m", "flyaway", "models", "path", NAME]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr

    assert said.startswith("flyaway: The weights file of")
    assert said.count("\n") == 1


def test_missing_weights_that_were_named_fail_the_check(store: Path, capsys: Captured) -> None:
    assert main(["models", "verify", "modnet-webcam"]) == 1

    assert "flyaway models download modnet-webcam" in capsys.readouterr().err


def test_folder_is_searched_and_what_is_unknown_is_told(
    store: Path, file: Path, capsys: Captured
) -> None:
    (file.parent / "notes.txt").write_text("no weights")
    torch.save({"layer": torch.zeros(1)}, file.parent / "other.pt")

    assert main(["models", "import", str(file.parent)]) == 1

    shown = capsys.readouterr()
    assert shown.out.startswith(f"{NAME}: ")
    assert "other.pt is for none of the engines" in shown.err
    assert "notes.txt" not in shown.err
    assert [kept.name for kept in (store / "files").iterdir()] == [f"{NAME}.pth"]


def test_weights_are_taken_out_of_a_zip(
    store: Path, file: Path, tmp_path: Path, capsys: Captured
) -> None:
    torch.save({"layer": torch.zeros(1)}, tmp_path / "other.pt")
    archive = tmp_path / "published.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.write(file, f"weights/{file.name}")
        made.write(tmp_path / "other.pt", "optimizer.pt")

    assert main(["models", "import", str(archive)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{NAME}: {store / 'files' / NAME}.pth\n"
    assert "optimizer.pt is for none of the engines" in shown.err
    assert (store / "files" / f"{NAME}.pth").read_bytes() == file.read_bytes()

    assert main(["models", "import", str(archive), "--as", NAME]) == 2
    assert "--as goes with one file." in capsys.readouterr().err

    with zipfile.ZipFile(archive, "w") as made:
        made.write(tmp_path / "other.pt", "optimizer.pt")
    assert main(["models", "import", str(archive)]) == 1
    assert "optimizer.pt is for none of the engines" in capsys.readouterr().err


def test_takes_what_other_programs_have(
    store: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("U2NET_HOME", str(tmp_path / "frozen"))
    assert main(["models", "import", "--from", "comfyui"]) == 2
    assert "Name the folder: flyaway models import --from comfyui" in capsys.readouterr().err

    models = tmp_path / "ComfyUI" / "models"
    (models / "RMBG" / "net").mkdir(parents=True)
    (models / "checkpoints").mkdir()
    file.rename(models / "RMBG" / "net" / file.name)
    torch.save({"layer": torch.zeros(1)}, models / "RMBG" / "other.pt")
    (models / "checkpoints" / "huge.safetensors").write_text("of another kind")
    assert main(["models", "import", "--from", "comfyui"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{NAME}: ")
    assert "other.pt is for none of the engines" in shown.err and "huge" not in shown.err
    assert main(["models", "import", "--from", "comfyui", str(models)]) == 0

    (tmp_path / "frozen").mkdir()
    (tmp_path / "frozen" / "u2net.onnx").write_bytes(b"frozen")
    capsys.readouterr()
    assert main(["models", "import", "--from", "rembg"]) == 1
    said = capsys.readouterr().err
    assert "u2net.onnx is for ONNX Runtime" in said
    assert "rembg has nothing that can be used." in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{folder}/none"], "There is no {folder}/none."),
        (["{folder}"], "There are no weights files in {folder}"),
        (["{file}", "{file}", "--as", NAME], "--as goes with one file."),
        ([], "Name the files or folders to import, or a program with --from."),
        (["--from", "rembg", "--as", NAME], "--from goes with one folder at most"),
        (["--from", "rembg", "{folder}", "{folder}"], "--from goes with one folder at most"),
        (["{file}", "--as", "none-such"], "There is no engine called 'none-such'"),
    ],
)
def test_senseless_imports_are_refused(
    arguments: list[str], sentence: str, store: Path, file: Path, tmp_path: Path, capsys: Captured
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    names = {"folder": empty, "file": file}

    status = main(["models", "import", *(word.format(**names) for word in arguments)])

    assert status == 2
    assert sentence.format(**names) in capsys.readouterr().err


def test_named_engine_is_believed_only_if_the_tensors_fit(
    store: Path, file: Path, capsys: Captured
) -> None:
    assert main(["models", "import", str(file), "--as", NAME]) == 0
    assert capsys.readouterr().out.startswith(f"{NAME}: ")

    assert main(["models", "import", str(file), "--as", "modnet-webcam"]) == 1
    assert "This file is not for MODNet Webcam" in capsys.readouterr().err
    assert main(["models", "path", "modnet-webcam"]) == 1


def test_hostile_file_is_neither_run_nor_copied(
    store: Path, tmp_path: Path, capsys: Captured
) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "it ran"),)

    file = tmp_path / "modnet.pth"
    file.write_bytes(pickle.dumps(Hostile()))

    assert main(["models", "import", str(file)]) == 1
    assert main(["models", "import", str(file), "--as", "modnet-webcam"]) == 1

    assert "was not opened" in capsys.readouterr().err
    assert not (tmp_path / "it ran").exists()
    assert not store.exists()


def test_download_shows_how_far_it_is(
    hub: Hub, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(hub, HAS_NO_HASH, CONTENT)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert main(["models", "download", HAS_NO_HASH]) == 0

    shown = capsys.readouterr()
    assert shown.out == f"{READY}\n"
    assert "  0% BiRefNet Lite 2K, 0 of 178 MB" in shown.err  # as the record has it
    assert "100% BiRefNet Lite 2K, 3 of 3 MB" in shown.err


def test_interrupted_download_goes_on_where_it_was(
    hub: Hub, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(hub, HAS_NO_HASH, CONTENT)
    hub.stall_after = 2_000_000
    show = terminal.ProgressLine.show

    def interrupt(line: terminal.ProgressLine, stage: str, fraction: float) -> None:
        show(line, stage, fraction)
        if 0.5 < fraction < 0.7:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(terminal.ProgressLine, "show", interrupt)
    assert main(["models", "download", HAS_NO_HASH]) == 130
    assert capsys.readouterr().err == (
        "flyaway: What came so far is kept: the next try goes on there.\nflyaway: Cancelled.\n"
    )
    assert main(["models", "path", HAS_NO_HASH]) == 1

    monkeypatch.setattr(terminal.ProgressLine, "show", show)
    assert main(["models", "download", HAS_NO_HASH]) == 0
    assert hub.requests[-1].startswith("GET")
    assert "bytes=" in hub.requests[-1]


def test_download_of_an_unknown_engine_is_refused_before_any_other(
    hub: Hub, capsys: Captured
) -> None:
    assert main(["models", "download", HAS_NO_HASH, "none-such"]) == 2

    assert "none-such" in capsys.readouterr().err
    assert hub.requests == []


def test_download_respects_the_setting_for_paid_work(
    hub: Hub, settings: Path, capsys: Captured
) -> None:
    settings.write_text("paid_work_only = true")

    assert main(["models", "download", "sdmatte-lite"]) == 2

    assert "not known to allow paid work" in capsys.readouterr().err
    assert hub.requests == []


def test_file_that_is_on_no_hub_is_told_with_its_page(hub: Hub, capsys: Captured) -> None:
    assert main(["models", "download", NAME]) == 1

    assert "https://github.com/PeterL1n/BackgroundMattingV2" in capsys.readouterr().err


def test_removal_tells_of_the_hubs_own_copy(hub: Hub, capsys: Captured, tmp_path: Path) -> None:
    from huggingface_hub import constants, hf_hub_download

    publish(hub, HAS_NO_HASH, CONTENT)
    weights = engines.record(HAS_NO_HASH).weights
    assert weights
    shared = hf_hub_download(
        weights.repository,
        weights.file,
        revision=weights.revision,
        endpoint=hub.endpoint,
        cache_dir=constants.HF_HUB_CACHE,
    )

    assert main(["models", "remove", HAS_NO_HASH]) == 0

    shown = capsys.readouterr()
    assert shown.out == f"{HAS_NO_HASH}: 0 MB freed.\n"
    assert shared in shown.err


@pytest.mark.parametrize("verb", ["verify", "remove", "path"])
def test_engine_without_weights_has_nothing_to_look_after(
    verb: str, store: Path, capsys: Captured
) -> None:
    assert main(["models", verb, "builtin"]) == 1

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "",
        "flyaway: Built-in engine has no weights: it is always there.\n",
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HF_HUB_DOWNLOAD_TIMEOUT", "10s"),
        ("HF_ENDPOINT", "http://[::1"),
        ("HTTPS_PROXY", "::::"),
    ],
)
def test_a_setting_of_the_hub_that_makes_no_sense_stops_nothing_but_downloads(
    store: Path, variable: str, value: str
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        script = f"import sys; from flyaway.cli.main import main; sys.exit(main({arguments!r}))"
        environ = {**os.environ, variable: value}
        return subprocess.run(
            [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False
        )

    listed = run("models", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "builtin" in listed.stdout
    fetched = run("models", "download", HAS_NO_HASH)
    assert fetched.returncode == 1
    assert "Traceback" not in fetched.stderr
    assert fetched.stderr.startswith("flyaway: ")
