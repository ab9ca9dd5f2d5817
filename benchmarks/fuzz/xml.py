"""Mutations of XMP: what is hostile to a parser of XML, and what is merely odd in a packet."""

from __future__ import annotations

from random import Random
from typing import Final

_RDF: Final = b"<rdf:Description"
_ODD: Final = (
    b"",
    b"0",
    b"9",
    b"-1",
    b"8.5",
    b"1e400",
    b"\xff",
    b"&#0;",
    b"&bogus;",
    b"]]>",
    b"\xef\xbf\xbf",
    b"9" * 5000,
)


def is_packet(data: bytes) -> bool:
    """Whether these bytes are XMP."""
    return b"<x:xmpmeta" in data or b"<rdf:RDF" in data


def mutated(packet: bytes, random: Random) -> bytes:
    """The packet with one thing wrong in it."""
    return random.choice(_ALL)(packet, random)


def _deep(packet: bytes, random: Random) -> bytes:
    depth = random.choice((50, 99, 101, 1_000, 5_000, 40_000))
    opening, closing = random.choice(
        ((b"<dc:a>", b"</dc:a>"), (_RDF + b">", b"</rdf:Description>"), (b"<rdf:Bag>", b""))
    )
    return _inserted(packet, opening * depth + closing * depth)


def _wide(packet: bytes, random: Random) -> bytes:
    count = random.choice((100, 1_000, 5_000))
    form = random.choice((b"<dc:a%d/>", b"<rdf:Description tiff:Orientation='%d'/>", b"<xmpMM:DerivedFrom n='%d'/>"))
    return _inserted(packet, b"".join(form % i for i in range(count)))


def _long(packet: bytes, random: Random) -> bytes:
    text = b"a" * random.choice((5_000, 60_000, 70_000, 1_000_000))
    return _inserted(packet, random.choice((b"<dc:a>%s</dc:a>", b"<dc:a b='%s'/>", b"<!--%s-->", b"<%s/>")) % text)


def _entities(packet: bytes, random: Random) -> bytes:
    inner = b"".join(b'<!ENTITY e%d "%s">' % (i + 1, b"&e%d;" % i * 10) for i in range(9))
    external = b'<!ENTITY e9 SYSTEM "file:///etc/passwd">'
    kind = b'<!DOCTYPE x [<!ENTITY e0 "ha">' + random.choice((inner, external)) + b"]>"
    end = packet.find(b"?>") + 2
    whole = packet[:end] + kind + packet[end:]
    encoding = random.choice(("", "utf-16", "utf-16-be", "utf-32"))
    whole = _inserted(whole, b"<dc:a>&e9;</dc:a>")
    return whole.decode(errors="replace").encode(encoding) if encoding else whole


def _other_encoding(packet: bytes, random: Random) -> bytes:
    text = packet.decode(errors="replace")
    name = random.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "utf-8-sig"))
    declared = random.choice((name, "utf-8", "bogus", "cp037", "idna", "rot13", "utf-7"))
    text = random.choice((f"<?xml version='1.0' encoding='{declared}'?>", "")) + text
    return text.encode(name, errors="replace")


def _orientation(packet: bytes, random: Random) -> bytes:
    value = random.choice((b"6", b"8", *_ODD))
    if random.random() < 0.5:
        return packet.replace(_RDF, _RDF + b' tiff:Orientation="' + value + b'"', 1)
    return _inserted(packet, b"<tiff:Orientation>" + value + b"</tiff:Orientation>")


def _undeclared(packet: bytes, random: Random) -> bytes:
    start = random.choice([i for i in range(len(packet)) if packet.startswith(b"xmlns:", i)] or [0])
    return packet[:start] + packet[start + 6 :]


def _nested(packet: bytes, random: Random) -> bytes:
    start, end = packet.find(_RDF), packet.find(b"</rdf:RDF>")
    inner = packet[start:end]
    return _inserted(packet, inner * random.choice((1, 2, 50)))


def _own_mark(packet: bytes, random: Random) -> bytes:
    options = random.choice((b"{", b"[]", b"null", b'{"a":' * 5000, b"1" * 6000, b"\xc3\xa9"))
    return _inserted(
        packet,
        b'<p:Software xmlns:p="urn:photochrom:record:1#">x</p:Software>'
        b'<p:Options xmlns:p="urn:photochrom:record:1#">' + options + b"</p:Options>"
        b'<xmpMM:DerivedFrom xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">x</xmpMM:DerivedFrom>',
    )


def _word(packet: bytes, random: Random) -> bytes:
    old = random.choice(
        (b"rdf:RDF", b"rdf:Description", b"x:xmpmeta", b"http://", b'"', b"</", b"<?xpacket", b"rdf:about")
    )
    new = random.choice((b"", b"rdf:Bag", b"xmlns", b"xml:", b"<", b"&", b"\0", *_ODD))
    return packet.replace(old, new, random.choice((1, -1)))


def _inserted(packet: bytes, more: bytes) -> bytes:
    """With more XML inside the first description, at its end."""
    place = packet.rfind(b"</rdf:Description>")
    return packet + more if place < 0 else packet[:place] + more + packet[place:]


_ALL: Final = (
    _deep,
    _wide,
    _long,
    _entities,
    _other_encoding,
    _orientation,
    _undeclared,
    _nested,
    _own_mark,
    _word,
)
