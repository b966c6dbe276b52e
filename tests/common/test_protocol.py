"""PROTOCOL.md says what the code does: version, examples, errors, limits."""

import dataclasses
import json
import re

import pytest
from tests.trust.grammar import EXAMPLES, PAGE

from flyaway_client import messages, protocol
from flyaway_client.connection import ConnectionFile

FILES = dict(re.findall(r"^```json (\S+)$\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_version_is_that_of_the_code() -> None:
    found = re.findall(r"^Version: (\d+)\.(\d+)$", PAGE, re.MULTILINE)
    assert [tuple(map(int, version)) for version in found] == [protocol.VERSION]


def test_changelog_begins_with_the_version() -> None:
    _, changelog = PAGE.split("### Changelog")
    assert re.findall(r"\*\*(\d+\.\d+)\*\*", changelog)[0] == ".".join(map(str, protocol.VERSION))


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_a_message_that_would_be_sent_like_this(example: str) -> None:
    message = messages.decode(example.encode())
    shown = json.loads(example)
    assert json.loads(messages.encode(message)) == {**message.to_header(), **shown}


def test_every_message_has_an_example() -> None:
    assert {json.loads(example)["type"] for example in EXAMPLES} == set(messages.MESSAGES)


def test_every_field_of_every_message_is_shown() -> None:
    for name, kind in messages.MESSAGES.items():
        examples = [json.loads(example) for example in EXAMPLES]
        shown = set().union(*(header for header in examples if header["type"] == name))
        assert shown >= {field.name for field in dataclasses.fields(kind)}, name


def test_connection_file_is_as_shown() -> None:
    shown = json.loads(FILES["connection.json"])
    assert ConnectionFile.from_header(shown).to_header() == shown


def test_launch_file_is_as_shown() -> None:
    assert list(json.loads(FILES["launch.json"])) == ["argv"]


def test_table_of_errors_is_that_of_the_code() -> None:
    table = PAGE.split("| code | when |")[1].split("\n\n")[0]
    listed = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    values = {value for value in vars(protocol).values() if isinstance(value, str)}
    codes = {value for value in values if re.fullmatch(r"[a-z]+(-[a-z]+)*", value)}
    assert set(listed) == codes - {protocol.ZAP_DOMAIN}


def test_limits_are_those_of_the_code() -> None:
    table = PAGE.split("## Limits")[1].split("\n\n")[1]
    listed = [int(number) for number in re.findall(r"\| (\d+) \|$", table, re.MULTILINE)]
    assert listed == [
        protocol.STRIP_BYTES,
        protocol.MAX_HEADER_BYTES,
        protocol.MAX_FRAME_BYTES,
        protocol.MAX_ICC_BYTES,
    ]


def test_choices_are_those_of_the_code() -> None:
    for name in (*messages.CHANNELS, *messages.DTYPES, *messages.COLOURS, *messages.OUTPUT_DTYPES):
        assert f"`{name}`" in PAGE
    for kind in messages.SELECTION_KINDS:
        assert f"| `{kind}` |" in PAGE
    assert f"1 to {protocol.MAX_SIDE_PX};" in PAGE
