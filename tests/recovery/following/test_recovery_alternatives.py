"""Rules 7 and 8: modified retries and fallbacks."""

import pytest

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.purpose import Purpose
from tests.recovery.conversation import BROKEN, DENIED, REPLY_LOST, THROTTLED, WRONG, Asked, Conversation, Ill

SPARE: dict[str, object] = {
    "upstreams": {"shop": "http://shop.test"},
    "tools": {
        "search": {"upstream": "shop", "path": "/search"},
        "spare": {"upstream": "shop", "path": "/spare", "fallback_for": ["search"]},
        "last": {"upstream": "shop", "path": "/last", "fallback_for": ["search", "spare"]},
    },
}


@pytest.fixture
def talk() -> Conversation:
    return Conversation(more=SPARE)


def search(talk: Conversation, q: str, limit: int = 100, *, tool: str = "search", run: str = "run-1") -> Asked:
    return talk.ask(f"{tool} {q} {limit}", tool=tool, run=run, body={"q": q, "limit": limit})


class TestModifiedRetries:
    def test_a_turned_knob(self, talk: Conversation) -> None:
        search(talk, "green tea").gets(BROKEN)
        again = search(talk, "green tea", 10)
        assert (again.short, again.match.rule, again.match.follows) == ((1, 2, "modified_retry"), 7, 1)
        again.gets_ok()
        assert talk.because == [("recovered_modified", "mended")]
        assert talk.closed.tool == "search"

    def test_other_work_with_the_same_tool(self, talk: Conversation) -> None:
        search(talk, "tea").gets(BROKEN)
        assert search(talk, "coffee").short == (2, 1, "first")

    def test_only_of_the_same_tool_session_and_upstream(self, talk: Conversation) -> None:
        search(talk, "green tea").gets(BROKEN)
        assert search(talk, "green tea", 10, run="run-2").match.kind == "first"
        assert search(talk, "green tea", 10, tool="other").match.kind == "first"
        elsewhere = talk.ask("x", tool="search", at="POST mirror/search", body={"q": "green tea", "limit": 10})
        assert elsewhere.match.kind == "first"

    def test_only_within_the_window(self, talk: Conversation) -> None:
        search(talk, "green tea").gets(BROKEN)
        talk.wait(601)
        assert search(talk, "green tea", 10).match.kind == "first"

    def test_not_of_what_had_not_failed_yet_when_it_began(self, talk: Conversation) -> None:
        slow = search(talk, "green tea")
        began = talk.now
        slow.gets(BROKEN, after=5)
        talk.now = began + 1
        assert search(talk, "green tea", 10).match.kind == "first"

    def test_not_of_what_succeeded(self, talk: Conversation) -> None:
        search(talk, "green tea").gets_ok()
        assert search(talk, "green tea", 10).match.kind == "first"

    def test_the_latest_failure_wins(self, talk: Conversation) -> None:
        search(talk, "green tea", 100).gets(BROKEN)
        search(talk, "black coffee", 100).gets(BROKEN)
        search(talk, "green tea", 90)  # takes the first
        third = talk.ask("other", tool="search", body={"q": "black coffee", "limit": 5})
        assert third.match.operation == 2

    def test_a_sure_one_is_taken_before_a_later_one_that_may_be(self, talk: Conversation) -> None:
        def ask(name: str, **body: object) -> Asked:
            return talk.ask(name, tool="search", body={"a": "x", "b": "y", "c": "z", **body})

        ask("one", day="today", sort="price").gets(WRONG, complaint="day: expected a date")
        ask("two", day="2026-11-23", sort="name").gets(WRONG)
        assert ask("three", day="2026-11-23", sort="price").match.operation == 1
        assert ask("four", day="2026-11-23", sort="size").match.operation == 2

    def test_the_original_is_still_known_and_so_is_the_variant(self, talk: Conversation) -> None:
        search(talk, "green tea", 100).gets(BROKEN)
        search(talk, "green tea", 10).gets(BROKEN)
        assert (search(talk, "green tea", 100).match.rule, talk.matches[-1].attempt) == (6, 3)
        assert search(talk, "green tea", 10).match.operation != 1  # nothing is left to be its retry

    def test_a_retry_of_the_variant_that_works_is_a_modified_recovery(self, talk: Conversation) -> None:
        search(talk, "green tea", 100).gets(BROKEN)
        search(talk, "green tea", 10).gets(BROKEN)
        again = search(talk, "green tea", 10)
        assert (again.match.kind, again.match.rule) == ("retry", 6)
        again.gets_ok()
        assert talk.resolutions == ["recovered_modified"]

    def test_the_original_again_after_a_variant_is_a_plain_recovery(self, talk: Conversation) -> None:
        search(talk, "green tea", 100).gets(BROKEN)
        search(talk, "green tea", 10).gets(BROKEN)
        search(talk, "green tea", 100).gets_ok()
        assert talk.resolutions == ["recovered_retry"]

    def test_a_page_is_never_one(self, talk: Conversation) -> None:
        talk.ask("list 1", tool="list", body={"limit": 5, "page": 1}, purpose=Purpose(page="p")).gets(BROKEN)
        talk.ask("list 2", tool="list", body={"limit": 4, "page": 1}, purpose=Purpose(page="p")).gets_ok()
        assert talk.kinds == ["page", "page"]

    def test_it_is_not_insisting(self, talk: Conversation) -> None:
        talk.ask("a", tool="t", body={"n": "ten"}).gets(WRONG, complaint="n must be a number")
        talk.ask("b", tool="t", body={"n": 10}).gets_ok()
        assert talk.because == [("recovered_modified", "mended")]


