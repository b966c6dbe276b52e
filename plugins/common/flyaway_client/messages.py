"""Every message of the protocol as a frozen record that reads and writes its JSON header.

Both sides use these classes; neither builds a header by hand (headers.py does). Pixels are never in
here: they travel as payloads of `Strip`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from . import protocol
from .adjustments import Adjustments
from .headers import Message as Message
from .headers import MessageError as MessageError
from .headers import encode as encode
from .headers import one_of
from .headers import read_header as read_header
from .prompts import Candidate, Prompts
from .wording import _
from .zmtp import Buffer

CHANNELS = {"gray": 1, "graya": 2, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
"""Channel orders and how many values a pixel has. Alpha is straight (not premultiplied)."""

DTYPES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
"""Sample types, little-endian, and their bytes. Floats mean 0..1."""

COLOURS = ("srgb", "linear-srgb", "icc")
"""How colour values are encoded; "icc" says that the part named icc holds the profile."""

SELECTION_KINDS = ("automatic", "soft", "outline", "region", "trimap", "guess")
"""What a selection means, as PROTOCOL.md explains. "guess" lets the daemon look: soft or outline."""

JOBS = ("any-subject", "portrait", "fine-hair", "empty-scene")
"""What photographers want done. As `engine` of a request, each stands for the best engine there is for it."""

KEEP, REMOVE, UNKNOWN = 255, 64, 128
"""Levels of strokes: surely subject, surely background, to be found out. 0 is no stroke; others count as the nearest."""

OUTPUT_DTYPES = ("u8", "u16", "f32")

SHEET_PICTURES = 4
"""So many show each engine of a comparison."""


@dataclass(frozen=True)
class ImageHeader(Message):
    """Size and sample layout of a block of pixels, rows top to bottom, tightly packed."""

    width: int
    height: int
    channels: str
    dtype: str

    def __post_init__(self) -> None:
        """Refuse sizes and names that mean nothing."""
        if self.width < 1 or self.height < 1:
            raise MessageError(f"an image of {self.width} x {self.height} pixels is empty")
        if max(self.width, self.height) > protocol.MAX_SIDE_PX:
            raise MessageError(f"an image side has at most {protocol.MAX_SIDE_PX} pixels")
        one_of(self.channels, CHANNELS, "channels")
        one_of(self.dtype, DTYPES, "dtype")

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def bytes(self) -> int:
        """How many bytes the pixels take."""
        return self.pixels * CHANNELS[self.channels] * DTYPES[self.dtype]


@dataclass(frozen=True)
class Hello(Message):
    """First message on a connection: who calls, and a nonce that the daemon must sign.

    `language` is the code of the language in which the client wants sentences for people, such as "de"; "" for English.
    """

    TYPE: ClassVar[str] = "hello"
    protocol: tuple[int, ...]
    client: str
    nonce: str
    language: str = ""


@dataclass(frozen=True)
class HelloReply(Message):
    """The daemon's proof that it can read the connection file, and what it will accept."""

    TYPE: ClassVar[str] = "hello-reply"
    protocol: tuple[int, ...]
    daemon: str
    proof: str
    pid: int
    max_pixels: int


