"""Each conversation of the corpus, by itself: what was meant is what is found, in every respect that is labelled."""

import pytest

from tests.corpus.collected import conversations
from tests.corpus.player import Heard, played
from tests.corpus.scoring import Miss, Score
from tests.corpus.talk import Conversation
from tests.corpus.truth import Truth


def _cases() -> list[object]:
    """Disputed ones are known not to be read as their authors meant them; they count as misses in what is published."""
    return [
        pytest.param(
            each,
            id=each.name,
            marks=[pytest.mark.xfail(reason=each.disputed, strict=True, raises=AssertionError)]
            if each.disputed
            else [],
        )
        for each in conversations()
    ]


@pytest.mark.parametrize("conversation", _cases())
def test_conversation_is_read_as_it_was_meant(conversation: Conversation) -> None:
    talk = conversation.told()
    heard = played(talk.script())

    misses = Score().add(conversation.name, talk.truth, heard)

    assert not misses, _told(conversation, misses, talk.truth, heard)


def _told(conversation: Conversation, misses: list[Miss], truth: Truth, heard: Heard) -> str:
    """The story, what was missed, and every call: what it is, and what it was taken for."""
    found = heard.operations()
    lines = ["", conversation.story, *(f"  * {miss}" for miss in misses), ""]
    for label, call in truth.calls.items():
        match = heard.matches[label]
        meant = f"{call.kind} of {call.operation}" if call.operation else "no work"
        taken = f"{heard.kinds[label]} of {found[label]} by rule {match.rule}"
        lines.append(f"  {label:>3}  {meant:<24} {taken:<34} {call.what}")
    return "\n".join(lines)


def test_corpus_is_large_and_has_all_edge_cases() -> None:
    all_of_it = conversations()

    assert len(all_of_it) >= 80
    assert len({each.name for each in all_of_it}) == len(all_of_it)
    assert sorted(each.edge for each in all_of_it if each.edge) == list(range(1, 19))
    assert sum(bool(each.disputed) for each in all_of_it) <= len(all_of_it) * 0.05


@pytest.mark.parametrize("conversation", [pytest.param(each, id=each.name) for each in conversations()])
def test_labels_are_whole(conversation: Conversation) -> None:
    """A work has one first call, and only further attempts after it."""
    talk = conversation.told()
    talk.script()
    calls = talk.truth.calls

    for label, call in calls.items():
        assert call.operation in (0, label) or calls[call.operation].operation == call.operation
        assert (call.operation == label) == (call.kind not in _FURTHER) or call.operation == 0
    assert all(calls[operation].operation == operation for operation in talk.truth.operations)


_FURTHER = frozenset({"retry", "modified_retry", "fallback"})
