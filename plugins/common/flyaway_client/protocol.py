"""The constants of the wire: version, limits, names of errors. PROTOCOL.md explains each in words."""

VERSION = (1, 7)
"""Major and minor. A different major is refused at hello; a newer minor may add fields and requests."""

ZAP_DOMAIN = "flyaway"
"""The same on both sides: libzmq matches credentials by domain, and "*" only matches an empty one."""

STRIP_BYTES = 4 * 1024 * 1024
"""Pixels travel in messages of at most this many bytes; fits the cache and is a point to cancel at."""

MAX_HEADER_BYTES = 256 * 1024
MAX_FRAME_BYTES = STRIP_BYTES + MAX_HEADER_BYTES
"""No frame may be longer (ZMQ_MAXMSGSIZE): what an unauthenticated peer can make the daemon allocate."""

MAX_FRAMES = 2
"""A message is a JSON header and at most one payload."""

MAX_SENTENCE_CHARS = 1000
"""How much of an error's sentence is sent, and shown: it may quote what a client or a hub said."""

MAX_SIDE_PX = 1_000_000
"""Longest side of an image; keeps every size a number of ordinary width."""

MAX_ICC_BYTES = 8 * 1024 * 1024
"""Colour profiles beyond this are refused; camera profiles reach about 2 MiB."""

MAX_SHEET_ROWS = 64
"""So many engines are compared on one sheet at most."""

MAX_SHEET_WIDTH_PX, MAX_SHEET_HEIGHT_PX = 4096, 8192
"""How wide a sheet is at most, and how high all its pictures are together; words come on top."""

REFINE_MARGIN_PX = 128
"""How much of the mask around what is to be solved again belongs into a patch, so that an engine understands it."""

# Codes of error replies. Clients decide by these; the sentence beside them is for people.
BAD_REQUEST = "bad-request"
UNKNOWN_REQUEST = "unknown-request"
WRONG_VERSION = "wrong-version"
TOO_LARGE = "too-large"
BUSY = "busy"
CANCELLED = "cancelled"
UNKNOWN_SESSION = "unknown-session"
UNKNOWN_ENGINE = "unknown-engine"
WEIGHTS_MISSING = "weights-missing"
NO_SUBJECT = "no-subject"
OUT_OF_MEMORY = "out-of-memory"
ENGINE_FAILED = "engine-failed"
REMOTE_LOST = "remote-lost"
INTERNAL = "internal"
