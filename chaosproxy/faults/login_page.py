"""The agent is signed out, and a web page asks it to sign in.

**What the agent sees**

No 401: a 302 to a sign-in URL, or at once, under a 200, the form itself (`how: page`), as web applications and what
stands in front of them treat everybody without a session. Every later call of the session that the rule matches and
that carries the same credentials gets it, too; calls with other credentials go through. The tool does not run.
Many HTTP clients follow the redirect by themselves: what they get then is, if the rule matches the sign-in URL, the
form under a 200, and else whatever the tool says to that.

**What a healthy agent does**

It looks at the content type and at where it has been led, takes the page for the refusal that it is, and signs in anew
or says that it is signed out. It does not look for its data in the page, and does not call again unchanged.

**Seen in the wild**

An API behind a company's single sign-on, a wiki or tracker whose session is over, an access proxy. httpx follows no
redirect unless told; requests and the OpenAI and Anthropic SDKs do, and then the SDKs hand the page to the agent as a
plain string: no exception, no retry. A POST comes out of a 302 as a GET, and what was to be written is gone. MCP
clients in Python hang until their timeout (1.x) or say "Unexpected content type: text/html" (2.x).
"""

from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from chaosproxy.core.answer import Reply
from chaosproxy.core.call import Route
from chaosproxy.core.effects import Effect, Respond
from chaosproxy.core.failures import Course, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import of_form
from chaosproxy.faults._pages import PageName, page, target_of

_LOGIN = "login"
_PRINTABLE = r"^[!-~]+$"

Location = Annotated[
    str,
    AfterValidator(of_form(_PRINTABLE, "a URL or a path, with anything but plain characters percent-encoded")),
    Field(json_schema_extra={"pattern": _PRINTABLE}),
]

_REMEMBERED = 8
"""Credentials that one session may be signed out with before the oldest are forgotten: memory has an end."""

SignedOut = tuple[str | None, ...]
"""Keyed hashes of credentials, as calls have them; None stands for a call without any."""


class LoginPage(RememberingFault[SignedOut]):
    """Send the agent to a sign-in page."""

    family = Family.PERMISSION
    phases = (Phase.BEFORE_UPSTREAM,)
    waits = True
    nature = Nature(explicit=False, course=Course.CONDITIONAL, healthy=(Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY))
    example: ClassVar[str] = """\
- name: the wiki's session is over
  match: {upstream: search}
  when: {calls: 3}
  fault: {type: login_page, how: redirect}
"""

    type: Literal["login_page"] = "login_page"
    """The fault's name."""
    how: Literal["redirect", "page"] = "redirect"
    """A redirect (302) to the sign-in URL, or the sign-in page at once, under a 200."""
    location: Location | None = None
    """Where the redirect leads, as it is to stand in the header. If left out, `login` beside what was asked for, with
    the way back in its query: `login?next=%2Fv1%2Fsearch`."""
    page: PageName = "sign_in"
    """The page that asks to sign in: one of those of html_instead_of_json."""
    until: Literal["new_credentials", "next_call"] = "new_credentials"
    """How long the agent is signed out in that session: until it comes with new_credentials, or for this call only."""

    @model_validator(mode="after")
    def _there_is_a_redirect(self) -> Self:
        if self.location is not None and self.how == "page":
            raise ValueError("location: only `how: redirect` leads anywhere")
        return self

    @property
    def judged_by(self) -> Nature:
        """If it is for one call only, asking again works."""
        if self.until == "new_credentials":
            return self.nature
        healthy = (Reaction.RETRY, Reaction.WAIT_THEN_RETRY, *self.nature.healthy)
        return Nature(explicit=False, course=Course.TRANSIENT, healthy=healthy)

    @property
    def memory_scope(self) -> Scope:
        """Each session is signed in by itself."""
        return Scope.SESSION

    def blank(self) -> SignedOut:
        """Nobody is signed out."""
        return ()

    def step(
        self, turn: Turn, rule: str, memory: SignedOut, *, triggered: bool
    ) -> tuple[tuple[Effect, ...], SignedOut]:
        """Ask whoever is signed out, or is so from this call on, to sign in."""
        credential = turn.call.credential
        if credential not in memory:
            if not triggered:
                return (), memory
            if self.until == "new_credentials":
                memory = (*memory, credential)[-_REMEMBERED:]
        return (Respond(self._reply(turn, rule), Phase.BEFORE_UPSTREAM, Outcome.AUTH),), memory

    def _reply(self, turn: Turn, rule: str) -> Reply:
        route = turn.call.route
        if self.how == "page" or _leads_to(self.location or _LOGIN, route):
            return page(self.page).reply(turn, rule)
        location = self.location or f"{_LOGIN}?next={quote(target_of(route), safe='', errors='replace')}"
        headers = (
            (b"Content-Type", b"text/html; charset=utf-8"),
            (b"Location", location.encode()),
            (b"Vary", b"Cookie"),
        )
        return Reply(302, b"Found", headers, b"")


def _leads_to(location: str, route: Route) -> bool:
    """Is the call one for the sign-in URL itself? What stands before its path, a gateway may have taken away."""
    path = urlsplit(location).path.strip("/")
    return bool(path) and route.path.rstrip("/").endswith(f"/{path}")