@dataclass(frozen=True)
class ExtractRequest(Message):
    """Cut out the subject of `image`. Pixels follow as strips once the daemon says `Ready`.

    `selection` is the host's mask, HxW "gray", in the image's own coordinates and size.
    `edge_width_px` is the width of the unknown band on each side of an outline; None scales it with
    the image. `icc_bytes` is the size of the profile that follows as the part "icc" (0: none).
    `plate` is the same scene without the subject, of the image's size and colour. `fine_engine`
    solves the edge that an automatic `engine` leaves uncertain; "none" keeps its own.
    `wants_foreground` asks for the subject's own colours beside the alpha. `paid_work_only` leaves
    out engines whose licence is not known to allow paid work, `paid_training_only` those too of whose training
    pictures that is not known. `wants_preview` asks for early results.

    With a `mask`, HxW "gray" of the alpha's dtype, the request refines that: it is solved again inside the
    selection and under `strokes`, HxW "gray" "u8" of the levels above, and stays as it is outside. With a mask,
    `wants_foreground` and neither of both, nothing is solved: the subject's own colours are found under that mask.
    `foreground_amount` is how far those take the place of the image's, 0..1.

    With `prompts` the subject is what the user points at; `session` names a session on the same image, where it was
    looked at for that already ("" for none).

    `is_batch` says that nobody waits at an editor: other requests go first. `here` says that this computer is to do it,
    whichever usually does. `wants_memory` asks how much memory it takes, which is a little work of its own.
    `transparent` says that the subject lets light through, as glass and veils do: engines that make use of that go first.
    """

    TYPE: ClassVar[str] = "extract"
    id: str
    image: ImageHeader
    colour: str = "srgb"
    icc_bytes: int = 0
    selection: ImageHeader | None = None
    selection_is: str = "guess"
    edge_width_px: int | None = None
    plate: ImageHeader | None = None
    engine: str = "auto"
    fine_engine: str = "auto"
    output_dtype: str = "u8"
    wants_foreground: bool = False
    paid_work_only: bool = False
    wants_preview: bool = False
    mask: ImageHeader | None = None
    strokes: ImageHeader | None = None
    foreground_amount: float = 1.0
    prompts: Prompts | None = None
    session: str = ""
    is_batch: bool = False
    here: bool = False
    paid_training_only: bool = False
    transparent: bool = False
    wants_memory: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their lists, and parts that contradict each other."""
        _check_ids(self.id)
        _check_colour(self.colour, self.icc_bytes)
        if not 0 <= self.foreground_amount <= 1:
            raise MessageError("foreground_amount must be 0 to 1")
        one_of(self.selection_is, SELECTION_KINDS, "selection_is")
        one_of(self.output_dtype, OUTPUT_DTYPES, "output_dtype")
        _check_edge_width(self.edge_width_px)
        if self.selection is not None and self.selection.channels != "gray":
            raise MessageError('selection must have channels "gray"')
        self._check_refining()
        self._check_prompts()
        own_parts = ("selection", "plate", "mask", "strokes")
        for name, part in ((name, getattr(self, name)) for name in own_parts):
            if part and (part.width, part.height) != (self.image.width, self.image.height):
                raise MessageError(
                    f"the {name} is {part.width} x {part.height} pixels, "
                    f"the image {self.image.width} x {self.image.height}"
                )

    def _check_refining(self) -> None:
        if self.mask is None:
            if self.strokes is not None:
                raise MessageError("strokes go with a mask")
            return
        if (self.mask.channels, self.mask.dtype) != ("gray", self.output_dtype):
            raise MessageError('mask must have channels "gray" and the dtype of the alpha')
        if self.strokes is not None and (self.strokes.channels, self.strokes.dtype) != (
            "gray",
            "u8",
        ):
            raise MessageError('strokes must have channels "gray" and dtype "u8"')
        is_refined = self.selection is not None or self.strokes is not None
        if not is_refined and not self.wants_foreground:
            raise MessageError("a mask is refined inside a selection, or under strokes")
        if self.plate is not None or (is_refined and self.wants_foreground):
            raise MessageError("a mask is refined without a plate, and without colours")

    def _check_prompts(self) -> None:
        if self.prompts is None:
            if self.session:
                raise MessageError("a session goes with prompts")
            return
        if not self.prompts.have_subject:
            raise MessageError("prompts have a point to keep, or a box")
        if self.selection is not None or self.mask is not None or self.plate is not None:
            raise MessageError("prompts go without a selection, a mask and a plate")
        if self.session:
            _check_ids(self.session)
        self.prompts.check_within(self.image.width, self.image.height)

    @property
    def colours_alone(self) -> bool:
        """Whether the mask stays as it is, and only the subject's own colours are wanted."""
        return self.mask is not None and self.wants_foreground

    @property
    def foreground(self) -> ImageHeader | None:
        """What the subject's own colours will be, encoded as the image's; None where nobody asks for them."""
        if not self.wants_foreground:
            return None
        image = self.image
        channels = "gray" if image.channels in ("gray", "graya") else "rgb"
        return ImageHeader(image.width, image.height, channels, image.dtype)

    def parts(self) -> dict[str, int]:
        """What the client uploads, in this order: name of the part -> bytes."""
        parts = {"image": self.image.bytes}
        if self.icc_bytes:
            parts["icc"] = self.icc_bytes
        if self.selection is not None:
            parts["selection"] = self.selection.bytes
        for name in ("plate", "mask", "strokes"):
            header = getattr(self, name)
            if header is not None:
                parts[name] = header.bytes
        return parts