class TestFallbacks:
    def test_a_tool_that_stands_in(self, talk: Conversation) -> None:
        search(talk, "tea").gets(BROKEN)
        other = talk.ask("spare tea", tool="spare", body={"text": "tea"})
        assert (other.short, other.match.rule, other.match.follows) == ((1, 2, "fallback"), 8, 1)
        other.gets_ok()
        assert talk.because == [("recovered_fallback", "fell_back")]
        assert (talk.closed.tool, talk.closed.ended_by) == ("search", 2)

    def test_only_after_a_failure(self, talk: Conversation) -> None:
        search(talk, "tea").gets_ok()
        assert talk.ask("spare tea", tool="spare").match.kind == "first"

    def test_of_several_the_one_it_has_most_in_common_with(self, talk: Conversation) -> None:
        search(talk, "tea").gets(BROKEN)
        search(talk, "coffee").gets(BROKEN)
        assert talk.ask("spare coffee", tool="spare", body={"text": "coffee"}).match.operation == 2

    def test_else_the_oldest(self, talk: Conversation) -> None:
        search(talk, "tea").gets(BROKEN)
        search(talk, "coffee").gets(BROKEN)
        assert talk.ask("spare milk", tool="spare", body={"text": "milk"}).match.operation == 1

    def test_a_chain_and_back(self, talk: Conversation) -> None:
        search(talk, "tea").gets(BROKEN)
        talk.ask("spare tea", tool="spare").gets(BROKEN)
        talk.ask("last tea", tool="last").gets(BROKEN)
        talk.ask("spare tea", tool="spare").gets(BROKEN)
        search(talk, "tea").gets_ok()
        assert talk.kinds == ["first", "fallback", "fallback", "retry", "retry"]
        assert talk.endings == {("recovered_retry", 5): 1}

    def test_it_need_not_wait_as_the_other_tool_asked(self, talk: Conversation) -> None:
        search(talk, "tea").gets(THROTTLED, retry_after=60)
        talk.ask("spare tea", tool="spare").gets_ok()
        assert talk.because == [("recovered_fallback", "fell_back")]
        assert talk.retry_after == []

    def test_another_tool_does_not_know_the_key(self, talk: Conversation) -> None:
        talk.ask("search tea", tool="search", effect=ToolEffect.WRITE, key="k").gets(REPLY_LOST)
        talk.ask("spare tea", tool="spare", effect=ToolEffect.WRITE, key="k", at="POST shop/spare").gets_ok()
        assert talk.because == [("recovered_fallback", "blind")]
        assert talk.effects == [(2, "exposed"), (2, "confirmed")]

    def test_other_credentials_elsewhere_are_no_reauthentication(self, talk: Conversation) -> None:
        search(talk, "tea").gets(DENIED)
        talk.ask("spare tea", tool="spare", at="GET other/tea", token="other", link="other").gets_ok()
        assert talk.resolutions == ["recovered_fallback"]


