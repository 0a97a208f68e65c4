"""Reports that a page has to cope with: as large as they get, with hostile names, and with nothing in them."""

from random import Random
from typing import Any

import msgspec

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import Because, Certainty, Resolution, RetryAfterVerdict, Verdict
from chaosproxy.core.failures import Outcome
from chaosproxy.core.measures import Unit
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.scoring.intervals import wilson
from chaosproxy.reports import model
from tests.reports.sample import sample_report

HOSTILE = (
    "</script><script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(2)>",
    "\" onmouseover='alert(3)' x=\"",
    "abc\u202egnp.exe\u202c",
    "\u05e9\u05dc\u05d5\u05dd/\u0645\u0631\u062d\u0628\u0627",
    "x" * 200,
    "<!--",
    "{{7*7}} & &amp; &#60;",
    "line\nend\ttab\x00nul\x1b[31m",
    "#12 and #999999999999999999999999",
)


def rate(hits: int, cases: int) -> model.Rate:
    low, high = wilson(hits, cases)
    return model.Rate(hits=hits, cases=cases, value=hits / cases if cases else None, low=low, high=high)


def a_call(number: int, **said: object) -> model.CallView:
    one = model.CallView(
        number=number,
        start=number * 0.5,
        seconds=0.2,
        lane=0,
        tool="search",
        role=Role.TOOL,
        effect=ToolEffect.READ,
        kind=CallKind.FIRST,
        layer=Layer.NONE,
        operation=number,
        attempt=1,
        match_rule=9,
        follows=0,
        status=200,
        outcome=Outcome.OK,
        origin=Origin.UPSTREAM,
        truth=UpstreamTruth.EXECUTED,
        executions=1,
        faults=(),
        rule=None,
        hint=None,
        wasted=None,
        duplicate=None,
    )
    return msgspec.structs.replace(one, **said)


def a_session(name: str, *calls: model.CallView, inappropriate: int = 0) -> model.SessionView:
    end = max((call.start + call.seconds for call in calls), default=0.0)
    return model.SessionView(
        name=name,
        source="path",
        confidence="high",
        start=0.0,
        seconds=end,
        calls=len(calls),
        operations=len({call.operation for call in calls}),
        episodes=inappropriate,
        inappropriate=inappropriate,
        control=False,
        timeline=calls,
        cut=0,
    )


def an_episode(number: int, **said: object) -> model.EpisodeView:
    one = model.EpisodeView(
        number=number,
        session="one",
        tool="search",
        effect=ToolEffect.READ,
        fault="rate_limit",
        rule="a rule",
        outcome=Outcome.THROTTLED,
        resolution=Resolution.RECOVERED_RETRY,
        verdict=Verdict.APPROPRIATE,
        because=Because.CAME_BACK,
        story="search: #1 was told to wait 2 s (429, rate_limit); the agent came back as #2, and that worked.",
        start=1.0,
        seconds=2.0,
        attempts=2,
        detection=0.1,
        wait=1.5,
        model=0.2,
        service=0.2,
        operation=1,
        calls=(1, 2),
        ended_by=2,
    )
    return msgspec.structs.replace(one, **said)


def a_cell(tool: str, fault: str, **said: object) -> model.CellView:
    one = model.CellView(
        tool=tool,
        fault=fault,
        injected=3,
        decided=2,
        censored=1,
        recovery=rate(1, 2),
        appropriate=rate(1, 2),
        resolutions={"recovered_retry": 1, "exhausted": 1},
        verdicts={"appropriate": 1, "inappropriate": 1},
        reasons={"came_back": 1, "insisted": 1},
        p50=0.5,
        p95=0.5,
        longest=0.5,
        attempts=2.0,
    )
    return msgspec.structs.replace(one, **said)


def a_wait(asked: float, waited: float | None, verdict: RetryAfterVerdict) -> model.WaitView:
    return model.WaitView(
        tool="search", session="one", number=1, asked=asked, waited=waited, verdict=verdict, hint="retry-after"
    )


