"""How many tokens a call is taken to ask for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.faults._tokens import tokens_asked
from tests.faults.turns import turn

JSON = ((b"Content-Type", b"application/json; charset=utf-8"),)
TEXTS = st.text(max_size=40).filter(lambda text: not text.startswith("data:"))
LEAVES = TEXTS | st.booleans().map(str) | st.none() | st.floats(allow_nan=False)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner))


def asked(body: object, **more: Any) -> int:  # noqa: ANN401 - whatever a call has
    return tokens_asked(turn(body=body, **more).call)


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        pytest.param({"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * 36}]}, 10, id="chat"),
        pytest.param({"messages": [{"content": "x" * 37}]}, 10, id="rounded up"),
        pytest.param({"system": "x" * 40, "messages": [{"content": "y" * 40}], "max_tokens": 1_000}, 1_020, id="both"),
        pytest.param({"input": "x" * 40, "instructions": "y" * 4, "max_output_tokens": 5}, 16, id="responses"),
        pytest.param({"messages": [{"content": "x" * 4}], "max_completion_tokens": 9}, 10, id="newer name"),
        pytest.param({"max_tokens": 7, "max_completion_tokens": 9}, 9, id="the larger of two"),
        pytest.param({"prompt": "x" * 8}, 2, id="completions"),
        pytest.param({"input": ["x" * 8, "y" * 8]}, 4, id="embeddings of texts"),
        pytest.param({"input": [[101, 7, 9], [5]]}, 4, id="embeddings of tokens"),
        pytest.param(
            {"contents": [{"parts": [{"text": "x" * 12}]}], "generationConfig": {"maxOutputTokens": 100}},
            103,
            id="gemini",
        ),
        pytest.param(
            {"messages": [{"content": [{"text": "x" * 4}]}], "inferenceConfig": {"maxTokens": 50}}, 51, id="bedrock"
        ),
        pytest.param({"tools": [{"name": "abcd", "parameters": {"type": "object"}}]}, 7, id="tools, names and all"),
        pytest.param({"metadata": {"user": "x" * 400}, "model": "y" * 400}, 0, id="what the model does not read"),
        pytest.param({"max_tokens": "many"}, 0, id="no number"),
        pytest.param({"max_tokens": True}, 0, id="no number either"),
        pytest.param({"max_tokens": -5}, 0, id="nonsense"),
        pytest.param({"generationConfig": "none"}, 0, id="no settings"),
        pytest.param([1, 2, 3], 0, id="not an object"),
        pytest.param("text", 0, id="a text"),
        pytest.param(None, 0, id="no body"),
    ],
)
def test_estimates(body: object, tokens: int) -> None:
    assert asked(body) == tokens


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4_000}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 4_000}},
        {"inlineData": {"mimeType": "image/png", "data": "A" * 4_000}},
        {"type": "input_audio", "input_audio": {"format": "wav", "data": "A" * 4_000}},
        {"image": {"format": "png", "source": {"bytes": "A" * 4_000}}},
    ],
    ids=["openai", "anthropic", "gemini", "audio", "bedrock"],
)
def test_pictures_and_files_count_for_nothing(part: dict[str, Any]) -> None:
    assert asked({"messages": [{"role": "user", "content": [part]}]}) < 20


def test_a_json_body_too_large_to_be_read_counts_by_its_size() -> None:
    announced = (*JSON, (b"content-length", b"4000000"))
    assert asked(None, headers=announced, body_bytes=1_100_000) == 1_000_000
    assert asked(None, headers=JSON, body_bytes=401) == 101


def test_what_is_not_json_counts_for_nothing() -> None:
    upload = ((b"content-type", b"multipart/form-data; boundary=x"),)
    assert asked(None, headers=upload, body_bytes=5_000_000) == 0


def test_it_does_not_matter_how_deep_it_is() -> None:
    deep: object = "x" * 8
    for _ in range(100_000):
        deep = [deep]
    assert asked({"messages": deep}) == 2
    while isinstance(deep, list):  # taken apart from outside: freed at once, it would go as deep
        deep = deep[0]


@given(VALUES)
def test_each_character_of_a_text_counts_once_wherever_it_stands(value: object) -> None:
    def characters(item: object) -> int:
        if isinstance(item, str):
            return len(item)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        return sum(characters(part) for part in inner)

    assert asked({"messages": value}) == -(-characters(value) // 4)


@given(VALUES, st.integers(0, 10_000))
def test_a_longer_prompt_or_answer_never_asks_for_less(value: object, most: int) -> None:
    body = json.loads(json.dumps({"messages": [value], "max_tokens": most}))
    longer = {"messages": [*body["messages"], "more"], "max_tokens": most}
    assert asked({"messages": [value]}) + most == asked(body) < asked(longer)
