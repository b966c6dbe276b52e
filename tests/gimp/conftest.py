"""The assembled plugin, imported as GIMP would run it, against the fake `gi` and a fake daemon."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon

from flyaway_installer.assemble import assemble

FAKES = Path(__file__).parents[1] / "fakes"


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's folder as it is installed."""
    return assemble("gimp", tmp_path_factory.mktemp("plug-ins"))


@pytest.fixture
def script(
    package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModuleType]:
    """The entry script, run to its end; what it imports is forgotten after the test."""
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.setenv("FAKE_GIMP_DIRECTORY", str(tmp_path_factory.mktemp("GIMP")))
    spec = importlib.util.spec_from_file_location("flyaway_gimp", package / "flyaway_gimp.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name, imported in list(sys.modules.items()):
        source = Path(getattr(imported, "__file__", None) or ".")
        if source.is_relative_to(package) or source.is_relative_to(FAKES / "gi"):
            del sys.modules[name]


@pytest.fixture
def gimp(script: ModuleType) -> ModuleType:
    """The fake Gimp that the script has imported."""
    module: ModuleType = script.Gimp
    return module


@pytest.fixture
def procedures(script: ModuleType, gimp: ModuleType):
    """The procedures as they were registered: Extract Foreground, Refine Edge, Extract by Clicking, Compare Engines."""
    (plug_in,) = (kind() for kind in gimp.plug_ins)
    return [plug_in.do_create_procedure(name) for name in plug_in.do_query_procedures()]


@pytest.fixture
def procedure(procedures):
    """Extract Foreground."""
    return procedures[0]


@pytest.fixture
def refine(procedures):
    """Refine Edge."""
    return procedures[1]


@pytest.fixture
def point(procedures):
    """Extract by Clicking."""
    return procedures[2]


@pytest.fixture
def compare(procedures):
    """Compare Engines."""
    return procedures[3]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The daemon's home folder, empty."""
    monkeypatch.setenv("FLYAWAY_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def running_daemon(home: Path) -> Iterator[FakeDaemon]:
    """A daemon that answers with the selection, or with 255s where there is none."""
    with daemon.running(home) as fake:
        yield fake


@pytest.fixture
def image(gimp: ModuleType):
    """A 6 x 4 image with one layer of its size, all of one colour."""
    image = gimp.Image(6, 4)
    colour = np.array([200, 100, 50, 255]) / 255
    image.layers.append(gimp.Layer(image, "photo", np.tile(colour, (4, 6, 1))))
    return image
