from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import msgspec
import pytest

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Respond
from chaosproxy.core.failures import Course, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults.login_page import LoginPage

PASSES, ASKED = False, True


def login(**settings: object) -> LoginPage:
    return LoginPage.model_validate({"type": "login_page", **settings})


def at(turn: Turn, path: str, query: str = "") -> Turn:
    """The same turn, for another target."""
    call = turn.call
    return Turn(
        Call(
            number=call.number,
            session=call.session,
            session_source=call.session_source,
            route=msgspec.structs.replace(call.route, path=path, query=query),
            fingerprint=call.fingerprint,
            headers=(),
            received=call.received,
            credential=call.credential,
        ),
        *(1, 1, 1, turn.now, turn.number),
    )


def answer(fault: LoginPage, turn: Turn) -> Respond:
    (effect,), _ = fault.step(turn, "signed out", fault.blank(), triggered=True)
    assert isinstance(effect, Respond)
    assert effect.phase is Phase.BEFORE_UPSTREAM
    return effect


def test_redirects_to_a_sign_in_url_that_knows_the_way_back(turn_of: Callable[..., Turn]) -> None:
    reply = answer(login(), turn_of()).reply

    assert (reply.status, reply.reason, reply.body) == (302, b"Found", b"")
    assert reply.headers == (
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Location", b"login?next=%2Fv1%2Fsearch%3Fq%3Dtea"),
        (b"Vary", b"Cookie"),
    )


@pytest.mark.parametrize("target", ["/", "/v1/a b", "/v1/search?q=a%20b&next=/x", "/v1/\r\nX: 1", "/\N{BLACK STAR}"])
def test_whatever_was_asked_for_stands_in_the_header_as_a_header_may(target: str, turn_of: Callable[..., Turn]) -> None:
    path, _, query = target.partition("?")
    location = dict(answer(login(), at(turn_of(), path, query)).reply.headers)[b"Location"]

    assert location.isascii()
    assert location.decode().isprintable()
    assert b" " not in location
    assert parse_qs(urlsplit(location.decode()).query)["next"] == [target]


def test_leads_to_the_same_tool_through_a_gateway() -> None:
    """Paths of gateway routes begin with the name of the upstream, which the tool never hears of."""
    assert urljoin("http://127.0.0.1:8080/search/v1/find?q=1", "login?next=x") == (
        "http://127.0.0.1:8080/search/v1/login?next=x"
    )


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (None, "/v1/login"),
        (None, "/login"),
        ("https://sso.example/auth/sign-in?client=7", "/auth/sign-in"),
        ("/auth/sign-in/", "/api/auth/sign-in"),
    ],
)
def test_who_follows_gets_the_page(location: str | None, target: str, turn_of: Callable[..., Turn]) -> None:
    reply = answer(login(location=location), at(turn_of(), target, "next=%2Fv1")).reply

    assert (reply.status, reply.reason) == (200, b"OK")
    assert b"<form" in reply.body


@pytest.mark.parametrize(
    ("location", "target"), [(None, "/v1/logins"), (None, "/v1/relogin"), ("https://sso.example", "/")]
)
def test_who_asks_for_something_else_is_led_there(
    location: str | None, target: str, turn_of: Callable[..., Turn]
) -> None:
    assert answer(login(location=location), at(turn_of(), target)).reply.status == 302


def test_the_location_may_be_any(turn_of: Callable[..., Turn]) -> None:
    reply = answer(login(location="https://sso.example/auth?client=7"), turn_of()).reply
    assert dict(reply.headers)[b"Location"] == b"https://sso.example/auth?client=7"


@pytest.mark.parametrize(("settings", "said"), [({}, b"<h1>Sign in</h1>"), ({"page": "captive_portal"}, b"192.0.2.1")])
def test_the_page_comes_at_once_under_a_200(
    settings: dict[str, Any], said: bytes, turn_of: Callable[..., Turn]
) -> None:
    reply = answer(login(how="page", **settings), turn_of()).reply

    assert reply.status == 200
    assert said in reply.body
    assert dict(reply.headers)[b"Content-Type"].startswith(b"text/html")


@pytest.mark.parametrize(
    ("until", "calls"),
    [
        (
            "new_credentials",
            [
                ("old", False, PASSES),
                ("old", True, ASKED),
                ("old", False, ASKED),
                (None, False, PASSES),
                ("new", False, PASSES),
                ("new", True, ASKED),
                ("old", False, ASKED),
            ],
        ),
        ("new_credentials", [(None, True, ASKED), (None, False, ASKED), ("some", False, PASSES)]),
        ("next_call", [("old", True, ASKED), ("old", False, PASSES), ("old", True, ASKED), ("new", False, PASSES)]),
    ],
)
def test_signed_out_until(until: str, calls: list[tuple[str | None, bool, bool]], turn_of: Callable[..., Turn]) -> None:
    fault = login(until=until)
    memory = fault.blank()
    for nth, (credential, triggered, asked) in enumerate(calls):
        effects, memory = fault.step(turn_of(credential=credential), "signed out", memory, triggered=triggered)
        assert bool(effects) is asked, nth


def test_memory_has_an_end(turn_of: Callable[..., Turn]) -> None:
    fault = login()
    memory = fault.blank()
    for number in range(100):
        _, memory = fault.step(turn_of(credential=f"key-{number}"), "signed out", memory, triggered=True)
    assert memory == tuple(f"key-{number}" for number in range(92, 100))


def test_each_session_is_signed_in_by_itself() -> None:
    assert login().memory_scope is Scope.SESSION


def test_asking_again_helps_only_if_it_is_for_one_call() -> None:
    assert login().judged_by.course is Course.CONDITIONAL
    assert Reaction.RETRY not in login().judged_by.healthy
    assert login(until="next_call").judged_by.course is Course.TRANSIENT
    assert Reaction.RETRY in login(until="next_call").judged_by.healthy
    assert not login().judged_by.explicit


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"location": "/a b"}, "location\n.*expected a URL or a path"),
        ({"location": "/a\r\nX: 1"}, "location\n.*expected a URL or a path"),
        ({"location": "/a\n"}, "location\n.*expected a URL or a path"),
        ({"location": ""}, "location\n.*expected a URL or a path"),
        ({"location": "/login", "how": "page"}, "location: only `how: redirect` leads anywhere"),
        ({"page": "geocities"}, "page\n.*expected one of"),
        ({"until": "5m"}, "until\n"),
        ({"phase": "after_upstream"}, "phase: login_page can strike before_upstream"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        login(**settings)
