"""panel.py, engine_row.py and options.py: what the docker offers and remembers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.fakes import lone_daemon
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import Docker, make_image, plugin_module, turn_until

UNTIL_KNOWN = ["auto", "any-subject", "portrait", "fine-hair", "empty-scene"]


def test_offers_what_a_selection_can_mean(docker: Docker) -> None:
    names = ["guess", "outline", "region", "soft", "trimap", "automatic"]
    assert docker.selection_is.names() == names
    assert docker.selection_is.currentData() == "guess"


def test_says_what_the_edge_width_is_for(docker: Docker) -> None:
    assert "hair" in docker.edge_width.tool_tip


def test_offers_the_built_in_engine_before_any_daemon_runs(docker: Docker, home: Path) -> None:
    docker.widget.showEvent(None)
    assert docker.engine.names() == UNTIL_KNOWN


def test_offers_the_engines_of_a_daemon_that_runs(
    docker: Docker, running_daemon: FakeDaemon
) -> None:
    docker.widget.showEvent(None)
    turn_until(lambda: docker.engine.names() == ["auto", "more"])
    assert docker.engine.currentData() == "auto"


def test_starts_no_daemon_just_to_be_shown(docker: Docker, home: Path) -> None:
    docker.widget.showEvent(None)
    turn_until(lambda: docker.widget._engine._call is None)
    assert list(home.iterdir()) == []
    assert "daemon" not in docker.about.text()


def test_starts_the_daemon_though_the_docker_is_just_looking_for_one(
    docker: Docker, daemon_to_start: None
) -> None:
    docker.widget.showEvent(None)
    docker.engine.showPopup()
    turn_until(lambda: docker.engine.names() == ["auto", "more"])


def test_says_why_the_menu_knows_no_more_engines(docker: Docker, home: Path) -> None:
    docker.engine.showPopup()
    turn_until(lambda: "run `flyaway install`" in docker.about.text())
    assert docker.engine.names() == UNTIL_KNOWN


@pytest.fixture
def daemon_to_start(home: Path, krita: Krita) -> None:
    """A daemon that does not run yet."""
    launch = plugin_module("flyaway_client.launch")
    launch.write_launch(home, [sys.executable, lone_daemon.__file__])


def test_starts_the_daemon_when_the_menu_of_engines_opens(
    docker: Docker, daemon_to_start: None
) -> None:
    docker.engine.showPopup()
    turn_until(lambda: docker.engine.names() == ["auto", "more"])


def test_asks_for_engines_again_after_an_extraction(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.button.click()
    docker.wait()
    turn_until(lambda: "more" in docker.engine.names())


def test_remembers_what_was_chosen(krita: Krita, docker: Docker) -> None:
    docker.selection_is.pick("soft")
    docker.edge_width.setValue(7)
    docker.engine.pick("portrait")
    docker.paid_work.click()
    chosen = plugin_module("options").load()
    assert (chosen.engine, chosen.selection_is, chosen.edge_width_px) == ("portrait", "soft", 7)
    assert (chosen.paid_work.weights, chosen.paid_work.training) == (True, False)


def test_shows_what_another_window_chose(krita: Krita, docker: Docker, home: Path) -> None:
    krita.writeSetting("flyaway_krita", "edge_width_px", "5")
    krita.writeSetting("flyaway_krita", "output", "selection")
    krita.writeSetting("flyaway_krita", "engine", "gone")
    krita.writeSetting("flyaway_krita", "paid_work_only", "true")
    docker.widget.showEvent(None)
    assert docker.edge_width.value() == 5
    assert docker.output.currentData() == "selection"
    assert docker.engine.currentData() == "gone"
    assert docker.paid_work.isChecked()


def test_survives_kept_options_that_make_no_sense(krita: Krita) -> None:
    krita.writeSetting("flyaway_krita", "output", "elsewhere")
    krita.writeSetting("flyaway_krita", "edge_width_px", "-3")
    chosen = plugin_module("options").load()
    assert (chosen.engine, chosen.output, chosen.edge_width_px) == ("auto", "layer-mask", 0)
    krita.writeSetting("flyaway_krita", "edge_width_px", "99999")
    assert plugin_module("options").load().edge_width_px == 1000


def test_what_a_selection_is_says_nothing_about_one_in_another_image(
    krita: Krita, docker: Docker, image: DocumentData
) -> None:
    docker.selection_is.pick("region")
    docker.output.pick("selection")
    make_image(krita, 4, 4, Node("other"), 0, 0, 4, 4)
    docker.meet_image()
    assert docker.selection_is.currentData() == "guess"
    assert docker.output.currentData() == "selection"
    krita.active = image
    docker.meet_image()
    assert docker.selection_is.currentData() == "region"


def test_everything_in_the_docker_says_what_it_is_for(docker: Docker) -> None:
    rows = (docker.selection_is, docker.edge_width, docker.output, docker.engine, docker.paid_work)
    for widget in (*rows, docker.plate, docker.button, docker.preview):
        assert widget.tool_tip


def test_keeps_room_for_what_comes_and_goes(docker: Docker) -> None:
    assert docker.bar.sizePolicy().keeps_room
    assert docker.edge_width.sizePolicy().keeps_room
    assert docker.taken_for.minimum_height == 20
