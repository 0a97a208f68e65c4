"""How many tokens a call to a language model asks for, estimated before it runs, as vendors do for their limits.

A token is taken for four characters. What counts are the texts of the prompt and of the tools, and as many tokens as
the answer may have at most, if the call says so. Knows request formats, no limit and no fault.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chaosproxy.core.call import Call
from chaosproxy.faults._sizes import body_size

_CHARACTERS = 4
_PROMPT = frozenset(
    {
        "messages",
        "input",
        "prompt",
        "system",
        "instructions",
        "contents",
        "systemInstruction",
        "system_instruction",
    }
)
"""Members whose texts the model reads: OpenAI's, Anthropic's, Gemini's and Bedrock's."""
_TOOLS = frozenset({"tools", "functions", "toolConfig"})
"""Members that it reads whole, names and all."""
_ANSWER = frozenset(
    {"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens", "max_tokens_to_sample"}
)
_SETTINGS = ("generationConfig", "generation_config", "inferenceConfig")
"""Where Gemini and Bedrock have them."""
_MEDIA_TYPES = frozenset({"media_type", "mimeType", "mime_type", "format"})


def tokens_asked(call: Call) -> int:
    """The estimate; 0 for a call that no model reads.

    A JSON body too large to be read (1 MiB) counts by its size. Pictures and files in a body count for nothing.
    """
    if isinstance(call.body, dict):
        return _prompt(call.body) + _answer(call.body)
    return _tokens(body_size(call)) if call.body is None and _is_json(call) else 0


def _prompt(body: Mapping[str, Any]) -> int:
    characters = ready = 0
    for member, value in body.items():
        if member in _PROMPT or member in _TOOLS:
            for text in _texts(value, names=member in _TOOLS):
                if isinstance(text, str):
                    characters += len(text)
                else:
                    ready += 1
    return _tokens(characters) + ready


def _texts(value: object, *, names: bool) -> Iterator[str | int]:
    """Every text in a JSON value, and every number of a list: those are tokens already, as embeddings take them.

    Without recursion, because an agent decides how deep its JSON is.
    """
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not item.startswith("data:"):
                yield item
        elif isinstance(item, list):
            waiting.extend(part for part in item if not isinstance(part, int))
            yield from (part for part in item if isinstance(part, int))
        elif isinstance(item, dict):
            is_file = not names and not _MEDIA_TYPES.isdisjoint(item)
            waiting.extend(part for name, part in item.items() if not (is_file and name in ("data", "source", "bytes")))
            if names:
                yield from item


def _answer(body: Mapping[str, Any]) -> int:
    places = [body, *(body[name] for name in _SETTINGS if isinstance(body.get(name), dict))]
    said = [value for place in places for name in _ANSWER if (value := place.get(name)) is not None]
    return max([0, *(value for value in said if isinstance(value, int) and not isinstance(value, bool))])


def _tokens(characters: int) -> int:
    return -(-characters // _CHARACTERS)


def _is_json(call: Call) -> bool:
    return any(name.lower() == b"content-type" and b"json" in value.lower() for name, value in call.headers)
