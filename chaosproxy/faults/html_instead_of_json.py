"""A web page comes where data should be.

**What the agent sees**

`Content-Type: text/html` and a page, under the status that it comes with in earnest: often one that says "all is well".
A sign-in form, the shell of a web application, a portal's redirect, a web server's welcome; or, under a status that
says otherwise, a bot check, a filter's refusal, a gateway's error. The tool has run, unless the fault is put before the
upstream.

**What a healthy agent does**

It notices that this is no data, does not read meaning into the page, and asks again, takes another way or says so.

**Seen in the wild**

A wrong base URL answered by a single-page app, a guest network's portal, a corporate proxy's sign-in page, a bot check
("Just a moment..."): all come with HTTP 200 or a 403. The OpenAI and Anthropic SDKs hand a page under a 200 to the
agent as a plain string, without an error; version 1 of the MCP Python SDK hangs until its timeout.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from chaosproxy.core.effects import Effect, Respond
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._pages import PageName, page


def _may_have_a_body(status: int) -> int:
    """RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5: these never carry one."""
    if status in (204, 205, 304):
        raise ValueError(f"a {status} carries no page")
    return status


class HtmlInsteadOfJson(Fault):
    """Answer with a web page."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM, Phase.BEFORE_UPSTREAM)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: a login page instead of results
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: html_instead_of_json, page: captive_login}
"""

    type: Literal["html_instead_of_json"] = "html_instead_of_json"
    """The fault's name."""
    page: PageName = "captive_login"
    """Which page."""
    status: Annotated[int, Field(ge=200, le=599), AfterValidator(_may_have_a_body)] | None = None
    """Another status than the one that the page comes with in earnest. 200 is the one that deceives."""

    @property
    def judged_by(self) -> Nature:
        """A page under a status that says failure is an error that the agent is told of."""
        if self._status < _FAILURE:
            return self.nature
        return Nature(explicit=True, course=self.nature.course, healthy=self.nature.healthy)

    @property
    def _status(self) -> int:
        return self.status or page(self.page).status_hint

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The page in place of the tool's reply: another server's, so nothing of the tool's head stays."""
        return (Respond(page(self.page).reply(turn, rule, self._status), self.strikes),)


_FAILURE = 400
"""From here on a status says that something went wrong."""
