"""How late an injected delay is: 50 ms for most calls of a steady stream, and the same calls without it in between.

What an undelayed call takes at the calmest pace is what load generator, relay and upstream take together when nothing
waits; what a delayed one takes beyond that and the 50 ms is lateness, at every pace.
"""

import tempfile
from pathlib import Path

import msgspec

from benchmarks import calls, ours, paced, stand
from benchmarks.distribution import Distribution, distribution_of, milliseconds
from benchmarks.errors import RelayError
from benchmarks.findings import Finding, Section, Setting
from benchmarks.goals import at_most
from benchmarks.processes import RELAY_CORE, running
from benchmarks.rounds import check

DELAY = 0.05
PACES = (1_000, 2_500, 5_000)
"""Calls a second; the goal is about the last."""
UNDELAYED_EVERY = 5

_RULE = {"name": "late", "match": {"header": {"X-Late": "1"}}, "fault": {"type": "latency", "delay": "50ms"}}
_SPARE_CONNECTIONS = 100

_GOAL = at_most("injected delay of 50 ms at 5 000 calls a second: late at the 99th percentile", 2, "ms")


class Lateness(msgspec.Struct, frozen=True):
    """What calls took at one pace. Seconds."""

    per_second: int
    undelayed: Distribution
    """The whole of an undelayed call."""
    late: Distribution
    """Of delayed calls: beyond the delay and the median undelayed call of the calmest pace."""
    journal: Distribution
    """By our own clock: the time between the call's being held and let go, beyond the delay."""
    missing: int
    """Calls that were not answered in time."""


def measure(setting: Setting, section: Section) -> Finding:
    """One pace after the other."""
    found: list[Lateness] = []
    problems: list[str] = []
    with stand.with_upstream() as (_, url):
        for pace in PACES:
            setting.tell(f"{section.title}: {pace} calls a second")
            try:
                found.append(_at(pace, url, setting, found[0].undelayed.p50 if found else None))
            except RelayError as error:
                problems.append(f"at {pace} calls a second: {error}")
    problems += [f"at {each.per_second} calls a second {each.missing} got no answer" for each in found if each.missing]
    last = next((each for each in found if each.per_second == PACES[-1]), None)
    return Finding(
        section=section.name,
        title=section.title,
        headings=("calls/s", "undelayed p50", "p99", "late by p50", "p99", "longest", "journal p50", "p99"),
        rows=tuple(_row(each) for each in found),
        goals=(_GOAL.reached(last.late.p99 * 1e3 if last else None),),
        figures={"paces": found},
        remarks=(
            f"Four of five calls are delayed by {DELAY * 1e3:.0f} ms. Late: beyond that and the first undelayed p50.",
            "Journal: how much longer than that we held a call by our own clock, without load generator and sockets.",
        ),
        problems=tuple(problems),
    )


def _at(per_second: int, url: str, setting: Setting, undisturbed: float | None) -> Lateness:
    """`undisturbed`: seconds of an undelayed call when nothing waits; None: this pace is to show it."""
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as name:
        place = Path(name)
        profile = ours.twenty_rules_and(place, {"rules": [_RULE]})
        launch = ours.serve(ours.Wanted(folder=place, upstream=url, profile=profile, python=setting.python))
        rhythm = paced.Rhythm(
            per_second=per_second,
            calls=per_second * setting.seconds,
            connections=round(per_second * DELAY) + _SPARE_CONNECTIONS,
        )
        with running(launch, RELAY_CORE) as program:
            check(program.port, ours.PREFIX)
            requests = _requests(f"127.0.0.1:{program.port}")
            taken = paced.each(program.port, requests, calls.reply_body(), rhythm)
        held = _held(place / "journal.jsonl")
    whole = [one.seconds for one in taken if one.number % UNDELAYED_EVERY == 0]
    delayed = [one.seconds for one in taken if one.number % UNDELAYED_EVERY]
    if not whole or not delayed or not held:
        raise RelayError("too few calls were answered in time")
    undelayed = distribution_of(whole)
    base = undelayed.p50 if undisturbed is None else undisturbed
    return Lateness(
        per_second=per_second,
        undelayed=undelayed,
        late=distribution_of([seconds - DELAY - base for seconds in delayed]),
        journal=distribution_of([seconds - DELAY for seconds in held]),
        missing=rhythm.calls - len(taken),
    )


def _requests(host: str) -> list[bytes]:
    """The benchmark's calls, cut to a multiple of five, of which four ask for the delay."""
    plain = calls.requests(ours.PREFIX, host)
    plain = plain[: len(plain) // UNDELAYED_EVERY * UNDELAYED_EVERY]
    return [
        request.replace(b"\r\n\r\n", b"\r\nX-Late: 1\r\n\r\n") if number % UNDELAYED_EVERY else request
        for number, request in enumerate(plain)
    ]


def _held(journal: Path) -> list[float]:
    """By the journal, how long each delayed call was held."""
    with journal.open("rb") as lines:
        seconds = [msgspec.json.decode(line, type=_Line).injected_seconds for line in lines if b'"type":"call"' in line]
    return [each for each in seconds if each > 0]


class _Line(msgspec.Struct):
    injected_seconds: float = 0.0


def _row(each: Lateness) -> tuple[str, ...]:
    figures = (
        each.undelayed.p50,
        each.undelayed.p99,
        each.late.p50,
        each.late.p99,
        each.late.longest,
        each.journal.p50,
        each.journal.p99,
    )
    return (str(each.per_second), *map(milliseconds, figures))


SECTION = Section("delays", "Lateness of injected delays", (_GOAL,), measure)