def empty_report() -> model.Report:
    """Of a run in which nothing was called: every list is empty, every rate without a case."""
    full = sample_report(2)
    none = rate(0, 0)
    counts: dict[str, Any] = {
        field.name: 0 for field in msgspec.structs.fields(model.TotalsView) if field.type is int
    } | {field.name: {} for field in msgspec.structs.fields(model.TotalsView) if field.type == dict[str, int]}
    totals = msgspec.structs.replace(
        full.totals,
        recovered=none,
        appropriate=none,
        success=none,
        amplification=None,
        amplification_faulted=None,
        **counts,
    )
    lists = dict.fromkeys(
        [
            "rules",
            "faults",
            "matrix",
            "tools",
            "times",
            "waits",
            "backoff",
            "sessions",
            "episodes",
            "loops",
            "duplicates",
            "troubles",
        ],
        (),
    )
    verdict = model.VerdictView(result="inconclusive", exit_code=3, reasons=("nothing was called",), checks=())
    run = msgspec.structs.replace(full.run, started=None, command=None, agent_status=None, journals=(), complete=False)
    return msgspec.structs.replace(
        full,
        run=run,
        verdict=verdict,
        totals=totals,
        control=None,
        sessions_left_out=0,
        episodes_left_out=0,
        **lists,
    )


def hostile_report() -> model.Report:
    """Every name is one of `HOSTILE`, wherever a name may stand."""
    full = empty_report()
    sessions = tuple(
        a_session(
            name,
            a_call(place * 10 + 1, tool=name, faults=(name,), rule=name, outcome=Outcome.TIMEOUT, hint=2.0),
            a_call(place * 10 + 2, tool=name, follows=place * 10 + 1, kind=CallKind.RETRY, layer=Layer.SDK),
            inappropriate=1,
        )
        for place, name in enumerate(HOSTILE)
    )
    episodes = tuple(
        an_episode(
            place + 1,
            session=name,
            tool=name,
            fault=name,
            rule=name,
            verdict=Verdict.INAPPROPRIATE,
            story=f"{name}: #{place * 10 + 1} failed; the agent came back as #{place * 10 + 2}, {name}.",
            calls=(place * 10 + 1, place * 10 + 2),
        )
        for place, name in enumerate(HOSTILE)
    )
    first = HOSTILE[0]
    check = model.CheckView(
        measure=first,
        unit=Unit.SHARE,
        of=HOSTILE,
        tool=HOSTILE[5],
        session=HOSTILE[1],
        at_least=0.5,
        at_most=None,
        value=0.4,
        low=0.2,
        high=0.7,
        cases=9,
        needed=3,
        result="fail",
        reason=" ".join(HOSTILE),
    )
    return msgspec.structs.replace(
        full,
        run=msgspec.structs.replace(full.run, profile=HOSTILE[1], command=HOSTILE[2], journals=HOSTILE, digest=first),
        verdict=model.VerdictView(result="fail", exit_code=1, reasons=HOSTILE, checks=(check,)),
        faults=tuple(a_cell("*", name) for name in HOSTILE),
        matrix=tuple(a_cell(name, name) for name in HOSTILE),
        waits=tuple(msgspec.structs.replace(a_wait(2.0, 1.0, RetryAfterVerdict.EARLY), tool=name) for name in HOSTILE),
        rules=tuple(
            model.RuleView(name=name, faults=(name,), eligible=None, fired=0, spared=0, untested=name)
            for name in HOSTILE
        ),
        sessions=sessions,
        episodes=episodes,
        duplicates=tuple(
            model.DuplicateView(
                session=name, tool=name, certainty=Certainty.CONFIRMED, number=place * 10 + 2, operation=1, times=1
            )
            for place, name in enumerate(HOSTILE)
        ),
        troubles=HOSTILE,
    )


