"""A web page comes where data should be.

**What the agent sees**

`Content-Type: text/html` and a page under a status that usually says "all is well": a login form, a maintenance note, a
gateway's error. The tool has run, unless the fault is put before the upstream.

**What a healthy agent does**

It notices that this is no data, does not read meaning into the page, and asks again, takes another way or says so.

**Seen in the wild**

A wrong base URL answered by a single-page app, a captive portal, a corporate proxy's login page, a bot check: all come
with HTTP 200 or a 403. The OpenAI and Anthropic SDKs hand a page under a 200 to the agent as a plain string, without an
error; version 1 of the MCP Python SDK hangs until its timeout.
"""

from functools import partial
from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Respond, Rewrite
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
    status: Annotated[int, Field(ge=200, le=599), AfterValidator(_may_have_a_body)] = 200
    """The status it comes with. 200 is the one that deceives; each page's usual one is in the list of pages."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the page is a setting
        """The page in place of the tool's reply."""
        shown = page(self.page)
        headers = ((b"Content-Type", shown.content_type.encode()),)
        reply = Reply(self.status, _reason(self.status), headers, shown.body)
        if self.strikes is Phase.BEFORE_UPSTREAM:
            return (Respond(reply, Phase.BEFORE_UPSTREAM),)
        return (Rewrite(partial(_replaced, by=reply), f"html_instead_of_json: {self.page}"),)


def _replaced(reply: Reply, by: Reply) -> Reply:
    """Another server's reply: of the tool's head only the date stays."""
    dates = tuple(header for header in reply.headers if header[0].lower() == b"date")
    return Reply(by.status, by.reason, dates + by.headers, by.body)


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