TOO_LARGE: Ill = WRONG


class TestModels:
    def test_another_model_is_a_fallback(self, talk: Conversation) -> None:
        talk.prompt("hello", model="large").gets(BROKEN)
        other = talk.prompt("hello", model="small")
        assert (other.short, other.match.rule) == ((1, 2, "fallback"), 8)
        other.gets_ok()
        assert talk.resolutions == ["recovered_fallback"]

    def test_another_provider_too(self, talk: Conversation) -> None:
        talk.prompt("hello").gets(BROKEN)
        assert talk.prompt("hello", at="POST other/v1/messages").match.kind == "fallback"

    def test_the_same_model_is_a_retry_also_after_a_fallback(self, talk: Conversation) -> None:
        talk.prompt("hello", model="large").gets(BROKEN)
        talk.prompt("hello", model="small").gets(BROKEN)
        assert talk.prompt("hello", model="large").short == (1, 3, "retry")

    def test_two_models_that_fail_together_are_retried_each_for_itself(self, talk: Conversation) -> None:
        large, small = talk.prompt("hello", model="large"), talk.prompt("hello", model="small")
        large.gets(BROKEN)
        small.gets(BROKEN)
        assert talk.prompt("hello", model="small").match.operation == small.match.operation
        assert talk.prompt("hello", model="large").match.operation == large.match.operation

    def test_a_conversation_that_has_grown_is_the_next_turn(self, talk: Conversation) -> None:
        talk.prompt("system", "one").gets(TOO_LARGE)
        assert talk.prompt("system", "one", "two").match.kind == "first"

    def test_also_when_it_ends_with_the_same_words(self, talk: Conversation) -> None:
        talk.prompt("go on").gets(TOO_LARGE)
        assert talk.prompt("go on", "here you are", "go on").match.kind == "first"

    @pytest.mark.parametrize(
        "turns",
        [
            ("system", "four"),  # the middle left out
            ("system", "two", "three"),  # the end left out
            ("system", "two words less and", "three", "four"),
        ],
    )
    def test_one_that_was_too_large_and_is_cut_is_a_modified_retry(
        self, talk: Conversation, turns: tuple[str, ...]
    ) -> None:
        talk.prompt("system", "two", "three", "four").gets(TOO_LARGE)
        cut = talk.prompt(*turns)
        assert cut.match.kind == "modified_retry"
        cut.gets_ok()
        assert talk.resolutions == ["recovered_modified"]

    def test_a_single_prompt_that_was_too_large_is_shortened(self, talk: Conversation) -> None:
        talk.prompt("please sum up the following very long text for me").gets(TOO_LARGE)
        assert talk.prompt("sum up the following very long text").match.kind == "modified_retry"

    def test_another_prompt_is_other_work(self, talk: Conversation) -> None:
        talk.prompt("system", "what is tea").gets(TOO_LARGE)
        assert talk.prompt("system", "who won the cup").match.kind == "first"

    def test_what_passes_by_itself_is_no_reason_to_cut(self, talk: Conversation) -> None:
        talk.prompt("system", "two", "three", "four").gets(BROKEN)
        assert talk.prompt("system", "four").match.kind == "first"

    def test_the_same_with_other_settings(self, talk: Conversation) -> None:
        asked = talk.prompt("hello")
        asked.gets(TOO_LARGE)
        other = talk.ask(
            "hello, shorter", tool="chat", at="POST llm/v1/chat", purpose=asked.call.purpose, body={"max_tokens": 5}
        )
        assert other.match.kind == "modified_retry"
