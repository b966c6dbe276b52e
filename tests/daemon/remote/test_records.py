"""Keys, names and addresses of other computers: what is kept, and what is refused."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from flyaway.errors import RemoteError
from flyaway.remote import records
from flyaway.remote.records import Remote

KEY, OTHER = "0a" * 32, "0b" * 32


class TestOwnKeys:
    """This computer's pair."""

    def test_is_not_made_unasked(self, tmp_path: Path) -> None:
        assert records.own_keys(tmp_path) is None

    def test_stays_the_same(self, tmp_path: Path) -> None:
        made = records.own_keys(tmp_path / "home", make=True)

        assert records.own_keys(tmp_path / "home", make=True) == made

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
    def test_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        records.own_keys(tmp_path, make=True)

        assert stat.S_IMODE((tmp_path / records.KEY_NAME).stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", [b"", b"{}", b'{"public": "x", "secret": "y"}', b"\xff"])
    def test_that_is_damaged_is_not_replaced(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / records.KEY_NAME).write_bytes(content)

        with pytest.raises(RemoteError, match="damaged"):
            records.own_keys(tmp_path, make=True)

        assert (tmp_path / records.KEY_NAME).read_bytes() == content


class TestClients:
    """Who is let in."""

    def test_is_known_by_key_until_revoked(self, tmp_path: Path) -> None:
        records.allow(tmp_path, "laptop", KEY)
        assert records.clients(tmp_path).name_of(KEY) == "laptop"

        records.revoke(tmp_path, "laptop")
        assert records.clients(tmp_path).name_of(KEY) is None

    def test_new_key_takes_the_place_of_the_old(self, tmp_path: Path) -> None:
        records.allow(tmp_path, "laptop", KEY)
        records.allow(tmp_path, "laptop", OTHER)

        known = records.clients(tmp_path)
        assert (known.name_of(KEY), known.name_of(OTHER)) == (None, "laptop")

    def test_one_key_has_one_name(self, tmp_path: Path) -> None:
        records.allow(tmp_path, "laptop", KEY)

        with pytest.raises(RemoteError, match="key of laptop"):
            records.allow(tmp_path, "desktop", KEY)

    def test_unknown_name_cannot_be_revoked(self, tmp_path: Path) -> None:
        records.allow(tmp_path, "laptop", KEY)

        with pytest.raises(RemoteError, match="Let in are: laptop"):
            records.revoke(tmp_path, "lapdog")

    @pytest.mark.parametrize("key", ["", "0a" * 31, "0a" * 33, "zz" * 32, "no key"])
    def test_what_is_no_key_is_refused(self, tmp_path: Path, key: str) -> None:
        with pytest.raises(RemoteError, match="flyaway remote key"):
            records.allow(tmp_path, "laptop", key)

    @pytest.mark.parametrize("name", ["", "-x", "a b", "a" * 41, "a\nb", "é"])
    def test_what_is_no_name_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(RemoteError, match="no name"):
            records.allow(tmp_path, name, KEY)

    def test_key_may_be_copied_with_blanks_and_capitals(self, tmp_path: Path) -> None:
        records.allow(tmp_path, "laptop", f"  {KEY.upper()}\n")

        assert records.clients(tmp_path).name_of(KEY) == "laptop"


class TestRemotes:
    """Who works for this computer."""

    def test_none_is_used_until_chosen(self, tmp_path: Path) -> None:
        studio = Remote("studio", "10.0.0.2:7797", KEY)
        records.add(tmp_path, studio)
        assert records.remotes(tmp_path).chosen is None

        records.use(tmp_path, "studio")
        assert records.remotes(tmp_path).chosen == studio

        records.use(tmp_path, "local")
        assert records.remotes(tmp_path).chosen is None

    def test_removed_one_is_not_used_any_more(self, tmp_path: Path) -> None:
        records.add(tmp_path, Remote("studio", "10.0.0.2:7797", KEY))
        records.use(tmp_path, "studio")

        records.remove(tmp_path, "studio")

        assert records.remotes(tmp_path) == records.Remotes()

    def test_added_again_it_stays_chosen_at_its_new_address(self, tmp_path: Path) -> None:
        records.add(tmp_path, Remote("studio", "10.0.0.2:7797", KEY))
        records.use(tmp_path, "studio")
        records.add(tmp_path, Remote("studio", "10.0.0.3:7797", KEY))

        chosen = records.remotes(tmp_path).chosen
        assert chosen is not None
        assert chosen.address == "10.0.0.3:7797"

    def test_unknown_one_cannot_be_used(self, tmp_path: Path) -> None:
        with pytest.raises(RemoteError, match="There are: local"):
            records.use(tmp_path, "studio")

    def test_this_computers_word_is_no_name(self, tmp_path: Path) -> None:
        with pytest.raises(RemoteError, match="this computer"):
            records.add(tmp_path, Remote("local", "10.0.0.2:7797", KEY))

    @pytest.mark.parametrize("address", ["a:1", "a.b-c:65535", "[fd00::20]:7797", "10.0.0.2:80"])
    def test_address_is_host_and_port(self, address: str) -> None:
        assert records.checked_address(address) == address

    @pytest.mark.parametrize(
        "address", ["", "a", ":1", "a:", "a:0", "a:65536", "a:x", "fd00::20:7797", "a/b:1", "a b:1"]
    )
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(RemoteError, match="no address"):
            records.checked_address(address)

    def test_folder_that_cannot_be_is_a_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")

        with pytest.raises(RemoteError, match=r"FLYAWAY_HOME|damaged"):
            records.allow(tmp_path / "file" / "home", "laptop", KEY)
