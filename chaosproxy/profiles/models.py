"""A profile as the program reads it: frozen, complete, in seconds and bytes and shares of one.

These models are the source of the JSON Schema and of the profile reference in the docs: every field's docstring is
what a user reads when an editor hovers over the key.
"""

from typing import TYPE_CHECKING, Annotated, Literal, Union

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from chaosproxy.core.call import ToolEffect
from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.faults._fields import Rate
from chaosproxy.profiles.expect import (
    EXPECTATION_IN,
    Expectation,
    Expectations,
    ExpectedCount,
    ExpectedFactor,
    ExpectedShare,
    ExpectedTime,
)
from chaosproxy.profiles.fields import (
    AtLeastOne,
    HeaderName,
    HeaderSource,
    HostGlob,
    JsonScalar,
    Many,
    Method,
    Name,
    OneLine,
    OneOrMore,
    PathTemplate,
    SessionSource,
    UpstreamName,
)
from chaosproxy.profiles.section import Count, MoreThanNone, Section
from chaosproxy.profiles.when import Burst, Outage, Ramp, RunPhase, When

__all__ = [
    "EXPECTATION_IN",
    "Burst",
    "Expectation",
    "ExpectedCount",
    "ExpectedFactor",
    "ExpectedShare",
    "ExpectedTime",
    "Match",
    "Outage",
    "Profile",
    "Ramp",
    "Recovery",
    "Rule",
    "RunPhase",
    "Safety",
    "Section",
    "Sessions",
    "Tool",
    "Upstream",
    "When",
]

if TYPE_CHECKING:
    AnyFault = Fault
else:
    AnyFault = Annotated[Union[tuple(catalogue().values())], Field(discriminator="type")]  # noqa: UP007
"""Any fault of the catalogue, told apart by its `type`."""


