"""Work that another computer does: what comes back, where it was done, and what happens when the line goes."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.daemon.remote.studios import Studio, choose, keys_of, laptop_at, studio
from tests.daemon.servers import (
    Daemon,
    Gate,
    Loading,
    connect,
    request,
    serving,
    wait_until,
)
from tests.fakes.paced_line import PacedLine

from flyaway.config import Settings
from flyaway.errors import NoSubjectError
from flyaway.extraction.pipeline import Outcome
from flyaway.remote import records
from flyaway.remote.workplace import Workplace
from flyaway.serving.engine_service import EngineService
from flyaway.serving.tasks import ExtractionTask
from flyaway_client import comparing, messages, protocol, wording
from flyaway_client.adjustments import Adjustments
from flyaway_client.calls import connector
from flyaway_client.client import Client
from flyaway_client.comparing import Entrant
from flyaway_client.errors import CancelledError, RefusedError
from flyaway_client.messages import AdjustRequest, ImageHeader, Progress
from flyaway_client.retouching import Image, Patch, Retouch
from flyaway_client.wording import _


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Of the laptop, which clients on it find, and of the studio."""
    laptop = tmp_path / "laptop"
    monkeypatch.setenv("FLYAWAY_HOME", str(laptop))
    keys_of(laptop)
    return laptop, tmp_path / "studio"


@pytest.fixture
def scene(homes: tuple[Path, Path]) -> Iterator[tuple[Studio, PacedLine, Daemon, Client]]:
    """A studio whose work copies the selection, the line to it, a laptop's daemon, and a client of that."""
    laptop, studio_home = homes
    with ExitStack() as stack:
        served = stack.enter_context(studio(studio_home, laptop))
        line = stack.enter_context(PacedLine(served.address))
        daemon = stack.enter_context(laptop_at(laptop, studio_home, line.address))
        yield served, line, daemon, stack.enter_context(connect(daemon, laptop))


def parts_of(asked: messages.ExtractRequest) -> dict[str, bytes]:
    chance = random.Random(7)
    return {name: chance.randbytes(size) for name, size in asked.parts().items()}


