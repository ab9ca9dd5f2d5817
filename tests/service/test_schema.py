"""What stands in the OpenAPI document is so: whatever is sent within it, or beside it, nothing else is answered.

Requests are made up from the document by schemathesis and go to a real server. Ids and files are mostly good ones, so
that what lies behind them is reached, too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from photochrom.service.app import create_app
from photochrom.service.settings import Settings

EXAMPLES: Final = 10
"""Requests for each operation: the whole of it stays below a minute."""

CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


def _file(format: str) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((40, 32)).save(stream, format)
    return stream.getvalue()


schemathesis.openapi.format("binary", st.sampled_from([_file("JPEG"), _file("PNG"), _file("TIFF")]) | st.binary())


schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi())


@pytest.fixture(scope="module")
def ids(server: str) -> Callable[[str], str]:
    """An id of a photograph or a batch that is there: for an address that begins so."""
    made: dict[str, str] = {}

    def known(path: str) -> str:
        kind, field = ("batches", "files") if path.startswith("/v1/batches") else ("photos", "file")
        if kind not in made or httpx.get(f"{server}/v1/{kind}/{made[kind]}").status_code != 200:
            made[kind] = httpx.post(f"{server}/v1/{kind}", files={field: ("a.jpg", _file("JPEG"))}).json()["id"]
        return made[kind]

    return known


@pytest.fixture(scope="module")
def counter() -> Iterator[int]:
    return count()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_document_is_kept(case: Case[Any], server: str, ids: Callable[[str], str], counter: Iterator[int]) -> None:
    for name in {"id", "batch"} & set(case.path_parameters or ()):
        if next(counter) % 8:
            case.path_parameters[name] = ids(case.path)
    case.call_and_validate(base_url=server, checks=CHECKS, timeout=20)
