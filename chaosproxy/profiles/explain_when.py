"""Which calls a rule hits, and when, in plain words: its `match` and its `when`. Knows no fault."""

from collections.abc import Iterator

from chaosproxy.core.units import format_duration, format_rate
from chaosproxy.profiles.mistakes import listing
from chaosproxy.profiles.models import Match, Rule, When


def hit_by(rule: Rule) -> str:
    """Which calls a rule hits: `30% of all calls to `find`, at most twice in a session`."""
    return _who(rule) + "".join(f", {each}" for each in (*_limits(rule.when), *_shares(rule.when), *_times(rule.when)))


def _who(rule: Rule) -> str:
    """Which calls: the count that says most comes first."""
    when, match = rule.when, rule.match
    if when.attempts:
        return f"the {_ordinals(when.attempts, 'attempt')} of each {_operation(match)}"
    if when.calls:
        return f"the {_ordinals(when.calls, 'call')} {_of_its_tool(match)}"
    if when.every and when.every > 1:
        return f"every {_ordinal(when.every)} call {_of_its_tool(match)}"
    if when.exactly:
        return f"exactly {when.exactly[0]} of {when.exactly[1]} {_counted(when, match)}"
    if when.probability is not None:
        return f"{format_rate(when.probability)} of all calls{_to(match)}{_conditions(match)}"
    return f"all calls{_to(match)}{_conditions(match)}"


def _counted(when: When, match: Match) -> str:
    """Which calls an exact share is counted of."""
    if when.goes_by == "tool":
        return f"calls {_of_its_tool(match)}"
    order = "with the same arguments in each session" if when.goes_by == "fingerprint" else "in the order of arrival"
    return f"calls{_to(match)} {order}{_conditions(match, 'if they come')}"


def _limits(when: When) -> Iterator[str]:
    """What else must hold of the counts, beside what `_who` has said."""
    counted = when.attempts or when.calls or (when.every and when.every > 1)
    if when.attempts and when.calls:
        yield f"if it is the {_ordinals(when.calls, 'call')} of its tool in the session"
    if (when.attempts or when.calls) and when.every and when.every > 1:
        yield f"if the number of the call of its tool in the session divides by {when.every}"
    if when.exactly and counted:
        yield f"if it is one of exactly {when.exactly[0]} of {when.exactly[1]}"
    if when.probability is not None and counted:
        yield f"with a chance of {format_rate(when.probability)}"
    if when.max:
        yield f"at most {_often(when.max)} in a session"


def _shares(when: When) -> Iterator[str]:
    """Chance that is not of single calls alone."""
    if when.ramp is not None:
        first, last, over = format_rate(when.ramp.from_), format_rate(when.ramp.to), format_duration(when.ramp.over)
        yield f"with a chance that goes from {first} to {last} within {over} and stays there"
    if (when.probability is not None or when.ramp is not None) and when.goes_by != "fingerprint":
        chance = "the tool and its count in the session" if when.goes_by == "tool" else "the order of arrival"
        yield f"chance going by {chance}"
    if when.sessions is not None:
        yield f"in {format_rate(when.sessions)} of all sessions"
    if when.burst is not None:
        share, length = format_rate(when.burst.share), f"{when.burst.length:g}"
        yield f"in bursts ({share} of the calls of a tool in a session, about {length} in a row)"


def _times(when: When) -> Iterator[str]:
    """At which times of the run."""
    begin = format_duration(when.after) if when.after else ""
    if when.for_ is not None and when.repeat is not None:
        first = f"the first time {begin} after the start" if begin else "the first time at the start"
        yield f"for {format_duration(when.for_)} out of every {format_duration(when.repeat)}, {first}"
    elif when.for_ is not None:
        yield f"for {format_duration(when.for_)}, beginning {f'{begin} after' if begin else 'at'} the start"
    elif begin:
        yield f"from {begin} after the start"
    if when.outage is not None:
        up, down = format_duration(when.outage.up), format_duration(when.outage.down)
        varying = "on average" if when.outage.timing == "exponential" else "each time"
        yield f"while the tool is down (up for {up} and then down for {down} {varying}, for all sessions at once)"


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


def _often(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