@dataclass(frozen=True)
class OpenSession(Message):
    """Begin to retouch an image; a session does not end with the connection.

    Answered by `SessionOpened` where the daemon has the image already, by `Ready` where it wants its pixels.
    `digest` is what `digest_of` makes of the image's parts. The rest as in `ExtractRequest`.
    """

    TYPE: ClassVar[str] = "open-session"
    id: str
    session: str
    digest: str
    image: ImageHeader
    colour: str = "srgb"
    icc_bytes: int = 0
    engine: str = "auto"
    paid_work_only: bool = False
    here: bool = False
    paid_training_only: bool = False
    transparent: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their lists, and parts that contradict each other."""
        _check_ids(self.id, self.session)
        _check_colour(self.colour, self.icc_bytes)

    def parts(self) -> dict[str, int]:
        """What the client uploads if it must; see `ExtractRequest.parts`."""
        return {"image": self.image.bytes, **({"icc": self.icc_bytes} if self.icc_bytes else {})}

    def digest_of(self, parts: Mapping[str, Buffer]) -> str:
        """What names these pixels: the hex SHA-256 of their layout and bytes."""
        image = self.image
        layout = f"{image.width} {image.height} {image.channels} {image.dtype} {self.colour}\n"
        found = hashlib.sha256(layout.encode())
        for name in self.parts():
            found.update(parts[name])
        return found.hexdigest()


@dataclass(frozen=True)
class SessionOpened(Message):
    """The daemon has the image; `engine` is the one that solves, by name."""

    TYPE: ClassVar[str] = "session-opened"
    id: str
    session: str
    engine: str


@dataclass(frozen=True)
class RefineRequest(Message):
    """Solve a part of a session's image again, in a rectangle whose upper left pixel is `left`, `top`.

    `mask` is the mask as it is there, and what the result will be like. `has_inside`: a part says where it is to be
    solved again; otherwise that is under the strokes. `has_strokes`: a part holds all strokes that hold there, of the
    levels above. A newer request of the same session takes the place of an older one.
    """

    TYPE: ClassVar[str] = "refine"
    id: str
    session: str
    left: int
    top: int
    mask: ImageHeader
    has_inside: bool = False
    has_strokes: bool = False
    wants_preview: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no rectangle."""
        _check_ids(self.id, self.session)
        if min(self.left, self.top) < 0:
            raise MessageError("left and top are not below 0")
        _check_mask(self.mask)

    def parts(self) -> dict[str, int]:
        """What the client uploads, in this order: name of the part -> bytes."""
        parts = {"mask": self.mask.bytes}
        if self.has_inside:
            parts["inside"] = self.mask.pixels
        if self.has_strokes:
            parts["strokes"] = self.mask.pixels
        return parts


