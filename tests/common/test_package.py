"""The client runs in any host's Python: standard library alone, syntax of 3.10, no work on import."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import flyaway_client

FOLDER = Path(flyaway_client.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_imports_only_the_standard_library_and_itself(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
            assert set(names) <= sys.stdlib_module_names, names
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            assert node.module.split(".")[0] in sys.stdlib_module_names, node.module
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1, "nested in a plugin there is nothing of ours above"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_is_written_in_the_syntax_of_the_oldest_host(file: Path) -> None:
    ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))


def test_imports_alone_under_any_name_without_site_packages(tmp_path: Path) -> None:
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "__init__.py").touch()
    shutil.copytree(FOLDER, tmp_path / "plugin" / "nested")
    modules = ", ".join(f"plugin.nested.{file.stem}" for file in FILES if file.stem != "__init__")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {modules}"
    subprocess.run([sys.executable, "-I", "-S", "-W", "error", "-c", script], check=True)
