"""Weights are found, fetched, checked, imported and removed; nothing half finished or damaged is handed out."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import huggingface_hub
import pytest
from tests.daemon.servers import wait_until
from tests.fakes import hub as fake

from flyaway.engines.records import EngineRecord, Role, WeightsRecord
from flyaway.errors import CancelledError, WeightsError
from flyaway.weights.store import Store

CONTENT = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "studio/net/model.safetensors"


def record(sha256: str = SHA256, repository: str = "studio/net") -> EngineRecord:
    return EngineRecord(
        name="net",
        family="none",
        title="Net",
        purpose="",
        ranks={Role.FIND: 1},
        accepts=frozenset(),
        suits=frozenset(),
        licence="MIT",
        licence_url="",
        paid_work=True,
        weights=WeightsRecord(
            repository,
            "main",
            "model.safetensors",
            len(CONTENT),
            sha256,
            page="https://example.org",
        ),
    )


@pytest.fixture
def hub() -> Iterator[fake.Hub]:
    with fake.serve() as running:
        running.files[FILE] = CONTENT
        yield running


@pytest.fixture
def store(tmp_path: Path, hub: fake.Hub, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hubs-own"))
    return Store(tmp_path / "weights", hub.endpoint)


def ignore(done: int, total: int) -> None:
    """A progress that nobody watches."""


def test_downloads_and_then_finds_without_asking_again(store: Store, hub: fake.Hub) -> None:
    seen: list[tuple[int, int]] = []
    path = store.download(record(), lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    asked = len(hub.requests)
    assert store.find(record()) == path
    assert store.download(record(), ignore) == path
    assert len(hub.requests) == asked


def test_no_thread_is_left_over(store: Store) -> None:
    def threads() -> int:
        """All but the hub's, each of which waits for what else its client may want."""
        return sum("process_request" not in one.name for one in threading.enumerate())

    before = threads()
    for _ in range(3):
        store.download(record(), ignore)
        store.remove(record())
    wait_until(lambda: threads() <= before)


def test_the_hash_of_a_file_is_known_once_it_was_checked(store: Store) -> None:
    assert store.digest(record()) is None
    store.download(record(), lambda done, total: None)
    assert store.digest(record()) == SHA256


def test_goes_on_where_a_download_was_cancelled(store: Store, hub: fake.Hub) -> None:
    def stop_half_way(done: int, total: int) -> None:
        if done > total / 2:
            raise CancelledError("The request was cancelled.")

    hub.stall_after = 2_000_000
    with pytest.raises(CancelledError):
        store.download(record(), stop_half_way)
    assert store.find(record()) is None
    assert store.download(record(), ignore).read_bytes() == CONTENT
    assert any("bytes=" in request for request in hub.requests)


def test_keeps_what_came_whole_before_it_was_checked(store: Store, hub: fake.Hub) -> None:
    def stop_at_the_end(done: int, total: int) -> None:
        if done == total:
            raise CancelledError("The request was cancelled.")

    with pytest.raises(CancelledError):
        store.download(record(), stop_at_the_end)
    assert store.find(record()) is None
    hub.requests.clear()
    assert store.download(record(), ignore).read_bytes() == CONTENT
    assert not any(request.startswith("GET /studio") for request in hub.requests)


def test_goes_on_by_itself_where_the_connection_broke(store: Store, hub: fake.Hub) -> None:
    hub.break_after = 1_000_000
    assert store.download(record(), ignore).read_bytes() == CONTENT
    assert any("bytes=" in request for request in hub.requests)


@pytest.mark.parametrize("pinned", ["", SHA256])
def test_refuses_and_deletes_a_file_with_another_hash(
    store: Store, hub: fake.Hub, pinned: str, tmp_path: Path
) -> None:
    hub.swapped[FILE] = bytes(len(CONTENT))
    with pytest.raises(WeightsError, match=r"is not .* of studio/net, and was thrown away"):
        store.download(record(pinned), ignore)
    assert store.find(record(pinned)) is None
    assert not list((tmp_path / "weights" / "files").glob("*.partial"))
    hub.swapped.clear()
    assert store.download(record(pinned), ignore).read_bytes() == CONTENT


