"""A call in words, for the list under its timeline: what the drawing shows, and what it cannot."""

from collections.abc import Iterable

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.markup import Html, short, text
from chaosproxy.reports.html.rows import Rows
from chaosproxy.reports.html.words import TRUTHS, plain
from chaosproxy.reports.model import CallView

_LONGEST = 48
"""Characters of a name: a page may list 20,000 calls."""


def call_list(rows: Rows) -> Html:
    """All calls of a timeline, in the order of its bars."""
    return Html(f"<ol class=calls>{''.join(_line(place.call, rows.start) for place in rows.places.values())}</ol>")


def _line(call: CallView, start: float) -> str:
    said = "; ".join(_said(call))
    tool = text(short(call.tool, _LONGEST))
    return f"<li><b>#{call.number} {tool}</b> at {_clock(call.start - start)}; {text(said)}"


def _clock(moment: float) -> str:
    """As the axis of the timeline has it."""
    whole, part = divmod(moment, 60)
    return f"{whole:.0f}:{part:05.2f}" if moment >= 120 else f"{moment:.2f} s"


def _said(call: CallView) -> Iterable[str]:
    status = f" ({call.status})" if call.status else ""
    yield f"saw {plain(call.outcome)}{status} after {seconds(call.seconds)}"
    yield TRUTHS.get(call.truth, plain(call.truth)) + (f" {call.executions} times" if call.executions > 1 else "")
    if call.faults:
        yield f"struck by {', '.join(call.faults)}" + (f", rule “{short(call.rule, _LONGEST)}”" if call.rule else "")
    yield _belonging(call)
    if call.hint:
        yield f"asked to wait {seconds(call.hint)}"
    if call.wasted:
        yield f"made in vain: {plain(call.wasted)}"
    if call.duplicate:
        yield f"duplicate effect {call.duplicate}"


def _belonging(call: CallView) -> str:
    if call.kind is CallKind.NONE:
        return "takes no part"
    if call.kind is CallKind.FIRST and call.attempt == 1:
        return f"operation {call.operation}"
    kind = plain(call.kind)
    if call.follows:
        kind = f"{kind} of #{call.follows}"
    if call.layer not in {Layer.NONE, Layer.UNKNOWN}:
        kind = f"{kind} by {call.layer}"
    return f"{kind}, attempt {call.attempt} at operation {call.operation}"
