"""outcome.py: the one sentence at the end."""

from __future__ import annotations

import pytest

from flyaway_client import outcome
from flyaway_client.errors import CancelledError, DaemonLostError
from flyaway_client.messages import ExtractResult, ImageHeader
from flyaway_client.refusals import DocumentError

ALPHA = ImageHeader(2, 2, "gray", "u8")


def test_says_who_did_the_work_and_what_to_know_of_it() -> None:
    done = ExtractResult("7", ALPHA, "modnet + vitmatte", "CPU (2 threads)", 3.25, ("Smaller.",))
    sentence = "Done in 3.2 s by modnet + vitmatte. Smaller."
    assert outcome.success(done) == sentence


def test_names_no_worker_where_there_was_no_work() -> None:
    done = ExtractResult("7", ALPHA, "none", "", 0.01, ("Nothing was unknown.",))
    assert outcome.success(done) == "Done in 0.0 s. Nothing was unknown."


def test_passes_on_what_is_wrong_with_the_document_and_logs_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert outcome.failure(DocumentError("It is locked.")) == "It is locked."
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DaemonLostError("It went away."), "It went away."),
        (ZeroDivisionError(), "Flyaway's plugin met a defect of its own: ZeroDivisionError()"),
    ],
)
def test_says_what_failed_and_logs_where(
    error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise error
    except type(error) as raised:
        assert outcome.failure(raised) == sentence
    logged = capsys.readouterr().err
    assert "Traceback" in logged
    assert "test_says_what_failed_and_logs_where" in logged


@pytest.mark.parametrize("error", [None, CancelledError()])
def test_has_nothing_to_say_where_all_went_as_the_user_wanted(error: Exception | None) -> None:
    assert outcome.failure_unless_cancelled(error) == ""


def test_says_what_failed_unless_it_was_cancelled() -> None:
    assert outcome.failure_unless_cancelled(DocumentError("It is locked.")) == "It is locked."


def test_what_was_understood_is_said() -> None:
    alpha = ImageHeader(1, 1, "gray", "u8")
    result = ExtractResult("r", alpha, "builtin", "CPU", 1.0, understood="Rough region")
    assert outcome.success(result) == "Done in 1.0 s by builtin. Rough region."


@pytest.mark.parametrize(
    ("device", "worker"),
    [
        ("CPU (2 threads)", "MODNet and ViTMatte"),
        ("CUDA: RTX 4090", "MODNet and ViTMatte on CUDA: RTX 4090"),
        ("", ""),
    ],
)
def test_engines_are_called_what_people_call_them(device: str, worker: str) -> None:
    titles = ("MODNet", "ViTMatte")
    assert ExtractResult("7", ALPHA, "m + v", device, 1.0, titles=titles).worker == worker