def quick_report() -> model.Report:
    """Of a run with few recoveries, quick ones and slow ones, and with rules that have names of some length."""
    bounds = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
    few = model.DistributionView(
        fault="timeout", bounds=bounds, counts=(1, 0, 0, 1, 0, 0, 0, 0), cases=2, p50=0.02, p95=0.84, longest=0.84
    )
    slow = msgspec.structs.replace(
        few, fault="rate_limit", counts=(0, 0, 0, 0, 1, 1, 0, 0), p50=1.05, p95=2.74, longest=2.74
    )
    quick = msgspec.structs.replace(
        few, fault="token_expired", counts=(2, 0, 0, 0, 0, 0, 0, 0), p50=0.009, p95=0.009, longest=0.009
    )
    rules = tuple(
        model.RuleView(
            name=f"the payments are down for a moment, {place}",
            faults=("permission_denied",),
            eligible=25,
            fired=10,
            spared=0,
            untested=None,
        )
        for place in range(3)
    )
    return msgspec.structs.replace(sample_report(2), times=(few, slow, quick), rules=rules)


def many_tools(tools: int = 60, faults: int = 12) -> model.Report:
    """Of a run that met every fault at each of many tools."""
    names = [f"crm.accounts.list_all_contacts_{place}" for place in range(tools)]
    kinds = [f"fault_{place}" for place in range(faults)]
    full = sample_report(2)
    return msgspec.structs.replace(
        full,
        faults=tuple(a_cell("*", kind) for kind in kinds),
        matrix=tuple(a_cell(name, kind) for name in names for kind in kinds),
        tools=tuple(msgspec.structs.replace(full.tools[0], tool=name) for name in names),
    )


def heaviest_report() -> model.Report:
    """As `large_report`, with all that can be said of a call, and long names."""

    def heavier(call: model.CallView) -> model.CallView:
        return msgspec.structs.replace(
            call,
            tool=f"{call.tool}_{'x' * 60}",
            outcome=Outcome.THROTTLED,
            status=429,
            truth=UpstreamTruth.SENT_UNKNOWN,
            executions=2,
            faults=("rate_limit", "latency"),
            rule="a rule with a rather long name, as people write them in profiles",
            hint=12.5,
            wasted="cannot_succeed",
            duplicate=Certainty.CONFIRMED,
            follows=max(0, call.number - 1),
            kind=CallKind.MODIFIED_RETRY,
            layer=Layer.FRAMEWORK,
        )

    large = large_report()
    views = (msgspec.structs.replace(view, timeline=tuple(map(heavier, view.timeline))) for view in large.sessions)
    return msgspec.structs.replace(large, sessions=tuple(views))


def large_report(sessions: int = 50, calls: int = 400) -> model.Report:
    """As large as a report gets: so many sessions of so many calls, a third of which failed."""
    dice = Random(5)
    tools = [f"tool_{place}" for place in range(8)]
    outcomes = [*[Outcome.OK] * 4, Outcome.THROTTLED, Outcome.TIMEOUT]
    views, number = [], 0
    for place in range(sessions):
        timeline, now, last = [], 0.0, 0
        for _ in range(calls):
            number += 1
            outcome, seconds = dice.choice(outcomes), dice.choice((0.01, 0.2, 3.0))
            failed = outcome is not Outcome.OK
            timeline.append(
                a_call(
                    number,
                    start=round(now, 4),
                    seconds=seconds,
                    tool=dice.choice(tools),
                    outcome=outcome,
                    follows=last,
                    kind=CallKind.RETRY if last else CallKind.FIRST,
                    layer=Layer.MODEL if last else Layer.NONE,
                    faults=("rate_limit",) if failed else (),
                    rule="a rule with a name" if failed else None,
                    hint=2.0 if outcome is Outcome.THROTTLED else None,
                )
            )
            now += seconds + dice.choice((0.001, 0.3, 20.0))
            last = number if failed else 0
        views.append(a_session(f"agent-{place}", *timeline, inappropriate=1))
    return msgspec.structs.replace(sample_report(50), sessions=tuple(views))
