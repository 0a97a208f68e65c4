"""Times the engine on calls, under whichever Python runs this: a program of its own for `judging`.

Takes JSON from its input: `profile` (a file), `targets` (of the calls), `per_session` (calls of one session in a row).
Prints JSON. Knows nothing of the rest of the benchmark, because that Python may not hold what the rest needs.
"""

import json
import sys
import time

from chaosproxy.core.call import Call
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.loader import LoadedProfile, load_profile

LOOPS = 40
DECISIONS = 5_000
"""In each loop."""


def calls_to(loaded: LoadedProfile, targets: list[str], per_session: int) -> list[Call]:
    """The calls as the data plane would read them off the wire."""
    reader = Reader(loaded.profile, Router(loaded.profile, set()))
    peer = Peer("127.0.0.1", 1)
    calls = []
    for number, target in enumerate(targets):
        session = f"agent-{number // per_session}".encode()
        headers = [
            (b"Host", b"127.0.0.1"),
            (b"User-Agent", b"benchmark/1"),
            (b"Accept", b"application/json"),
            (b"X-Session-Id", session),
        ]
        request = Request(b"GET", target.encode(), headers, "1.1")
        request.complete = True
        calls.append(reader.read(request, reader.destination(request), peer, time.monotonic()))
    return calls


def loop(engine: Engine, calls: list[Call]) -> tuple[float, int]:
    """CPU seconds for a decision, and how many decisions fired."""
    judge = engine.judge
    now = time.monotonic()
    fired = 0
    # Process time, not the clock's: what others do on this core is not the engine's.
    started = time.process_time()
    for number in range(DECISIONS):
        decision = judge(calls[number % len(calls)], 1, now)
        if decision.injections:
            fired += 1
            engine.finished(decision)
    return (time.process_time() - started) / DECISIONS, fired


def main() -> None:
    """Load, warm up, time, print."""
    asked = json.load(sys.stdin)
    loaded = load_profile([asked["profile"]], {})
    engine = Engine(loaded.profile)
    calls = calls_to(loaded, asked["targets"], asked["per_session"])
    loop(engine, calls)
    timed = [loop(engine, calls) for _ in range(LOOPS)]
    figures = {"cpu_seconds_per_decision": [each for each, _ in timed], "fired": sum(fired for _, fired in timed)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
