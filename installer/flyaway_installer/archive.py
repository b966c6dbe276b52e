"""Makes the zip that Krita's Tools > Scripts > Import Python Plugin from File accepts."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from .assemble import assemble


def make_zip(host: str, target: Path) -> Path:
    """Write the assembled plugin of `host` as a zip and return where it is.

    Krita's importer looks for an entry for the plugin's folder itself, which zips of files alone lack:
    every folder gets an entry. Names and times are fixed, so that equal plugins make equal zips.

    Raises:
        AssemblyError: the plugin's files are not here.
        OSError: the zip cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="flyaway-") as folder:
        assemble(host, Path(folder))
        fresh = target.with_name(f"{target.name}.part")
        try:
            with zipfile.ZipFile(fresh, "w") as archive:
                for path in sorted(Path(folder).rglob("*")):
                    _add(archive, path, path.relative_to(folder).as_posix())
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    return target


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    if path.is_dir():
        entry = zipfile.ZipInfo(f"{name}/")
        entry.external_attr = (0o40755 << 16) | 0x10  # a folder, to Unix and to DOS
        archive.writestr(entry, b"")
    else:
        entry = zipfile.ZipInfo(name)
        # Not the file's own mode, which depends on the umask of whoever made it.
        mode = 0o100755 if path.stat().st_mode & 0o100 else 0o100644
        entry.external_attr = mode << 16
        archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
