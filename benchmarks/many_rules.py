"""What rules cost that do not concern a call: the same load on a profile of twenty rules and on one of a thousand."""

import tempfile
from pathlib import Path

from benchmarks import calls, ours, stand
from benchmarks.findings import Finding, Section, Setting, middle
from benchmarks.goals import at_most
from benchmarks.processes import RELAY_CORE, running
from benchmarks.rounds import check
from benchmarks.stand import Loaded

RULES = (20, 1000)

_GOAL = at_most("1 000 rules that do not concern a call: throughput lost to 20 rules", 20, "%")


def foreign_rules(count: int) -> list[dict[str, object]]:
    """Rules that no call of the benchmark can meet: for another upstream, tool, method, path or host, by turns."""
    elsewhere: list[dict[str, str]] = [
        {"upstream": "elsewhere"},
        {"tool": "ledger"},
        {"tool": "item", "method": "DELETE"},
        {"path": "/v2/ledgers/{number}/*"},
        {"host": "*.elsewhere.example"},
    ]
    return [
        {
            "name": f"foreign {number}",
            "match": elsewhere[number % len(elsewhere)] | {"query": {"page": str(number)}},
            "fault": {"type": "server_error"},
        }
        for number in range(count)
    ]


def profile_with(rules: int, place: Path) -> Path:
    """The twenty rules, and foreign ones up to `rules` in all."""
    more = {"rules": foreign_rules(rules - RULES[0])}
    upstreams = {"tool": "http://127.0.0.1:9", "elsewhere": "http://ledger.elsewhere.example"}
    tools = {
        "item": {"upstream": "tool", "path": "/v1/items/{id}", "effect": "read"},
        "ledger": {"upstream": "elsewhere", "path": "/ledgers/{id}"},
    }
    return ours.twenty_rules_and(place, {"upstreams": upstreams, "tools": tools, **more})


def measure(setting: Setting, section: Section) -> Finding:
    """Both profiles by turns."""
    loaded: dict[int, list[Loaded]] = {rules: [] for rules in RULES}
    with stand.with_upstream() as (_, url):
        for number in range(setting.rounds):
            for rules in RULES if number % 2 == 0 else RULES[::-1]:
                setting.tell(f"{section.title}: round {number + 1} of {setting.rounds}, {rules} rules")
                loaded[rules].append(_load(rules, url, setting))
    lost = [
        100 * (1 - many.load.per_second / few.load.per_second)
        for few, many in zip(*(loaded[rules] for rules in RULES), strict=True)
    ]
    by_cpu = [
        100 * (many.cpu_per_call / few.cpu_per_call - 1)
        for few, many in zip(*(loaded[rules] for rules in RULES), strict=True)
    ]
    return Finding(
        section=section.name,
        title=section.title,
        headings=("rules", "calls/s", "core", "CPU/call"),
        rows=tuple(_row(rules, loaded[rules]) for rules in RULES),
        goals=(_GOAL.reached(middle(lost)),),
        figures={
            "lost_percent": lost,
            "more_cpu_percent": by_cpu,
            "loads": {str(rules): loaded[rules] for rules in RULES},
        },
        remarks=(f"By CPU time, a call cost {middle(by_cpu):+.1f} %.",),
        problems=tuple(each.load.problem for item in loaded.values() for each in item if each.load.problem),
    )


def _load(rules: int, url: str, setting: Setting) -> Loaded:
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as name:
        place = Path(name)
        wanted = ours.Wanted(folder=place, upstream=url, profile=profile_with(rules, place), python=setting.python)
        with running(ours.serve(wanted), RELAY_CORE) as program:
            check(program.port, ours.PREFIX)
            requests = calls.requests(ours.PREFIX, f"127.0.0.1:{program.port}")
            return stand.load_with_wrk(program, place, requests, setting.seconds)


def _row(rules: int, loaded: list[Loaded]) -> tuple[str, ...]:
    return (
        str(rules),
        f"{middle([each.load.per_second for each in loaded]):.0f}",
        f"{middle([100 * each.core_share for each in loaded]):.0f} %",
        f"{middle([1e6 * each.cpu_per_call for each in loaded]):.1f} us",
    )


SECTION = Section("rules", "Rules that do not concern a call", (_GOAL,), measure)
