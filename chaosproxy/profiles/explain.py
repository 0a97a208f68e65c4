"""A profile in plain sentences, for `chaosproxy check`. Knows the faults by their own words only."""

from collections.abc import Iterator

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.failures import Phase
from chaosproxy.core.measures import MEASURES, Unit
from chaosproxy.core.units import format_duration, format_rate
from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import summary
from chaosproxy.profiles.fault_settings import settings_of
from chaosproxy.profiles.loader import LoadedProfile
from chaosproxy.profiles.mistakes import listing
from chaosproxy.profiles.models import Expectation, Match, Profile, Rule, Tool, Upstream, When

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
        *_tunnels(profile),
        _rules_together(profile),
        *_safety(profile),
        *_sessions(profile),
        *(_expectation(measure, each) for measure, each in profile.expect.items()),
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
    return f"{said}."


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
    return "The first rule that fires decides; calls that no rule hits go through untouched."


def _rule(rule: Rule) -> str:
    happenings = "; and ".join(_fault(fault) for fault in rule.fault)
    who = _who(rule)
    return f"{who[:1].upper()}{who[1:]}{_limits(rule.when)}: {happenings}. [{rule.name}]"


def _fault(fault: Fault) -> str:
    """The first half of its first sentence; the settings say which of the other half it is."""
    told = summary(type(fault)).partition(": ")[0].rstrip(".")
    settings = settings_of(fault)
    return f"{_PHASES[fault.strikes]} {told[:1].lower()}{told[1:]}" + (f" ({settings})" if settings else "")


def _who(rule: Rule) -> str:
    """Which calls: the count that says most comes first."""
    when, match = rule.when, rule.match
    if when.attempts:
        return f"the {_ordinals(when.attempts, 'attempt')} of each {_operation(match)}"
    if when.calls:
        return f"the {_ordinals(when.calls, 'call')} {_of_its_tool(match)}"
    if when.every and when.every > 1:
        return f"every {_ordinal(when.every)} call {_of_its_tool(match)}"
    if when.probability is not None:
        return f"{format_rate(when.probability)} of all calls{_to(match)}{_conditions(match)}"
    return f"all calls{_to(match)}{_conditions(match)}"


def _limits(when: When) -> str:
    """What else must hold, beside what `_who` has said."""
    said = []
    if when.attempts and when.calls:
        said.append(f"if it is the {_ordinals(when.calls, 'call')} of its tool in the session")
    if (when.attempts or when.calls) and when.every and when.every > 1:
        said.append(f"if the number of the call of its tool in the session divides by {when.every}")
    if when.probability is not None and (when.attempts or when.calls or when.every):
        said.append(f"with a chance of {format_rate(when.probability)}")
    if when.max:
        said.append(f"at most {_times(when.max)} in a session")
    if when.probability is not None and when.key != "fingerprint":
        chance = "the tool and its count in the session" if when.key == "tool" else "the order of arrival"
        said.append(f"chance going by {chance}")
    return "".join(f", {each}" for each in said)


def _to(match: Match) -> str:
    said = f" to {_tools(match.tool)}" if match.tool else ""
    return f"{said} {'of' if said else 'to'} {_upstreams(match.upstream)}" if match.upstream else said


def _operation(match: Match) -> str:
    named = bool(match.tool) and not _has_globs(match.tool or "")
    said = f"{_tools(match.tool or '')} operation" if named else "operation"
    said += f" on {_tools(match.tool)}" if match.tool and not named else ""
    return said + (f" on {_upstreams(match.upstream)}" if match.upstream else "") + _conditions(match)


def _of_its_tool(match: Match) -> str:
    """Calls are counted by tool, so of a match that takes in several tools each has its own count."""
    if match.tool and not _has_globs(match.tool):
        return f"{_to(match).strip()} in each session{_conditions(match, 'if it comes')}"
    of = f" of {_upstreams(match.upstream)}" if match.upstream else ""
    tools = f"each of the {_tools(match.tool)}" if match.tool else "each tool"
    return f"to {tools}{of} in each session{_conditions(match, 'if it comes')}"


def _tools(pattern: str) -> str:
    return f"tools like `{pattern}`" if _has_globs(pattern) else f"`{pattern}`"


def _upstreams(pattern: str) -> str:
    return f"upstreams like `{pattern}`" if _has_globs(pattern) else f"upstream `{pattern}`"


def _has_globs(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def _conditions(match: Match, introduced: str = "") -> str:
    """The rest of a match; what it says of a call that has been counted needs to be introduced."""
    said = [
        *([f"by {match.method}"] if match.method else []),
        *([f"at {match.path}"] if match.path else []),
        *([f"on host {match.host}"] if match.host else []),
        *(f"with {name}={value} in the query" for name, value in match.query.items()),
        *(f"with the header {name}: {value}" for name, value in match.header.items()),
        *(f"with {name} = {_json(value)} in the body" for name, value in match.body.items()),
        *([f"in session {match.session}"] if match.session else []),
    ]
    opening = f", {introduced}" if introduced and said else ""
    return opening + "".join(f" {each}" for each in said)


def _json(value: str | float | bool | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _ordinals(spans: tuple[tuple[int, int], ...], what: str) -> str:
    """`1st attempt`, `1st to 3rd and 5th attempts`."""
    said = [_ordinal(low) if low == high else f"{_ordinal(low)} to {_ordinal(high)}" for low, high in spans]
    is_one = len(spans) == 1 and spans[0][0] == spans[0][1]
    return f"{listing(said, 'and')} {what}{'' if is_one else 's'}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


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
    of = f" for {listing(expectation.of, 'and')}" if expectation.of else ""
    cases = f", judged from {expectation.cases} cases on" if expectation.cases > 1 else ""
    return f"Expected: {measure}{of} is {said}{cases}."


def _bound(measure: str, bound: float) -> str:
    unit = MEASURES[measure]
    if unit is Unit.SHARE:
        return format_rate(bound)
    return format_duration(bound) if unit is Unit.SECONDS else f"{bound:g}"
