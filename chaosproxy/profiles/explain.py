"""A profile in plain sentences, for `chaosproxy check`. Knows the faults by their own words only."""

from collections.abc import Iterator

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.failures import Phase
from chaosproxy.core.measures import MEASURES, Unit
from chaosproxy.core.units import format_duration, format_rate
from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import summary
from chaosproxy.profiles.explain_when import hit_by
from chaosproxy.profiles.fault_settings import settings_of
from chaosproxy.profiles.loader import LoadedProfile
from chaosproxy.profiles.mistakes import listing
from chaosproxy.profiles.models import Expectation, Profile, Rule, Tool, Upstream
from chaosproxy.profiles.when import rules_of

_PHASES = {
    Phase.BEFORE_UPSTREAM: "before the tool runs,",
    Phase.AFTER_UPSTREAM: "the tool runs, then",
    Phase.DURING_BODY: "the tool runs, and while its reply is on the way",
}
_EFFECTS = {
    ToolEffect.READ: "reads",
    ToolEffect.WRITE: "writes, so running it twice does it twice",
    ToolEffect.IDEMPOTENT: "writes, but twice is the same as once",
}


def explain(loaded: LoadedProfile) -> list[str]:
    """What the profile does and expects, one sentence or two a line."""
    profile = loaded.profile
    return [
        f"`{profile.name}` (digest {loaded.digest}, seed {profile.seed}){_told(profile.description)}",
        *(_upstream(name, each) for name, each in profile.upstreams.items()),
        *([] if profile.upstreams else ["No upstream is declared: name one with `--upstream NAME=URL`."]),
        *(_tool(name, each) for name, each in profile.tools.items()),
        *(f"{nth}. {_rule(rule)}" for nth, rule in enumerate(profile.rules, 1)),
        *_phases(profile),
        *_tunnels(profile),
        _rules_together(profile),
        *_safety(profile),
        *_sessions(profile),
        *(_expectation(measure, each) for measure, several in profile.expect.items() for each in several),
        *([] if profile.expect else ["Nothing is expected of the agent: a run is measured, and not judged."]),
    ]


def _told(description: str) -> str:
    return f": {' '.join(description.split())}" if description.strip() else "."


def _upstream(name: str, upstream: Upstream) -> str:
    said = f"Upstream `{name}` is {upstream.url}"
    if upstream.dialect:
        said += f" and fails in the words of {upstream.dialect}"
    if not upstream.verify:
        said += "; its certificate is not checked"
    return f"{said}."


def _tool(name: str, tool: Tool) -> str:
    said = f"Tool `{name}` is {tool.method or 'any method on'} {tool.path} of `{tool.upstream}`"
    if tool.effect:
        said += f"; it {_EFFECTS[tool.effect]}"
    if tool.idempotency_key:
        said += f"; its operations carry an id in the header {tool.idempotency_key.partition(':')[2]}"
    if tool.fallback_for:
        said += f"; it stands in for {_named(tool.fallback_for)}"
    if tool.checks:
        said += f"; it shows what became of {_named(tool.checks)}"
    if tool.escalates:
        said += "; calling it tells a human"
    return f"{said}."


def _named(tools: tuple[str, ...]) -> str:
    return listing([f"`{tool}`" for tool in tools], "and")


def _tunnels(profile: Profile) -> Iterator[str]:
    """What it takes to strike what agents send by https, and where rules about TLS handshakes can strike."""
    names = [f"`{name}`" for name, upstream in profile.upstreams.items() if upstream.url.startswith("https:")]
    if names and profile.rules:
        yield (
            f"What an agent sends to {listing(names, 'and')} by https itself (HTTPS_PROXY, CONNECT) is struck only "
            "with an authority that the agent trusts (`chaosproxy ca new`); through the gateway none is needed."
        )
    if any(fault.strikes_handshake for rule in profile.rules for fault in rule.fault):
        yield (
            "TLS handshakes are struck in CONNECT tunnels only: of an agent that calls through the gateway, "
            "or in plain http, none is."
        )