class TestExtraction:
    """One photo."""

    def test_comes_back_as_the_other_computer_made_it(
        self, scene: tuple[Studio, PacedLine, Daemon, Client]
    ) -> None:
        asked = request(width=300, height=200)
        parts = parts_of(asked)

        extracted = scene[3].extract(asked, parts)

        assert extracted.alpha == parts["selection"]

    def test_says_where_it_was_done(self, scene: tuple[Studio, PacedLine, Daemon, Client]) -> None:
        asked = request()

        result = scene[3].extract(asked, parts_of(asked)).result

        assert (result.place, result.worker) == ("studio", "copy on test bench, at studio")

    def test_engines_are_compared_there_and_the_sheet_is_drawn_here(
        self, scene: tuple[Studio, PacedLine, Daemon, Client], homes: tuple[Path, Path]
    ) -> None:
        asked = request(width=30, height=20)
        entrants = (Entrant("builtin", "Built-in engine"), Entrant("nobody", "nobody"))

        sheet = comparing.compare(
            connector("a test"),
            asked,
            parts_of(asked),
            entrants,
            "A photo",
            lambda _: None,
            lambda: False,
        )

        there, refused = sheet.rows
        assert there.lines[1] == "copy on test bench, at studio"
        assert refused.result is None
        assert len(sheet.pixels) == sheet.header.bytes

    def test_done_here_says_nothing_of_a_place(
        self, scene: tuple[Studio, PacedLine, Daemon, Client]
    ) -> None:
        asked = request(here=True)

        result = scene[3].extract(asked, parts_of(asked)).result

        assert (result.place, scene[1].carried["up"]) == ("", 0)

    def test_progress_says_where(self, homes: tuple[Path, Path]) -> None:
        laptop, studio_home = homes
        gate, seen, asked = Gate(), list[Progress](), request()

        def report(progress: Progress) -> None:
            seen.append(progress)
            if progress.stage == "Solving, at studio":
                gate.opened.set()

        with (
            studio(studio_home, laptop, work=gate) as served,
            laptop_at(laptop, studio_home, served.address) as daemon,
            connect(daemon, laptop) as client,
        ):
            client.extract(asked, parts_of(asked), report=report)

        assert any(one.stage == "Solving, at studio" and one.fraction == 0.5 for one in seen)

    def test_is_told_in_the_clients_language_from_both_computers(
        self, homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        laptop, studio_home = homes
        monkeypatch.setattr(wording, "language", lambda: "de")
        seen = list[Progress]()

        def refuse(task: ExtractionTask) -> Outcome:
            raise NoSubjectError(_("The region is empty: draw it around the subject."))

        with (
            studio(studio_home, laptop, work=refuse) as served,
            laptop_at(laptop, studio_home, served.address) as daemon,
            connect(daemon, laptop) as client,
            pytest.raises(RefusedError) as refusal,
        ):
            client.extract(request(), parts_of(request()), report=seen.append)

        assert (
            refusal.value.message
            == "Auf studio: Der Bereich ist leer: Ziehen Sie ihn um das Motiv."
        )

    def test_cancelled_here_stops_there(self, homes: tuple[Path, Path]) -> None:
        laptop, studio_home = homes
        gate, asked = Gate(), request()
        with (
            studio(studio_home, laptop, work=gate) as served,
            laptop_at(laptop, studio_home, served.address) as daemon,
            connect(daemon, laptop) as client,
        ):
            with pytest.raises(CancelledError):
                client.extract(
                    asked, parts_of(asked), should_stop=lambda: gate.begun.acquire(blocking=False)
                )
            gate.wait_until_ended()

    def test_large_one_is_sent_as_the_part_around_its_selection(
        self, scene: tuple[Studio, PacedLine, Daemon, Client]
    ) -> None:
        image, gray = ImageHeader(3000, 2000, "rgba", "u8"), ImageHeader(3000, 2000, "gray", "u8")
        asked = request(image=image, selection=gray, selection_is="outline")
        selection = np.zeros((2000, 3000), np.uint8)
        selection[900:1100, 1400:1600] = 255

        extracted = scene[3].extract(
            asked, {"image": b"\xff" * image.bytes, "selection": selection.data}
        )

        assert extracted.alpha == selection.tobytes()
        part = (200 + 2 * 294) ** 2
        assert scene[1].carried["up"] < part * 4 * 1.1 < image.bytes / 5

    def test_refusal_keeps_its_code_and_says_whose_it_is(
        self, scene: tuple[Studio, PacedLine, Daemon, Client]
    ) -> None:
        asked = request(engine="made-up")

        with pytest.raises(RefusedError) as refused:
            scene[3].extract(asked, parts_of(asked))

        assert refused.value.code == protocol.UNKNOWN_ENGINE
        assert refused.value.message.startswith("At studio: ")


class TestEngines:
    """Which there are, and what needs none."""

    def test_are_the_other_computers(self, scene: tuple[Studio, PacedLine, Daemon, Client]) -> None:
        assert {one.name for one in scene[3].engines()} >= {"builtin"}
        assert scene[1].carried["down"] > 1000

    def test_mask_is_adjusted_here(self, scene: tuple[Studio, PacedLine, Daemon, Client]) -> None:
        mask = ImageHeader(64, 64, "gray", "u8")

        scene[3].adjust(
            AdjustRequest("a", mask, Adjustments(feather_px=2.0)), {"mask": bytes(64 * 64)}
        )

        assert scene[1].carried == {"up": 0, "down": 0}


class TestLosses:
    """The line, the computer at its end, and the keys."""

    def lost(self, client: Client) -> RefusedError:
        asked = request()
        with pytest.raises(RefusedError) as refused:
            client.extract(asked, parts_of(asked))
        assert refused.value.code == protocol.REMOTE_LOST
        assert "flyaway remote use local" in refused.value.message
        return refused.value

    def test_line_cut_in_the_middle_is_a_sentence(self, homes: tuple[Path, Path]) -> None:
        laptop, studio_home = homes
        gate = Gate()
        with (
            studio(studio_home, laptop, work=gate) as served,
            PacedLine(served.address) as line,
            laptop_at(laptop, studio_home, line.address) as daemon,
            connect(daemon, laptop) as client,
        ):

            def cut() -> None:
                gate.wait_until_begun()
                line.cut()

            cutter = threading.Thread(target=cut)
            cutter.start()

            error = self.lost(client)

            cutter.join()
            gate.wait_until_ended()  # nobody waits for it any more
        assert "line to studio was lost" in error.message

    def test_line_that_falls_silent_in_the_middle_is_a_sentence(
        self, homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("flyaway.remote.line._HEARTBEAT_MS", 100)
        monkeypatch.setattr("flyaway.remote.line._DEAD_MS", 400)
        laptop, studio_home = homes
        gate = Gate()
        with (
            studio(studio_home, laptop, work=gate) as served,
            PacedLine(served.address) as line,
            laptop_at(laptop, studio_home, line.address) as daemon,
            connect(daemon, laptop) as client,
        ):

            def fall_silent() -> None:
                gate.wait_until_begun()
                line.fall_silent()

            silencer = threading.Thread(target=fall_silent)
            silencer.start()

            error = self.lost(client)

            silencer.join()
            gate.opened.set()
        assert "line to studio was lost" in error.message

    def test_nobody_at_the_address_is_a_sentence(
        self, scene: tuple[Studio, PacedLine, Daemon, Client], homes: tuple[Path, Path]
    ) -> None:
        choose(homes[0], homes[1], "127.0.0.1:9")

        assert "does not answer at 127.0.0.1:9" in self.lost(scene[3]).message

    def test_one_that_sleeps_is_a_sentence(
        self,
        scene: tuple[Studio, PacedLine, Daemon, Client],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("flyaway.remote.line.CONNECT_S", 0.3)
        scene[1].fall_silent()

        assert "asleep" in self.lost(scene[3]).message

    def test_unknown_key_is_a_sentence(
        self, scene: tuple[Studio, PacedLine, Daemon, Client]
    ) -> None:
        records.revoke(scene[0].home, "laptop")

        assert "flyaway remote allow" in self.lost(scene[3]).message

    def test_other_version_is_a_sentence(
        self,
        scene: tuple[Studio, PacedLine, Daemon, Client],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("flyaway.remote.line.protocol", SimpleNamespace(VERSION=(2, 0)))

        assert "flyaway update" in self.lost(scene[3]).message

    def test_after_one_the_work_can_be_done_here(
        self, scene: tuple[Studio, PacedLine, Daemon, Client], homes: tuple[Path, Path]
    ) -> None:
        scene[1].cut()
        records.use(homes[0], records.HERE)
        asked = request()
        parts = parts_of(asked)

        assert scene[3].extract(asked, parts).alpha == parts["selection"]

    def test_after_one_a_client_can_have_it_done_here(
        self, scene: tuple[Studio, PacedLine, Daemon, Client], homes: tuple[Path, Path]
    ) -> None:
        scene[1].cut()
        scene[3].use_remote("")
        asked = request()

        assert scene[3].extract(asked, parts_of(asked)).result.place == ""
        assert records.remotes(homes[0]).used == ""

    def test_unknown_name_is_not_used(
        self, scene: tuple[Studio, PacedLine, Daemon, Client]
    ) -> None:
        with pytest.raises(RefusedError, match="There are: studio, local"):
            scene[3].use_remote("attic")

    def test_damaged_choice_is_a_sentence(
        self, scene: tuple[Studio, PacedLine, Daemon, Client], homes: tuple[Path, Path]
    ) -> None:
        (homes[0] / records.REMOTES_NAME).write_bytes(b"\x00")
        asked = request()

        with pytest.raises(RefusedError, match=records.REMOTES_NAME):
            scene[3].extract(asked, parts_of(asked))

    def test_daemon_stopped_in_the_middle_ends(self, homes: tuple[Path, Path]) -> None:
        laptop, studio_home = homes
        gate, asked = Gate(), request()
        with studio(studio_home, laptop, work=gate) as served:
            with laptop_at(laptop, studio_home, served.address) as daemon:
                peer = daemon.peer()
                peer.upload(asked)
                gate.wait_until_begun()
            gate.wait_until_ended()


class TestRetouching:
    """A session whose image and engine are in the studio."""

    @pytest.fixture
    def retouched(
        self, homes: tuple[Path, Path]
    ) -> Iterator[tuple[Studio, PacedLine, Daemon, Retouch]]:
        laptop, studio_home = homes
        image = Image(ImageHeader(400, 300, "rgb", "u8"), random.Random(3).randbytes(360000))
        with ExitStack() as stack:
            engines = EngineService(Settings(), Loading())
            served = stack.enter_context(studio(studio_home, laptop, engines=engines))
            line = stack.enter_context(PacedLine(served.address))
            daemon = stack.enter_context(
                laptop_at(
                    laptop, studio_home, line.address, engines=EngineService(Settings(), Loading())
                )
            )
            daemon.file.write(laptop)
            retouch = Retouch(lambda stop: Client.connect("a test", start=False), image, "builtin")
            yield served, line, daemon, stack.enter_context(closing(retouch))

    def patch(self) -> Patch:
        strokes = np.zeros((128, 128), np.uint8)
        strokes[50:80, 30:90] = messages.UNKNOWN
        mask = np.zeros((128, 128), np.uint8)
        mask[:64] = 255
        return Patch(100, 80, 128, 128, mask.tobytes(), strokes=strokes.tobytes())

    def test_is_solved_there(self, retouched: tuple[Studio, PacedLine, Daemon, Retouch]) -> None:
        answer = retouched[3].refine(self.patch())

        assert answer.result.worker.endswith("on test bench, at studio")
        assert 128 in answer.alpha or 127 in answer.alpha

    def test_sends_the_image_once_and_then_patches(
        self, retouched: tuple[Studio, PacedLine, Daemon, Retouch]
    ) -> None:
        retouched[3].open()
        after_image = retouched[1].carried["up"]

        retouched[3].refine(self.patch())

        assert after_image > 300_000
        assert retouched[1].carried["up"] - after_image < 60_000

    def test_studio_that_was_started_anew_gets_the_image_again(
        self, retouched: tuple[Studio, PacedLine, Daemon, Retouch]
    ) -> None:
        retouched[3].refine(self.patch())
        retouched[0].daemon.server._here.close_session(retouched[3].session)

        assert retouched[3].refine(self.patch()).result.place == "studio"

    def test_goes_on_here_where_it_is_chosen(
        self,
        retouched: tuple[Studio, PacedLine, Daemon, Retouch],
        homes: tuple[Path, Path],
    ) -> None:
        retouched[3].refine(self.patch())
        records.use(homes[0], records.HERE)

        assert retouched[3].refine(self.patch()).result.place == ""


def test_other_computers_requests_go_no_further(homes: tuple[Path, Path]) -> None:
    """A studio that has another one work for itself does what it is sent by itself."""
    laptop, studio_home = homes
    asked = request()
    choose(studio_home, studio_home, "127.0.0.1:9")
    with (
        studio(studio_home, laptop, workplace=Workplace(studio_home)) as served,
        laptop_at(laptop, studio_home, served.address) as daemon,
        connect(daemon, laptop) as client,
    ):
        assert client.extract(asked, parts_of(asked)).result.place == "studio"


def test_status_counts_what_is_done_elsewhere(homes: tuple[Path, Path]) -> None:
    laptop, studio_home = homes
    gate, asked = Gate(), request()
    with (
        studio(studio_home, laptop, work=gate) as served,
        laptop_at(laptop, studio_home, served.address) as daemon,
    ):
        peer = daemon.peer()
        peer.upload(asked)
        gate.wait_until_begun()
        assert daemon.peer().status().running == 1
        gate.opened.set()
        peer.alpha(asked)
        wait_until(lambda: daemon.peer().status().running == 0)


def test_without_a_choice_all_is_done_here(homes: tuple[Path, Path]) -> None:
    laptop, _ = homes
    asked = request()
    with (
        serving(workplace=Workplace(laptop)) as daemon,
        connect(daemon, laptop) as client,
    ):
        assert client.extract(asked, parts_of(asked)).result.place == ""
