"""Ten thousand calls that hang at once: what they take, and what those calls notice that pass meanwhile."""

import fcntl
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import msgspec

from benchmarks import calls, ours, paced, stand
from benchmarks.distribution import milliseconds
from benchmarks.errors import RelayError
from benchmarks.findings import MEBIBYTE, Finding, Section, Setting
from benchmarks.goals import at_most
from benchmarks.lines import PATIENCE, allow_open_files
from benchmarks.processes import RELAY_CORE, Launch, Running, running
from benchmarks.rounds import PER_SECOND, check
from chaosproxy.dataplane.http.agents.descriptors import connections_for

HANGING = 10_000

_HIGH_NUMBERS = 1024
_SPARE = 256
"""Connections beside those that hang."""
_SETTLE_SECONDS = 30.0
_RULE = {"name": "hang", "match": {"header": {"X-Hang": "1"}}, "fault": {"type": "timeout", "after": "1h"}}

_GOALS = (
    at_most("10 000 calls hanging at once: memory in all", 250, "MiB"),
    at_most("10 000 calls hanging at once: p99 of passing calls", 10, "ms"),
)


class Held(msgspec.Struct, frozen=True):
    """What was seen."""

    before: paced.Pace
    """Passing calls with nothing hanging."""
    meanwhile: paced.Pace
    memory_at_rest: int
    memory_hanging: int
    """While all hang and others have passed."""
    memory_peak: int
    """The most that was resident at any time, their coming and their leaving included."""
    memory_after: int
    let_go_seconds: float
    """From the agents' leaving to the last call's end."""
    sockets_left: int
    """Files and sockets open when all had gone, over those at first."""


def measure(setting: Setting, section: Section) -> Finding:
    """Hang them, let others pass, let go."""
    files = allow_open_files(2 * (HANGING + _SPARE))
    count = min(HANGING, connections_for(files, files) - _SPARE)
    with stand.with_upstream() as (place, url):
        profile = ours.twenty_rules_and(place, {"rules": [_RULE]})
        launch = ours.serve(ours.Wanted(folder=place, upstream=url, profile=profile, python=setting.python))
        with running(launch, RELAY_CORE) as program:
            check(program.port, ours.PREFIX)
            held = _hold(count, (program, launch), setting, lambda step: setting.tell(f"{section.title}: {step}"))
    each = (held.memory_hanging - held.memory_at_rest) / count
    in_all = held.memory_peak + each * (HANGING - count)
    return Finding(
        section=section.name,
        title=section.title,
        headings=("passing calls, 1 000 a second", "p50", "p99", "longest", "memory in all"),
        rows=(
            _row("nothing hangs", held.before, held.memory_at_rest),
            _row(f"{count} hang", held.meanwhile, held.memory_hanging),
        ),
        goals=tuple(
            goal.reached(figure)
            for goal, figure in zip(_GOALS, (in_all / MEBIBYTE, held.meanwhile.p99 * 1e3), strict=True)
        ),
        figures=msgspec.structs.asdict(held),
        remarks=(
            f"{each / 1024:.1f} KiB a hanging call. When the agents left, all ended in {held.let_go_seconds:.2f} s;",
            f"the most ever held was {held.memory_peak / MEBIBYTE:.0f} MiB; {held.sockets_left} sockets were left.",
            *_not_all(count, files, in_all),
        ),
        problems=tuple(pace.problem for pace in (held.before, held.meanwhile) if pace.problem),
    )


def _row(title: str, pace: paced.Pace, memory: int) -> tuple[str, ...]:
    times = [milliseconds(figure) for figure in (pace.p50, pace.p99, pace.longest)]
    return (title, *times, f"{memory / MEBIBYTE:.0f} MiB")


def _not_all(count: int, files: int, in_all: float) -> list[str]:
    if count == HANGING:
        return []
    return [
        f"Only {count} could hang, because {files} open files are allowed here (ulimit -n); the goal's figure,",
        f"{in_all / MEBIBYTE:.0f} MiB, adds what {HANGING - count} more would take at that rate.",
    ]


def _hold(count: int, proxy: tuple[Running, Launch], setting: Setting, tell: Callable[[str], None]) -> Held:
    program, launch = proxy
    requests = calls.requests(ours.PREFIX, f"127.0.0.1:{program.port}")

    def pass_by() -> paced.Pace:
        return paced.run(program.port, requests, calls.reply_body(), per_second=PER_SECOND, seconds=setting.seconds)

    tell("nothing hangs")
    before = pass_by()
    at_rest, open_at_first = program.memory_bytes(), program.open_files()
    program.forget_memory_peak()
    with ExitStack() as agents:
        tell(f"{count} hang")
        _ask_all(agents, program.port, requests, count)
        _wait_until_active(launch, count)
        meanwhile = pass_by()
        _wait_until_active(launch, count)  # they all hang still: what passed, passed beside them
        hanging = program.memory_bytes()
        left = time.perf_counter()
    _wait_until_active(launch, 0)
    let_go = time.perf_counter() - left
    return Held(
        before=before,
        meanwhile=meanwhile,
        memory_at_rest=at_rest,
        memory_hanging=hanging,
        memory_peak=program.memory_peak_bytes(),
        memory_after=program.memory_bytes(),
        let_go_seconds=let_go,
        sockets_left=program.open_files() - open_at_first,
    )


def _ask_all(agents: ExitStack, port: int, requests: Sequence[bytes], count: int) -> None:
    for number in range(count):
        request = requests[number % len(requests)].replace(b"\r\n\r\n", b"\r\nX-Hang: 1\r\n\r\n")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as agent:
                agent.sendall(request)
                # Held under a high number: `select` knows the low ones only, and others here wait with it.
                agents.callback(os.close, fcntl.fcntl(agent, fcntl.F_DUPFD_CLOEXEC, _HIGH_NUMBERS))
        except OSError as error:
            raise RelayError(f"call {number + 1} of {count} could not be made: {error}") from error


def _wait_until_active(launch: Launch, count: int) -> None:
    """Until it says itself that so many calls are under a fault."""
    deadline = time.perf_counter() + _SETTLE_SECONDS
    active = -1.0
    while time.perf_counter() < deadline:
        active = ours.metrics(launch).get("chaosproxy_faults_active", 0.0)
        if active == count:
            return
        time.sleep(0.05)
    raise RelayError(f"after {_SETTLE_SECONDS:.0f} seconds {active:.0f} calls hang, not {count}")


SECTION = Section("hanging", "Hanging calls", _GOALS, measure)
