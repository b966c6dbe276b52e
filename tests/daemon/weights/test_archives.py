"""Zips of weights: what is in them is found, and nothing in them gets anywhere else."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest

from flyaway.errors import WeightsError
from flyaway.weights import archives


def archive(folder: Path, *members: tuple[str, bytes]) -> Path:
    path = folder / "r34_2b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as caught, archives.unpacked(path):
        raise AssertionError("it was unpacked")
    return str(caught.value)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where things are unpacked."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_weights_are_found_wherever_they_lie_and_keep_their_names(
    tmp_path: Path, temporary: Path
) -> None:
    path = archive(
        tmp_path, ("a/net.pth", b"1"), ("README.txt", b"2"), ("b/net.pth", b"3"), ("c/", b"")
    )
    with archives.unpacked(path) as files:
        assert [(file.parent.name, file.name) for file in files] == [("r34_2b", "net.pth")] * 2
        assert [file.read_bytes() for file in files] == [b"1", b"3"]
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../net.pth", "/net.pth", "..\\..\\net.pth", "C:\\net.pth", "a/../../../net.pth"]
)
def test_nothing_gets_out_of_its_folder(name: str, tmp_path: Path, temporary: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    path = archive(tmp_path, (name, b"1"))
    with archives.unpacked(path) as (file,):
        assert file.name == "net.pth" and file.is_relative_to(temporary)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


def test_a_link_is_but_a_file(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("net.pth")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, "/etc/passwd")
    with archives.unpacked(path) as (file,):
        assert not file.is_symlink() and file.read_text() == "/etc/passwd"


def test_what_macos_puts_beside_each_file_is_none(tmp_path: Path) -> None:
    path = archive(tmp_path, ("__MACOSX/._net.pth", b"1"), ("net.pth", b"2"))
    with archives.unpacked(path) as (file,):
        assert file.read_bytes() == b"2"


def test_without_weights_it_is_refused(tmp_path: Path) -> None:
    assert "There are no weights files in" in refusal(archive(tmp_path, ("README.txt", b"1")))


def test_a_bomb_is_not_unpacked(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 10_000)
    path = archive(tmp_path, ("a.pth", bytes(6_000)), ("b.pth", bytes(6_000)))
    assert "holds more than any engine's weights" in refusal(path)
    assert list(temporary.iterdir()) == []


def test_one_that_says_it_is_smaller_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, ("net.pth", bytes(100_000)))
    path.write_bytes(
        path.read_bytes().replace((100_000).to_bytes(4, "little"), bytes([9, 0, 0, 0]))
    )
    assert "cannot be unpacked" in refusal(path)


@pytest.mark.parametrize("damage", ["cut short", "of noise", "empty", "flipped"])
def test_a_damaged_one_is_told(damage: str, tmp_path: Path) -> None:
    path = archive(tmp_path, ("net.pth", bytes(range(256)) * 100))
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut short": whole[:-40],
            "of noise": b"noise" * 100,
            "empty": b"",
            "flipped": whole[:60] + bytes(x ^ 255 for x in whole[60:80]) + whole[80:],
        }[damage]
    )
    assert "cannot be unpacked" in refusal(path)


def test_one_with_a_password_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path, ("net.pth", b"1"))
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    assert "password" in refusal(path)


def test_a_full_disk_is_told(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    said = refusal(archive(tmp_path, ("net.pth", b"1")))
    assert "No space left on device. Unpack it where there is room" in said
    assert list(temporary.iterdir()) == []
