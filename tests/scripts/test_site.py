"""The site made of the documentation: each link leads somewhere, and nothing is asked of another server."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `scripts/site` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(folder)]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_each_link_leads_to_a_file_and_a_place_in_it(site: Path) -> None:
    assert dead_links(site) == []


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a id=here></a><a href="#here"></a><a href="#gone"></a><img src="b.png"><a href="a.html#x">'
    )

    assert dead_links(tmp_path) == ["a.html: #gone", "a.html: b.png", "a.html: a.html#x"]


def test_asks_no_other_server_for_anything(site: Path) -> None:
    asked = [
        (page.name, link)
        for page in site.rglob("*.html")
        for tag, link in _Page(page).links
        if tag != "a" and urlsplit(link).netloc
    ]
    styles = [path.name for path in site.rglob("*.css") if "url(http" in path.read_text()]

    assert (asked, styles) == ([], [])


def test_has_each_page_and_picture_of_the_documentation(site: Path) -> None:
    pages = {path.stem for path in site.glob("*.html")} - {"404"}
    sources = {path.stem for path in (REPOSITORY / "docs").glob("*.md")}
    pictures = {path.name for path in (REPOSITORY / "docs").glob("*.png")}

    outside = {"index", "changelog", "contributing", "security", "architecture", "protocol"}
    assert pages == sources | outside
    assert pictures <= {path.name for path in site.glob("*.png")}


def dead_links(folder: Path) -> list[str]:
    """Links within the folder's pages to files, or places in pages, that are not there."""
    pages = {path.resolve(): _Page(path) for path in sorted(folder.rglob("*.html"))}
    dead = []
    for path, page in pages.items():
        for _tag, link in page.links:
            parts = urlsplit(link)
            # The page for what is not found is shown at any address, so its links begin at the site's root.
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            is_there = target in pages or target.is_file()
            place = unquote(parts.fragment)
            if not is_there or (place and target in pages and place not in pages[target].places):
                dead.append(f"{path.relative_to(folder.resolve())}: {link}")
    return dead


class _Page(HTMLParser):
    """A page's links, each with its tag, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.places: set[str] = {"__skip"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append((tag, value))
            elif name == "id" and value:
                self.places.add(value)