@dataclass(frozen=True)
class PointRequest(Message):
    """Ask what the user may have pointed at in a session's image. A newer one takes the place of an older.

    `engine` is one that can be pointed with, or "auto" for the best there is. Without points and boxes the image is
    only looked at, so that the first click need not wait for that.
    """

    TYPE: ClassVar[str] = "point"
    id: str
    session: str
    prompts: Prompts
    engine: str = "auto"
    paid_work_only: bool = False
    paid_training_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what names nobody, and points that say only where the subject is not."""
        _check_ids(self.id, self.session)
        if self.prompts.points and not self.prompts.have_subject:
            raise MessageError("prompts have a point to keep, or a box")


@dataclass(frozen=True)
class Pointed(Message):
    """What the prompts may mean, the smallest first; none where they show nothing.

    The payload holds a mask for each, the whole image in small as `mask` says: "gray" and "u8". `mask` is None where
    there is no candidate.
    """

    TYPE: ClassVar[str] = "pointed"
    id: str
    session: str
    engine: str
    candidates: tuple[Candidate, ...] = ()
    mask: ImageHeader | None = None

    def __post_init__(self) -> None:
        """Refuse candidates without masks, and masks of another kind."""
        if (self.mask is None) != (not self.candidates):
            raise MessageError("a mask is there where candidates are, and only there")
        if self.mask is not None and (self.mask.channels, self.mask.dtype) != ("gray", "u8"):
            raise MessageError('mask must have channels "gray" and dtype "u8"')

    @property
    def payload_bytes(self) -> int:
        """How many bytes follow in the payload."""
        return 0 if self.mask is None else self.mask.bytes * len(self.candidates)


@dataclass(frozen=True)
class CloseSession(Message):
    """Forget a session, whether it is known or not. Answered by `SessionClosed`."""

    TYPE: ClassVar[str] = "close-session"
    id: str
    session: str


@dataclass(frozen=True)
class SessionClosed(Message):
    """The session is no more."""

    TYPE: ClassVar[str] = "session-closed"
    id: str


@dataclass(frozen=True)
class AdjustRequest(Message):
    """Adjust a mask, HxW "gray", without a look at its image. The result is like it."""

    TYPE: ClassVar[str] = "adjust"
    id: str
    mask: ImageHeader
    adjustments: Adjustments

    def __post_init__(self) -> None:
        """Refuse what is no mask."""
        _check_ids(self.id)
        _check_mask(self.mask)

    def parts(self) -> dict[str, int]:
        """What the client uploads."""
        return {"mask": self.mask.bytes}


@dataclass(frozen=True)
class DrawRow(Message):
    """Have one row of a comparison drawn: what was said of an engine, and the subject cut out by it.

    Rows of the same image and of the same number of `rows` are equally wide, so that one put under the other they are a
    sheet, which that number keeps small. `alpha`, "gray" and "u8" of the image's size, is None where an engine has failed: then nothing is
    uploaded, and the row is words alone. `foreground` is what the image's extraction gave as such. `title` and `lines` are
    written above the pictures, `heading` above all that, `captions` above each picture: the alpha, and the cut-out over black, white
    and green.
    """

    TYPE: ClassVar[str] = "draw-row"
    id: str
    image: ImageHeader
    rows: int
    title: str
    lines: tuple[str, ...] = ()
    heading: str = ""
    captions: tuple[str, ...] = ("Alpha", "Over black", "Over white", "Over green")
    colour: str = "srgb"
    icc_bytes: int = 0
    alpha: ImageHeader | None = None
    foreground: ImageHeader | None = None

    def __post_init__(self) -> None:
        """Refuse more rows than a sheet has, and parts that do not fit the image."""
        _check_ids(self.id)
        _check_colour(self.colour, self.icc_bytes)
        if not 1 <= self.rows <= protocol.MAX_SHEET_ROWS:
            raise MessageError(f"rows must be 1 to {protocol.MAX_SHEET_ROWS}")
        if len(self.captions) != SHEET_PICTURES:
            raise MessageError(f"captions must be {SHEET_PICTURES}")
        image = self.image
        if self.alpha not in (None, ImageHeader(image.width, image.height, "gray", "u8")):
            raise MessageError('alpha must have channels "gray", dtype "u8" and the image\'s size')
        own = "gray" if image.channels in ("gray", "graya") else "rgb"
        if self.foreground not in (
            None,
            ImageHeader(image.width, image.height, own, image.dtype),
        ):
            raise MessageError("the foreground must be as an extraction of the image gives it")
        if self.alpha is None and self.foreground is not None:
            raise MessageError("a foreground goes with an alpha")

    def parts(self) -> dict[str, int]:
        """What the client uploads, in this order: name of the part -> bytes."""
        if self.alpha is None:
            return {}
        parts = {"image": self.image.bytes}
        if self.icc_bytes:
            parts["icc"] = self.icc_bytes
        parts["alpha"] = self.alpha.bytes
        if self.foreground is not None:
            parts["foreground"] = self.foreground.bytes
        return parts


@dataclass(frozen=True)
class DrawnRow(Message):
    """A row's size, "rgb" and "u8" in sRGB; the strips of its part "row" follow at once."""

    TYPE: ClassVar[str] = "drawn-row"
    id: str
    image: ImageHeader


