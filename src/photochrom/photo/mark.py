"""The honest mark: XMP that says the colours are a machine's guess, merged into what a picture has already.

The packet is changed as a tree, not written anew: everything that others put there stays. The
mark holds no time and nothing random, so that the same work gives the same bytes.
Sources: XMP specification parts 1 and 3; IPTC Photo Metadata Standard, Digital Source Type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from photochrom.photo.notices import warn

DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
PHOTOCHROM: Final = "urn:photochrom:record:1#"
"""The namespace of our own properties, by which our files are known again."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC_EXT: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP_MM: Final = "http://ns.adobe.com/xap/1.0/mm/"
_ST_REF: Final = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
_TIFF: Final = "http://ns.adobe.com/tiff/1.0/"
_EXIF: Final = "http://ns.adobe.com/exif/1.0/"
_XMLNS: Final = "http://www.w3.org/2000/xmlns/"

_HEAD: Final = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL: Final = b'\n<?xpacket end="w"?>'
_EMPTY: Final = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>'.encode()


_DEEPEST: Final = 100
"""Elements in each other: ten times what real packets have, a tenth of what Python's stack takes."""

_NOT_XML: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Record:
    """How a picture was colored, so that it can be done again.

    Attributes:
        software: name and version of this software.
        model: name and version of the model, and what tells it from others of that name.
        options: everything that was asked for, such as vividness and strength.
        hints: the hints, each a mapping.
        size: (width, height) of the photograph that hints and options count pixels of; None: of the marked picture.
        files: where what the options name by its hash was found, by the option's name; a mark never holds it.

    Options and hints must be made of what JSON knows.
    """

    software: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hints: Sequence[Mapping[str, Any]] = ()
    size: tuple[int, int] | None = field(default=None, compare=False)
    files: Mapping[str, str] = field(default_factory=dict, compare=False)


def is_ours(packet: bytes | None) -> bool:
    """Whether the XMP packet says that Photochrom colored the picture."""
    return packet is not None and PHOTOCHROM.encode() in packet


def read_record(packet: bytes | None) -> Record | None:
    """The record that `marked` wrote; None where there is none.

    Raises:
        ValueError: it is damaged.
    """
    if packet is None or not is_ours(packet):
        return None
    document = _parsed(packet)
    rdf = None if document is None else _rdf(document)
    if rdf is None:
        return None
    found = {}
    for description in _descriptions(rdf):
        for node in _elements(description):
            if node.namespaceURI == PHOTOCHROM:
                found[node.localName] = _text(node)
    if "Software" not in found:
        return None
    return Record(
        software=found["Software"],
        model=found.get("Model", ""),
        options=_loaded(found.get("Options", "{}"), dict),
        hints=tuple(_loaded(found.get("Hints", "[]"), list)),
        size=_size(found.get("Size", "")),
    )


def read_original(packet: bytes | None) -> str | None:
    """The SHA-256, in hexadecimal, of the file that a colored picture was made from; None where `marked` put none."""
    document = _parsed(packet) if packet is not None and is_ours(packet) else None
    rdf = None if document is None else _rdf(document)
    if rdf is None:
        return None
    derived = (each for description in _descriptions(rdf) for each in _elements(description))
    parts = (part for each in derived if _is(each, _XMP_MM, "DerivedFrom") for part in _elements(each))
    return next((_text(part) for part in parts if _is(part, PHOTOCHROM, "sha256")), None)