def _rules_together(profile: Profile) -> str:
    if not profile.rules:
        return "There is no rule: every call goes through untouched."
    if len(profile.rules) == 1:
        return "All other calls go through untouched."
    unless = ", unless it leaves later ones to be asked too" if any(rule.continue_ for rule in profile.rules) else ""
    return f"The first rule that fires decides{unless}; calls that no rule hits go through untouched."


def _phases(profile: Profile) -> Iterator[str]:
    """The parts of the run, and which rules are on in each."""
    names = [rule.name for rule in profile.rules]
    phases, end = profile.phases, 0.0
    for phase, rules in zip(phases, rules_of(phases, names), strict=True):
        begin, end = end, end + (phase.for_ or 0.0)
        since = f"from {format_duration(begin)}" if begin else "from the start"
        until = "to the end" if phase.for_ is None else f"to {format_duration(end)}"
        on = listing([f"`{name}`" for name in names if name in rules], "and")
        yield f"Phase `{phase.name}`, {since} {until}: {f'{on} may fire' if on else 'no rule of a phase fires'}."
    if phases:
        named = frozenset[str]().union(*rules_of(phases, names))
        free = listing([f"`{name}`" for name in names if name not in named], "and")
        after = f" After {format_duration(end)}, rules of a phase are off." if phases[-1].for_ is not None else ""
        always = f"In no phase, and so always on: {free}." if free else "Every rule is in a phase."
        yield always + after


def _rule(rule: Rule) -> str:
    happenings = "; and ".join(_fault(fault) for fault in rule.fault)
    who = hit_by(rule)
    on = "; then the later rules are asked too" if rule.continue_ else ""
    return f"{who[:1].upper()}{who[1:]}: {happenings}{on}. [{rule.name}]"


def _fault(fault: Fault) -> str:
    """The first half of its first sentence; the settings say which of the other half it is."""
    told = summary(type(fault)).partition(": ")[0].rstrip(".")
    settings = settings_of(fault)
    return f"{_PHASES[fault.strikes]} {told[:1].lower()}{told[1:]}" + (f" ({settings})" if settings else "")


def _safety(profile: Profile) -> Iterator[str]:
    safety = profile.safety
    if safety.hosts is not None:
        yield f"Only these hosts are ever touched: {', '.join(safety.hosts) or 'none'}."
    if safety.max_active:
        yield f"At most {safety.max_active} calls are under a fault at once."
    if safety.max_ratio is not None:
        yield f"At most {format_rate(safety.max_ratio)} of all calls are hit."


def _sessions(profile: Profile) -> Iterator[str]:
    if "sessions" in profile.model_fields_set:
        sources, idle = ", else by ".join(profile.sessions.from_), format_duration(profile.sessions.idle)
        yield f"Sessions are told apart by {sources}; one is over after {idle} of silence."


def _expectation(measure: str, expectation: Expectation) -> str:
    bounds = {"at least": expectation.at_least, "at most": expectation.at_most}
    said = " and ".join(f"{which} {_bound(measure, bound)}" for which, bound in bounds.items() if bound is not None)
    cases = f", judged from {expectation.cases} cases on" if expectation.cases > 1 else ""
    return f"Expected: {measure}{_part(expectation)} is {said}{cases}."


def _part(expectation: Expectation) -> str:
    """What of the run it is about, if not all of it."""
    of = f" for {listing(expectation.of, 'and')}" if expectation.of else ""
    tool = f" at `{expectation.tool}`" if expectation.tool else ""
    session = f" in sessions `{expectation.session}`" if expectation.session else ""
    return of + tool + session


def _bound(measure: str, bound: float) -> str:
    unit = MEASURES[measure]
    if unit is Unit.SHARE:
        return format_rate(bound)
    return format_duration(bound) if unit is Unit.SECONDS else f"{bound:g}"
