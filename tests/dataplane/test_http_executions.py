"""What the journal says the tool did is what the tool did: its own count, for every fault, in every phase, at once."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from chaosproxy.core.answer import Answer, UpstreamTruth
from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.core.failures import Phase
from chaosproxy.engine.engine import Engine
from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import catalogue
from tests.doubles.counting_tool import CountingTool
from tests.doubles.plane import Plane
from tests.doubles.streams import WAIT, Stream

CALLS = 200
STILL = 2.0
"""Seconds in which neither the tool has run nor a call has ended: then whoever waits would wait for ever."""

SMALLER: Mapping[str, dict[str, Any]] = {"oversized_body": {"size": "64KiB"}}
"""Settings for those that would take long with their own, and show no more."""

FAULTS = {name: fault for name, fault in catalogue().items() if not fault.strikes_handshake}
CASES = [(name, phase) for name, fault in FAULTS.items() for phase in fault.phases]
AFTER_ALL = [name for name, fault in FAULTS.items() if Phase.AFTER_UPSTREAM in fault.phases]


def settings_of(name: str, fault: type[Fault]) -> dict[str, Any]:
    """Its default settings, or some smaller ones; where there are none, those of its example."""
    try:
        fault.model_validate({"type": name})
    except ValidationError:
        for rule in yaml.safe_load(fault.example):
            faults = rule["fault"] if isinstance(rule["fault"], list) else [rule["fault"]]
            for each in faults:
                if each["type"] == name:
                    return dict(each)
    return {"type": name} | SMALLER.get(name, {})


def request(number: int) -> bytes:
    """Reads, writes, and writes whose body streams through; ten calls of a session look the same."""
    common = b"Host: a\r\nX-Session-Id: s%d\r\nX-Id: %d\r\n" % (number // 10, number)
    if number % 2:
        return b"GET /tool/x HTTP/1.1\r\n" + common + b"\r\n"
    if number % 20:
        return b"POST /tool/x HTTP/1.1\r\n%bContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{%b}" % (
            common,
            b'"a":1',
        )
    return b"POST /tool/x HTTP/1.1\r\n" + common + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


def id_of(call: Call) -> str:
    return next(value.decode() for name, value in call.headers if name == b"X-Id")


class Calls:
    """Many calls at once, each on a connection of its own; whoever is left waiting leaves."""

    def __init__(self, plane: Plane, tool: CountingTool) -> None:
        self._plane = plane
        self._tool = tool
        self.answers: dict[str, Answer] = {}
        self._news = asyncio.Event()

    async def all(self) -> dict[str, Answer]:
        engine = Engine(self._plane.profile)
        path = self._plane.path
        path.decide = lambda call: engine.judge(call, 1, call.received)

        def ended(call: Call, decision: Decision, answer: Answer) -> None:
            engine.finished(decision)
            self.answers[id_of(call)] = answer
            self._tell()

        path.ended = ended
        self._tool.told = self._tell
        agents = [await self._plane.agent() for _ in range(CALLS)]
        reading = [asyncio.ensure_future(self._ask(agent, number)) for number, agent in enumerate(agents)]
        async with asyncio.timeout(WAIT * 3):
            await self._until_nothing_happens()
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            for agent in agents:
                agent.close()
            while path.open_calls:
                await self._news.wait()
        return self.answers

    async def _ask(self, agent: Stream, number: int) -> None:
        await agent.send(request(number))
        while await agent.more():
            pass

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _until_nothing_happens(self) -> None:
        with suppress(TimeoutError):
            while len(self.answers) < CALLS:
                async with asyncio.timeout(STILL):
                    await self._news.wait()


def differences(answers: dict[str, Answer], ran: Counter[str]) -> Iterator[tuple[str, int, int, UpstreamTruth]]:
    for number in map(str, range(CALLS)):
        answer = answers[number]
        truth = UpstreamTruth.EXECUTED if ran[number] else UpstreamTruth.NOT_SENT
        if (answer.executions, answer.truth) != (ran[number], truth):
            yield number, ran[number], answer.executions, answer.truth


@pytest.mark.parametrize(("name", "phase"), CASES, ids=[f"{name}-{phase}" for name, phase in CASES])
async def test_tools_own_count_is_what_is_written_down(name: str, phase: Phase) -> None:
    fault = settings_of(name, FAULTS[name]) | {"phase": phase}
    rule = {"name": "the rule", "when": {"probability": "60%"}, "fault": fault}
    async with CountingTool() as tool:
        plane = Plane({"upstreams": {"tool": tool.url}, "rules": [rule]})
        await plane.start()
        try:
            answers = await Calls(plane, tool).all()
        finally:
            await plane.stop()

    assert list(differences(answers, tool.ran)) == []
    if phase is not Phase.BEFORE_UPSTREAM:
        assert all(answer.truth is UpstreamTruth.EXECUTED for answer in answers.values())


def test_all_that_may_strike_after_the_tool_is_among_them() -> None:
    assert {name for name, phase in CASES if phase is Phase.AFTER_UPSTREAM} == set(AFTER_ALL)
    assert len(AFTER_ALL) >= 10
