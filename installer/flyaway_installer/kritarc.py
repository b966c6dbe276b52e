"""Switches a plugin on and off in the text of kritarc, leaving every other byte as it is."""

from __future__ import annotations

import re

GROUP = b"[python]"


def switch_on(rc: bytes, plugin: str) -> bytes:
    """`rc` with the plugin enabled in its [python] group, which is added if there is none."""
    wanted = _line(plugin)
    lines = rc.splitlines(keepends=True)
    ending = b"\r\n" if b"\r\n" in rc else b"\n"
    old = _find(lines, plugin)
    if old:
        # KConfig takes the last of several, so each of them is set.
        for number in old:
            lines[number] = wanted + _ending(lines[number])
        return b"".join(lines)
    if lines and not _ending(lines[-1]):
        lines[-1] += ending
    groups = _group_starts(lines)
    if groups:
        lines.insert(groups[0] + 1, wanted + ending)
    else:
        lines += [ending] if lines else []
        lines += [GROUP + ending, wanted + ending]
    return b"".join(lines)


def switch_off(rc: bytes, plugin: str) -> bytes:
    """`rc` without the plugin's line, and without a [python] group that held nothing else."""
    lines = rc.splitlines(keepends=True)
    gone = set(_find(lines, plugin))
    for start in _group_starts(lines):
        body = _body(lines, start)
        left = [number for number in body if number not in gone and lines[number].strip()]
        if gone & set(body) and not left:
            gone |= {start, *body}
            gone |= {start - 1} if start and not lines[start - 1].strip() else set()
    return b"".join(line for number, line in enumerate(lines) if number not in gone)


def is_on(rc: bytes, plugin: str) -> bool:
    """Whether the plugin is enabled."""
    lines = rc.splitlines(keepends=True)
    found = _find(lines, plugin)
    return bool(found) and lines[found[-1]].split(b"=", 1)[1].strip().lower() == b"true"


def _line(plugin: str) -> bytes:
    return f"enable_{plugin}=true".encode()


def _ending(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]


def _group_starts(lines: list[bytes]) -> list[int]:
    return [number for number, line in enumerate(lines) if line.strip() == GROUP]


def _body(lines: list[bytes], start: int) -> range:
    """The numbers of the lines of the group whose name stands in line `start`."""
    end = start + 1
    while end < len(lines) and not lines[end].lstrip().startswith(b"["):
        end += 1
    return range(start + 1, end)


def _find(lines: list[bytes], plugin: str) -> list[int]:
    """The numbers of the lines that set the plugin's state."""
    key = re.compile(rb"\s*enable_" + re.escape(plugin.encode()) + rb"\s*=")
    starts = _group_starts(lines)
    return [
        number for start in starts for number in _body(lines, start) if key.match(lines[number])
    ]
