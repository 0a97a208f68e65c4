"""A fault is found by what people call it, and by nothing that it has not."""

import pytest

from chaosproxy.faults._catalogue import catalogue
from chaosproxy.faults._search import known_as, search


def found(asked: str) -> list[str]:
    return [each.name for each in search(asked, catalogue())]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("429", {"rate_limit", "quota_exhausted"}),
        ("throttl", {"rate_limit", "slow_body"}),
        ("ECONNRESET", {"connection_reset", "lost_reply"}),
        ("econnreset", {"connection_reset", "lost_reply"}),
        ("rate limit", {"rate_limit"}),
        ("ratelimit", {"rate_limit"}),
        ("rate_limit", {"rate_limit"}),
        ("RST", {"connection_reset"}),
        ("[DONE]", {"missing_terminator"}),
        ("duplicate charge", {"lost_reply", "late_reply", "duplicate_delivery"}),
        ("hallucinat", {"wrong_values", "silent_no_op"}),
        ("unexpected token <", {"html_instead_of_json"}),
    ],
)
def test_what_people_call_a_fault_finds_it(asked: str, first: set[str]) -> None:
    names = found(asked)

    assert first <= set(names)
    assert names[0] in first


def test_words_must_all_be_there_each_at_the_beginning_of_a_word() -> None:
    assert {"truncated_body", "stream_cut", "missing_terminator"} <= set(found("cut off"))
    assert found("cut off xyzzy") == []
    assert found("imeou") == []
    assert found("") == found(" - ") == []


def test_a_name_goes_before_what_is_said_elsewhere_and_says_where_it_was_found() -> None:
    hits = search("timeout", catalogue())

    assert (hits[0].name, hits[0].where) == ("timeout", "its name")
    assert [hit.weight for hit in hits] == sorted((hit.weight for hit in hits), reverse=True)
    assert search("throttl", catalogue())[0].where == 'known as "throttled"'


def test_settings_and_stories_are_searched_too() -> None:
    assert "latency" in found("alpha")
    assert "latency" in found("lognormal")
    assert "latency" in found("rare but extreme")


def test_every_fault_is_known_as_something_and_nothing_else_is() -> None:
    assert sorted(known_as()) == list(catalogue())
    for name, said in known_as().items():
        assert said, name
        assert len(set(said)) == len(said), name
        assert all(text.isprintable() for text in said), name
