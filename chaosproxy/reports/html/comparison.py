"""What the faults cost: the same work with and without them, side by side, and the difference with its interval."""

from chaosproxy.reports.figures import factor, seconds, share
from chaosproxy.reports.html.drawing import drawing
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.shares import count, rate_figure
from chaosproxy.reports.html.tables import figure, table
from chaosproxy.reports.model import ArmView, ControlView

_LEFT, _RIGHT = 20.0, 460.0


def comparison(view: ControlView | None) -> Html | Absent:
    """The two arms, and the drop."""
    if view is None:
        return Absent("There is no control arm: no journal of a run without faults, and no session left alone.")
    heads = (
        "Arm",
        "Sessions",
        "Calls",
        "Operations",
        "Operations succeeded",
        "Calls for each",
        "An operation took, p50",
        "p95",
    )
    return fragment(
        tag("p", "Control arm: ", name(view.source), class_="note"),
        _drop(view),
        table("With faults, and without", heads, [_arm(view.control), _arm(view.faults)], class_="arms"),
    )


def _arm(arm: ArmView) -> tuple[object, ...]:
    return (
        name(arm.name),
        figure(count(arm.sessions)),
        figure(count(arm.calls)),
        figure(count(arm.operations)),
        tag("td", rate_figure(arm.success), class_="rf"),
        figure(factor(arm.amplification)),
        figure(seconds(arm.seconds_p50)),
        figure(seconds(arm.seconds_p95)),
    )


def _drop(view: ControlView) -> Html:
    if view.drop is None or view.drop_low is None or view.drop_high is None:
        return tag("p", "The difference cannot be told: one of the arms has no decided operation.", class_="note")
    ends = f"{_points(view.drop_low)} to {_points(view.drop_high)}"
    low, high = min(-0.1, view.drop_low), max(0.1, view.drop_high)

    def across(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT)

    picture = drawing(
        "drop",
        (480, 56),
        ("What the faults cost", f"Success dropped by {_points(view.drop)} (95 % interval {ends})"),
        tag("path", class_="axis", d=f"M{_LEFT:g} 26H{_RIGHT:g}"),
        tag("path", class_="diagonal", d=f"M{across(0):.1f} 10V40"),
        tag("text", "no difference", x=across(0), y=53, text_anchor="middle"),
        tag("path", class_="span", d=f"M{across(view.drop_low):.1f} 26H{across(view.drop_high):.1f}"),
        tag("path", class_="caps", d=f"M{across(view.drop_low):.1f} 19v14M{across(view.drop_high):.1f} 19v14"),
        tag("circle", cx=across(view.drop), cy=26, r=5),
        class_="forest",
    )
    said = tag("p", tag("b", _points(view.drop), class_="rate"), " of operations lost to the faults")
    return tag("div", tag("div", said, tag("p", f"95 % interval {ends}", class_="of")), picture, class_="drop")


def _points(value: float) -> str:
    """A difference of shares, which may be below 0."""
    return share(value) if value >= 0 else f"\N{MINUS SIGN}{share(-value)}"
