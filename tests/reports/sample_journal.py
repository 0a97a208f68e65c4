"""The lines of a rich, realistic run: many faults, tools and sessions, every resolution and verdict, hostile names.

Always the same ones. They fit together as a tracker's would: what an episode says is what its calls show.
"""

from collections import Counter
from random import Random
from typing import Any

import msgspec

from chaosproxy.core.answer import Origin
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import (
    Because,
    Certainty,
    KeyVerdict,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.scoring.control import left_alone
from chaosproxy.recovery.scoring.terms import RuleInPlay
from chaosproxy.telemetry import records as line
from tests.reports.sample_plots import EFFECTS, EXECUTED, HOSTILE_SESSION, PLOTS, Plot

RUN = "5f1c2a9be04d7713"
SEED = 20261123
BEGAN = 5_000.0
FAULTS = tuple(sorted({plot.fault for plot in PLOTS} - {"upstream"}))
RULES = (
    *(line.RuleOutline(f"{fault} here and there", (fault,), sessions=0.12) for fault in FAULTS),
    line.RuleOutline("region blocked", ("region_blocked",), tool="maps*", sessions=0.12),
)
EXPECT = (
    line.ExpectedLine("recovery_rate", at_least=0.3, cases=10),
    line.ExpectedLine("appropriate_rate", at_least=0.9, cases=10),
    line.ExpectedLine("time_to_recovery_p95", at_most=10.0, of=("overloaded",), tool="llm", cases=100),
    line.ExpectedLine("duplicate_effects", at_most=0),
    line.ExpectedLine("success_drop", at_most=0.9),
)
ALONE = left_alone(SEED, tuple(RuleInPlay(rule.name, rule.faults, rule.tool, rule.sessions) for rule in RULES))


class _Session:
    """One agent run, call after call."""

    def __init__(self, book: "_Book", name: str, began: float) -> None:
        self.book = book
        self.name = name
        self.now = self.began = began
        self.calls = self.operations = self.episodes = 0

    def call(self, tool: str, seconds: float, **said: Any) -> line.CallEnded:  # noqa: ANN401  any field
        """A call that begins now; time goes on to its end."""
        self.calls += 1
        made = self.book.call(self.name, tool, self.now, seconds, said)
        self.now += seconds
        return made

    def clean(self, tool: str) -> None:
        """An operation without trouble, now and then with a twin beside it."""
        self.operations += 1
        seconds = self.book.dice.uniform(0.02, 0.9)
        first = self.call(tool, seconds)
        if self.book.dice.random() < 0.2:
            self.operations += 1
            self.now -= seconds / 2
            self.call(tool, seconds, kind=CallKind.PARALLEL, match_rule=5, follows=first.number)
        self.now += self.book.dice.uniform(0.05, 1.0)

    def play(self, plot: Plot) -> None:
        """An episode."""
        self.operations += 1
        self.episodes += 1
        _Episode(self, plot).play()
        self.now += self.book.dice.uniform(0.1, 1.5)


class _Episode:
    """One plot, played by one session."""

    def __init__(self, session: _Session, plot: Plot) -> None:
        self.session, self.plot, self.book = session, plot, session.book
        self.operation = self.book.next_operation()
        self.layer = self.book.dice.choice((Layer.SDK, Layer.FRAMEWORK, Layer.MODEL, Layer.UNKNOWN))
        self.calls: list[line.CallEnded] = []
        self.waited: list[float] = []

    def play(self) -> None:
        plot, session = self.plot, self.session
        self.attempt(plot.tool, failed=True)
        for number in range(plot.retries):
            self.wait(plot.waits[min(number, len(plot.waits) - 1)])
            last = number == plot.retries - 1
            ok = last and plot.resolution.recovered and plot.elsewhere is None
            again = self.attempt(plot.tool, failed=not ok)
            self.judge(again)
        opened, closed = self.calls[0].mono, session.now
        attempts = [call.number for call in self.calls]
        ended_by = attempts[-1] if plot.resolution.recovered else 0
        if plot.elsewhere is not None:
            self.wait(0.3)
            other = self.book.elsewhere(session, plot, self)
            ended_by, closed = other.number, session.now
        self.close(opened, closed, ended_by)

    def wait(self, seconds: float) -> None:
        seconds *= self.book.dice.uniform(0.9, 1.1)
        self.waited.append(seconds)
        self.session.now += seconds

    def attempt(self, tool: str, *, failed: bool) -> line.CallEnded:
        plot, number = self.plot, len(self.calls) + 1
        said: dict[str, Any] = {"operation": self.operation, "attempt": number}
        if number > 1:
            said |= {"kind": plot.kind, "layer": self.layer, "follows": self.calls[-1].number}
            said |= {"match_rule": 7 if plot.kind is CallKind.MODIFIED_RETRY else 6}
        if failed:
            said |= self.book.failure(plot)
        seconds = plot.detection * self.book.dice.uniform(0.9, 1.1) if failed else self.book.dice.uniform(0.05, 0.6)
        self.calls.append(self.session.call(tool, seconds, **said))
        return self.calls[-1]

    def judge(self, again: line.CallEnded) -> None:
        """What a tracker concludes of an attempt."""
        plot, book, where = self.plot, self.book, {"session": self.session.name, "tool": self.plot.tool}
        if plot.hint is not None:
            early = plot.because is Because.EARLY
            verdict = RetryAfterVerdict.EARLY if early else RetryAfterVerdict.COMPLIANT
            book.note(
                line.HintJudged,
                again,
                **where,
                verdict=verdict,
                hint="retry-after",
                asked=plot.hint,
                waited=self.waited[-1],
                number=again.number,
                operation=self.operation,
            )
        about = where | {"number": again.number}
        if plot.tool == "charge" and plot.fault == "connection_reset":
            blind = plot.because is Because.BLIND
            book.note(line.KeySeen, again, **about, verdict=KeyVerdict.ABSENT if blind else KeyVerdict.REUSED)
            certainty = Certainty.CONFIRMED if blind else Certainty.AVOIDED
            book.note(line.Duplicated, again, **about, certainty=certainty, operation=self.operation)
        if plot.because in (Because.INSISTED, Because.LOOPED):
            reason = WasteReason.LOOP if plot.because is Because.LOOPED else WasteReason.CANNOT_SUCCEED
            book.note(line.Wasted, again, **about, reason=reason)
        if plot.because is Because.HASTY:
            book.note(line.OverBudget, again, **about)

    def close(self, opened: float, closed: float, ended_by: int) -> None:
        plot, book, first = self.plot, self.book, self.calls[0]
        where = {"session": self.session.name, "tool": plot.tool}
        waited = sum(self.waited)
        if plot.retries and plot.hint is None:
            waits = tuple(self.waited[: plot.retries])
            layer, shape = self.layer, plot.shape
            about = {"operation": self.operation, "layer": layer, "shape": shape, "waits": waits}
            book.note(line.BackedOff, self.calls[-1], **where, **about)
        if plot.resolution is Resolution.LOOPING:
            numbers = tuple(call.number for call in self.calls)
            about = {"tools": (plot.tool,), "kind": LoopKind.IDENTICAL, "calls": numbers, "seconds": closed - opened}
            book.note(line.Looped, self.calls[-1], session=self.session.name, **about)
        book.episode += 1
        book.note(
            line.EpisodeEnded,
            self.calls[-1],
            **where,
            mono=closed,
            episode=book.episode,
            operation=self.operation,
            fault=plot.fault,
            rule=first.rule,
            resolution=plot.resolution,
            verdict=plot.verdict,
            attempts=len(self.calls),
            opened=opened,
            closed=closed,
            seconds=closed - opened,
            detection_seconds=first.seconds,
            wait_seconds=waited,
            service_seconds=max(0.0, closed - opened - waited),
            because=plot.because,
            outcome=plot.outcome,
            calls=tuple(call.number for call in self.calls),
            ended_by=ended_by,
            effect=EFFECTS[plot.tool],
        )
        if plot.because is Because.WENT_ON:
            about = {"number": ended_by, "episode": book.episode, "planted": first.number, "role": Role.TOOL}
            book.note(line.CanarySeen, self.calls[-1], **where, **about)


class _Book:
    """All lines of the run."""

    def __init__(self) -> None:
        self.dice = Random(SEED)
        self.lines: list[line.Record] = []
        self.number = self.operation = self.episode = 0

    def next_operation(self) -> int:
        self.operation += 1
        return self.operation

    def call(self, session: str, tool: str, start: float, seconds: float, said: dict[str, Any]) -> line.CallEnded:
        self.number += 1
        operation = said.pop("operation", 0) or self.next_operation()
        mono = start + seconds
        plain = line.CallEnded(
            v=1,
            at=_at(mono),
            mono=mono,
            run=RUN,
            number=self.number,
            session=session,
            session_source="path",
            tool=tool,
            upstream="shop",
            transport="http",
            method="GET" if EFFECTS[tool] is ToolEffect.READ else "POST",
            target=f"/{tool.rsplit(maxsplit=1)[-1]}?q=",
            fingerprint=f"{hash_of(tool):016x}",
            operation=operation,
            attempt=1,
            kind=CallKind.FIRST,
            layer=Layer.NONE,
            match_rule=9,
            rule=None,
            faults=(),
            phase=None,
            phases=(),
            draw=None,
            reason="no rule fired",
            skipped=(),
            status=200,
            outcome=Outcome.OK,
            origin=Origin.UPSTREAM,
            upstream_truth=EXECUTED,
            upstream_status=200,
            bytes=420,
            first_byte_seconds=seconds / 2,
            seconds=seconds,
            injected_seconds=0.0,
            upstream_seconds=seconds * 0.9,
            hint=None,
            trace_id=None,
            problem=None,
            executions=1,
            effect=EFFECTS[tool],
            role=Role.MODEL if tool == "llm" else Role.TOOL,
            model="small-1" if tool == "llm" else None,
        )
        made = msgspec.structs.replace(plain, **said)
        self.lines.append(made)
        return made

    def failure(self, plot: Plot) -> dict[str, Any]:
        """What a call's line says when the plot's failure is met."""
        ours = plot.fault != "upstream"
        draw = round(self.dice.uniform(0, 0.3), 3)
        after = plot.truth is EXECUTED
        phase = Phase.AFTER_UPSTREAM if after else Phase.BEFORE_UPSTREAM
        return {
            "rule": f"{plot.fault} here and there" if ours else None,
            "faults": (plot.fault,) if ours else (),
            "phase": phase if ours else None,
            "phases": (phase,) if ours else (),
            "draw": draw if ours else None,
            "reason": f"probability 30%, drew {draw}" if ours else "no rule fired",
            "status": plot.status,
            "outcome": plot.outcome,
            "origin": Origin.INJECTED if ours else Origin.UPSTREAM,
            "upstream_truth": plot.truth,
            "upstream_status": 200 if after else 0,
            "executions": int(after),
            "first_byte_seconds": 0.01 if plot.status else None,
            "hint": None if plot.hint is None else line.WaitHint(plot.hint, "retry-after", 0.0),
        }

    def elsewhere(self, session: _Session, plot: Plot, episode: _Episode) -> line.CallEnded:
        """The call by which something else ended it: a fallback joins the operation, other work does not."""
        assert plot.elsewhere is not None
        seconds = self.dice.uniform(0.1, 0.5)
        if plot.resolution is not Resolution.RECOVERED_FALLBACK:
            session.operations += 1
            return session.call(plot.elsewhere, seconds)
        before = episode.calls[-1].number
        joined = {"operation": episode.operation, "attempt": len(episode.calls) + 1, "kind": CallKind.FALLBACK}
        return session.call(plot.elsewhere, seconds, **joined, match_rule=8, follows=before, layer=episode.layer)

    def note(self, made: type[line.Record], call: line.CallEnded, /, **said: Any) -> None:  # noqa: ANN401  any field
        mono = said.pop("mono", call.mono)
        self.lines.append(made(v=1, at=_at(mono), mono=mono, run=RUN, **said))


def hash_of(text: str) -> int:
    """The same in every run of the tests."""
    return int.from_bytes(text.encode()[:6].ljust(6, b"\0"), "big")


def _at(mono: float) -> str:
    minutes, seconds = divmod(mono - BEGAN, 60)
    return f"2026-11-23T{8 + int(minutes) // 60:02}:{int(minutes) % 60:02}:{seconds:09.6f}Z"


def sample_lines(sessions: int = 24) -> list[line.Record]:
    """The lines of a run with so many sessions, in the order in which a journal has them."""
    book = _Book()
    plots = iter([*PLOTS, *book.dice.choices(PLOTS, k=sessions * 3)])
    tools = [tool for tool in EFFECTS if tool != "page_oncall"]
    over: list[line.Record] = []
    for index in range(sessions):
        session = _Session(book, f"agent-{index}" if index else HOSTILE_SESSION, BEGAN + 0.5 + index * 0.7)
        for _ in range(3):
            session.clean(book.dice.choice(tools))
            if ALONE is None or not ALONE.has(session.name):
                session.play(next(plots))
            session.clean(book.dice.choice(tools))
        over.append(_over(session))
    lines = sorted([*book.lines, *over], key=_when)
    return [_started(), *lines, *_ending(lines, book)]


def _when(each: line.Record) -> tuple[float, int]:
    return each.mono, 0 if isinstance(each, line.CallEnded) else 1


def _over(session: _Session) -> line.SessionOver:
    return line.SessionOver(
        v=1,
        at=_at(session.now),
        mono=session.now,
        run=RUN,
        session=session.name,
        source="path",
        calls=session.calls,
        operations=session.operations,
        episodes=session.episodes,
        started=session.began,
        ended=session.now,
    )


def _started() -> line.RunStarted:
    return line.RunStarted(
        v=1,
        at=_at(BEGAN),
        mono=BEGAN,
        run=RUN,
        profile="bad-monday",
        digest="sha256:3b1f9c0d",
        seed=SEED,
        version="0.0-sample",
        rules=RULES,
        expect=EXPECT,
        tools={"charge": ToolEffect.WRITE, "search": ToolEffect.READ},
    )


def _ending(lines: list[line.Record], book: _Book) -> list[line.Record]:
    mono = lines[-1].mono + 0.1
    struck = Counter(each.rule for each in lines if isinstance(each, line.CallEnded))
    return [
        line.AgentEnded(v=1, at=_at(mono), mono=mono, run=RUN, command="python", status=0, seconds=mono - BEGAN),
        line.RunEnded(
            v=1,
            at=_at(mono),
            mono=mono,
            run=RUN,
            seconds=mono - BEGAN,
            calls=book.number,
            dropped=0,
            eligible={rule.name: 3 * struck[rule.name] for rule in RULES},
        ),
    ]
