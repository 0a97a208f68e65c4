import re
from collections.abc import Callable
from uuid import UUID
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Quota, QuotaUnit, Reject
from chaosproxy.dialects.placeholders import Facts, Template, go_duration

WALL = 1_795_348_859.25


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (0.0001, "1ms"),
        (0.12, "120ms"),
        (0.644, "644ms"),
        (1, "1s"),
        (3.89, "3.89s"),
        (3.8901, "3.891s"),
        (59.9999, "1m0s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (3723.5, "1h2m3.5s"),
        (100, "1m40s"),
    ],
)
def test_durations_are_written_as_go_does(seconds: float, written: str) -> None:
    assert go_duration(seconds) == written


@given(st.integers(0, 10**9))
def test_a_go_duration_says_all_of_its_milliseconds(milliseconds: int) -> None:
    unit = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
    parts = re.findall(r"([\d.]+)(ms|h|m|s)", go_duration(milliseconds / 1000))
    assert round(sum(float(number) * unit[name] for number, name in parts)) == milliseconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a $ and a $${brace}", "a $ and a ${brace}"),
        ("${status} ${reason}", "429 Too Many Requests"),
        ("${status}", 429),
        ("${status:text}", "429"),
        ("${message}", "Slow down."),
        ("${retry_after}/${retry_after_ms}/${retry_after_go}", "2/1501/1.501s"),
        ("${reset_epoch}", 1_795_348_861),
        ("${reset_rfc3339}", "2026-11-22T12:01:01Z"),
        ("${limit} in ${window}", "30 in 1"),
        ("${http_date}", "Sun, 22 Nov 2026 12:00:59 GMT"),
        ("${rfc3339} ${utc}", "2026-11-22T12:00:59Z 2026-11-22 12:00:59 UTC"),
        ("${epoch}", 1_795_348_859),
        ("${iso}", "2026-11-22T12:00:59"),
        ("${retry_after_s} ${retry_after_clock}", "2s 00:00:02"),
        ("${retry_after_date}", "Sun, 22 Nov 2026 12:01:01 GMT"),
        ("${code}", "rate_limited"),
        ("${limit:text}", "30"),
        ("${limit:grouped}", "30"),
    ],
)
def test_does(text: str, said: object, rejection: Callable[..., Reject]) -> None:
    reject = rejection(retry_after=1.501, limit=30, window=0.5)
    facts = Facts.of(reject, WALL, 429, "Too Many Requests")
    facts.message = "Slow down."
    assert Template.of(text).value(facts) == said
    assert Template.of(text).text(facts) == str(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${limit} ${remaining} ${used} ${requested}", "50000 1961 48039 3906"),
        ("${limit:grouped} tokens", "50,000 tokens"),
        ("${limit:grouped}", "50,000"),
        ("${used:text}", "48039"),
        ("${per}", "minute"),
        ("${reset}", 48),
        ("${reset_ms}", 47_500),
        ("${reset_go}", "47.5s"),
        ("${reset_epoch}", 1_795_348_907),
        ("${reset_rfc3339}", "2026-11-22T12:01:47Z"),
        ("${retry_after}", 2),
    ],
)
def test_a_quota_is_told_whole(text: str, said: object, rejection: Callable[..., Reject]) -> None:
    quota = Quota(limit=50_000, remaining=1_961, resets=47.5, window=60.0, unit=QuotaUnit.TOKENS, asked=3_906)
    facts = Facts.of(rejection(quota=quota, retry_after=1.5), WALL, 429, "")
    assert Template.of(text).value(facts) == said


@pytest.mark.parametrize(
    ("window", "said"),
    [(1, "second"), (60, "minute"), (3600, "hour"), (86400, "day"), (30, "30 seconds"), (None, None)],
)
def test_a_window_is_told_in_words(window: float | None, said: str | None, rejection: Callable[..., Reject]) -> None:
    facts = Facts.of(rejection(quota=Quota(limit=1, remaining=0, resets=1.0, window=window)), WALL, 429, "")
    assert Template.of("${per}").value(facts) == said


