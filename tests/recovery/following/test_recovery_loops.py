"""Loops, by the calls alone."""

from chaosproxy.core.call import Call, CallKind, Layer, Match
from chaosproxy.core.events import LoopFound, LoopKind
from chaosproxy.core.purpose import Role
from chaosproxy.profiles.models import Loop
from chaosproxy.recovery.following.loops import LoopMemory, Loops
from chaosproxy.recovery.following.repeats import Repeat, note
from tests.recovery.making import a_call, a_match, good


class Agent:
    """Calls on a clock, and the loops that were found."""

    def __init__(self, settings: Loop | None = None) -> None:
        self.loops = Loops(settings or Loop())
        self.memory = LoopMemory()
        self.repeats: dict[str, Repeat] = {}
        self.found: list[LoopFound] = []
        self.now = 0.0
        self.made = 0

    @property
    def kinds(self) -> list[LoopKind]:
        return [loop.kind for loop in self.found]

    def _arrives(self, call: Call, match: Match) -> None:
        self.made += 1
        self._keep(self.loops.arrived(self.memory, call, match))
        if self.made % self.loops.pace == 0:
            self._keep(self.loops.paced(self.memory, call))

    def _keep(self, loop: LoopFound | None) -> None:
        if loop is not None:
            self.found.append(loop)

    def does(self, *names: str, digest: str = "same", kind: CallKind = CallKind.FIRST, gap: float = 1.0) -> None:
        for name in names:
            call = a_call(name, self.now, tool=f"tool {name}")
            match = a_match(call.number, kind)
            self._arrives(call, match)
            repeat = note(self.repeats, call, good(digest))
            self._keep(self.loops.delivered(self.memory, call, match, repeat))
            self.now += gap

    def fails(self, name: str, waits: list[float], operation: int = 1, layer: Layer = Layer.UNKNOWN) -> None:
        call = a_call(name, self.now, tool=f"tool {name}")
        match = a_match(operation, CallKind.RETRY, layer)
        self._arrives(call, match)
        self._keep(self.loops.failed(self.memory, call, match, self.now, waits))

    def keeps_failing(self, waits: list[float], layer: Layer = Layer.UNKNOWN) -> None:
        for place in range(len(waits) + 1):
            self.now += waits[place - 1] if place else 0.0
            self.fails("x", waits[:place], layer=layer)

    def thinks(self) -> None:
        call = a_call("prompt", self.now, role=Role.MODEL)
        self._arrives(call, a_match())


def test_the_same_call_with_the_same_reply_five_times_is_a_loop_and_is_found_once() -> None:
    agent = Agent()
    agent.does(*"aaaa")
    assert not agent.found
    agent.does(*"aaaaaa")
    assert agent.kinds == [LoopKind.IDENTICAL]
    assert len(agent.found[0].calls) == 5
    assert agent.found[0].seconds == 4.0


def test_replies_that_change_are_no_loop() -> None:
    agent = Agent()
    for reply in range(20):
        agent.does("a", digest=str(reply))
    assert not agent.found


def test_polls_and_pages_are_no_loops() -> None:
    for kind in (CallKind.POLL, CallKind.PAGE):
        agent = Agent()
        agent.does(*"aaaaaaaaaa", kind=kind)
        assert not agent.found


def test_five_in_an_hour_are_no_loop() -> None:
    agent = Agent()
    agent.does(*"aaaaaaa", gap=600)
    assert not agent.found


def test_calls_that_take_turns_are_a_cycle() -> None:
    agent = Agent()
    agent.does(*"abcabcabc")
    assert agent.kinds == [LoopKind.CYCLE]
    assert agent.found[0].tools == ("tool a", "tool b", "tool c")
    assert len(agent.found[0].calls) == 9
    agent.does(*"abc")
    assert len(agent.found) == 1


def test_looking_at_the_same_thing_between_steps_of_work_is_none() -> None:
    agent = Agent()
    for step in "bcdefghijk":
        agent.does("a", step)
    assert not agent.found


def test_two_rounds_are_not_yet_one() -> None:
    agent = Agent()
    agent.does(*"abcabc")
    agent.does(*"abxabyab")
    assert not agent.found


def test_a_call_that_fails_again_and_again_at_the_same_pace_is_a_loop() -> None:
    agent = Agent()
    agent.keeps_failing([1.0] * 4)
    assert agent.kinds == [LoopKind.IDENTICAL]


def test_waiting_longer_each_time_is_none() -> None:
    agent = Agent()
    agent.keeps_failing([0.5, 1, 2, 4, 8, 16])
    assert not agent.found


def test_nor_are_the_bounded_retries_of_an_sdk() -> None:
    agent = Agent()
    agent.keeps_failing([0.5] * 6, layer=Layer.SDK)
    assert not agent.found


def test_waits_that_were_asked_for_do_not_count() -> None:
    agent = Agent()
    for _ in range(8):
        agent.fails("x", [])
        agent.now += 2
    assert not agent.found


def test_two_tools_that_fail_in_turn() -> None:
    agent = Agent()
    for place in range(10):
        agent.fails("ab"[place % 2], [], operation=place)
    assert agent.kinds == [LoopKind.PING_PONG]
    assert agent.found[0].tools == ("tool a", "tool b")


def test_a_success_in_between_makes_it_none() -> None:
    agent = Agent()
    for place in range(20):
        agent.fails("ab"[place % 2], [], operation=place)
        if place % 5 == 4:
            agent.does("c", digest=str(place))
    assert not agent.found


def test_a_model_that_asks_for_the_same_call_every_turn() -> None:
    agent = Agent()
    for turn in range(6):
        agent.thinks()
        agent.does("a", digest=str(turn))
    assert agent.kinds == [LoopKind.LLM_SPIN]


def test_retries_below_the_model_are_no_turns_of_it() -> None:
    agent = Agent()
    agent.thinks()
    for turn in range(6):
        agent.does("a", digest=str(turn))
    assert not agent.found


def test_more_calls_than_any_work_needs() -> None:
    agent = Agent(Loop(calls_per_minute=100))
    for turn in range(300):
        agent.does(str(turn), gap=0.1)
    assert agent.kinds == [LoopKind.RATE]


def test_a_steady_pace_below_the_limit_is_not() -> None:
    agent = Agent(Loop(calls_per_minute=100))
    for turn in range(300):
        agent.does(str(turn), gap=0.7)
    assert not agent.found


def test_a_further_turn_is_known_until_the_loop_has_been_left() -> None:
    agent = Agent()
    agent.does(*"aaaaa")
    assert agent.loops.turns(agent.memory, a_call("a", agent.now))
    assert not agent.loops.turns(agent.memory, a_call("b", agent.now))
    assert not agent.loops.turns(agent.memory, a_call("a", agent.now + 500))


def test_names_without_end_take_no_memory_without_end() -> None:
    agent = Agent()
    for place in range(2000):
        agent.fails(str(place), [1.0] * 9, operation=place)
        agent.does(str(place))
    assert len(agent.memory.found or ()) <= 16
    assert len(agent.memory.failing or ()) <= 64
