import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from chaosproxy.core.effects import Reject
from chaosproxy.dialects.bodies import json_body
from chaosproxy.dialects.placeholders import Facts

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ).filter(lambda leaf: "${" not in str(leaf)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 2, 4]))
def test_a_body_without_placeholders_is_what_json_writes(
    rejection: Callable[..., Reject],
    value: JsonValue,
    indent: int | None,
) -> None:
    separators = (",", ":") if indent is None else (",", ": ")
    expected = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    assert json_body(value, indent)(Facts.of(rejection(), 0.0, 429, "")) == expected


@pytest.mark.parametrize(
    ("value", "known", "body"),
    [
        ({"a": "${limit}", "b": "${limit:text}", "c": "x${limit}"}, {"limit": 5}, '{"a":5,"b":"5","c":"x5"}'),
        ({"a": "${limit}", "b": 1}, {}, '{"b":1}'),
        ({"a": "${limit}"}, {}, "{}"),
        (["${limit}", "${status}"], {}, "[429]"),
        ({"a": {"b": ["${limit}"]}}, {}, '{"a":{"b":[]}}'),
        ({"a": "${message}"}, {}, '{"a":"say \\"ü\\"\\n"}'),
        ({"a": "$${limit}"}, {}, '{"a":"${limit}"}'),
        ("${limit}", {}, None),
    ],
)
def test_does(value: JsonValue, known: dict[str, Any], body: str | None, rejection: Callable[..., Reject]) -> None:
    facts = Facts.of(rejection(**known), 0.0, 429, "")
    facts.message = 'say "ü"\n'
    assert json_body(value, None)(facts) == body


def test_refuses_with_the_place() -> None:
    with pytest.raises(ValueError, match=re.escape("error.details[1].id: ${what} is no placeholder")):
        json_body({"error": {"details": ["fine", {"id": "${what}"}]}}, None)