@given(st.floats(0, 200_000))
def test_a_clock_shows_a_wait_that_is_never_early(rejection: Callable[..., Reject], wait: float) -> None:
    said = Template.of("${retry_after_clock}").text(Facts.of(rejection(retry_after=wait), WALL, 429, ""))
    assert said is not None
    hours, minutes, seconds = map(int, said.split(":"))
    assert minutes < 60
    assert seconds < 60
    assert -1e-6 <= hours * 3600 + minutes * 60 + seconds - wait < 1


@given(st.text())
def test_what_is_filled_into_markup_is_text_and_nothing_else(rejection: Callable[..., Reject], text: str) -> None:
    facts = Facts.of(rejection(), WALL, 429, "")
    facts.message = text
    said = Template.of("<a b='${message}'>${message}</a>", markup=True).text(facts)
    read: list[str] = []
    parser = expat.ParserCreate()
    parser.CharacterDataHandler = read.append
    parser.Parse((said or "").encode(), True)  # raises if it is no XML
    if text.isprintable():
        assert "".join(read) == text


@pytest.mark.parametrize(
    "name",
    [
        "scope",
        "remaining",
        "used",
        "requested",
        "per",
        "reset",
        "reset_ms",
        "reset_go",
        "retry_after",
        "retry_after_ms",
        "retry_after_go",
        "reset_epoch",
        "reset_rfc3339",
        "limit",
        "window",
        "message",
    ],
)
def test_says_nothing_of_what_is_not_known(name: str, rejection: Callable[..., Reject]) -> None:
    facts = Facts.of(rejection(), WALL, 429, "Too Many Requests")
    for text in (f"${{{name}}}", f"${{{name}:text}}", f"in ${{{name}}} at most"):
        assert Template.of(text).value(facts) is None
        assert Template.of(text).text(facts) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("${colour}", r"\$\{colour\} is no placeholder; there are status, reason, code, message"),
        ("a ${status", r"\$\{status has no closing brace"),
        ("${}", "is no placeholder"),
        ("${limit:words}", "is no placeholder"),
        ("${limit:text:text}", "is no placeholder"),
        ("${id:hex:0}", "an id has 1 to 64 characters"),
        ("${id:hex:65}", "an id has 1 to 64 characters"),
        ("${id:base64:8}", "is no placeholder"),
        ("${status.__class__}", "is no placeholder"),
    ],
)
def test_refuses(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Template.of(text)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("id:hex:32", r"[0-9a-f]{32}"),
        ("id:HEX:4", r"[0-9A-F]{4}"),
        ("id:alnum:24", r"[0-9A-Za-z]{24}"),
        ("id:digits:6", r"\d{6}"),
        ("id:hex:64", r"[0-9a-f]{64}"),
    ],
)
@given(draw=st.floats(0, 1, exclude_max=True))
def test_ids_have_their_shape(rejection: Callable[..., Reject], name: str, shape: str, draw: float) -> None:
    said = Template.of(f"${{{name}}} ${{{name}}} ${{{name}:other}}").text(Facts.of(rejection(draw=draw), WALL, 429, ""))
    assert said is not None
    one, same, other = said.split(" ")
    assert re.fullmatch(shape, one)
    assert one == same
    if len(one) > 6:
        assert one != other


def test_a_uuid_is_one(rejection: Callable[..., Reject]) -> None:
    said = Template.of("${uuid}").text(Facts.of(rejection(draw=0.4), WALL, 429, ""))
    assert said is not None
    assert UUID(said).version == 4


def test_one_replys_ids_do_not_leak_into_the_next(rejection: Callable[..., Reject]) -> None:
    template = Template.of("${id:hex:32}")
    one = template.text(Facts.of(rejection(draw=0.1), WALL, 429, ""))
    assert template.text(Facts.of(rejection(draw=0.2), WALL, 429, "")) != one
    assert template.text(Facts.of(rejection(draw=0.1), WALL, 429, "")) == one
