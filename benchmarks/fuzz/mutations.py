"""Mutations: from a good file and a seed to a hostile one, the same one each time.

Three kinds, mixed: of bytes, wherever they stand; of integers that say something about the structure; of
parts, which are dropped, doubled, exchanged, given a false length, or mutated inside, down to the metadata blocks
and the compressed data, with everything around them in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Final

from benchmarks.fuzz import containers, xml
from benchmarks.fuzz.bases import Base, bases
from benchmarks.fuzz.containers import Container, Part
from benchmarks.fuzz.fields import fields, interesting, records
from benchmarks.fuzz.wrappings import unwrapped

_BOMB: Final = 200_000_000
"""Bytes that a bomb in compressed metadata unfolds to."""


_LARGE: Final = 500_000
"""Bytes beyond which a file is not mutated once more."""


def mutated(name: str, seed: int) -> bytes:
    """The file of this number that is made of the good file of this name."""
    random = Random(f"{name}/{seed}")
    data = bases()[name].content
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if len(data) < _LARGE:  # else it is hostile enough
            data = _mutated(data, random, name)
    return data


def _mutated(data: bytes, random: Random, name: str) -> bytes:
    container = containers.of(data)
    if xml.is_packet(data) and container is None and random.random() < 0.7:
        return xml.mutated(data, random)
    kinds: list[Callable[[], bytes]] = [lambda: _bytes(data, random, name)]
    kinds += [lambda: _field(data, random, container)] * 2
    if container:
        kinds += [lambda: _parts(data, container, random, name)] * 5
    if records(data):
        kinds += [lambda: _records(data, random)]
    return random.choice(kinds)()


# --- bytes --------------------------------------------------------------------------------------


def _bytes(data: bytes, random: Random, name: str) -> bytes:
    return random.choice(_OF_BYTES)(data, random, name)


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    length = random.choice((1, 2, 4, 16, 100, 1000))
    return start, min(start + length, len(data))


def _flipped(data: bytes, random: Random, _: str) -> bytes:
    if not data:
        return b"\0"
    result = bytearray(data)
    for _time in range(random.choice((1, 1, 2, 5, 50))):
        result[random.randrange(len(result))] ^= 1 << random.randrange(8)
    return bytes(result)


def _overwritten(data: bytes, random: Random, _: str) -> bytes:
    start, end = _span(data, random)
    filler = random.choice((b"\0", b"\xff", b"\x80", b"\x7f", b"\x01", b"\xff\xd8", b"\xff\xda", None))
    run = random.randbytes(end - start) if filler is None else (filler * (end - start))[: end - start]
    return data[:start] + run + data[end:]


def _cut_short(data: bytes, random: Random, _: str) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _without(data: bytes, random: Random, _: str) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _doubled(data: bytes, random: Random, _: str) -> bytes:
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 100)) + data[end:]


def _inserted(data: bytes, random: Random, _: str) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.randbytes(random.choice((1, 2, 3, 8, 64))) + data[place:]


def _spliced(data: bytes, random: Random, name: str) -> bytes:
    """Its beginning, and the end of another file."""
    other = _other(name, random).content
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other)) :]


_OF_BYTES: Final = (_flipped, _flipped, _overwritten, _overwritten, _cut_short, _without, _doubled, _inserted, _spliced)


def _other(name: str, random: Random) -> Base:
    """Another good file, of the same format as a rule."""
    of_format = bases()[name].format
    same = [base for base in bases().values() if base.format == of_format]
    return random.choice(same if random.random() < 0.8 else list(bases().values()))


# --- integers and records -----------------------------------------------------------------------


def _field(data: bytes, random: Random, container: Container | None) -> bytes:
    found = fields(data, random, big_endian=container is None or container.big_endian)
    for field in random.sample(found, min(len(found), random.choice((1, 1, 1, 2, 3)))):
        data = field.written(data, interesting(random, field.read(data), field.size, len(data)))
    return data


def _records(data: bytes, random: Random) -> bytes:
    """Two records of a table exchanged, or one written over another."""
    (start, end), (other, other_end) = random.choice(records(data)), random.choice(records(data))
    one, two = data[start:end], data[other:other_end]
    result = bytearray(data)
    result[other:other_end] = one
    if random.random() < 0.5:
        result[start:end] = two
    return bytes(result)


# --- parts --------------------------------------------------------------------------------------


def _parts(data: bytes, container: Container, random: Random, name: str) -> bytes:
    parts = container.cut(data)
    if not parts:
        return data
    if random.random() < 0.6:
        index = random.randrange(len(parts))
        parts[index] = _inside(parts[index], random, name)
    else:
        parts = random.choice(_OF_PARTS)(parts, random, name)
    return container.join(parts)


def _inside(part: Part, random: Random, name: str) -> Part:
    wrapped = unwrapped(part, random)
    if wrapped.folded and part.kind != b"IDAT" and random.random() < 0.02:
        return Part(part.kind, wrapped.head + _bomb(wrapped.folded))
    return Part(part.kind, wrapped.around(_mutated(wrapped.inside, random, name)))


@cache
def _bomb(folded: Callable[[bytes], bytes]) -> bytes:
    return folded(bytes(_BOMB))


def _dropped(parts: Sequence[Part], random: Random, _: str) -> list[Part]:
    index = random.randrange(len(parts))
    return [*parts[:index], *parts[index + 1 :]]


def _repeated(parts: Sequence[Part], random: Random, _: str) -> list[Part]:
    index = random.randrange(len(parts))
    most = max(_LARGE // (len(parts[index].content) + 1), 2)
    return [*parts[:index], *[parts[index]] * min(random.choice((2, 2, 3, 300)), most), *parts[index + 1 :]]


def _exchanged(parts: Sequence[Part], random: Random, _: str) -> list[Part]:
    result = list(parts)
    one, other = random.randrange(len(parts)), random.randrange(len(parts))
    result[one], result[other] = result[other], result[one]
    return result


def _borrowed(parts: Sequence[Part], random: Random, name: str) -> list[Part]:
    """A part of another file put in, or in place of one of the same kind."""
    content = _other(name, random).content
    container = containers.of(content)
    if container is None:
        return list(parts)
    foreign = random.choice(container.cut(content))
    same = [index for index, part in enumerate(parts) if part.kind == foreign.kind]
    result = list(parts)
    if same and random.random() < 0.5:
        result[random.choice(same)] = foreign
    else:
        result.insert(random.randrange(len(parts) + 1), foreign)
    return result


def _lying(parts: Sequence[Part], random: Random, _: str) -> list[Part]:
    index = random.randrange(len(parts))
    length = len(parts[index].content)
    lie = random.choice((-1, 1, 2, -length, -length - 2, length, 1 << 16, 1 << 31, -length - 8, -(length // 2)))
    return [*parts[:index], parts[index].lying(lie), *parts[index + 1 :]]


def _emptied(parts: Sequence[Part], random: Random, _: str) -> list[Part]:
    index = random.randrange(len(parts))
    part = parts[index]
    content = random.choice((b"", part.content[:1], part.content[: len(part.content) // 2], bytes(len(part.content))))
    return [*parts[:index], Part(part.kind, content), *parts[index + 1 :]]


def _swollen(parts: Sequence[Part], random: Random, _: str) -> list[Part]:
    index = random.randrange(len(parts))
    part = parts[index]
    filler = random.choice((b"\0", b"\xff", part.content or b"x"))
    length = random.choice((1, 100, 100, 5_000, 65_000, 65_000, 1_000_000))
    more = (filler * (length // len(filler) + 1))[:length]
    return [*parts[:index], Part(part.kind, part.content + more), *parts[index + 1 :]]


_OF_PARTS: Final = (_dropped, _repeated, _exchanged, _borrowed, _lying, _lying, _emptied, _swollen)