@pytest.mark.parametrize("sent", [b"<html>log in</html>", CONTENT + b"more"])
def test_keeps_nothing_of_a_file_of_another_size(
    store: Store, hub: fake.Hub, sent: bytes, tmp_path: Path
) -> None:
    hub.swapped[FILE] = sent
    with pytest.raises(WeightsError, match="thrown away"):
        store.download(record(), ignore)
    assert not sum(f.stat().st_size for f in (tmp_path / "weights" / "files").iterdir())
    hub.swapped.clear()
    assert store.download(record(), ignore).read_bytes() == CONTENT


def test_pins_the_hash_of_a_first_download(store: Store) -> None:
    unpinned = record("")
    path = store.download(unpinned, ignore)
    target = path.resolve()
    target.write_bytes(b"x" + CONTENT[1:])
    assert store.find(unpinned) is None
    with pytest.raises(WeightsError, match="models download net"):
        store.verify(unpinned)


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (401, "GatedRepo", "accepted its terms"),
        (403, "GatedRepo", "accepted its terms"),
        (401, "RepoNotFound", "is not at"),
        (404, "RevisionNotFound", "is not at"),
        (404, "EntryNotFound", "is not at"),
        (401, "", "only to people with an account"),
        (500, "", r"answered with an error \(500\)"),
    ],
)
def test_says_why_the_hub_refuses(
    store: Store, hub: fake.Hub, status: int, code: str, sentence: str
) -> None:
    hub.refusals["studio/net"] = (status, code)
    with pytest.raises(WeightsError, match=sentence):
        store.download(record(), ignore)


