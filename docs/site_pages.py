"""Which of the repository's pages are on the site, and their links there: a hook of mkdocs, named in mkdocs.yml.

The pages are written for a reader of the repository. Here the ones outside docs/ join them, links follow, and what
Python-Markdown reads otherwise than the forges is put its way.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[1]

OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "daemon/ARCHITECTURE.md": "architecture.md",
    "plugins/common/flyaway_client/PROTOCOL.md": "protocol.md",
}
"""Pages that lie outside docs/: path in the repository, name on the site."""

_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^ *(`{3,}|~{3,})")
_SHALLOW = re.compile(r"^ {2,3}(?=\S)")
"""What belongs to an item of a list by two or three blanks; Python-Markdown wants four."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs/."""
    for path, name in OUTSIDE.items():
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn a page of the repository into one of the site."""
    source = next(
        (path for path, name in OUTSIDE.items() if name == page.file.src_uri),
        f"docs/{page.file.src_uri}",
    )
    folder = posixpath.dirname(source)
    lines = []
    is_code = False
    for line in markdown.split("\n"):
        is_fence = _FENCE.match(line) is not None
        if is_code and not is_fence:
            lines.append(line)
            continue
        is_code ^= is_fence
        lines.append(
            _LINK.sub(lambda link: _on_site(link, folder, files), _SHALLOW.sub("    ", line))
        )
    return "\n".join(lines)


def _on_site(link: re.Match[str], folder: str, files: Files) -> str:
    """The link as the site has it; words alone for a file that only the repository has.

    Every page lies at the top of the site. A link that leads nowhere at all stays, so that mkdocs tells of it.
    """
    mark, text, target, anchor = link.groups(default="")
    path = posixpath.normpath(posixpath.join(folder, target))
    name = OUTSIDE.get(path, path.removeprefix("docs/"))
    if files.get_file_from_path(name) is None and (REPOSITORY / path).exists():
        return f"{text} (`{path}` in the repository)" if text != path else f"`{path}`"
    return f"{mark}[{text}]({name}{anchor})"
