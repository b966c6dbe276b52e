"""comparing.py: engine after engine, a row for each whatever becomes of it, and what of a layer is compared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Part, Peer

from flyaway_client import comparing, protocol
from flyaway_client.calls import connector
from flyaway_client.comparing import Entrant, Sheet
from flyaway_client.errors import CancelledError, RefusedError
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import (
    DrawRow,
    EngineInfo,
    ErrorReply,
    ExtractRequest,
    ExtractResult,
    ImageHeader,
    Message,
    Progress,
)
from flyaway_client.options import NEW_LAYER, Options
from flyaway_client.paid_work import PaidWork

WIDTH, HEIGHT = 400, 300
HEADER = ImageHeader(WIDTH, HEIGHT, "rgba", "u8")
PIXELS = b"".join(bytes((x % 251, y % 251, 0, 255)) for y in range(HEIGHT) for x in range(WIDTH))
ENTRANTS = (Entrant("one", "The one"), Entrant("two", "The two"), Entrant("three", "The three"))


def info(name: str, rank: int, **changes: object) -> EngineInfo:
    fields = {"needs": (), "installed": True, "paid_work": True, "rank": rank, **changes}
    return EngineInfo(
        name,
        name.title(),
        "tests",
        download_bytes=0,
        licence="MIT",
        licence_url="",
        **fields,  # type: ignore[arg-type]
    )


ENGINES = (
    info("builtin", 10_000),
    *(info(f"net-{number}", number) for number in range(8, 0, -1)),
    info("missing", 0, installed=False),
    info("clicked", 0, needs=("prompts",)),
    info("compared", 0, needs=("plate",)),
    info("unpaid", 0, paid_work=None),
)


def names(entrants: tuple[Entrant, ...]) -> list[str]:
    return [entrant.name for entrant in entrants]


def test_those_that_are_here_and_can_work_are_compared_the_best_first() -> None:
    found = names(comparing.usable(ENGINES, paid_work=PaidWork.WEIGHTS))
    assert found == [*(f"net-{number}" for number in range(1, 9)), "builtin"]
    assert "unpaid" in names(comparing.usable(ENGINES))
    assert names(comparing.usable(ENGINES, has_plate=True)) == ["compared"]


def test_usually_the_best_few_and_the_one_without_download_are_compared() -> None:
    found = names(comparing.usual(ENGINES, paid_work=PaidWork.WEIGHTS))
    assert found == ["net-1", "net-2", "net-3", "net-4", "net-5", "builtin"]
    assert names(comparing.usual(ENGINES[:1])) == ["builtin"]
    assert comparing.usual(()) == ()


def test_who_is_named_twice_is_compared_once_and_who_is_unknown_is_asked_for_all_the_same() -> None:
    found = comparing.named(("builtin", "nobody", "builtin"), ENGINES)
    assert found == (Entrant("builtin", "Builtin"), Entrant("nobody", "nobody"))


def selected(left: int, top: int, right: int, bottom: int, level: bytes = b"\xff") -> bytes:
    row = bytes(left) + level * (right - left) + bytes(WIDTH - right)
    return bytes(top * WIDTH) + row * (bottom - top) + bytes((HEIGHT - bottom) * WIDTH)


def layer(selection: bytes | None = None) -> LayerPixels:
    return LayerPixels(Picture(HEADER, PIXELS), selection_u8=selection)


def test_without_a_selection_the_whole_layer_is_compared() -> None:
    asked, parts = comparing.of_layer(layer(), Options())
    assert (asked.image, asked.selection, asked.selection_is) == (HEADER, None, "automatic")
    assert (asked.wants_foreground, asked.wants_preview) == (True, False)
    assert parts["image"] == PIXELS


def test_a_rectangle_is_the_part_that_is_compared() -> None:
    asked, parts = comparing.of_layer(layer(selected(20, 10, 90, 60)), Options())
    assert (asked.image.width, asked.image.height) == (70, 50)
    assert (asked.selection, asked.selection_is) == (None, "automatic")
    assert parts.keys() == {"image"}
    assert bytes(parts["image"][:4]) == bytes((20, 10, 0, 255))
    assert bytes(parts["image"][-4:]) == bytes((89, 59, 0, 255))


def test_any_other_selection_goes_along_with_room_around_it() -> None:
    levels = bytearray(selected(200, 150, 210, 160))
    levels[150 * WIDTH + 200] = 0
    asked, parts = comparing.of_layer(layer(bytes(levels)), Options(selection_is="outline"))
    assert (asked.image.width, asked.image.height) == (266, 266)
    assert asked.selection == ImageHeader(asked.image.width, asked.image.height, "gray", "u8")
    assert asked.selection_is == "outline"
    assert bytes(parts["selection"]).count(b"\xff") == 99
    assert bytes(parts["image"][:4]) == bytes((72, 22, 0, 255))


def test_a_selection_of_nothing_is_for_the_daemon_to_refuse() -> None:
    asked, _ = comparing.of_layer(layer(bytes(WIDTH * HEIGHT)), Options())
    assert asked.selection is not None


def test_a_plate_and_a_profile_are_of_the_same_part() -> None:
    plate = Picture(ImageHeader(WIDTH, HEIGHT, "gray", "u16"), bytes(2 * WIDTH * HEIGHT))
    pixels = LayerPixels(
        Picture(HEADER, PIXELS), "icc", b"profile", selected(20, 10, 90, 60), plate
    )
    asked, parts = comparing.of_layer(pixels, Options(output=NEW_LAYER))
    assert asked.plate == ImageHeader(70, 50, "gray", "u16")
    assert {name: len(part) for name, part in parts.items()} == asked.parts()
    assert parts["icc"] == b"profile"


REQUEST = ExtractRequest("a", ImageHeader(2, 1, "rgb", "u8"), output_dtype="u16")
PARTS = {"image": b"abcdef"}


def compared(
    home: Path,
    script: dict[str, Part] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    entrants: tuple[Entrant, ...] = ENTRANTS,
) -> tuple[Sheet, list[Message], list[Progress]]:
    heard: list[Progress] = []
    with daemon.running(home, script) as fake:
        sheet = comparing.compare(
            connector("test 1"), REQUEST, PARTS, entrants, "A photo", heard.append, should_stop
        )
    return sheet, fake.received, heard


def refuse(name: str, code: str) -> Part:
    """Refuse an engine."""

    def act(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, ExtractRequest)
        if message.engine == name:
            fake.send(peer, ErrorReply(message.id, code, f"{name} cannot."))
        else:
            daemon.accept(fake, peer, message)

    return act


def test_each_engine_is_asked_in_turn_and_has_a_row(home: Path) -> None:
    sheet, received, heard = compared(home)
    asked = [message for message in received if isinstance(message, ExtractRequest)]
    drawn = [message for message in received if isinstance(message, DrawRow)]
    assert [one.engine for one in asked] == ["one", "two", "three"]
    assert all(one.wants_memory and one.output_dtype == "u8" for one in asked)
    assert len({one.id for one in asked}) == 3
    assert [(one.title, one.rows, one.heading) for one in drawn] == [
        ("The one", 3, "A photo"),
        ("The two", 3, ""),
        ("The three", 3, ""),
    ]
    assert all(one.alpha is not None for one in drawn)
    assert sheet.header == ImageHeader(2, 6, "rgb", "u8")
    assert sheet.pixels == b"\xff" * sheet.header.bytes
    assert [row.result is not None for row in sheet.rows] == [True] * 3
    thinking = [progress for progress in heard if progress.stage == "The two: Thinking"]
    assert thinking[0].fraction == pytest.approx(0.5)


@pytest.mark.parametrize(
    "code", [protocol.WEIGHTS_MISSING, protocol.UNKNOWN_ENGINE, protocol.ENGINE_FAILED]
)
def test_an_engine_that_cannot_has_its_sentence_and_the_others_their_rows(
    code: str, home: Path
) -> None:
    sheet, received, _ = compared(home, {"extract": refuse("one", code)})
    assert sheet.rows[0].result is None
    assert sheet.rows[0].lines == ("one cannot.",)
    assert [row.result is not None for row in sheet.rows] == [False, True, True]
    first = next(message for message in received if isinstance(message, DrawRow))
    assert (first.lines, first.alpha, first.heading) == (("one cannot.",), None, "A photo")
    assert sheet.header.height == 1 + 2 + 2


@pytest.mark.parametrize("code", [protocol.TOO_LARGE, protocol.REMOTE_LOST, protocol.CANCELLED])
def test_what_every_engine_would_meet_ends_the_comparison(code: str, home: Path) -> None:
    with pytest.raises(RefusedError, match="one cannot"):
        compared(home, {"extract": refuse("one", code)})


def test_a_daemon_that_is_lost_with_an_engine_is_a_row(home: Path) -> None:
    daemons: list[FakeDaemon] = []

    def die_at_two(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, ExtractRequest)
        if message.engine == "two":
            daemons.append(FakeDaemon(home))  # the next one that clients find
            fake.hang_up()
        else:
            daemon.accept(fake, peer, message)

    try:
        sheet, _, _ = compared(home, {"extract": die_at_two})
    finally:
        for one in daemons:
            one.close()
    assert [row.result is not None for row in sheet.rows] == [True, False, True]
    assert "stopped in the middle" in sheet.rows[1].lines[0]


def test_a_comparison_stops_when_asked_to(home: Path) -> None:
    stop = threading.Event()

    def begin(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, ExtractRequest)
        if message.engine == "two":
            stop.set()
        else:
            daemon.accept(fake, peer, message)

    with pytest.raises(CancelledError):
        compared(home, {"extract": begin}, stop.is_set)


def test_a_daemon_that_knows_no_comparisons_says_so(home: Path) -> None:
    def refuse_row(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, DrawRow)
        fake.send(peer, ErrorReply(message.id, protocol.UNKNOWN_REQUEST, "Update Flyaway."))

    with pytest.raises(RefusedError, match="Update Flyaway"):
        compared(home, {"draw-row": refuse_row})


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, ("3.5 s",)),
        ({"loading_s": 0.0}, ("3.5 s, loaded before",)),
        ({"loading_s": 1.25, "memory_bytes": 31_000_000}, ("2.2 s, and 1.2 s to load first; 31 MB of memory",)),
        ({"titles": ("The one",), "notes": ("A note.",)}, ("3.5 s", "A note.")),
        (
            {"titles": ("The one", "Another"), "device": "CUDA: a card", "place": "studio"},
            ("3.5 s", "The one and Another on CUDA: a card, at studio"),
        ),
    ],
)  # fmt: skip
def test_a_row_says_how_long_it_took_and_who_helped(
    changes: dict[str, object], lines: tuple[str, ...], home: Path
) -> None:
    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        asked = peer.request
        if not isinstance(asked, ExtractRequest):
            daemon.finish_when_complete(fake, peer, message)
            return
        fields = {"engine": "one", "device": "CPU", "seconds": 3.5, "titles": ("The one",)}
        alpha = ImageHeader(2, 1, "gray", "u8")
        fake.send(peer, ExtractResult(asked.id, alpha, **{**fields, **changes}))  # type: ignore[arg-type]
        daemon.send_part(fake, peer, "alpha", b"ab")

    sheet, _, _ = compared(home, {"strip": answer}, entrants=ENTRANTS[:1])
    assert sheet.rows[0].lines == lines
