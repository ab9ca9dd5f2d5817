"""Answers that are files: how the document describes them, and what their headers say (name, warnings)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

_MOST: Final = 4000
"""Characters of the header with warnings: some clients take no more than 8 KB of all headers."""


def attachment(name: str) -> str:
    """Content-Disposition of a download (RFC 6266), with a name in any script (RFC 8187)."""
    plain = "".join(letter if 32 <= ord(letter) < 127 and letter not in '"\\%' else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def binary(kind: str, description: str) -> dict[int | str, dict[str, Any]]:
    """A route's answer that is no JSON, for its `responses=`."""
    return {200: {"description": description, "content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}


def in_header(sentences: Sequence[str]) -> str:
    """A list of sentences in JSON that fits into a header."""
    told = list(sentences)
    while len(text := json.dumps(told)) > _MOST:
        told = [*told[:-2], "and more"] if told[-1:] == ["and more"] else [*told[:-1], "and more"]
    return text