class UrlAlone:
    """An annotation on an upstream: `search: http://…` is short for `search: {url: http://…}`."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The upstream's own schema, after a URL alone has been spelled out."""
        return core_schema.no_info_before_validator_function(
            lambda value: {"url": value} if isinstance(value, str) else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A URL, or a mapping."""
        return {"anyOf": [{"type": "string", "pattern": "^https?://"}, handler(schema)]}


class Upstream(Section):
    """A tool API that calls can go to."""

    url: Annotated[str, Field(json_schema_extra={"pattern": "^https?://"})]
    """Where it is: http:// or https://, host, port, and a path that is put before the agent's."""
    dialect: OneLine | None = None
    """How its failures look: the name of a dialect, or the path of a dialect file beside this profile."""
    timeout: MoreThanNone = 300.0
    """How long its answer may take to begin before the agent gets a 504."""
    connect_timeout: MoreThanNone = 10.0
    """How long a connection to it may take."""
    verify: bool = True
    """Whether its certificate is checked. Turning it off is said aloud in the log."""
    ca: OneLine | None = None
    """A PEM file of authorities to trust for it, instead of the system's; beside this profile, unless it is an absolute
    path."""
    client_cert: OneLine | None = None
    """A PEM file with the certificate that we show it (mutual TLS), and those that lead to its root; beside this
    profile, unless it is an absolute path."""
    client_key: OneLine | None = None
    """A PEM file with that certificate's key, not encrypted; it may be the same file."""


class Tool(Section):
    """A name for something the agent calls."""

    upstream: str
    """The upstream it belongs to."""
    method: Method | None = None
    """The HTTP method; any, if left out."""
    path: PathTemplate
    """Path template: `/v1/charges/{id}`; `*` at the end takes the rest."""
    effect: Annotated[ToolEffect | None, Many] = None
    """read, write, or idempotent; by the method, if left out: GET reads, PUT and DELETE are idempotent, the rest
    writes."""
    idempotency_key: HeaderSource | None = None
    """Where its operations carry an explicit id: `header:Idempotency-Key`."""
    volatile: Annotated[tuple[OneLine, ...], Many] = ()
    """Argument names that change from attempt to attempt and do not count (beside the built-in ones)."""
    fallback_for: Annotated[tuple[Name, ...], Many, OneOrMore()] = ()
    """Tools that it stands in for: a call of it after a failure of one of these belongs to the failed operation."""
    checks: Annotated[tuple[Name, ...], Many, OneOrMore()] = ()
    """Writing tools whose effect it can show: calling it after a write that may have run is checking first. Reads whose
    path lies along the write's own (`GET /v1/charges/{id}` for `POST /v1/charges`) need not be named."""
    escalates: bool = False
    """Does it tell a human? Calling it next after a failure is an escalation."""


class Match(Section):
    """Which calls a rule is about. All that is given must hold."""

    upstream: OneLine | None = None
    """Upstream name, with globs."""
    tool: OneLine | None = None
    """Tool name, with globs."""
    method: Method | None = None
    """HTTP method."""
    host: HostGlob | None = None
    """Host of the upstream, with globs."""
    path: PathTemplate | None = None
    """Path template: `/v1/items/{id}`; `*` at the end takes the rest."""
    query: dict[str, OneLine] = Field(default_factory=dict)
    """Query parameters and their values, with globs."""
    header: dict[HeaderName, OneLine] = Field(default_factory=dict)
    """Request headers and their values, with globs."""
    body: dict[str, JsonScalar] = Field(default_factory=dict)
    """Fields of a JSON body (dotted path) or of a form, and their values; strings with globs."""
    session: OneLine | None = None
    """Session name, with globs."""


class Rule(Section):
    """One thing that goes wrong."""

    name: Name
    """What it is called in reports and metrics."""
    match: Match = Match()
    """Which calls it is about; all, if left out."""
    when: When = When()
    """Which of those it hits; all, if left out."""
    fault: Annotated[tuple[AnyFault, ...], AtLeastOne, OneOrMore()]
    """What happens to them: one fault, or a list that happens to the same call."""
    continue_: Annotated[bool, Field(alias="continue")] = False
    """Whether later rules are asked too after it has fired, so that what they do comes on top. Not for faults that
    answer or end the call."""


class Safety(Section):
    """What holds whatever the rules say."""

    hosts: Annotated[tuple[HostGlob, ...], Many] | None = None
    """Hosts (globs) that may be touched; by default those of the upstreams. Where others than this machine can reach us
    (a listen address beyond loopback), they are also all that a forward proxy goes to. Link-local and cloud metadata
    addresses are never reached, whatever is here, unless an upstream's URL names one."""
    max_active: Count | None = None
    """At most so many calls under a fault at once."""
    max_ratio: Rate | None = None
    """At most this share of all calls (counted from 20 calls on as a share, before that as a share of 20)."""


class Sessions(Section):
    """How calls are told apart by the agent run they belong to."""

    from_: Annotated[tuple[SessionSource, ...], AtLeastOne] = Field(
        default=("proxy_user", "path", "header:X-Session-Id", "baggage:session.id", "client"),
        alias="from",
    )
    """Sources in order; the first that yields a name decides: proxy_user, path, header:NAME, baggage:KEY, mcp (the
    session that an MCP server gave, under its old name after it was lost and opened anew), trace (the trace of
    `traceparent`: if one agent run is one trace), client (address and User-Agent), connection."""
    idle: MoreThanNone = 300.0
    """A session without a call for this long, and with nothing left to recover, is over."""


class Loop(Section):
    """When repetition counts as a loop."""

    identical: Annotated[int, Field(ge=3)] = 5
    """So many identical calls without a success, or with the same reply each time; polling and paging do not count."""
    within: MoreThanNone = 120.0
    """In so much time."""
    calls_per_minute: Count = 600
    """More calls a minute of one session than any work needs."""


class RetryBudget(Section):
    """A retry budget as service meshes have it, for each tool."""

    share: Rate = 0.2
    """Retries for each first attempt of the last 10 seconds."""
    reserve: Annotated[float, Field(ge=0)] = 1.0
    """Retries a second that are free on top."""


class Recovery(Section):
    """How the recovery tracker tells retries, ends and loops."""

    window: MoreThanNone = 600.0
    """How long after a failure the same call still counts as its retry."""
    horizon: MoreThanNone = 900.0
    """How long after a failure, without another attempt, an operation counts as given up."""
    volatile: Annotated[tuple[OneLine, ...], Many] = ()
    """Argument names, of any tool, that change from attempt to attempt and do not count (beside the built-in ones)."""
    loop: Loop = Loop()
    """When repetition counts as a loop."""
    retry_budget: RetryBudget = RetryBudget()
    """What a retry budget would allow. It is reported, and refuses nothing."""


class Profile(Section):
    """A fault profile: what the tools are, what goes wrong, when, and what is expected of the agent."""

    version: Literal[1]
    """The version of this language: 1."""
    name: Name
    """A name, for reports."""
    description: str = ""
    """The story, for people."""
    seed: int = 0
    """Chooses which calls chance hits."""
    upstreams: dict[UpstreamName, Annotated[Upstream, UrlAlone()]] = Field(default_factory=dict)
    """Tool APIs by name; in gateway mode /NAME/... goes to that URL."""
    tools: dict[Name, Tool] = Field(default_factory=dict)
    """Names for what the agent calls; without them names are inferred from method and path."""
    rules: Annotated[tuple[Rule, ...], Many] = ()
    """In order; the first rule that fires decides, unless it says `continue: true`."""
    phases: Annotated[tuple[RunPhase, ...], Many] = ()
    """Parts of the run, one after the other (calm, storm, calm), and the rules that fire in each."""
    safety: Safety = Safety()
    """What holds whatever the rules say."""
    sessions: Sessions = Sessions()
    """How calls are told apart by agent run."""
    recovery: Recovery = Recovery()
    """How the recovery tracker tells retries, ends and loops."""
    expect: Expectations = Field(default_factory=dict)
    """Expectations by measure: one, or a list of them."""
