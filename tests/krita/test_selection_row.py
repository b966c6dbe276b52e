"""selection_row.py: what the docker says live of a selection."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes import daemon, qt
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita
from tests.krita.conftest import Docker, select, turn_until

from flyaway_client import messages, protocol

OUTLINE = "Outline, edge up to 7 px"


def asked(fake: FakeDaemon) -> list[messages.DescribeRequest]:
    return [one for one in fake.received if isinstance(one, messages.DescribeRequest)]


@pytest.fixture
def described(docker: Docker, image: DocumentData, running_daemon: FakeDaemon) -> FakeDaemon:
    """A selection that was looked at."""
    select(image, 0, 0, [[255]])
    docker.widget.showEvent(None)
    turn_until(lambda: docker.taken_for.text() == OUTLINE)
    return running_daemon


def test_says_what_a_selection_is_taken_for_and_how_wide_its_edge_is(
    docker: Docker, described: FakeDaemon
) -> None:
    assert docker.edge_width.isVisible()
    assert docker.edge_width.special_text == "Edge: Automatic (7 px)"
    (question,) = asked(described)
    assert (question.width, question.height, question.selection_is) == (8, 6, "guess")


def test_says_that_nothing_is_selected(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon
) -> None:
    docker.widget.showEvent(None)
    assert docker.taken_for.text() == "No selection: the subject will be looked for"
    assert not docker.edge_width.isVisible()
    assert not asked(running_daemon)


def test_looks_again_when_another_selection_was_drawn(
    docker: Docker, image: DocumentData, described: FakeDaemon
) -> None:
    select(image, 0, 0, [[255, 255]])
    turn_until(lambda: len(asked(described)) == 2)


def test_does_not_ask_again_about_the_same(docker: Docker, described: FakeDaemon) -> None:
    docker.widget.enterEvent(None)
    for _ in range(5):
        qt.tick()
    assert len(asked(described)) == 1


def test_looks_again_when_the_user_says_what_it_is(docker: Docker, described: FakeDaemon) -> None:
    docker.selection_is.pick("outline")
    docker.edge_width.setValue(5)
    turn_until(
        lambda: (
            [(one.selection_is, one.edge_width_px) for one in asked(described)][-1]
            == ("outline", 5)
        )
    )


def test_shows_before_the_work_what_would_go_wrong(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    sentence = "The selection holds nothing."
    refuse = daemon.refuse(protocol.NO_SUBJECT, sentence)
    select(image, 0, 0, [[255]])
    with daemon.running(home, {"describe": refuse}):
        docker.widget.showEvent(None)
        turn_until(lambda: docker.taken_for.text() == sentence)
    assert docker.taken_for.style
    assert not docker.edge_width.isVisible()


def test_shows_before_the_work_that_the_layer_cannot_be_cut_out_of(
    krita: Krita, docker: Docker, image: DocumentData
) -> None:
    image.active = None
    docker.meet_image()
    assert docker.taken_for.text().startswith("No layer is active.")
    assert docker.taken_for.style


def test_says_nothing_and_starts_nothing_where_no_daemon_runs(
    docker: Docker, image: DocumentData, home: Path
) -> None:
    select(image, 0, 0, [[255]])
    docker.widget.showEvent(None)
    turn_until(lambda: docker.widget._selection._call is None)
    assert docker.taken_for.text() == ""
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("is_selected", [True, False])
def test_warns_of_other_frames_before_the_work(
    docker: Docker, image: DocumentData, running_daemon: FakeDaemon, is_selected: bool
) -> None:
    image.root.children[0].is_animated = True
    if is_selected:
        select(image, 0, 0, [[255]])
    docker.widget.showEvent(None)
    warning = "“photo” is animated: the frame that is shown is cut out."
    turn_until(lambda: docker.taken_for.text().endswith(f". {warning}"))
    docker.button.click()
    assert "animated" not in docker.wait()
