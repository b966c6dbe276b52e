"""The assembled plugin, imported as Krita would, against a fake Krita and Qt and a fake daemon."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.conftest import end_started, wait_for_background_calls
from tests.fakes import daemon, krita_app, qt
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita, Node, Selection

from flyaway_installer.assemble import assemble


@pytest.fixture(scope="session")
def pykrita_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Krita loads plugins from, with ours in it as it is installed."""
    folder = tmp_path_factory.mktemp("pykrita")
    assemble("krita", folder)
    return folder


@pytest.fixture(params=["5.1.5", "5.2.9", "5.3.4", "6.0.2"])
def krita(
    request: pytest.FixtureRequest, pykrita_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Krita]:
    """A running Krita of each generation with the plugin loaded; the last one has Qt 6."""
    app = Krita(request.param)
    for name, module in krita_app.modules(request.param).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.syspath_prepend(str(pykrita_folder))
    qt.QProgressDialog.shown.clear()
    qt.QMessageBox.shown.clear()
    importlib.import_module("flyaway_krita")
    app.start()
    yield app
    app.notifier().applicationClosing.emit()
    wait_for_background_calls()
    end_started(plugin_module("flyaway_client.launch")._started)
    for name in [name for name in sys.modules if name.partition(".")[0] == "flyaway_krita"]:
        del sys.modules[name]


@pytest.fixture
def docker(krita: Krita) -> Docker:
    """The plugin's docker, in sight."""
    widget = krita.dock_widgets[0]
    widget.show()
    return Docker(widget)


class Docker:
    """The docker as a user sees it."""

    def __init__(self, widget: qt.QDockWidget) -> None:
        self.widget: Any = widget  # the plugin's own docker
        widgets = widget.content.layout.widgets  # type: ignore[attr-defined]
        ways, self.bar, self.status, self.here, self.advice, area = widgets
        self.button, self.by_clicking = ways.layout.widgets
        selection, self.output, box, self.plate, self.preview = area.content.layout.widgets
        self.selection_is, self.source, self.taken_for, self.edge_width = selection.layout.widgets
        self.engine, self.about, self.download, self.transparent, switches = box.layout.widgets
        self.paid_work, self.paid_training = switches.weights, switches.training
        self.download_button, self.download_bar, self.stage = self.download.layout.widgets

    def meet_image(self) -> None:
        """Another image is shown."""
        self.widget.canvasChanged(None)
        qt.tick()

    def wait(self) -> str:
        """Let the event loop turn until the extraction is over; what the docker then says."""
        turn_until(lambda: self.button.text() == "Extract")
        return str(self.status.text())


def open_and_pick(docker: Docker, engine: str) -> None:
    """Bring the docker up and choose an engine, once it is there."""
    docker.widget.showEvent(None)
    pick_engine(docker, engine)


def pick_engine(docker: Docker, engine: str) -> None:
    """Choose an engine once it is there, under "More" where it is not among the everyday ones."""
    turn_until(lambda: {engine, "more"} & set(docker.engine.names()))
    if engine not in docker.engine.names():
        docker.engine.pick("more")
    docker.engine.pick(engine)


def turn_until(met: Callable[[], object]) -> None:
    """Turn the event loop until met() is true."""
    deadline = time.monotonic() + 20
    while not met():
        assert time.monotonic() < deadline, "it did not come to that"
        qt.tick()
        time.sleep(0.005)


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
def image(krita: Krita) -> DocumentData:
    """An 8 x 6 image with one layer of its size, active."""
    return make_image(krita, 8, 6, Node(), 0, 0, 8, 6)


def make_image(
    krita: Krita, width: int, height: int, layer: Node, x: int, y: int, w: int, h: int
) -> DocumentData:
    """An image with one layer at a place of its own, filled with bytes that are all different."""
    image = krita.open(width, height)
    size = layer.shown(0, 0, w, h)
    layer.setPixelData(bytes(itertools.islice(itertools.cycle(range(251)), len(size))), x, y, w, h)
    image.root.attach(layer)
    image.active = layer
    return image


def select(image: DocumentData, x: int, y: int, pixels: list[list[int]]) -> bytes:
    """Select softly; the bytes of the selection over the whole canvas."""
    selection = Selection()
    content = np.array(pixels, np.uint8)
    selection.setPixelData(content.tobytes(), x, y, content.shape[1], content.shape[0])
    image.selection = selection
    return selection.pixelData(0, 0, *image.size).data()


def plugin_module(name: str) -> ModuleType:
    """A module of the loaded plugin."""
    return importlib.import_module(f"flyaway_krita.{name}")