def marked(
    packet: bytes | None, record: Record, *, original_sha256: str | None, width: int, height: int, name: str = "picture"
) -> bytes:
    """The packet with the mark of `record` in it, for a picture that stands upright.

    A Digital Source Type that was there moves into `xmpMM:DerivedFrom`, which describes the
    original, together with the original's SHA-256; a `DerivedFrom` that was there becomes a part
    of it, since it says where the original itself came from.

    Args:
        packet: what the picture has; None for nothing. A damaged one is replaced, with a warning.
        width, height: of the upright picture in pixels.
        name: what a warning calls the picture.
    """
    document = _parsed(packet or _EMPTY)
    rdf = None if document is None else _rdf(document)
    if document is None or rdf is None:
        warn(f"{name}: its XMP is damaged and was replaced")
        document = minidom.parseString(_EMPTY)
        rdf = _rdf(document)
        assert rdf is not None
    _set_upright(document, rdf, width, height)
    original = _taken(rdf, _IPTC_EXT, "DigitalSourceType")
    earlier = _taken_record(rdf)
    about = next((node.getAttributeNS(_RDF, "about") for node in _descriptions(rdf)), "")
    old = next((e for d in _descriptions(rdf) for e in _elements(d) if _is(e, _XMP_MM, "DerivedFrom")), None)

    description = document.createElementNS(_RDF, f"{rdf.prefix or 'rdf'}:Description")
    _declare(description, rdf.prefix or "rdf", _RDF)
    description.setAttributeNS(_RDF, f"{rdf.prefix or 'rdf'}:about", about)
    rdf.appendChild(description)
    _add(document, description, "Iptc4xmpExt", _IPTC_EXT, "DigitalSourceType", DIGITAL_SOURCE_TYPE)
    _add(document, description, "photochrom", PHOTOCHROM, "Software", record.software)
    _add(document, description, "photochrom", PHOTOCHROM, "Model", record.model)
    _add(document, description, "photochrom", PHOTOCHROM, "Options", _json(record.options))
    _add(document, description, "photochrom", PHOTOCHROM, "Hints", _json(record.hints))
    counted = record.size or (width, height)
    if all(counted):
        _add(document, description, "photochrom", PHOTOCHROM, "Size", f"{counted[0]}x{counted[1]}")

    derived = document.createElementNS(_XMP_MM, "xmpMM:DerivedFrom")
    _declare(derived, "xmpMM", _XMP_MM)
    _declare(derived, "rdf", _RDF)
    derived.setAttributeNS(_RDF, "rdf:parseType", "Resource")
    for prefix, uri, local in (("stRef", _ST_REF, "documentID"), ("stRef", _ST_REF, "instanceID")):
        value = _value(rdf, _XMP_MM, local[0].upper() + local[1:])
        if value:
            _add(document, derived, prefix, uri, local, value)
    if original_sha256:
        _add(document, derived, "photochrom", PHOTOCHROM, "sha256", original_sha256)
    if original:
        _add(document, derived, "Iptc4xmpExt", _IPTC_EXT, "DigitalSourceType", original)
    for local, value in earlier:
        _add(document, derived, "photochrom", PHOTOCHROM, local, value)
    if old is not None:
        # In the old one's place, where the prefixes that it uses are declared.
        assert old.parentNode is not None
        old.parentNode.replaceChild(derived, old)
        derived.appendChild(old)
    elif derived.childNodes:
        description.appendChild(derived)
    return _packet(document)


def orientation(packet: bytes | None) -> int:
    """What `tiff:Orientation` says, 1 to 8; 1 where it says nothing."""
    if packet is None or b"Orientation" not in packet:
        return 1
    document = _parsed(packet)
    rdf = None if document is None else _rdf(document)
    value = "" if rdf is None else _value(rdf, _TIFF, "Orientation")
    return int(value) if value in {"1", "2", "3", "4", "5", "6", "7", "8"} else 1


def joined(packet: bytes, extension: bytes) -> bytes:
    """One packet out of the two that JPEG splits large XMP into (XMP part 3, section 1.1.3.1)."""
    main, more = _parsed(packet), _parsed(extension)
    rdf = None if main is None else _rdf(main)
    extra = None if more is None else _rdf(more)
    if main is None or rdf is None or extra is None:
        return packet
    _taken(rdf, "http://ns.adobe.com/xmp/note/", "HasExtendedXMP")
    for description in _descriptions(extra):
        rdf.appendChild(main.importNode(description, True))
    return _packet(main)


def short(packet: bytes, record: Record, digest: str) -> bytes:
    """A packet that holds only the mark's head and says that the whole one, of that MD5, stands in an extension."""
    brief = marked(None, Record(record.software, record.model), original_sha256=None, width=0, height=0)
    document = minidom.parseString(brief)
    rdf = _rdf(document)
    assert rdf is not None
    _add(document, _descriptions(rdf)[0], "xmpNote", "http://ns.adobe.com/xmp/note/", "HasExtendedXMP", digest)
    return _packet(document)


