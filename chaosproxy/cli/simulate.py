"""`chaosproxy simulate`: what would happen, without a network."""

import json
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

import click

from chaosproxy.cli.lists import prose, shortened, table, width
from chaosproxy.cli.loading import load
from chaosproxy.cli.options import profile_options
from chaosproxy.core.errors import UsageError
from chaosproxy.core.units import format_duration, format_rate, parse_duration

if TYPE_CHECKING:
    from chaosproxy.cli.timeline import Line, Span, Timeline
    from chaosproxy.profiles.models import Profile, When
    from chaosproxy.simulation import Foreseen, Imagination, Imagined

_CALLS = 20
_MOST_HITS = 20
"""More are not listed, unless all are asked for."""
_COLUMNS = 80
_MOST_OF_TOOL, _MOST_OF_FAULT = 18, 26
"""Characters of their names that a terminal has room for."""
_COLOURS = ("red", "yellow", "magenta", "cyan", "blue", "green")


class Duration(click.ParamType[float]):
    """`250ms`, `2s`, `5m`: more than nothing."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, _ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            raise UsageError(f"{param.opts[0] if param else self.name}: {error}") from None
        return seconds


@click.command(
    "simulate",
    epilog="Example: chaosproxy simulate bad-monday --tool charge --calls 10 --sessions 3",
    short_help="What would happen, without a network.",
)
@profile_options
@click.option(
    "--tool",
    "tools",
    envvar="CHAOSPROXY_TOOL",
    multiple=True,
    metavar="NAME",
    help="What the imagined agents call; may be repeated. By default, in turn, all that the profile is about.",
)
@click.option(
    "--calls",
    envvar="CHAOSPROXY_CALLS",
    type=click.IntRange(1, 100_000),
    help=f"Operations in each session: calls without their retries.  [default: {_CALLS}, or all phases]",
)
@click.option("--for", "seconds", envvar="CHAOSPROXY_FOR", type=Duration(), help="Or how long each session lasts.")
@click.option(
    "--sessions",
    envvar="CHAOSPROXY_SESSIONS",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Agent runs; all begin at once.",
)
@click.option(
    "--retries",
    envvar="CHAOSPROXY_RETRIES",
    default=0,
    show_default=True,
    type=click.IntRange(0, 20),
    help="How often a call that was seen to fail is repeated.",
)
@click.option(
    "--interval", envvar="CHAOSPROXY_INTERVAL", type=Duration(), help="Time from call to call.  [default: 1s]"
)
@click.option(
    "--takes",
    envvar="CHAOSPROXY_TAKES",
    default="0s",
    show_default=True,
    type=Duration(),
    help="How long a call is in flight, for limits on calls at once.",
)
@click.option(
    "--same-arguments", "same", is_flag=True, envvar="CHAOSPROXY_SAME_ARGUMENTS", help="Repeat one and the same call."
)
@click.option(
    "--body", envvar="CHAOSPROXY_BODY", metavar="JSON", help="What stands in the body of calls that have one."
)
@click.option("--all", "everything", is_flag=True, envvar="CHAOSPROXY_ALL", help="Show all sessions and all hits.")
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON lines, for scripts.")
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    profiles: tuple[str, ...],
    upstreams: tuple[tuple[str, str], ...],
    seed: int | None,
    tools: tuple[str, ...],
    calls: int | None,
    seconds: float | None,
    sessions: int,
    retries: int,
    interval: float | None,
    takes: float,
    same: bool,
    body: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Show which of imagined agents' calls would be hit, when, and by what.

    Decisions come from the engine that serves real traffic, so what is shown is what will happen to calls with the same
    arguments in sessions of the same name (sim-1, sim-2, ...). What is imagined: every agent calls once an interval,
    whatever happened before; each operation has arguments of its own, which its retries repeat; nobody waits as long
    as he was told, or renews his credentials; and the tools answer.
    """
    loaded = load(profiles, upstreams, seed)
    from chaosproxy.simulation import Imagination, simulate  # noqa: PLC0415 - so that `--help` is quick

    if calls is not None and seconds is not None:
        raise UsageError("--calls and --for: give one of them, how many calls or how long")
    if interval == 0 or seconds == 0:
        raise UsageError(f"{'--interval' if interval == 0 else '--for'}: expected more than 0s")
    lasts = _lasts(loaded.profile) if calls is None and seconds is None else seconds
    asked = Imagination(
        sessions=sessions,
        retries=retries,
        interval=interval or _interval(lasts if seconds is None else None),
        tools=tools,
        calls=calls or (_CALLS if lasts is None else None),
        seconds=lasts,
        takes=takes,
        distinct=not same,
        body=_object(body) if body is not None else {},
    )
    foreseen = simulate(loaded, asked)
    if as_json:
        for each in foreseen.calls:
            click.echo(json.dumps(each.as_record()))
    else:
        _show(loaded.profile, asked, foreseen, everything=everything)


def _object(text: str) -> dict[str, object]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--body: expected JSON: {error}") from None
    if not isinstance(body, dict):
        raise UsageError('--body: expected a JSON object, such as {"max_tokens": 2000}')
    return body