def test_says_that_there_is_no_route(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be reached"):
        Store(tmp_path, "http://127.0.0.1:9").download(record(), ignore)


def test_says_that_downloads_are_forbidden(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE forbids"):
        store.download(record(), ignore)


def test_checks_the_space_before_the_first_byte(
    store: Store, hub: fake.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(WeightsError, match="Free some space"):
        store.download(record(), ignore)
    assert not any(request.startswith("GET") for request in hub.requests)


def test_sends_to_the_page_of_a_file_on_no_hub(store: Store) -> None:
    with pytest.raises(WeightsError, match=r"example\.org.*models import"):
        store.download(record(repository=""), ignore)


def test_uses_a_file_of_the_hubs_own_cache_where_it_lies(store: Store, hub: fake.Hub) -> None:
    own = Path(
        huggingface_hub.hf_hub_download(
            "studio/net",
            "model.safetensors",
            endpoint=hub.endpoint,
            cache_dir=huggingface_hub.constants.HF_HUB_CACHE,
        )
    )
    assert store.find(record()) == own
    assert store.remove(record()) == 0
    assert own.exists()


def test_adopts_a_file_and_prefers_it(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "Müller’s net.safetensors"
    source.write_bytes(CONTENT)
    adopted = store.adopt(record(), source)
    assert store.find(record()) == adopted
    assert store.remove(record()) == len(CONTENT)
    assert store.find(record()) is None
    assert source.exists()


def test_adopts_another_version_and_holds_it_to_its_own_hash(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "net.pth"
    source.write_bytes(CONTENT[:-1])
    adopted = store.adopt(record(), source)
    assert store.find(record()) == store.verify(record()) == adopted
    adopted.write_bytes(CONTENT[:-2])
    assert store.find(record()) is None
    with pytest.raises(WeightsError, match="damaged"):
        store.verify(record())


def test_the_published_hash_holds_again_once_the_own_version_is_removed(
    store: Store, tmp_path: Path
) -> None:
    source = tmp_path / "net.pth"
    source.write_bytes(CONTENT[:-1])
    store.adopt(record(), source)
    store.remove(record())
    assert store.download(record(), ignore).read_bytes() == CONTENT


def test_adopts_a_file_whose_name_says_nothing(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "5f1b2c.partial"
    source.write_bytes(CONTENT)
    adopted = store.adopt(record(), source)
    assert adopted.name == "net.safetensors"
    assert store.find(record()) == adopted


def test_an_adopted_file_takes_the_place_of_one_in_another_form(
    store: Store, tmp_path: Path
) -> None:
    downloaded = store.download(record(), ignore)
    source = tmp_path / "net.pth"
    source.write_bytes(CONTENT[:-1])
    assert store.find(record()) == downloaded
    adopted = store.adopt(record(), source)
    assert store.find(record()) == adopted
    assert not downloaded.exists()


def test_a_file_that_cannot_be_copied_is_a_sentence(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.pth could not be copied: No such file"):
        store.adopt(record(), tmp_path / "gone.pth")


def test_a_newly_published_file_replaces_the_old_one(store: Store, hub: fake.Hub) -> None:
    store.download(record(), ignore)
    hub.files[FILE] = CONTENT[::-1]
    newer = record(hashlib.sha256(CONTENT[::-1]).hexdigest())
    assert store.find(newer) is None
    assert store.download(newer, ignore).read_bytes() == CONTENT[::-1]


def test_an_interrupted_import_is_never_found(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "weights" / "files"
    folder.mkdir(parents=True)
    (folder / "net.safetensors.partial").write_bytes(CONTENT)
    assert store.find(record()) is None


def test_survives_a_damaged_note_of_what_was_checked(store: Store, tmp_path: Path) -> None:
    path = store.download(record(), ignore)
    (tmp_path / "weights" / "checked.json").write_text("{not json")
    assert store.find(record()) == path


def test_a_engine_without_weights_has_none_to_fetch(store: Store) -> None:
    with pytest.raises(WeightsError, match="always there"):
        store.download(dataclasses.replace(record(), weights=None), ignore)


def put(tmp_path: Path, content: bytes) -> Path:
    """A file in the store that came there behind its back."""
    file = tmp_path / "weights" / "files" / "net.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


def test_a_file_that_is_cut_short_is_not_held(store: Store, tmp_path: Path) -> None:
    put(tmp_path, CONTENT[: len(CONTENT) // 2])
    assert not store.holds(record())
    assert store.download(record(), ignore).read_bytes() == CONTENT
    assert store.holds(record())


def test_a_checked_file_that_was_cut_short_is_not_held(store: Store) -> None:
    path = store.download(record(), ignore)
    path.write_bytes(CONTENT[:-1])
    assert not store.holds(record())
    assert store.download(record(), ignore).read_bytes() == CONTENT


def test_listing_reads_no_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.download(record(), ignore)
    monkeypatch.setattr("flyaway.weights.store._sha256", None)
    assert store.holds(record())


def test_a_file_that_fails_its_check_is_held_no_more_until_another_comes(
    store: Store, tmp_path: Path
) -> None:
    file = put(tmp_path, bytes(len(CONTENT)))
    assert store.holds(record())  # its size is right
    with pytest.raises(WeightsError, match="damaged or not the published one"):
        store.locate(record())
    assert not store.holds(record())
    file.write_bytes(CONTENT)
    assert store.holds(record())
    assert store.locate(record()) == file


def test_a_file_that_holds_no_weights_is_replaced_by_the_next_download(
    store: Store, hub: fake.Hub
) -> None:
    """Its hash is the hub's own, and is not held against what comes next."""
    path = store.download(record(""), ignore)
    store.reject(record(""), path)
    assert not store.holds(record(""))
    assert store.find(record("")) is None
    hub.files[FILE] = CONTENT[::-1]
    assert store.download(record(""), ignore).read_bytes() == CONTENT[::-1]
    assert store.holds(record(""))


def test_a_file_with_the_published_hash_is_not_fetched_again_for_not_opening(store: Store) -> None:
    path = store.download(record(), ignore)
    store.reject(record(), path)
    assert store.holds(record())


def test_a_damaged_file_is_sound_again_once_it_stands_the_check(store: Store) -> None:
    path = store.download(record(""), ignore)
    store.reject(record(""), path)
    store.verify(record(""))
    assert store.holds(record(""))


def test_checking_can_be_called_off(store: Store, tmp_path: Path) -> None:
    put(tmp_path, CONTENT)

    def call_off(done: int, total: int) -> None:
        raise CancelledError("The request was cancelled.")

    with pytest.raises(CancelledError):
        store.download(record(), call_off)
    assert store.holds(record())


def test_a_damaged_file_of_no_hub_is_to_be_fetched_from_its_page(
    store: Store, tmp_path: Path
) -> None:
    put(tmp_path, bytes(len(CONTENT)))
    with pytest.raises(WeightsError, match=r"damaged.*example\.org.*models import"):
        store.locate(record(repository=""))


def test_imports_for_one_engine_at_once_leave_one_whole_file(store: Store, tmp_path: Path) -> None:
    sources = [tmp_path / f"{index}{suffix}" for index in range(4) for suffix in (".pth", ".ckpt")]
    for index, source in enumerate(sources):
        source.write_bytes(bytes([index]) * 2_000_000)
    with ThreadPoolExecutor(len(sources)) as pool:
        adopted = pool.map(
            lambda source: Store(tmp_path / "weights").adopt(record(), source), sources
        )
        assert {path.stem for path in adopted} == {"net"}
    (left,) = store.paths(record())
    assert store.find(record()) == store.verify(record()) == left
    assert len(set(left.read_bytes())) == 1
    assert not list(left.parent.glob("*.partial"))


def test_what_two_processes_record_at_once_is_all_kept(store: Store, tmp_path: Path) -> None:
    names = [f"net-{index}" for index in range(8)]
    source = tmp_path / "net.pth"
    source.write_bytes(CONTENT[:-1])

    def adopt(name: str) -> None:
        Store(tmp_path / "weights").adopt(dataclasses.replace(record(), name=name), source)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(adopt, names))
    assert all(store.holds(dataclasses.replace(record(), name=name)) for name in names)


def test_a_record_of_what_was_checked_that_cannot_be_written_is_no_error(
    store: Store, tmp_path: Path
) -> None:
    file = put(tmp_path, CONTENT)
    (tmp_path / "weights" / "checked.json").mkdir()
    assert store.find(record()) == file


def test_a_hub_that_sends_more_than_it_announced_fills_no_disk(
    store: Store, hub: fake.Hub, tmp_path: Path
) -> None:
    hub.swapped[FILE] = CONTENT + bytes(3_000_000)
    with pytest.raises(WeightsError):
        store.download(record(), ignore)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert sum(path.stat().st_size for path in kept) <= len(CONTENT)
    del hub.swapped[FILE]
    assert store.download(record(), ignore).read_bytes() == CONTENT


def test_an_engine_is_there_once_its_companion_is(store: Store, tmp_path: Path) -> None:
    beside = dataclasses.replace(record(), name="net-beside", weights=record(sha256="").weights)
    both = dataclasses.replace(record(), companion=beside)
    file = tmp_path / "anything.pth"
    file.write_bytes(CONTENT)
    store.adopt(both, file)
    assert not store.holds(both)
    store.adopt(beside, file)
    assert store.holds(both)
    assert store.remove(both) == len(CONTENT)
    assert not store.holds(both)
    assert store.holds(beside)


@pytest.mark.parametrize("name", ["net.pth.tar", "NET.PTH.TAR", "net.pth"])
def test_a_file_keeps_what_it_is_called_by(name: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(CONTENT)
    assert store.adopt(record(), tmp_path / name).suffix == ".pth"
    assert store.holds(record())
