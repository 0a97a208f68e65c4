from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Respond, Rewrite
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults._pages import page, page_names
from chaosproxy.faults.html_instead_of_json import HtmlInsteadOfJson

UPSTREAMS = Reply(
    201,
    b"Created",
    ((b"date", b"Sun, 22 Nov 2026 07:00:00 GMT"), (b"Content-Type", b"application/json"), (b"ETag", b'"1"')),
    b"{}",
)


def html(**settings: object) -> HtmlInsteadOfJson:
    return HtmlInsteadOfJson.model_validate({"type": "html_instead_of_json", **settings})


@pytest.mark.parametrize("name", page_names())
def test_does(name: str, turn_of: Callable[..., Turn]) -> None:
    (effect,) = html(page=name).effects(turn_of(), "portal")
    assert isinstance(effect, Rewrite)
    changed = effect.change(UPSTREAMS)
    assert isinstance(changed, Reply)
    assert (changed.status, changed.reason) == (200, b"OK")
    assert changed.headers == (
        (b"date", b"Sun, 22 Nov 2026 07:00:00 GMT"),
        (b"Content-Type", page(name).content_type.encode()),
    )
    assert changed.body == page(name).body


def test_answers_for_a_tool_that_never_ran(turn_of: Callable[..., Turn]) -> None:
    (effect,) = html(page="nginx_502", status=502, phase="before_upstream").effects(turn_of(), "portal")
    assert isinstance(effect, Respond)
    assert effect.phase is Phase.BEFORE_UPSTREAM
    assert (effect.reply.status, effect.reply.reason) == (502, b"Bad Gateway")
    assert b"<center>nginx/1.25.3</center>\r\n" in effect.reply.body


def test_a_status_without_a_standard_phrase_has_none(turn_of: Callable[..., Turn]) -> None:
    (effect,) = html(status=529, phase="before_upstream").effects(turn_of(), "portal")
    assert isinstance(effect, Respond)
    assert effect.reply.reason == b""


@pytest.mark.parametrize("name", page_names())
def test_pages_are_html_and_do_not_give_us_away(name: str) -> None:
    shown = page(name)
    assert shown.content_type.startswith("text/html")
    assert shown.body.lower().strip().startswith((b"<html", b"<!doctype html"))
    assert shown.body.lower().strip().endswith(b"</html>")
    assert b"chaos" not in shown.body.lower()
    assert 200 <= shown.status_hint <= 599
    assert shown.summary.endswith(".")


def test_old_servers_end_their_lines_with_cr_lf() -> None:
    assert page("nginx_502").body.count(b"\n") == page("nginx_502").body.count(b"\r\n") == 7
    assert b"\r" not in page("captive_login").body


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"page": "geocities"}, "page\n.*expected one of aws_alb_503, captive_login"),
        ({"status": 204}, "a 204 carries no page"),
        ({"status": 304}, "a 304 carries no page"),
        ({"status": 99}, "status\n"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        html(**settings)