def _lasts(profile: "Profile") -> float | None:
    """Seconds after which all has been seen that the profile has time for; None if it does not go by time."""
    known = [phase.for_ for phase in profile.phases if phase.for_ is not None]
    open_end = max(known, default=60.0) if len(known) < len(profile.phases) else 0.0
    seconds = max([sum(known) + open_end, *(_turns(rule.when) for rule in profile.rules)])
    return seconds or None


def _turns(when: "When") -> float:
    """Seconds until the time that a rule goes by has shown what it does: two repetitions, three outages."""
    if when.outage is not None:
        return 3 * (when.outage.up + when.outage.down)
    until = (when.after or 0.0) + (when.ramp.over if when.ramp is not None else when.for_ or 0.0)
    return 1.25 * until + (when.repeat or 0.0)


def _interval(lasts: float | None) -> float:
    """Seconds from call to call, if nothing was said: so that what a profile has time for fits into a line."""
    return 1.0 if lasts is None else max(1.0, ceil(lasts / 60))


def _spans(profile: "Profile") -> "list[Span]":
    from chaosproxy.cli.timeline import Span  # noqa: PLC0415 - the simulation comes with it

    begins = accumulate((phase.for_ or 0.0 for phase in profile.phases), initial=0.0)
    return [Span(phase.name, at) for phase, at in zip(profile.phases, begins, strict=False)]


def _show(profile: "Profile", asked: "Imagination", foreseen: "Foreseen", *, everything: bool) -> None:
    from chaosproxy.cli.timeline import MOST_SESSIONS, Timeline, legend  # noqa: PLC0415 - the simulation comes with it

    timeline = Timeline(foreseen, asked.interval, width() or _COLUMNS, _spans(profile))
    most = timeline.sessions if everything else MOST_SESSIONS
    for sentence in _introduction(profile, asked, foreseen):
        prose(sentence)
    click.echo()
    for line in timeline.lines(most):
        click.echo(_coloured(line))
    if timeline.sessions > most:
        click.echo(f"and {timeline.sessions - most} more sessions (--all)")
    prose(legend(foreseen, timeline.per_character), dim=True)
    _show_rules(foreseen)
    _show_hits(foreseen, timeline, everything=everything)


def _introduction(profile: "Profile", asked: "Imagination", foreseen: "Foreseen") -> list[str]:
    tools = list(dict.fromkeys(each.tool for each in foreseen.calls))
    count = f"{asked.calls} operations" if asked.calls is not None else format_duration(asked.seconds or 0)
    said = [
        f"{asked.sessions} {'session' if asked.sessions == 1 else 'sessions'} of {count}",
        f"a call every {format_duration(asked.interval)}",
        *([f"up to {asked.retries} {'retry' if asked.retries == 1 else 'retries'}"] if asked.retries else []),
        f"seed {profile.seed}",
    ]
    called = f"{'calling' if len(tools) == 1 else 'in turn'}: {', '.join(tools)}"
    return [f"{profile.name}: {', '.join(said)}", called]


def _coloured(line: "Line") -> str:
    return "".join(
        piece.text if piece.rule is None else click.style(piece.text, fg=_colour(piece.rule)) for piece in line
    )


def _colour(place: int) -> str:
    return _COLOURS[place % len(_COLOURS)]


def _show_rules(foreseen: "Foreseen") -> None:
    from chaosproxy.cli.timeline import letter  # noqa: PLC0415 - as above

    if not foreseen.rules:
        return
    room = (width() or _COLUMNS) - 27
    names = [each.rule if len(each.rule) <= room else f"{each.rule[: room - 1]}…" for each in foreseen.rules]
    longest = max(len("RULE"), *map(len, names))
    click.echo(click.style(f"\n   {'RULE':<{longest}}  ELIGIBLE     HIT   SHARE", bold=True))
    for place, (name, each) in enumerate(zip(names, foreseen.rules, strict=True)):
        share = format_rate(round(each.hit / each.eligible, 3)) if each.eligible else "-"
        sign = click.style(letter(place), fg=_colour(place), bold=True)
        click.echo(f"{sign}  {name:<{longest}}  {each.eligible:>8}  {each.hit:>6}  {share:>6}")


def _show_hits(foreseen: "Foreseen", timeline: "Timeline", *, everything: bool) -> None:
    hits = sorted((each for each in foreseen.calls if each.rule is not None), key=lambda each: each.at)
    shown = hits if everything else hits[:_MOST_HITS]
    if shown:
        _table(shown, timeline)
    if len(hits) > len(shown):
        click.echo(f"and {len(hits) - len(shown)} more (--all)")
    click.echo(f"\n{len(hits)} of {len(foreseen.calls)} calls hit")


def _table(shown: "list[Imagined]", timeline: "Timeline") -> None:
    from chaosproxy.cli.timeline import moment  # noqa: PLC0415 - the simulation comes with it

    click.echo()
    rows = [
        (
            "".join(timeline.letter(rule) for rule in each.rules),
            moment(each.at),
            each.session,
            str(each.ordinal),
            str(each.attempt),
            shortened(each.tool, _MOST_OF_TOOL),
            shortened(each.fault or "-", _MOST_OF_FAULT),
            each.reason,
        )
        for each in shown
    ]
    colours = [_colour(timeline.place(each.rules[-1])) for each in shown]
    table(("", "AT", "SESSION", "CALL", "TRY", "TOOL", "FAULT", "WHY"), rows, colours)
