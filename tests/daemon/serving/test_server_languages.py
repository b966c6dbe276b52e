"""Each client is told what is for people in the language that its hello names; the log stays English."""

from __future__ import annotations

import logging

import pytest
from tests.daemon.servers import Daemon, request, serving, wait_until

from flyaway.errors import NoSubjectError
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.languages import Languages
from flyaway.serving.tasks import ExtractionTask
from flyaway_client import messages
from flyaway_client.wording import _

EMPTY = _("The region is empty: draw it around the subject.")
LEER = "Der Bereich ist leer: Ziehen Sie ihn um das Motiv."


def refuse(task: ExtractionTask) -> Outcome:
    raise NoSubjectError(EMPTY)


def refusal_of(daemon: Daemon, language: str) -> str:
    """What a client that reads a language is told of work that cannot be done."""
    peer = daemon.peer()
    peer.hello(language)
    peer.upload(request())
    return peer.refusal().message


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("", EMPTY),
        ("en", EMPTY),
        ("de", LEER),
        ("de_AT.UTF-8", LEER),
        ("fr", "La zone est vide : tracez-la autour du sujet."),
        ("nobody", EMPTY),
        ("../../catalogues/de", EMPTY),
        ("\x00", EMPTY),
        ("ｄｅ", EMPTY),
        ("d" * 100_000, EMPTY),
    ],
)
def test_a_refusal_is_in_the_language_of_the_hello(language: str, sentence: str) -> None:
    with serving(refuse) as daemon:
        assert refusal_of(daemon, language) == sentence


def test_who_names_no_language_reads_english_while_others_do_not() -> None:
    with serving(refuse) as daemon:
        assert [refusal_of(daemon, language) for language in ("de", "", "de")] == [
            LEER,
            EMPTY,
            LEER,
        ]


def test_the_last_hello_of_a_connection_counts() -> None:
    with serving(refuse) as daemon:
        peer = daemon.peer()
        for language, sentence in (("de", LEER), ("", EMPTY)):
            peer.hello(language)
            peer.upload(request(f"r{language}"))
            assert peer.refusal().message == sentence


def test_the_log_is_english(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving(refuse) as daemon:
        refusal_of(daemon, "de")
        wait_until(lambda: "no-subject" in caplog.text)

    assert EMPTY in caplog.text
    assert LEER not in caplog.text


def test_what_was_found_out_is_said_in_the_language_too() -> None:
    def work(task: ExtractionTask) -> Outcome:
        selection = task.parts["selection"]
        note = _("There was not enough memory on {device}, so the processor did the work.")
        understood = _("{meaning}, edge up to {width_px} px").format(
            meaning=_("Rough region"), width_px=7
        )
        import numpy as np

        alpha = np.frombuffer(selection, np.uint8).reshape(3, 4)
        return Outcome(
            alpha,
            "copy",
            _("CPU (2 threads)"),
            (note.format(device="CUDA"),),
            understood=understood,
        )

    with serving(work) as daemon:
        peer = daemon.peer()
        peer.hello("ja")
        peer.upload(request())
        result = peer.answer()

    assert isinstance(result, messages.ExtractResult)
    assert result.understood == "大まかな範囲、境界は最大 7 px"
    assert result.notes == ("CUDA のメモリーが足りなかったため、プロセッサーで処理しました。",)


def test_engines_are_described_in_the_language(daemon: Daemon) -> None:
    peer = daemon.peer()
    peer.hello("de")
    peer.send(messages.EnginesRequest("engines"))
    reply = peer.answer()

    assert isinstance(reply, messages.EnginesReply)
    builtin = next(info for info in reply.engines if info.name == "builtin")
    assert builtin.title == "Eingebaute Engine"
    assert "Kein Download" in builtin.purpose


def test_only_so_many_languages_are_kept() -> None:
    languages = Languages()
    for number in range(10_000):
        languages.learn(b"%d" % number, "de")

    assert languages.of(b"0") == ""
    assert languages.of(b"9999") == "de"
    assert sum(languages.of(b"%d" % number) == "de" for number in range(10_000)) == 4096


def test_a_client_that_is_gone_is_forgotten() -> None:
    languages = Languages()
    languages.learn(b"peer", "de")
    languages.forget(b"peer")

    assert languages.of(b"peer") == ""