@dataclass(frozen=True)
class Ready(Message):
    """The daemon accepts the request by its header; the client may send its strips."""

    TYPE: ClassVar[str] = "ready"
    id: str


@dataclass(frozen=True)
class Strip(Message):
    """A piece of one part; the payload frame holds its bytes. Pieces come in order, without gaps."""

    TYPE: ClassVar[str] = "strip"
    id: str
    part: str
    offset: int


@dataclass(frozen=True)
class Progress(Message):
    """How far a request is: `stage` in words for people, `fraction` of the whole 0..1."""

    TYPE: ClassVar[str] = "progress"
    id: str
    stage: str
    fraction: float


@dataclass(frozen=True)
class Preview(Message):
    """An early alpha of the whole image or patch, small, "gray" and "u8"; the payload holds its pixels."""

    TYPE: ClassVar[str] = "preview"
    id: str
    image: ImageHeader


@dataclass(frozen=True)
class ExtractResult(Message):
    """The alpha's header; its strips follow at once, then those of the foreground if there is one.

    `engine`, `device` and `seconds` say who did the work, where, in how long; where there was nothing
    to solve, `device` is empty. `titles` are the engines' names for people, in the order of their work. `notes` are sentences the user should see, such as a fallback.
    `confidence` is how sure it is that this is the subject, 0..1, where it had to be found. `understood`
    is what the selection was taken for and why. `advised` is an engine worth fetching, where the subject could
    only be guessed. `place` is the name of the other computer that did the work; empty where this one did.
    `loading_s` is how much of `seconds` went into loading engines, 0 where they were warm; `memory_bytes` is how much
    memory of `device` the work took at most, its engines' own weights among it, where the request `wants_memory`. None where a
    daemon does not say.
    """

    TYPE: ClassVar[str] = "result"
    id: str
    alpha: ImageHeader
    engine: str
    device: str
    seconds: float
    notes: tuple[str, ...] = ()
    foreground: ImageHeader | None = None
    confidence: float | None = None
    understood: str = ""
    advised: EngineInfo | None = None
    titles: tuple[str, ...] = ()
    place: str = ""
    loading_s: float | None = None
    memory_bytes: int | None = None

    @property
    def worker(self) -> str:
        """Who did the work, in words for people, and where if not on this processor; empty where there was no work."""
        if not self.device:
            return ""
        who = _(" and ").join(self.titles) or self.engine
        if not self.device.upper().startswith("CPU"):
            who = _("{who} on {device}").format(who=who, device=self.device)
        return _("{who}, at {place}").format(who=who, place=self.place) if self.place else who


