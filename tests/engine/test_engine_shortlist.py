"""The sieves that make the engine quick leave out nothing that a plain reading of the profile would find."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Call
from chaosproxy.core.draws import RuleDraw, call_number
from chaosproxy.engine import shortlist as shortlist_module
from chaosproxy.engine.engine import Engine
from chaosproxy.engine.matching import Listener, Target, condition, wanted_headers
from chaosproxy.engine.plan import Plan
from chaosproxy.engine.shortlist import Shortlist
from chaosproxy.faults.permission_denied import PermissionDenied
from chaosproxy.profiles.models import Rule, RunPhase, When
from tests.engine.doubles import Harmless, Pause, Turnstile, call, profile, route, rule


class PlainReading:
    """An engine written for one reader and no hurry: every rule is asked about every call, part by part."""

    def __init__(self, rules: tuple[Rule, ...], seed: int) -> None:
        self.rules = rules
        self.seed = seed
        self.seen: Counter[tuple[str, ...]] = Counter()
        self.struck: Counter[tuple[str, str]] = Counter()
        self.eligible: Counter[str] = Counter({rule.name: 0 for rule in rules})
        self.admitted: Counter[str] = Counter()

    def judge(self, asked: Call, attempt: int, elapsed: float) -> list[str]:
        self.seen.update(
            [("run",), ("tool", asked.session, asked.route.tool), ("print", asked.session, asked.fingerprint)]
        )
        fired = []
        for each in self.rules:
            if asked.route.touchable and self._matches(each, asked):
                self.eligible[each.name] += 1
                if self._on(each.when, elapsed) and self._triggers(each, asked, attempt) and self._strikes(each):
                    fired.append(each.name)
                    self.struck[asked.session, each.name] += 1
                    if not each.continue_:
                        break
        return fired

    def _on(self, when: When, elapsed: float) -> bool:
        since = elapsed - (when.after or 0.0)
        if when.repeat is not None:
            since = since if since < 0 else since % when.repeat
        return since >= 0 and (when.for_ is None or since < when.for_)

    def _matches(self, each: Rule, asked: Call) -> bool:
        target, holds = Target.of(each.match), condition(each.match)
        heard = Listener(wanted_headers(each.match)).hear(asked.headers)
        return target.aims_at(asked.route) and target.covers(asked.route) and (holds is None or holds(asked, heard))

    def _triggers(self, each: Rule, asked: Call, attempt: int) -> bool:
        when = each.when
        ordinal = self.seen["tool", asked.session, asked.route.tool]
        return (
            (when.calls is None or any(low <= ordinal <= high for low, high in when.calls))
            and (when.attempts is None or any(low <= attempt <= high for low, high in when.attempts))
            and (when.every is None or ordinal % when.every == 0)
            and (when.max is None or self.struck[asked.session, each.name] < when.max)
            and (when.probability is None or self._draw(each.name, when, asked) < when.probability)
            and (when.sessions is None or self._draw_of_session(each.name, asked.session) < when.sessions)
        )

    def _draw_of_session(self, name: str, session: str) -> float:
        return RuleDraw.of(self.seed, name).draw(call_number(self.seed, session, "session", 0))

    def _draw(self, name: str, when: When, asked: Call) -> float:
        number = {
            "fingerprint": call_number(
                self.seed, asked.session, asked.fingerprint, self.seen["print", asked.session, asked.fingerprint]
            ),
            "tool": call_number(
                self.seed, asked.session, f"tool {asked.route.tool}", self.seen["tool", asked.session, asked.route.tool]
            ),
            "arrival": call_number(self.seed, "", "arrival", self.seen["run",]),
        }[when.goes_by]
        return RuleDraw.of(self.seed, name).draw(number)

    def _strikes(self, each: Rule) -> bool:
        (fault,) = each.fault
        if isinstance(fault, Turnstile):
            self.admitted[each.name] += 1
            return self.admitted[each.name] > fault.admits
        return isinstance(fault, Pause)


spans = st.tuples(st.integers(1, 9), st.integers(0, 3)).map(lambda span: (span[0], sum(span)))
whens = st.fixed_dictionaries(
    {},
    optional={
        "calls": st.lists(spans, min_size=1, max_size=3),
        "attempts": st.lists(spans, min_size=1, max_size=2),
        "every": st.integers(1, 4),
        "max": st.integers(1, 3),
        "probability": st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
        "key": st.sampled_from(["fingerprint", "tool", "arrival"]),
        "after": st.sampled_from(["5s", "12s"]),
        "for": st.sampled_from(["3s", "9s"]),
        "sessions": st.sampled_from([0.5, 0.9]),
    },
).map(lambda when: when | {"repeat": "10s"} if "for" in when and when.get("every") == 1 else when)
matches = st.fixed_dictionaries(
    {},
    optional={
        "tool": st.sampled_from(["find", "charge", "*"]),
        "path": st.sampled_from(["/v1/*", "/v2/{id}"]),
        "session": st.sampled_from(["s1", "s*"]),
        "header": st.sampled_from([{"X-Team": "a*"}, {"x-team": "b", "Accept": "*"}]),
        "body": st.sampled_from([{"n": 1}]),
    },
)
faults = st.sampled_from([Pause(), Pause(), Harmless(), Turnstile(admits=2)])
profiles = st.lists(st.tuples(matches, whens, faults, st.booleans()), min_size=1, max_size=8)
calls = st.builds(
    call,
    st.sampled_from("abc"),
    session=st.sampled_from(["s1", "s2", "t"]),
    route=st.builds(
        route,
        tool=st.sampled_from(["find", "charge"]),
        path=st.sampled_from(["/v1/x", "/v2/x"]),
        touchable=st.sampled_from([True, True, True, False]),
    ),
    headers=st.lists(
        st.sampled_from([(b"X-Team", b"ab"), (b"X-TEAM", b"b"), (b"accept", b"*/*"), (b"Host", b"x")]), max_size=4
    ).map(tuple),
    body=st.sampled_from([None, {"n": 1}]),
)


@given(profiles, st.lists(st.tuples(calls, st.integers(1, 5), st.floats(0, 30)), max_size=25), st.integers(0, 9))
def test_the_engine_decides_as_a_plain_reading_does(
    written: list[tuple[dict[str, Any], dict[str, Any], Any, bool]], asked: list[tuple[Call, int, float]], seed: int
) -> None:
    rules = tuple(
        rule(f"r{at}", fault, match=match, when=when, goes_on=goes_on and not isinstance(fault, Turnstile))
        for at, (match, when, fault, goes_on) in enumerate(written)
    )
    engine, reading = Engine(profile(*rules, seed=seed), 0.0), PlainReading(rules, seed)
    hit = Counter({each.name: 0 for each in rules})
    for each, attempt, elapsed in asked:
        decision = engine.judge(each, attempt, elapsed)
        fired = reading.judge(each, attempt, elapsed)
        assert [injection.rule for injection in decision.injections] == fired
        assert decision.rule == (fired[0] if fired else None)
        hit.update(fired)
    assert engine.eligible_counts() == reading.eligible
    assert engine.injected_counts() == hit


def shortlist(*rules: Rule) -> Shortlist:
    return Shortlist(Plan.of(profile(*rules)).rules)


def test_calls_between_the_same_edges_share_what_was_worked_out() -> None:
    rules = shortlist(rule(when={"calls": "3-5"}), rule(when={"attempts": [2, "4-6"]}))
    assert rules.cell(1, 3) is rules.cell(1, 5)
    assert rules.cell(1, 3) is not rules.cell(1, 6)
    assert rules.cell(4, 1) is rules.cell(6, 2)
    assert rules.cell(3, 1) is not rules.cell(4, 1)


def test_a_call_is_asked_nothing_that_cannot_hit_it() -> None:
    rules = shortlist(
        rule("calls", when={"calls": 3}),
        rule("chance", when={"probability": 0.5}),
        rule("both", when={"calls": 3, "probability": 0.5}),
        rule("condition", match={"session": "s1"}, when={"calls": 9}),
        rule("memory", Turnstile(), when={"probability": 0.5, "calls": 9}),
    )
    asked = [[each.name for each, _, _ in rules.cell(1, ordinal).luckless] for ordinal in (1, 3)]
    assert asked == [["condition", "memory"], ["calls", "condition", "memory"]]
    assert [each.name for each, _, _ in rules.cell(1, 1).questions] == ["chance", "condition", "memory"]


def test_a_call_is_asked_nothing_that_is_off_when_it_comes() -> None:
    phases = (RunPhase.model_validate({"name": "storm", "for": "10s", "rules": ["in storm", "remembers"]}),)
    written = (
        rule("in storm"),
        rule("remembers", Turnstile()),
        rule("later", when={"after": "5s"}),
        rule("for a while", when={"after": "5s", "for": "5s"}),
        rule("again", when={"after": "5s", "for": "1s", "repeat": "3s"}),
        rule("from memory", Turnstile(), when={"after": "50s"}),
        rule("counted", match={"session": "s1"}, when={"after": "50s"}),
    )
    rules = Shortlist(Plan.of(profile(*written, phases=phases)).rules)
    asked = {second: [each.name for each, _, _ in rules.cell(1, 1, second).questions] for second in (0, 5, 9.9, 10)}
    always = ["from memory", "counted"]
    assert asked == {
        0: ["in storm", "remembers", *always],
        5: ["in storm", "remembers", "later", "for a while", "again", *always],
        9.9: ["in storm", "remembers", "later", "for a while", "again", *always],
        10: ["later", "again", *always],
    }
    assert rules.cell(1, 1, 5.0) is rules.cell(1, 1, 9.9)


def test_where_no_rule_is_timed_nobody_looks_at_the_time() -> None:
    assert not shortlist(rule(when={"outage": {"up": "1m", "down": "1s"}}), rule(when={"calls": 3})).is_timed
    assert shortlist(rule(when={"after": "1m"})).is_timed


def test_no_number_is_made_when_chance_has_no_say() -> None:
    rules = shortlist(rule(when={"calls": 3, "probability": 0.5}), rule(when={"every": 2}))
    assert rules.cell(1, 1).chances == ()
    assert [key for key, _ in rules.cell(1, 3).chances] == ["fingerprint"]


def test_what_was_worked_out_does_not_grow_without_end() -> None:
    most = shortlist_module.MOST_CELLS
    rules = shortlist(rule(when={"calls": [(2 * at + 1, 2 * at + 1) for at in range(most)]}))
    for ordinal in range(1, 2 * most):
        assert bool(rules.cell(1, ordinal).questions) is (ordinal % 2 == 1)
    assert len(rules._cells) <= most


def test_a_rule_that_waits_is_asked_once_it_has_remembered_something() -> None:
    rules = shortlist(rule("sticky", PermissionDenied(), when={"calls": 3}))

    assert rules.cell(1, 1).questions == ()
    assert [each.name for each, _, _ in rules.cell(1, 1, awake={"sticky"}).questions] == ["sticky"]
    assert [each.name for each, _, _ in rules.cell(1, 3).questions] == ["sticky"]
