"""Messages that are almost right: a header, its bytes, or the bytes of a whole connection, with a few changes."""

from __future__ import annotations

import json
import random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**63,
    10**300,
    0.5,
    1e300,
    "",
    "r",
    "\x00",
    "\ud800",
    "é" * 3000,
    [],
    [[]],
    {},
    {"width": 2**32, "height": 2**32, "channels": "rgba", "dtype": "f32"},
)


def with_odd_fields(header: dict[str, Any], chance: random.Random) -> bytes:
    """A header with some fields given values they should not have, dropped or added."""
    header = dict(header)
    for name in list(header):
        match chance.randrange(6):
            case 0:
                header[name] = chance.choice(ODD)
            case 1 if isinstance(header[name], dict):
                inner = dict(header[name])
                inner[chance.choice(list(inner))] = chance.choice(ODD)
                header[name] = inner
            case 2 if chance.random() < 0.2:
                del header[name]
    header.setdefault("surplus", chance.choice(ODD))
    return json.dumps(header).encode()


def with_odd_bytes(header: dict[str, Any], chance: random.Random) -> bytes:
    """A header that is hardly JSON any more."""
    content = bytearray(json.dumps(header).encode())
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(content))
        content[place : place + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
    return bytes(content)


def with_one_odd_field(header: dict[str, Any], chance: random.Random) -> bytes:
    """A header that is right but for one field, so that what lies behind the first check is reached."""
    header = dict(header)
    name = chance.choice([one for one in header if one != "type"] or ["type"])
    inner = header[name]
    if isinstance(inner, dict) and inner and chance.random() < 0.7:
        header[name] = {**inner, chance.choice(list(inner)): chance.choice(ODD)}
    else:
        header[name] = chance.choice(ODD)
    return json.dumps(header).encode()


def changed(header: dict[str, Any], chance: random.Random) -> bytes:
    """A header changed in one of these ways."""
    kinds = (with_one_odd_field, with_one_odd_field, with_odd_fields, with_odd_bytes)
    return chance.choice(kinds)(header, chance)


def payload_instead(payload: bytes, chance: random.Random) -> tuple[bytes, ...]:
    """Payload frames in the place of one: none, too short, too long, empty, of noise, or too many."""
    return chance.choice(
        (
            (),
            (payload[:-1],),
            (payload + b"\0",),
            (b"",),
            (chance.randbytes(len(payload)),),
            (payload, payload),
        )
    )


def mutate_stream(stream: bytes, heads: int, chance: random.Random) -> bytes:
    """A few changes of the kinds that find mistakes; most hit the first `heads` bytes."""
    mutant = bytearray(stream)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        first = min(len(mutant), heads)
        place = chance.randrange(first) if chance.random() < 0.9 else chance.randrange(len(mutant))
        kind = chance.randrange(6)
        if kind == 0:
            mutant[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            mutant[place] = chance.choice((0, 1, 2, 3, 4, 6, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del mutant[place:]
        elif kind == 3:
            del mutant[place : place + chance.randrange(1, 12)]
        elif kind == 4:
            mutant[place:place] = chance.randbytes(chance.randrange(1, 12))
        else:
            mutant[place : place + 8] = chance.choice(
                (0, 1 << 31, 1 << 62, (1 << 64) - 1)
            ).to_bytes(8, "big")
        if not mutant:
            break
    return bytes(mutant)