@dataclass(frozen=True)
class DescribeRequest(Message):
    """Ask what a selection would be taken for, before any work. The payload is the image's pixels, then the selection's.

    `image`, in sRGB, and `selection` are small copies of equal size, both "u8", of a layer of `width` times
    `height` pixels. `partly_px` is how many pixels of the whole selection are partly selected; None if that is not
    known. The rest as in `ExtractRequest`.
    """

    TYPE: ClassVar[str] = "describe"
    id: str
    width: int
    height: int
    image: ImageHeader
    selection: ImageHeader
    selection_is: str = "guess"
    edge_width_px: int | None = None
    partly_px: int | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together, or into one message."""
        one_of(self.selection_is, SELECTION_KINDS, "selection_is")
        ImageHeader(self.width, self.height, "gray", "u8")
        size = (self.image.width, self.image.height)
        if self.image.dtype != "u8":
            raise MessageError('the small image must be "u8"')
        if self.selection != ImageHeader(*size, "gray", "u8"):
            raise MessageError('the small selection must be "gray" and "u8", of the image\'s size')
        if self.payload_bytes > protocol.STRIP_BYTES:
            raise MessageError(f"the small copies have more than {protocol.STRIP_BYTES} bytes")
        _check_edge_width(self.edge_width_px)
        if self.partly_px is not None and self.partly_px < 0:
            raise MessageError("partly_px must not be negative")

    @property
    def payload_bytes(self) -> int:
        """How many bytes follow in the payload."""
        return self.image.bytes + self.selection.bytes


@dataclass(frozen=True)
class Description(Message):
    """What a selection would be taken for: `kind` is one of `SELECTION_KINDS`, `sentence` the same for people.

    `edge_width_px` is how far the unknown band would reach from an outline, in pixels of the layer; None where
    there is no such band.
    """

    TYPE: ClassVar[str] = "description"
    id: str
    kind: str
    sentence: str
    edge_width_px: int | None = None


@dataclass(frozen=True)
class Cancel(Message):
    """Stop the work on a request. Answered by an `ErrorReply` with the code "cancelled"."""

    TYPE: ClassVar[str] = "cancel"
    id: str


@dataclass(frozen=True)
class StatusRequest(Message):
    """Ask what the daemon is doing."""

    TYPE: ClassVar[str] = "status"
    id: str


@dataclass(frozen=True)
class StatusReply(Message):
    """A snapshot of the daemon: `warm` lists the loaded engines, `done` counts finished requests."""

    TYPE: ClassVar[str] = "status-reply"
    id: str
    daemon: str
    pid: int
    uptime_s: float
    warm: tuple[str, ...]
    running: int
    queued: int
    done: int
    rss_bytes: int


@dataclass(frozen=True)
class EnginesRequest(Message):
    """Ask which engines there are."""

    TYPE: ClassVar[str] = "engines"
    id: str


@dataclass(frozen=True)
class EngineInfo(Message):
    """One engine as a user should see it.

    `needs` holds "trimap", "plate" or "prompts" where the engine cannot do without; `suits` holds the `JOBS` it is made
    for, `rank` is its place among those that suit the same, the lowest the best; `paid_work` is whether its
    licence allows it, None meaning that nobody has said. `training` says in a sentence what it was trained on, as far
    as its authors tell ("" where they do not), `training_url` where that is read, and `training_paid_work` whether
    the terms of those pictures allow it. `page` is where a person has to fetch its weights from, to be imported;
    empty where the daemon can download them. `transparent` is whether it makes use of that field of a request.
    """

    name: str
    title: str
    purpose: str
    needs: tuple[str, ...]
    installed: bool
    download_bytes: int
    licence: str
    licence_url: str
    paid_work: bool | None = None
    page: str = ""
    suits: tuple[str, ...] = ()
    rank: int = 0
    training: str = ""
    training_url: str = ""
    training_paid_work: bool | None = None
    transparent: bool = False


@dataclass(frozen=True)
class EnginesReply(Message):
    """All engines, the one that "auto" would take first."""

    TYPE: ClassVar[str] = "engines-reply"
    id: str
    engines: tuple[EngineInfo, ...]


@dataclass(frozen=True)
class DownloadRequest(Message):
    """Fetch an engine's weights. `Progress` comes on the way; `Cancel` stops it, keeping what came."""

    TYPE: ClassVar[str] = "download"
    id: str
    engine: str