def _json(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _loaded(text: str, kind: type[Any]) -> Any:
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    if not isinstance(value, kind):
        raise ValueError(f"JSON of a {kind.__name__} expected")
    return value


def _size(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([1-9]\d{0,8})x([1-9]\d{0,8})", text)
    return (int(found[1]), int(found[2])) if found else None


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    raise TypeError(f"a record can't hold a {type(value).__name__}")


def _parsed(packet: bytes) -> minidom.Document | None:
    wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")  # UTF-16, where zeros are parts of letters
    data = packet if wide else packet.strip(b"\0 \r\n\t")
    plain = data.replace(b"\0", b"")  # as it would be if it is UTF-16
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:  # no XMP has these; they are how XML bombs are made
        return None
    try:
        document = minidom.parseString(data)
    except (ExpatError, ValueError, LookupError):
        return None
    return None if _is_deeper(document, _DEEPEST) else document


def _is_deeper(document: minidom.Document, most: int) -> bool:
    """Whether elements stand in each other more than `most` times: minidom would recurse that deep."""
    level = _elements(document)
    for _ in range(most):
        level = [child for node in level for child in _elements(node)]
    return bool(level)


def _packet(document: minidom.Document) -> bytes:
    assert document.documentElement is not None
    return _HEAD + document.documentElement.toxml().encode() + _TAIL


def _rdf(document: minidom.Document) -> minidom.Element | None:
    found = document.getElementsByTagNameNS(_RDF, "RDF")
    return found[0] if found else None


def _elements(node: minidom.Element | minidom.Document) -> list[minidom.Element]:
    return [child for child in node.childNodes if child.nodeType == minidom.Node.ELEMENT_NODE]


def _is(node: minidom.Element, uri: str, local: str) -> bool:
    return bool(node.namespaceURI == uri and node.localName == local)


def _descriptions(rdf: minidom.Element) -> list[minidom.Element]:
    return [node for node in _elements(rdf) if _is(node, _RDF, "Description")]


def _text(node: minidom.Element) -> str:
    resource = node.getAttributeNS(_RDF, "resource")
    if resource:
        return str(resource)
    return "".join(c.data for c in node.childNodes if c.nodeType in (c.TEXT_NODE, c.CDATA_SECTION_NODE)).strip()


def _value(rdf: minidom.Element, uri: str, local: str) -> str:
    """A property's simple value, written as an attribute or as an element; empty where there is none."""
    for description in _descriptions(rdf):
        if description.hasAttributeNS(uri, local):
            return str(description.getAttributeNS(uri, local))
        for node in _elements(description):
            if _is(node, uri, local):
                return _text(node)
    return ""


def _taken(rdf: minidom.Element, uri: str, local: str) -> str:
    """A property's simple value, removed from the tree."""
    value = _value(rdf, uri, local)
    for description in _descriptions(rdf):
        if description.hasAttributeNS(uri, local):
            description.removeAttributeNS(uri, local)
        for node in _elements(description):
            if _is(node, uri, local):
                description.removeChild(node)
    return value


def _taken_record(rdf: minidom.Element) -> list[tuple[str, str]]:
    """An earlier mark of ours, removed from the tree."""
    found = []
    for description in _descriptions(rdf):
        for node in _elements(description):
            if node.namespaceURI == PHOTOCHROM:
                found.append((node.localName, _text(node)))
                description.removeChild(node)
    return found


def _set_upright(document: minidom.Document, rdf: minidom.Element, width: int, height: int) -> None:
    values = {
        (_TIFF, "Orientation"): 1,
        (_TIFF, "ImageWidth"): width,
        (_TIFF, "ImageLength"): height,
        (_EXIF, "PixelXDimension"): width,
        (_EXIF, "PixelYDimension"): height,
    }
    for description in _descriptions(rdf):
        for (uri, local), value in values.items():
            attribute = description.getAttributeNodeNS(uri, local)
            if attribute is not None:
                attribute.value = str(value)
            for node in _elements(description):
                if _is(node, uri, local):
                    for child in list(node.childNodes):
                        node.removeChild(child)
                    node.appendChild(document.createTextNode(str(value)))


def _declare(node: minidom.Element, prefix: str, uri: str) -> None:
    node.setAttributeNS(_XMLNS, f"xmlns:{prefix}", uri)


def _add(document: minidom.Document, parent: minidom.Element, prefix: str, uri: str, local: str, value: str) -> None:
    node = document.createElementNS(uri, f"{prefix}:{local}")
    _declare(node, prefix, uri)
    clean = _NOT_XML.sub("", value)
    node.appendChild(document.createTextNode(clean))
    parent.appendChild(node)
