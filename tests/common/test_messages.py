"""Every record survives the way through its header, and nothing misshapen becomes a record."""

import dataclasses
import json
import typing
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyaway_client import messages, protocol
from flyaway_client.adjustments import LIMITS, Adjustments
from flyaway_client.messages import (
    AdjustRequest,
    DescribeRequest,
    DrawRow,
    ExtractRequest,
    ImageHeader,
    Message,
    MessageError,
    OpenSession,
    Pointed,
    PointRequest,
    RefineRequest,
    decode,
    encode,
    read_header,
)
from flyaway_client.prompts import (
    MAX_BOXES,
    MAX_POINTS,
    SIZES,
    Box,
    Candidate,
    Point,
    Prompts,
)

IMAGE = ImageHeader(4, 3, "rgba", "u8")
GREY = ImageHeader(4, 3, "gray", "u8")
CLICK = Prompts((Point(3, 2),))
PART = Candidate("part", 0.5, Box(0, 0, 1, 1))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SIDES = st.integers(1, protocol.MAX_SIDE_PX)
IMAGES = st.builds(
    ImageHeader,
    SIDES,
    SIDES,
    st.sampled_from(sorted(messages.CHANNELS)),
    st.sampled_from(sorted(messages.DTYPES)),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def extract_requests(draw: st.DrawFn) -> ExtractRequest:
    """Requests whose fields agree with each other."""
    image = draw(IMAGES)
    colour = draw(st.sampled_from(messages.COLOURS))
    selection_dtype = draw(st.none() | st.sampled_from(sorted(messages.DTYPES)))
    plate_channels = draw(st.none() | st.sampled_from(sorted(messages.CHANNELS)))
    return ExtractRequest(
        id=draw(st.text("abc0129-", min_size=1, max_size=64)),
        image=image,
        colour=colour,
        icc_bytes=draw(st.integers(1, protocol.MAX_ICC_BYTES)) if colour == "icc" else 0,
        selection=ImageHeader(image.width, image.height, "gray", selection_dtype)
        if selection_dtype
        else None,
        selection_is=draw(st.sampled_from(messages.SELECTION_KINDS)),
        edge_width_px=draw(st.none() | SIDES),
        plate=ImageHeader(image.width, image.height, plate_channels, "u8")
        if plate_channels
        else None,
        engine=draw(TEXT),
        fine_engine=draw(TEXT),
        wants_foreground=draw(st.booleans()),
        paid_work_only=draw(st.booleans()),
        is_batch=draw(st.booleans()),
        output_dtype=draw(st.sampled_from(messages.OUTPUT_DTYPES)),
    )


@st.composite
def describe_requests(draw: st.DrawFn) -> DescribeRequest:
    """Questions whose copies fit into a message."""
    width, height = draw(st.integers(1, 900)), draw(st.integers(1, 900))
    channels = draw(st.sampled_from(sorted(messages.CHANNELS)))
    return DescribeRequest(
        id=draw(TEXT),
        width=draw(SIDES),
        height=draw(SIDES),
        image=ImageHeader(width, height, channels, "u8"),
        selection=ImageHeader(width, height, "gray", "u8"),
        selection_is=draw(st.sampled_from(messages.SELECTION_KINDS)),
        edge_width_px=draw(st.none() | SIDES),
        partly_px=draw(st.none() | SIDES),
    )


MASKS = st.builds(
    ImageHeader, SIDES, SIDES, st.just("gray"), st.sampled_from(messages.OUTPUT_DTYPES)
)
IDS = st.text("abc0129-", min_size=1, max_size=64)

st.register_type_strategy(str, TEXT)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(ImageHeader, IMAGES)
st.register_type_strategy(ExtractRequest, extract_requests())
st.register_type_strategy(DescribeRequest, describe_requests())

st.register_type_strategy(
    OpenSession,
    st.builds(OpenSession, IDS, IDS, TEXT, IMAGES, engine=TEXT, paid_work_only=st.booleans()),
)
st.register_type_strategy(
    RefineRequest,
    st.builds(
        RefineRequest,
        IDS,
        IDS,
        st.integers(0),
        st.integers(0),
        MASKS,
        has_inside=st.booleans(),
        has_strokes=st.booleans(),
    ),
)

st.register_type_strategy(
    AdjustRequest,
    st.builds(
        AdjustRequest,
        IDS,
        MASKS,
        st.builds(
            Adjustments,
            black_clip=st.floats(0, 49),
            white_clip=st.floats(50, 100),
            **{name: st.floats(*LIMITS[name]) for name in list(LIMITS)[:5]},
        ),
    ),
)


@st.composite
def draw_rows(draw: st.DrawFn) -> DrawRow:
    """Rows whose parts fit their image."""
    image, colour = draw(IMAGES), draw(st.sampled_from(messages.COLOURS))
    has_alpha = draw(st.booleans())
    size = image.width, image.height
    own = "gray" if image.channels.startswith("gray") else "rgb"
    return DrawRow(
        draw(IDS),
        image,
        draw(st.integers(1, protocol.MAX_SHEET_ROWS)),
        draw(TEXT),
        tuple(draw(st.lists(TEXT, max_size=3))),
        draw(TEXT),
        tuple(draw(st.lists(TEXT, min_size=4, max_size=4))),
        colour,
        draw(st.integers(1, protocol.MAX_ICC_BYTES)) if colour == "icc" else 0,
        ImageHeader(*size, "gray", "u8") if has_alpha else None,
        ImageHeader(*size, own, image.dtype) if has_alpha and draw(st.booleans()) else None,
    )


st.register_type_strategy(DrawRow, draw_rows())

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
BOXES = st.builds(
    lambda x, y: Box(min(x), min(y), max(x), max(y)),
    st.tuples(FLOATS, FLOATS),
    st.tuples(FLOATS, FLOATS),
)
PROMPTS = st.builds(
    Prompts,
    st.lists(st.builds(Point, FLOATS, FLOATS), max_size=4).map(tuple),
    st.lists(BOXES, max_size=2).map(tuple),
    st.sampled_from(["", *SIZES]),
)
CANDIDATES = st.builds(Candidate, st.sampled_from(SIZES), FLOATS, BOXES)

st.register_type_strategy(
    PointRequest, st.builds(PointRequest, IDS, IDS, PROMPTS, TEXT, st.booleans())
)
st.register_type_strategy(
    Pointed,
    st.builds(Pointed, IDS, IDS, TEXT)
    | st.builds(
        Pointed,
        IDS,
        IDS,
        TEXT,
        st.lists(CANDIDATES, min_size=1, max_size=3).map(tuple),
        st.builds(ImageHeader, SIDES, SIDES, st.just("gray"), st.just("u8")),
    ),
)

RECORDS = st.one_of([st.from_type(kind) for kind in messages.MESSAGES.values()])


@given(RECORDS)
def test_every_record_survives_the_way_through_its_header(record: Message) -> None:
    assert decode(encode(record)) == record


@given(RECORDS, st.dictionaries(TEXT.map(lambda name: f"x-{name}"), JSON, max_size=4))
def test_fields_of_a_newer_version_are_ignored(record: Message, news: dict[str, Any]) -> None:
    header = {**news, **record.to_header()}
    assert decode(json.dumps(header).encode()) == record


@pytest.mark.parametrize("kind", messages.MESSAGES.values(), ids=messages.MESSAGES)
def test_every_field_is_missed_or_has_a_default(kind: type[Message]) -> None:
    record = example_of(kind)
    for field in dataclasses.fields(kind):
        header = record.to_header()
        header.pop(field.name, None)
        if field.default is dataclasses.MISSING:
            with pytest.raises(MessageError, match=repr(field.name)):
                kind.from_header(header)
        else:
            assert kind.from_header(header) == dataclasses.replace(
                record, **{field.name: field.default}
            )


@pytest.mark.parametrize("kind", messages.MESSAGES.values(), ids=messages.MESSAGES)
def test_every_field_of_another_type_is_refused(kind: type[Message]) -> None:
    record = example_of(kind)
    for field in dataclasses.fields(kind):
        for wrong in wrong_values(typing.get_type_hints(kind)[field.name]):
            header = {**record.to_header(), field.name: wrong}
            with pytest.raises(MessageError):
                kind.from_header(header)


@settings(max_examples=300)
@given(st.sampled_from(sorted(messages.MESSAGES)), st.data())
def test_any_json_becomes_a_record_or_a_message_error(type_name: str, data: st.DataObject) -> None:
    kind = messages.MESSAGES[type_name]
    fields = {field.name: JSON for field in dataclasses.fields(kind)}
    header = data.draw(st.fixed_dictionaries({}, optional=fields))
    frame = json.dumps({"type": type_name, **header}).encode()
    try:
        assert isinstance(decode(frame), kind)
    except MessageError as error:
        assert str(error)


@given(st.binary(max_size=200))
def test_any_bytes_become_a_record_or_a_message_error(frame: bytes) -> None:
    with pytest.raises(MessageError):
        decode(frame)


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no type"),
        (b"{}", "no type"),
        (b'{"type": 1}', "no type"),
        (b'{"type": "hello"', "not JSON"),
        (b" " * (protocol.MAX_HEADER_BYTES + 1), "too long"),
    ],
)
def test_frames_that_are_no_header_are_refused(frame: bytes, complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        read_header(frame)


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(MessageError, match="'sing'"):
        decode(b'{"type": "sing"}')


def test_numbers_that_are_none_are_refused() -> None:
    for number in ("NaN", "Infinity", "1e999", "1" + "0" * 400):
        frame = f'{{"type":"progress","id":"a","stage":"s","fraction":{number}}}'.encode()
        with pytest.raises(MessageError, match="fraction must be a finite number"):
            decode(frame)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(MessageError, match="Unicode"):
        decode(rb'{"type":"ready","id":"\ud83d"}')


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"id": ""}, "id must have 1 to 64"),
        ({"id": "x" * 65}, "id must have 1 to 64"),
        ({"colour": "cmyk"}, "colour must be one of"),
        ({"selection_is": "magic"}, "selection_is must be one of"),
        ({"output_dtype": "f16"}, "output_dtype must be one of"),
        ({"colour": "icc"}, "icc_bytes goes with"),
        ({"icc_bytes": 100}, "icc_bytes goes with"),
        ({"icc_bytes": -1}, "icc_bytes must be 0 to"),
        ({"colour": "icc", "icc_bytes": protocol.MAX_ICC_BYTES + 1}, "icc_bytes must be 0 to"),
        ({"edge_width_px": 0}, "edge_width_px must be 1 to"),
        ({"edge_width_px": protocol.MAX_SIDE_PX + 1}, "edge_width_px must be 1 to"),
        ({"selection": ImageHeader(4, 3, "rgb", "u8")}, 'channels "gray"'),
        ({"selection": ImageHeader(3, 4, "gray", "u8")}, "selection is 3 x 4 pixels, the image 4"),
        ({"plate": ImageHeader(4, 2, "rgb", "u8")}, "plate is 4 x 2 pixels, the image 4 x 3"),
        ({"strokes": GREY}, "strokes go with a mask"),
        ({"mask": GREY}, "inside a selection, or under strokes"),
        ({"mask": GREY, "selection": GREY, "output_dtype": "u16"}, "the dtype of the alpha"),
        ({"mask": IMAGE, "selection": GREY}, 'mask must have channels "gray"'),
        ({"mask": GREY, "strokes": ImageHeader(4, 3, "gray", "u16")}, 'strokes must have .*"u8"'),
        ({"mask": ImageHeader(3, 3, "gray", "u8"), "selection": GREY}, "mask is 3 x 3 pixels"),
        ({"mask": GREY, "selection": GREY, "wants_foreground": True}, "without colours"),
        ({"mask": GREY, "selection": GREY, "plate": IMAGE}, "without a plate"),
        ({"mask": GREY, "wants_foreground": True, "plate": IMAGE}, "without a plate"),
        ({"foreground_amount": 1.01}, "foreground_amount must be 0 to 1"),
        ({"session": "a"}, "a session goes with prompts"),
        ({"prompts": Prompts()}, "a point to keep, or a box"),
        ({"prompts": Prompts((Point(1, 1, False),))}, "a point to keep, or a box"),
        ({"prompts": CLICK, "selection": GREY}, "without a selection"),
        ({"prompts": CLICK, "plate": IMAGE}, "without a selection, a mask and a plate"),
        ({"prompts": CLICK, "session": "x" * 65}, "id must have 1 to 64"),
        ({"prompts": Prompts((Point(4, 1),))}, "4, 1 does not lie in the image of 4 x 3 pixels"),
        ({"prompts": Prompts((), (Box(0, -1, 2, 2),))}, "0, -1 does not lie in the image"),
        ({"prompts": Prompts((), (Box(0, 0, 2, 2.5),))}, "2, 2.5 does not lie in the image"),
    ],
)
def test_requests_that_contradict_themselves_are_refused(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(MessageError, match=complaint):
        dataclasses.replace(ExtractRequest("a", IMAGE), **changes)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"image": ImageHeader(4, 3, "gray", "u16")}, 'image must be "u8"'),
        ({"selection": ImageHeader(4, 3, "rgb", "u8")}, 'selection must be "gray"'),
        ({"selection": ImageHeader(3, 4, "gray", "u8")}, "of the image's size"),
        ({"width": 0}, "is empty"),
        ({"selection_is": "magic"}, "selection_is must be one of"),
        ({"edge_width_px": 0}, "edge_width_px must be 1 to"),
        (
            {"image": ImageHeader(2000, 2000, "rgb", "u8")}
            | {"selection": ImageHeader(2000, 2000, "gray", "u8")},
            "more than 4194304 bytes",
        ),
        ({"partly_px": -1}, "must not be negative"),
    ],
)
def test_questions_that_do_not_fit_together_are_refused(
    changes: dict[str, Any], complaint: str
) -> None:
    small = ImageHeader(4, 3, "gray", "u8")
    with pytest.raises(MessageError, match=complaint):
        dataclasses.replace(DescribeRequest("a", 40, 30, small, small), **changes)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"feather_px": -1}, "feather_px must be 0 to 250"),
        ({"shift_edge": 101}, "shift_edge must be -100 to 100"),
        ({"black_clip": 60, "white_clip": 60}, "black_clip must be below white_clip"),
    ],
)
def test_adjustments_that_cannot_be_are_refused(fields: Any, complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        Adjustments(**fields)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Box(2, 0, 1, 3), "left and top come before"),
        (lambda: Box(0, 4, 1, 3), "left and top come before"),
        (lambda: Prompts(size="huge"), "size must be one of"),
        (lambda: Prompts((Point(0, 0),) * (MAX_POINTS + 1)), "at most 256 points and 32 boxes"),
        (lambda: Prompts((), (Box(0, 0, 1, 1),) * (MAX_BOXES + 1)), "at most 256 points"),
        (lambda: Candidate("", 0.5, Box(0, 0, 1, 1)), "size must be one of"),
        (lambda: PointRequest("a", "", CLICK), "id must have 1 to 64"),
        (lambda: PointRequest("a", "b", Prompts((Point(1, 1, False),))), "a point to keep"),
        (lambda: Pointed("a", "b", "c", (PART,)), "a mask is there where candidates are"),
        (lambda: Pointed("a", "b", "c", (), GREY), "a mask is there where candidates are"),
        (lambda: Pointed("a", "b", "c", (PART,), IMAGE), 'channels "gray" and dtype "u8"'),
    ],
)
def test_prompts_and_candidates_that_cannot_be_are_refused(
    make: Callable[[], object], complaint: str
) -> None:
    with pytest.raises(MessageError, match=complaint):
        make()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"rows": 0}, "rows must be 1 to 64"),
        ({"captions": ("Alpha",)}, "captions must be 4"),
        ({"rows": protocol.MAX_SHEET_ROWS + 1}, "rows must be 1 to 64"),
        ({"alpha": IMAGE}, 'alpha must have channels "gray"'),
        ({"alpha": ImageHeader(3, 3, "gray", "u8")}, "the image's size"),
        ({"foreground": ImageHeader(4, 3, "rgb", "u8")}, "a foreground goes with an alpha"),
        ({"alpha": GREY, "foreground": GREY}, "as an extraction of the image gives it"),
        ({"alpha": GREY, "icc_bytes": 4}, 'icc_bytes goes with colour "icc"'),
    ],
)
def test_rows_that_cannot_be_are_refused(fields: Any, complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        DrawRow("a", IMAGE, **{"rows": 1, "title": "An engine", **fields})


def test_a_row_of_words_brings_no_pixels() -> None:
    assert DrawRow("a", IMAGE, 1, "An engine", colour="icc", icc_bytes=9).parts() == {}


def test_a_mask_to_be_adjusted_is_a_mask() -> None:
    with pytest.raises(MessageError, match='mask must have channels "gray"'):
        AdjustRequest("a", IMAGE, Adjustments())


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ((0, 3, "gray", "u8"), "empty"),
        ((4, -1, "gray", "u8"), "empty"),
        ((10**9, 3, "gray", "u8"), "at most 1000000"),
        ((4, 3, "cmyk", "u8"), "channels must be one of"),
        ((4, 3, "gray", "u32"), "dtype must be one of"),
    ],
)
def test_images_that_cannot_be_are_refused(fields: Any, complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        ImageHeader(*fields)


def test_parts_are_listed_in_the_order_of_their_upload() -> None:
    request = ExtractRequest(
        "a",
        ImageHeader(4, 3, "rgba", "u16"),
        colour="icc",
        icc_bytes=560,
        selection=ImageHeader(4, 3, "gray", "f32"),
        plate=ImageHeader(4, 3, "bgr", "u8"),
    )
    assert list(request.parts().items()) == [
        ("image", 96),
        ("icc", 560),
        ("selection", 48),
        ("plate", 36),
    ]
    assert ExtractRequest("a", IMAGE).parts() == {"image": 48}
    refining = ExtractRequest("a", IMAGE, selection=GREY, mask=GREY, strokes=GREY)
    assert list(refining.parts()) == ["image", "selection", "mask", "strokes"]


def test_a_field_that_is_none_is_left_out() -> None:
    assert "selection" not in ExtractRequest("a", IMAGE).to_header()


def test_null_means_that_an_optional_field_is_left_out() -> None:
    header = {**ExtractRequest("a", IMAGE).to_header(), "selection": None}
    assert ExtractRequest.from_header(header).selection is None


def example_of(kind: type[Message]) -> Message:
    """A record of this kind with ordinary values."""
    hints = typing.get_type_hints(kind)
    ordinary: dict[Any, Any] = {
        int: 1,
        float: 0.5,
        str: "word",
        bool: True,
        ImageHeader: GREY,
        Adjustments: Adjustments(),
        Prompts: CLICK,
        tuple[int, ...]: (1, 0),
        tuple[str, ...]: ("one",),
        tuple[messages.EngineInfo, ...]: (),
    }
    required = [field for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    return kind(**{field.name: ordinary[hints[field.name]] for field in required})


def wrong_values(kind: Any) -> list[Any]:
    """JSON values that are not of this type."""
    if kind is int:
        return ["1", 1.5, True, None, [1]]
    if kind is float:
        return ["1", True, None]
    if kind is str:
        return [1, None, ["a"]]
    if typing.get_origin(kind) is tuple:
        return [None, "ab", {"a": 1}, [None]]
    return ["word", [1]] + ([] if type(None) in typing.get_args(kind) else [None])
