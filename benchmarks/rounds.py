"""One measurement: a relay on its core, started, checked, loaded, paced and ended. And rounds of them, by turns.

Each relay is started anew in each round, so that none runs while another is measured, and what it left to do afterwards
(a journal to write, memory to give back) is done at its own cost.
"""

import http.client
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec

from benchmarks import calls, paced, wrk
from benchmarks.errors import RelayError
from benchmarks.findings import Setting
from benchmarks.processes import LOAD_CORE, RELAY_CORE, Running, on_core, running
from benchmarks.relays import Place, Relay, upstream

PER_SECOND = 1000
"""The fixed pace at which added latency is measured."""

_WARM_UP_SECONDS = 1


class Cost(msgspec.Struct, frozen=True):
    """What a relay took from the machine."""

    start_seconds: float
    """From being started to being ready."""
    cpu_seconds: float
    """Spent on its core during the full load."""
    memory_at_rest: int
    """Bytes, after the first call."""
    memory_after: int
    """Bytes, after all calls of this sample."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What one relay did in one round."""

    relay: str
    round: int
    load: wrk.Load
    pace: paced.Pace
    cost: Cost | None
    """None when nothing was in between."""
    problems: tuple[str, ...]
    """Why its figures do not count, if they do not."""


class Failure(msgspec.Struct, frozen=True):
    """A relay that could not be measured in one round."""

    relay: str
    round: int
    reason: str


class Absent(msgspec.Struct, frozen=True):
    """A relay that is not on this machine."""

    relay: str
    reason: str
    """With what would bring it."""


Measured = Sample | Failure | Absent


def measure(relays: Sequence[Relay], setting: Setting) -> Iterator[Sample | Failure]:
    """Measure `relays` in turn, in each round, each for twice the seconds (full load, then the fixed pace)."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        with running(upstream(folder), LOAD_CORE) as origin:
            for number in range(1, setting.rounds + 1):
                for relay in relays:
                    setting.tell(f"round {number} of {setting.rounds}: {relay.title}")
                    try:
                        yield _measure_one(relay, number, setting, origin)
                    except RelayError as error:
                        yield Failure(relay.name, number, str(error))
                    except OSError as error:
                        yield Failure(relay.name, number, f"a connection broke: {error!r}")


def _measure_one(relay: Relay, number: int, setting: Setting, origin: Running) -> Sample:
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as name:
        folder = Path(name)
        launch = relay.launch(Place(folder, origin.port, setting.python)) if relay.launch else None
        with running(launch, RELAY_CORE) if launch else nullcontext(origin) as program:
            check(program.port, relay.prefix)
            requests = calls.requests(relay.prefix, f"127.0.0.1:{program.port}")
            script = folder / "calls.lua"
            script.write_text(calls.wrk_script(requests))
            at_rest = program.memory_bytes()
            wrk.run(script, program.port, _WARM_UP_SECONDS)
            before = program.cpu_seconds()
            load = wrk.run(script, program.port, setting.seconds)
            spent = program.cpu_seconds() - before
            pace = paced.run(program.port, requests, calls.reply_body(), per_second=PER_SECOND, seconds=setting.seconds)
            cost = Cost(program.start_seconds, spent, at_rest, program.memory_bytes())
        unwritten = missing(launch.journal, load.calls + pace.answered) if launch and launch.journal else None
        return Sample(
            relay=relay.name,
            round=number,
            load=load,
            pace=pace,
            cost=cost if launch else None,
            problems=tuple(problem for problem in (load.problem, pace.problem, unwritten) if problem),
        )


def check(port: int, prefix: str) -> None:
    """See that a call through 127.0.0.1:`port` comes back as the upstream would answer it.

    Raises:
        RelayError: it does not.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", calls.targets(prefix)[0])
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise RelayError(f"a first call failed: {error!r}") from error
    finally:
        connection.close()
    if (answer.status, body) != (200, calls.reply_body()):
        raise RelayError(f"a first call was answered {answer.status}, {len(body)} bytes: {body[:80]!r}")


def missing(journal: Path, answered: int) -> str | None:
    """What is missing from the journal, if anything is: a relay that skips its work is not quick."""
    if not journal.exists():
        return "it wrote no journal"
    with journal.open("rb") as lines:
        written = sum(b'"type":"call"' in line for line in lines)
    return f"its journal holds {written} of {answered} calls" if written < answered else None
