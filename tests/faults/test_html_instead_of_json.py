from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.effects import Respond
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults._pages import page, page_names
from chaosproxy.faults.html_instead_of_json import HtmlInsteadOfJson

PAGES = pytest.mark.parametrize("name", page_names())

LENGTHS = {"apache_503": 299, "gcp_502": 332, "haproxy_503": 107, "heroku_503": 506, "iis_503": 326}
LENGTHS |= {"nginx_502": 157, "nginx_welcome": 0x267}
"""Content-Length with which these pages are known to come; that of nginx's welcome is also in its ETag."""


def html(**settings: object) -> HtmlInsteadOfJson:
    return HtmlInsteadOfJson.model_validate({"type": "html_instead_of_json", **settings})


def shown(turn: Turn, **settings: object) -> Respond:
    (effect,) = html(**settings).effects(turn, "portal")
    assert isinstance(effect, Respond)
    return effect


def asking(target: str) -> Turn:
    path, _, query = target.partition("?")
    route = Route("search", "find", "http", "POST", "127.0.0.1:9001", path, query, ToolEffect.READ, touchable=True)
    call = Call(
        number=1,
        session="s1",
        session_source="client",
        route=route,
        fingerprint="0123456789abcdef",
        headers=(),
        received=1.0,
    )
    return Turn(call, 1, 1, 1, 1.0, 7)


@PAGES
@pytest.mark.parametrize("phase", HtmlInsteadOfJson.phases)
def test_does(name: str, phase: Phase, turn_of: Callable[..., Turn]) -> None:
    effect = shown(turn_of(), page=name, phase=phase.value)

    assert (effect.phase, effect.reply.status) == (phase, page(name).status_hint)
    headers = dict(effect.reply.headers)
    assert headers[b"Content-Type"] == page(name).content_type.encode()
    assert {header.lower() for header in headers}.isdisjoint({b"content-length", b"transfer-encoding", b"date"})
    assert b"${" not in effect.reply.body + b"".join(headers.values())


def test_the_tool_has_run_unless_asked_otherwise() -> None:
    assert html().strikes is Phase.AFTER_UPSTREAM


@pytest.mark.parametrize(
    ("settings", "status", "reason"),
    [
        ({}, 200, b"OK"),
        ({"page": "nginx_502"}, 502, b"Bad Gateway"),
        ({"page": "nginx_502", "status": 200}, 200, b"OK"),
        ({"status": 529}, 529, b""),
    ],
)
def test_comes_under_its_own_status_or_another(
    settings: dict[str, Any], status: int, reason: bytes, turn_of: Callable[..., Turn]
) -> None:
    reply = shown(turn_of(), **settings).reply
    assert (reply.status, reply.reason) == (status, reason)


@PAGES
def test_it_is_an_error_that_the_agent_is_told_of_if_the_status_says_so(name: str) -> None:
    assert html(page=name).judged_by.explicit is (page(name).status_hint >= 400)
    assert not html(page=name, status=200).judged_by.explicit
    assert html(page=name, status=403).judged_by.explicit


@PAGES
def test_pages_are_html_and_do_not_give_us_away(name: str) -> None:
    shown = page(name)
    assert shown.content_type.startswith("text/html")
    assert shown.body.lower().strip().startswith(("<html", "<!doctype html"))
    assert shown.body.lower().strip().endswith("</html>")
    assert "chaos" not in shown.body.lower()
    assert 200 <= shown.status_hint <= 599
    assert shown.summary.endswith(".")


@pytest.mark.parametrize(("name", "length"), LENGTHS.items())
def test_pages_are_as_long_as_the_real_ones(name: str, length: int, turn_of: Callable[..., Turn]) -> None:
    assert len(shown(turn_of(), page=name).reply.body) == length


def test_old_servers_end_their_lines_with_cr_lf() -> None:
    assert page("nginx_502").body.count("\n") == page("nginx_502").body.count("\r\n") == 7
    assert "\r" not in page("captive_login").body


def test_a_page_may_name_what_was_asked_for_and_cannot_be_broken_by_it() -> None:
    turn = asking('/v1/<b>"&${host}?q=1&r=\N{BLACK STAR}')

    assert b"<pre>Cannot POST /v1/&lt;b&gt;&quot;&amp;${host}</pre>" in shown(turn, page="express_404").reply.body
    portal = shown(turn, page="captive_portal").reply.body
    assert 'redirect=127.0.0.1:9001/v1/&lt;b&gt;&quot;&amp;${host}?q=1&amp;r=\N{BLACK STAR}"'.encode() in portal


def test_ids_are_made_up_for_each_call_and_again_the_same(turn_of: Callable[..., Turn]) -> None:
    rays = [dict(shown(turn_of(key=key), page="cloudflare_challenge").reply.headers)[b"CF-RAY"] for key in (1, 1, 2)]

    assert rays[0] == rays[1] != rays[2]
    assert len(rays[0]) == len("8f1c2d3e4a5b6c7d-IAD")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"page": "geocities"}, "page\n.*expected one of apache_503, aws_alb_503, captive_login"),
        ({"status": 204}, "a 204 carries no page"),
        ({"status": 304}, "a 304 carries no page"),
        ({"status": 99}, "status\n"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        html(**settings)
