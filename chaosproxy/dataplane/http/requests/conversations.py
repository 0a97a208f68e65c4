"""Calls to a language model: which model is asked, and what, whatever model or provider it is put to.

The same question has the same digest in the forms of OpenAI (chat, responses), Anthropic, Gemini, Bedrock and Ollama,
as far as its messages are texts: that is how a question that goes to another model after a failure is known again.
Knows paths and decoded bodies only.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from chaosproxy.core.purpose import Purpose, Role
from chaosproxy.dataplane.http.requests.fingerprint import digest, encoded

TURNS_MOST = 400
"""Messages that get a digest of their own, the first of them; the digest of the conversation is over all."""

_ENDS = frozenset(
    {
        *("completions", "responses", "messages", "complete"),
        *("invoke", "invoke-with-response-stream", "converse", "converse-stream"),
        *("chat", "generate"),
    }
)
"""How paths end: OpenAI's and Anthropic's, Bedrock's, and Ollama's and Cohere's."""
_VERBS = frozenset({"generateContent", "streamGenerateContent", "rawPredict", "streamRawPredict"})
"""What stands behind a colon at the end of Google's."""
_MODEL_IN_PATH = re.compile(
    r"(?<=/models/)[^/]+(?=:[A-Za-z]+$)"  # Gemini, Vertex AI
    r"|(?<=/model/)[^/]+(?=/(?:invoke|converse)[a-z-]*$)"  # Bedrock
    r"|(?<=/deployments/)[^/]+(?=/)"  # Azure OpenAI
)
_ASKED = ("messages", "input", "contents", "prompt", "inputText")
"""Where the messages are."""
_SYSTEM = ("system", "instructions", "systemInstruction", "system_instruction")
"""Where, beside them, it is said what the model is to be."""
_ROLES = {"developer": "system", "model": "assistant"}
_PLAIN_ROLES = frozenset({"user", "assistant", "system"})
_IDS = frozenset({"id", "call_id", "tool_call_id", "tool_use_id"})
"""Names that are made up anew when the same is said again."""
_TEXTS = frozenset({"text", "input_text", "output_text"})
_TEXT_BLOCK = frozenset({"type", "text"})


def model_asked(path: str, body: dict[str, Any]) -> str | None:
    """The model that a POST of this body asks; None if it is no call to one."""
    last = path.rpartition("/")[2]
    if (last not in _ENDS and last.rpartition(":")[2] not in _VERBS) or not any(name in body for name in _ASKED):
        return None
    said = body.get("model")
    if isinstance(said, str) and said:
        return said
    found = _MODEL_IN_PATH.search(path)
    return unquote(found[0]) if found else None


def path_without_model(path: str) -> str:
    """The path as it is for every model."""
    return _MODEL_IN_PATH.sub("{model}", path)


def question(model: str, body: dict[str, Any]) -> Purpose:
    """The purpose of a call to a model. `body` is settled: volatile fields are not in it."""
    messages = [digest(encoded(turn)) for turn in _turns(body)]
    tools = encoded(sorted(set(_tool_names(body))))
    conversation = digest("\x1f".join(messages).encode() + b"\x1e" + tools)
    return Purpose(Role.MODEL, model, conversation, tuple(messages[:TURNS_MOST]))


def _turns(body: dict[str, Any]) -> Iterator[object]:
    for name in _SYSTEM:
        if name in body:
            yield {"role": "system", "content": _content(_parts(body[name]))}
    asked = next(body[name] for name in _ASKED if name in body)
    for message in asked if isinstance(asked, list) else [asked]:
        yield _turn(message) if isinstance(message, dict) else {"role": "user", "content": message}


def _turn(message: dict[str, Any]) -> object:
    role = message.get("role", "user")
    said = isinstance(role, str)
    if said and len(message) == 2 and role in _PLAIN_ROLES and isinstance(message.get("content"), str):
        return message
    turn = {name: value for name, value in message.items() if name not in _IDS}
    turn["role"] = _ROLES.get(role, role) if said else role
    turn["content"] = _content(turn.pop("parts", turn.get("content")))
    calls = turn.get("tool_calls")
    if isinstance(calls, list):
        turn["tool_calls"] = [_block(call) for call in calls]
    return turn


def _parts(said: object) -> object:
    """Gemini's system instruction is a message."""
    return said.get("parts", said) if isinstance(said, dict) else said


def _content(content: object) -> object:
    """What a message says: a text alone is the same in a list of one."""
    if not isinstance(content, list):
        return content
    blocks = [_block(block) for block in content]
    return blocks[0] if len(blocks) == 1 and isinstance(blocks[0], str) else blocks


def _block(block: object) -> object:
    if not isinstance(block, dict):
        return block
    text, kind = block.get("text"), block.get("type", "text")
    if isinstance(text, str) and isinstance(kind, str) and kind in _TEXTS and _TEXT_BLOCK.issuperset(block):
        return text
    return {name: value for name, value in block.items() if name not in _IDS}


def _tool_names(body: dict[str, Any]) -> Iterator[str]:
    """Their names: how else a tool is described differs from provider to provider."""
    config = body.get("toolConfig")
    for holder in (body.get("tools"), body.get("functions"), config.get("tools") if isinstance(config, dict) else None):
        for tool in holder if isinstance(holder, list) else ():
            if isinstance(tool, dict):
                yield from _names_of(tool)


def _names_of(tool: dict[str, Any]) -> Iterator[str]:
    declared = tool.get("functionDeclarations", tool.get("function_declarations"))
    for each in declared if isinstance(declared, list) else [tool.get("function", tool.get("toolSpec", tool))]:
        name = each.get("name", each.get("type")) if isinstance(each, dict) else None
        if isinstance(name, str):
            yield name