@dataclass(frozen=True)
class DownloadReply(Message):
    """The engine's weights are here, checked and ready for use."""

    TYPE: ClassVar[str] = "download-reply"
    id: str
    engine: str


@dataclass(frozen=True)
class UseRemote(Message):
    """Have work done by the other computer of that name from now on; "" by this one."""

    TYPE: ClassVar[str] = "use-remote"
    id: str
    name: str


@dataclass(frozen=True)
class RemoteUsed(Message):
    """Work is done there from now on."""

    TYPE: ClassVar[str] = "remote-used"
    id: str
    name: str


@dataclass(frozen=True)
class Shutdown(Message):
    """Ask the daemon to finish: work in hand is cancelled, then it exits."""

    TYPE: ClassVar[str] = "shutdown"
    id: str


@dataclass(frozen=True)
class ShutdownReply(Message):
    """The daemon will exit."""

    TYPE: ClassVar[str] = "shutdown-reply"
    id: str


@dataclass(frozen=True)
class ErrorReply(Message):
    """What went wrong: a code of protocol.py and a sentence the user can act on.

    `id` is empty where the message in question had none that could be read.
    """

    TYPE: ClassVar[str] = "error"
    id: str
    code: str
    message: str


def _check_ids(*ids: str) -> None:
    if not all(1 <= len(id) <= 64 for id in ids):
        raise MessageError("an id must have 1 to 64 characters")


def _check_mask(mask: ImageHeader) -> None:
    if mask.channels != "gray":
        raise MessageError('mask must have channels "gray"')
    one_of(mask.dtype, OUTPUT_DTYPES, "the mask's dtype")


def _check_colour(colour: str, icc_bytes: int) -> None:
    one_of(colour, COLOURS, "colour")
    if not 0 <= icc_bytes <= protocol.MAX_ICC_BYTES:
        raise MessageError(f"icc_bytes must be 0 to {protocol.MAX_ICC_BYTES}")
    if (colour == "icc") != (icc_bytes > 0):
        raise MessageError('icc_bytes goes with colour "icc", and only with it')


def _check_edge_width(width_px: int | None) -> None:
    if width_px is not None and not 1 <= width_px <= protocol.MAX_SIDE_PX:
        raise MessageError(f"edge_width_px must be 1 to {protocol.MAX_SIDE_PX}")


MESSAGES: dict[str, type[Message]] = {
    kind.TYPE: kind
    for kind in (
        Hello,
        HelloReply,
        ExtractRequest,
        OpenSession,
        SessionOpened,
        RefineRequest,
        PointRequest,
        Pointed,
        CloseSession,
        AdjustRequest,
        DrawRow,
        DrawnRow,
        SessionClosed,
        Ready,
        Strip,
        Progress,
        Preview,
        ExtractResult,
        DescribeRequest,
        Description,
        Cancel,
        StatusRequest,
        StatusReply,
        EnginesRequest,
        EnginesReply,
        DownloadRequest,
        DownloadReply,
        UseRemote,
        RemoteUsed,
        Shutdown,
        ShutdownReply,
        ErrorReply,
    )
}


def decode(frame: bytes) -> Message:
    """A header frame as its record.

    Raises:
        MessageError: the frame is no header, or its type or fields are unknown or misshapen.
    """
    header = read_header(frame)
    kind = MESSAGES.get(header["type"])
    if kind is None:
        raise MessageError(f"unknown message type {header['type'][:40]!r}")
    return kind.from_header(header)
