"""Each event moves the series it should, by as much as it should, and no other."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chaosproxy import __version__
from chaosproxy.core.bus import Bus
from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.decision import Decision
from chaosproxy.core.events import (
    BackoffSeen,
    BackoffShape,
    CallReceived,
    CallWasted,
    Certainty,
    ConnectionCounted,
    DuplicateEffect,
    Event,
    FaultInjected,
    KeyJudged,
    KeyVerdict,
    LoopFound,
    LoopKind,
    OperationClosed,
    OperationResult,
    RequestRefused,
    Resolution,
    RetryAfterJudged,
    RetryAfterVerdict,
    RetryOverBudget,
    RetryWaited,
    TunnelMode,
    TunnelOpened,
    TunnelReason,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.telemetry.metrics import SERIES_AT_REST_MOST, Metrics
from tests.telemetry.happenings import (
    MATCH,
    OK,
    REFUSED,
    STRUCK,
    TUNNEL_CLOSED,
    Books,
    answered,
    call,
    episode,
    profile,
    route,
)

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scraped:
    """Metrics under test, and what changed since the last look."""

    def __init__(self) -> None:
        self.books = Books()
        self.metrics = Metrics(profile(), "abc123", self.books, self.books, self.books)
        self.bus = Bus()
        self.metrics.attach(self.bus)
        self.before = self.series()

    def series(self) -> Series:
        text = self.metrics.render("")[0].decode()
        families = text_string_to_metric_families(text)
        return {
            (sample.name.removeprefix("chaosproxy_"), frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def publish(self, *events: Event) -> None:
        for event in events:
            self.bus.publish(event)

    def changes(self) -> dict[str, float]:
        """What moved since the last look, buckets left out: `calls_total{kind=first,…}` -> by how much."""
        now = self.series()
        moved = dict(self._moved(now))
        self.before = now
        return moved

    def _moved(self, now: Series) -> Iterator[tuple[str, float]]:
        for (name, labels), value in now.items():
            change = value - self.before.get((name, labels), 0)
            if change and not name.endswith("_bucket"):
                inside = ",".join(f"{key}={label}" for key, label in sorted(labels))
                yield f"{name}{{{inside}}}", change


@pytest.fixture
def scraped() -> Scraped:
    return Scraped()


def test_quiet_call(scraped: Scraped) -> None:
    scraped.publish(CallReceived(call(), MATCH))
    assert scraped.changes() == {}, "what it is to its operation shows at its end"

    scraped.publish(answered())
    assert scraped.changes() == {
        "calls_total{kind=first,layer=none,tool=find,transport=http}": 1,
        "responses_total{origin=upstream,outcome=ok,tool=find}": 1,
        "upstream_seconds_count{tool=find}": 1,
        "upstream_seconds_sum{tool=find}": pytest.approx(0.012),
        "overhead_seconds_count{transport=http}": 1,
        "overhead_seconds_sum{transport=http}": pytest.approx(0.0005),
    }


def test_overhead_is_never_negative(scraped: Scraped) -> None:
    scraped.publish(answered(answer=replace(OK, upstream_seconds=0.0126)))

    changes = scraped.changes()
    assert changes["overhead_seconds_count{transport=http}"] == 1
    assert "overhead_seconds_sum{transport=http}" not in changes


def test_struck_call(scraped: Scraped) -> None:
    scraped.publish(FaultInjected(call(), STRUCK))

    assert scraped.changes() == {
        "faults_injected_total{fault=latency,phase=before_upstream,rule=slow and down,tool=find}": 1,
        "faults_injected_total{fault=server_error,phase=after_upstream,rule=slow and down,tool=find}": 1,
        "faults_active{fault=latency}": 1,
        "faults_active{fault=server_error}": 1,
    }

    scraped.publish(answered(decision=STRUCK, answer=REFUSED))

    assert scraped.changes() == {
        "calls_total{kind=first,layer=none,tool=find,transport=http}": 1,
        "responses_total{origin=injected,outcome=unavailable,tool=find}": 1,
        "faults_active{fault=latency}": -1,
        "faults_active{fault=server_error}": -1,
        "faults_skipped_total{reason=max_active,rule=earlier rule}": 1,
        "injected_delay_seconds_count{fault=latency}": 1,
        "injected_delay_seconds_sum{fault=latency}": 0.25,
    }


def test_a_call_that_no_fault_began_for_ends_none(scraped: Scraped) -> None:
    scraped.publish(FaultInjected(call(1), STRUCK), answered(2, decision=STRUCK), answered(1, decision=STRUCK))
    scraped.publish(answered(1, decision=STRUCK))

    assert not [name for name in scraped.changes() if name.startswith("faults_active")]


def test_fault_that_did_not_fit_the_reply(scraped: Scraped) -> None:
    unfit = replace(OK, skipped="not_json")
    scraped.publish(answered(decision=replace(STRUCK, skipped=()), answer=unfit))

    changes = scraped.changes()
    assert changes["faults_skipped_total{reason=not_json,rule=slow and down}"] == 1
    assert not [name for name in changes if name.startswith("overhead")], "a struck call says nothing of our own time"


def test_held_back_fault_leaves_a_quiet_call(scraped: Scraped) -> None:
    scraped.publish(answered(decision=Decision(skipped=(("slow and down", "max_ratio"),))))

    changes = scraped.changes()
    assert changes["faults_skipped_total{reason=max_ratio,rule=slow and down}"] == 1
    assert changes["overhead_seconds_count{transport=http}"] == 1


def test_retry(scraped: Scraped) -> None:
    retry = replace(MATCH, kind=CallKind.RETRY, layer=Layer.SDK)
    scraped.publish(
        answered(match=retry),
        RetryWaited(call(), Layer.SDK, 1.5),
        RetryAfterJudged("agent-1", "find", RetryAfterVerdict.EARLY, "retry-after", 2.0, 1.5),
    )

    changes = scraped.changes()
    assert changes["calls_total{kind=retry,layer=sdk,tool=find,transport=http}"] == 1
    assert changes["retry_wait_seconds_count{layer=sdk}"] == 1
    assert changes["retry_wait_seconds_sum{layer=sdk}"] == 1.5
    assert changes["retry_after_total{hint=retry-after,verdict=early}"] == 1


def test_traffic_that_nobody_decided_is_no_kind_of_call(scraped: Scraped) -> None:
    scraped.publish(answered(match=replace(MATCH, kind=CallKind.NONE, rule=0)))

    assert scraped.changes()["calls_total{kind=none,layer=none,tool=find,transport=http}"] == 1


CHARGE = call(aim=route("charge"))


@pytest.mark.parametrize(
    ("event", "series", "by"),
    [
        (
            DuplicateEffect(CHARGE, Certainty.CONFIRMED, 7, times=2),
            "duplicate_effects_total{certainty=confirmed,tool=charge}",
            2,
        ),
        (DuplicateEffect(CHARGE, Certainty.EXPOSED), "duplicate_effects_total{certainty=exposed,tool=charge}", 1),
        (DuplicateEffect(CHARGE, Certainty.AVOIDED), "duplicate_effects_total{certainty=avoided,tool=charge}", 1),
        (KeyJudged(CHARGE, KeyVerdict.ROTATED), "idempotency_keys_total{tool=charge,verdict=rotated}", 1),
        (CallWasted(CHARGE, WasteReason.CANNOT_SUCCEED), "wasted_calls_total{reason=cannot_succeed,tool=charge}", 1),
        (LoopFound("agent-1", ("find",), LoopKind.CYCLE, (1, 2), 3.0), "loops_total{kind=cycle}", 1),
        (
            BackoffSeen("agent-1", "find", 7, Layer.MODEL, BackoffShape.LINEAR, (1.0, 2.0)),
            "backoff_shape_total{layer=model,shape=linear}",
            1,
        ),
        (RetryOverBudget(CHARGE), "retry_budget_exceeded_total{tool=charge}", 1),
    ],
    ids=lambda each: type(each).__name__,
)
def test_conclusions_are_counted(scraped: Scraped, event: Event, series: str, by: int) -> None:
    at_rest = {name: dict(labels) for name, labels in scraped.series()}
    scraped.publish(event)

    assert scraped.changes() == {series: by}
    assert series.partition("{")[0] in at_rest, "it stood at 0 before"


def test_tools_that_nobody_declared_begin_at_0_once_they_are_called(scraped: Scraped) -> None:
    unknown = call(aim=route("GET /late"))
    scraped.publish(answered(about=unknown))
    begun = {(name, *sorted(labels)): value for (name, labels), value in scraped.series().items()}

    late = ("tool", "GET /late")
    assert begun["duplicate_effects_total", ("certainty", "confirmed"), late] == 0
    assert begun["wasted_calls_total", ("reason", "loop"), late] == 0
    assert begun["episodes_total", ("fault", "latency"), ("resolution", "undetected"), late] == 0
    assert begun["calls_total", ("kind", "first"), ("layer", "none"), late, ("transport", "http")] == 1


def test_recovered_episode(scraped: Scraped) -> None:
    scraped.publish(episode(), OperationClosed("agent-1", "find", OperationResult.RECOVERED, 3))

    assert scraped.changes() == {
        "episodes_total{fault=server_error,resolution=recovered_retry,tool=find}": 1,
        "episode_verdicts_total{fault=server_error,verdict=appropriate}": 1,
        "recovery_seconds_count{fault=server_error}": 1,
        "recovery_seconds_sum{fault=server_error}": 7.5,
        "recovery_attempts_count{fault=server_error}": 1,
        "recovery_attempts_sum{fault=server_error}": 3,
        "operations_total{result=recovered,tool=find}": 1,
    }


@pytest.mark.parametrize("resolution", [each for each in Resolution if not each.recovered])
def test_only_recovered_episodes_are_timed(scraped: Scraped, resolution: Resolution) -> None:
    scraped.publish(episode(resolution))

    assert scraped.changes() == {
        f"episodes_total{{fault=server_error,resolution={resolution},tool=find}}": 1,
        "episode_verdicts_total{fault=server_error,verdict=appropriate}": 1,
    }


def test_what_others_count_is_read_when_scraped(scraped: Scraped) -> None:
    books = scraped.books
    books.eligible = {"slow and down": 12}
    books.clean_operations = {"find": 4}
    books.open_episodes, books.active_sessions, books.dropped = 2, 3, 5
    # The tracker has counted it; counting the event too would count it twice.
    scraped.publish(OperationClosed("agent-1", "charge", OperationResult.CLEAN, 1))

    assert scraped.changes() == {
        "faults_eligible_total{rule=slow and down}": 12,
        "operations_total{result=clean,tool=find}": 4,
        "episodes_open{}": 2,
        "sessions_active{}": 3,
        "events_dropped_total{}": 5,
    }
    assert scraped.changes() == {}, "a second scrape counts nothing again"


def test_connections_and_refusals(scraped: Scraped) -> None:
    scraped.publish(ConnectionCounted(1), ConnectionCounted(1), ConnectionCounted(-1))
    scraped.publish(RequestRefused("bad_framing", "two lengths", 400))

    assert scraped.changes() == {"connections_active{}": 1, "requests_refused_total{reason=bad_framing}": 1}


def test_tunnels(scraped: Scraped) -> None:
    scraped.publish(*[TunnelOpened("pay.test:443", TunnelMode.BLIND, TunnelReason.NO_CA)] * 2, TUNNEL_CLOSED)

    assert scraped.changes() == {
        "tunnels_total{mode=blind,reason=no_ca}": 2,
        "tunnels_active{}": 1,
        "tunnel_bytes_total{direction=up}": 517,
        "tunnel_bytes_total{direction=down}": 4_096,
    }


def test_tools_beyond_fifty_share_a_label(scraped: Scraped) -> None:
    calls = [call(number, route(f"GET /{number}")) for number in range(60)]
    scraped.publish(*(answered(about=each) for each in calls))
    scraped.books.clean_operations = {"GET /1": 1, "GET /58": 2, "GET /59": 4}

    changes = scraped.changes()
    assert changes["calls_total{kind=first,layer=none,tool=GET /49,transport=http}"] == 1
    assert changes["calls_total{kind=first,layer=none,tool=_other,transport=http}"] == 10
    assert changes["operations_total{result=clean,tool=GET /1}"] == 1
    assert changes["operations_total{result=clean,tool=_other}"] == 6
    assert changes["label_overflow_total{}"] == 10

    scraped.publish(answered(about=call(61, route("find"))))
    changes = scraped.changes()
    assert changes["calls_total{kind=first,layer=none,tool=find,transport=http}"] == 1, "declared ones stay"
    assert "label_overflow_total{}" not in changes


def test_endless_reasons_share_a_label(scraped: Scraped) -> None:
    scraped.publish(*(RequestRefused(f"reason {number}", "", 400) for number in range(100)))

    refused = {name: change for name, change in scraped.changes().items() if name.startswith("requests_refused")}
    assert len(refused) < 60
    assert sum(refused.values()) == 100


def test_series_at_rest(scraped: Scraped) -> None:
    at_rest = scraped.series()

    assert at_rest["profile_info", frozenset({("name", "monday"), ("digest", "abc123"), ("seed", "20261122")})] == 1
    assert at_rest["build_info", frozenset({("version", __version__)})] == 1
    strike = {"rule": "slow and down", "fault": "latency", "tool": "find", "phase": "before_upstream"}
    assert at_rest["faults_injected_total", frozenset(strike.items())] == 0
    assert {value for (name, _), value in at_rest.items() if not name.endswith("_info")} == {0}


@pytest.mark.parametrize("tools", [0, 2, 20, 500])
def test_few_series_at_rest(tools: int) -> None:
    books = Books()
    text = Metrics(profile(tools), "abc123", books, books).render("")[0].decode()

    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(series) <= SERIES_AT_REST_MOST + 2, "and two that say who we are"


def test_totals(scraped: Scraped) -> None:
    scraped.books.open_episodes, scraped.books.active_sessions = 2, 3
    scraped.publish(answered(1), answered(2), FaultInjected(call(), STRUCK))
    scraped.publish(ConnectionCounted(1))

    assert msgspec.structs.astuple(scraped.metrics.totals()) == (2, 2, 2, 3, 1)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_openmetrics_carries_trace_ids(scraped: Scraped) -> None:
    scraped.publish(answered(about=call(trace_id=TRACE)), answered(about=call(trace_id="x" * 200)))
    scraped.publish(episode(trace_id=TRACE), RetryWaited(call(trace_id=TRACE), Layer.SDK, 1.5))

    body, content_type = scraped.metrics.render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    traced = dict(line.split(" # ") for line in body.decode().splitlines() if " # {" in line)
    assert traced == {
        'chaosproxy_upstream_seconds_bucket{le="0.025",tool="find"} 2.0': f'{{trace_id="{TRACE}"}} 0.012',
        'chaosproxy_retry_wait_seconds_bucket{layer="sdk",le="2.0"} 1.0': f'{{trace_id="{TRACE}"}} 1.5',
        'chaosproxy_recovery_seconds_bucket{fault="server_error",le="10.0"} 1.0': f'{{trace_id="{TRACE}"}} 7.5',
        'chaosproxy_recovery_attempts_bucket{fault="server_error",le="3.0"} 1.0': f'{{trace_id="{TRACE}"}} 3.0',
    }
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain", "text/plain;version=high", "application/json"])
def test_prometheus_text_unless_asked_otherwise(scraped: Scraped, accept: str) -> None:
    body, content_type = scraped.metrics.render(accept)

    assert content_type.startswith("text/plain; version=")
    assert b"# TYPE chaosproxy_calls_total counter" in body


def test_outcomes_that_were_not_foreseen(scraped: Scraped) -> None:
    scraped.publish(answered(answer=replace(OK, outcome=Outcome.QUOTA)))

    assert scraped.changes()["responses_total{origin=upstream,outcome=quota,tool=find}"] == 1
