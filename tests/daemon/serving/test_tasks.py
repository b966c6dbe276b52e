"""What clients' tasks tell of themselves, and what they answer at their end."""

from __future__ import annotations

import numpy as np
import pytest
from tests.daemon.servers import request

from flyaway.errors import CancelledError
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.tasks import DownloadTask, ExtractionTask
from flyaway_client import messages, protocol
from flyaway_client.messages import DownloadRequest, ExtractRequest, ImageHeader

ALPHA = np.arange(12, dtype=np.uint8).reshape(3, 4)


def done(outcome: Outcome, asked: ExtractRequest | None = None) -> ExtractionTask:
    task = ExtractionTask(b"peer", "r", asked or request(), {})
    task.outcome = outcome
    return task


def test_an_extraction_answers_with_its_result_and_its_pixels() -> None:
    outcome = Outcome(
        ALPHA, "engine", "device", ("A note.",), confidence=0.5, understood="A region"
    )
    (result, nothing), (strip, pixels) = done(outcome).replies()
    assert isinstance(result, messages.ExtractResult)
    assert result.alpha == ImageHeader(4, 3, "gray", "u8")
    assert (result.engine, result.device, result.notes) == ("engine", "device", ("A note.",))
    assert (result.confidence, result.foreground, nothing) == (0.5, None, None)
    assert result.understood == "A region"
    assert strip == messages.Strip("r", "alpha", 0)
    assert pixels is not None
    assert bytes(pixels) == ALPHA.tobytes()


@pytest.mark.parametrize("channels", ["gray", "graya", "rgb", "bgra"])
@pytest.mark.parametrize("dtype", ["u8", "u16", "f16", "f32"])
def test_the_subjects_colours_follow_the_alpha_as_the_images_own(channels: str, dtype: str) -> None:
    count, own = (1, "gray") if channels.startswith("gray") else (3, "rgb")
    foreground = np.ones((3, 4, count), f"{dtype[0]}{int(dtype[1:]) // 8}")
    asked = request(image=ImageHeader(4, 3, channels, dtype), wants_foreground=True)
    (result, _), *strips = done(Outcome(ALPHA, "", "", foreground=foreground), asked).replies()
    assert isinstance(result, messages.ExtractResult)
    assert result.foreground == ImageHeader(4, 3, own, dtype)
    assert [strip.part for strip, _ in strips if isinstance(strip, messages.Strip)] == [
        "alpha",
        "foreground",
    ]
    assert bytes(strips[1][1] or b"") == foreground.tobytes()


def test_strips_are_no_longer_than_the_protocol_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STRIP_BYTES", 5)
    _, *strips = done(Outcome(ALPHA, "", "")).replies()
    assert b"".join(pixels for _, pixels in strips if pixels) == ALPHA.tobytes()
    assert [len(pixels) for _, pixels in strips if pixels] == [5, 5, 2]


def test_a_download_answers_that_it_is_done() -> None:
    task = DownloadTask(b"peer", "d", DownloadRequest("d", "builtin"))
    assert list(task.replies()) == [(messages.DownloadReply("d", "builtin"), None)]
    assert "builtin" in task.subject


def test_a_task_that_is_not_wanted_any_more_stops_at_its_next_report() -> None:
    task = done(Outcome(ALPHA, "", ""))
    task.report("Solving", 0.5)
    task.is_cancelled.set()
    task.parting = "The daemon stops."
    with pytest.raises(CancelledError, match="The daemon stops"):
        task.report("Solving", 0.6)
    assert (task.stage, task.fraction) == ("Solving", 0.5)


def test_a_preview_is_small_and_sent_once() -> None:
    task = ExtractionTask(b"peer", "r", request(wants_preview=True), {})
    task.report("Solving", 0.2, np.full((600, 1500), 0.5, np.float32))
    reply = task.take_preview()
    assert reply is not None
    header, pixels = reply
    assert header == messages.Preview("r", ImageHeader(500, 200, "gray", "u8"))
    assert pixels is not None
    assert set(bytes(pixels)) == {128}
    assert task.take_preview() is None


def test_nobody_who_did_not_ask_gets_a_preview() -> None:
    task = ExtractionTask(b"peer", "r", request(), {})
    task.report("Solving", 0.2, np.zeros((3, 4), np.float32))
    assert task.take_preview() is None


def test_no_pixels_are_kept_after_the_end() -> None:
    task = ExtractionTask(b"peer", "r", request(), {"image": b"pixels"})
    task.close()
    assert not task.parts


def test_the_log_reads_no_pixels() -> None:
    task = done(Outcome(ALPHA, "builtin", "CPU (1 thread)"))
    assert task.subject == "4x3 u8"
    assert task.result == "done by builtin on CPU (1 thread)"
