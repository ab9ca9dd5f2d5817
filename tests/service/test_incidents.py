"""The log says where a mistake of ours was made, and nothing of what people sent."""

import pytest

from photochrom.service.incidents import trace_of

SECRET = "grandmother-1931.jpg"


def _raised(error: Exception, cause: Exception | None = None) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def test_it_names_kinds_and_places_without_messages() -> None:
    trace = trace_of(_raised(KeyError(SECRET), _raised(ValueError(f"no such file: {SECRET}"))))
    assert "builtins.KeyError" in trace
    assert "builtins.ValueError" in trace
    assert "tests/service/test_incidents.py:" in trace
    assert SECRET not in trace


def test_it_looks_into_groups_and_comes_to_an_end_where_errors_lead_to_each_other() -> None:
    one, other = _raised(KeyError(SECRET)), _raised(TypeError(SECRET))
    one.__cause__, other.__cause__ = other, one
    trace = trace_of(ExceptionGroup(SECRET, [one, other]))
    assert trace.count("builtins.KeyError") == trace.count("builtins.TypeError") == 1
    assert SECRET not in trace
