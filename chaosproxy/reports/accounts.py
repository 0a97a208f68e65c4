"""The account of one session, line by line: its episodes, their calls, and on what ground each was counted as it was.

Plain text for whoever audits a number. Must not know where the lines come from.
"""

from collections.abc import Iterator
from typing import Final

from chaosproxy.core.replies import UpstreamTruth
from chaosproxy.core.route import ToolEffect
from chaosproxy.reports.conclusions import About, concluded
from chaosproxy.reports.figures import counted, listed, plain, seconds
from chaosproxy.reports.grounds import REASONS, decided_by, grounds
from chaosproxy.reports.timelines import Offsets
from chaosproxy.telemetry.records import CallEnded, EpisodeEnded, Looped

CALLS_MOST: Final = 2_000
"""Calls of a session that are kept."""
SHOWN_WITHOUT_EPISODE: Final = 50
TOLD_LONGEST: Final = 400


class Account:
    """What a journal says of one session of one run."""

    def __init__(self, session: str, offsets: Offsets) -> None:
        self.session = session
        self._offsets = offsets
        self._calls: dict[int, CallEnded] = {}
        self._about: dict[int, list[About]] = {}
        self._episodes: list[EpisodeEnded] = []
        self._loops: list[Looped] = []
        self._left_out = 0

    def take(self, record: object) -> None:
        """A line of this session, of any type."""
        if isinstance(record, CallEnded):
            if len(self._calls) < CALLS_MOST:
                self._calls[record.number] = record
            else:
                self._left_out += 1
        elif isinstance(record, EpisodeEnded):
            self._episodes.append(record)
        elif isinstance(record, Looped):
            self._loops.append(record)
        elif isinstance(record, About):
            self._about.setdefault(record.number, []).append(record)

    def whole(self) -> Iterator[str]:
        """Every episode; of a session without any, its first calls."""
        calls = len(self._calls) + self._left_out
        yield f"session {plain(self.session)}: {counted(calls, 'call')}, {counted(len(self._episodes), 'episode')}"
        for episode in sorted(self._episodes, key=lambda each: each.opened):
            yield ""
            yield from self._episode(episode)
        if not self._episodes:
            yield "nothing failed that the agent had to recover from"
            for call in sorted(self._calls.values(), key=_number)[:SHOWN_WITHOUT_EPISODE]:
                yield from self._call(call)
        for loop in self._loops:
            yield f"loop: {self._loop(loop)}"
        if self._left_out:
            yield f"{counted(self._left_out, 'further call')} of this session are not shown"

    def episode(self, number: int) -> Iterator[str]:
        """One episode; nothing, if there is none of that number."""
        for episode in self._episodes:
            if episode.episode + self._offsets.episodes == number:
                yield from self._episode(episode)

    def call(self, number: int) -> Iterator[str]:
        """One call, and the episode that it belongs to."""
        call = next((each for each in self._calls.values() if self._offsets.call(each.number) == number), None)
        if call is None:
            return
        yield f"session {plain(self.session)}"
        around = [each for each in self._episodes if call.number in {*each.calls, each.ended_by}]
        if not around:
            yield from self._call(call)
            yield "  it is part of no episode"
        for episode in around:
            yield from self._episode(episode)

    def _episode(self, episode: EpisodeEnded) -> Iterator[str]:
        offsets = self._offsets
        yield (
            f"episode {episode.episode + offsets.episodes}: {plain(episode.tool)} met {plain(episode.fault)} "
            f"at {offsets.since(episode.opened):.3f} s (session {plain(self.session)}, operation "
            f"{episode.operation + offsets.operations}{_by_rule(episode.rule)})"
        )
        numbers = episode.calls or self._attempts(episode)
        for number in dict.fromkeys([*numbers, *([episode.ended_by] if episode.ended_by else [])]):
            call = self._calls.get(number)
            if call is None:
                yield f"  #{offsets.call(number)}: the journal has no line of this call"
            else:
                yield from self._call(call)
        yield f"  ended as {episode.resolution} after {counted(episode.attempts, 'attempt')}: {_spent(episode)}"
        yield f"  verdict {episode.verdict}{_because(episode)}"

    def _attempts(self, episode: EpisodeEnded) -> tuple[int, ...]:
        """Of an old journal, which does not name them: the calls of its operation."""
        calls = [each for each in self._calls.values() if each.operation == episode.operation]
        return tuple(each.number for each in sorted(calls, key=_number))

    def _call(self, call: CallEnded) -> Iterator[str]:
        offsets = self._offsets
        said = [grounds(call, self._calls.get(call.follows), offsets.call)]
        by = decided_by(call.layer)
        began = offsets.since(call.mono - call.seconds)
        yield f"  #{offsets.call(call.number)} at {began:.3f} s: {'; '.join([*said, *([by] if by else [])])}"
        yield f"      {_done_to_it(call)}"
        yield f"      {_seen_and_true(call)}"
        for about in self._about.get(call.number, []):
            yield f"      {concluded(about, offsets)}"

    def _loop(self, loop: Looped) -> str:
        numbers = listed([f"#{number}" for number in self._offsets.all_calls(loop.calls[:12])])
        tools = listed([plain(tool) for tool in loop.tools[:6]])
        return f"{loop.kind} of {tools} in {seconds(loop.seconds)}, seen by {numbers}"


def _by_rule(rule: str | None) -> str:
    return "" if rule is None else f", fault rule {plain(rule)!r}"


def _done_to_it(call: CallEnded) -> str:
    skipped = [f"{plain(each.rule)!r} held back or not applied: {plain(each.reason, 200)}" for each in call.skipped]
    if call.faults:
        pairs = zip(call.faults, call.phases or (call.phase,) * len(call.faults), strict=False)
        faults = listed([f"{plain(fault)} ({phase})" for fault, phase in pairs])
        done = f"struck by {faults}{_by_rule(call.rule)}: {plain(call.reason, TOLD_LONGEST)}"
    else:
        done = f"not struck: {plain(call.reason, TOLD_LONGEST)}"
    changes = [f"the reply was changed: {plain(each, 200)}" for each in call.changes]
    return "; ".join([done, *changes, *skipped])


def _seen_and_true(call: CallEnded) -> str:
    status = f"{call.status} " if call.status else ""
    seen = f"the agent saw {status}{call.outcome} ({call.origin}) after {seconds(call.seconds)}"
    parts = [seen, _TRUTHS[call.upstream_truth]]
    if call.executions > 1:
        parts.append(f"it ran {call.executions} times")
    if call.hint is not None:
        parts.append(f"told to wait {seconds(call.hint.seconds)} ({plain(call.hint.source)})")
    if call.effect is not ToolEffect.READ:
        parts.append(f"a tool that {_EFFECTS[call.effect]}")
    if call.problem is not None:
        parts.append(plain(call.problem, 200))
    return "; ".join(parts)


_TRUTHS = {
    UpstreamTruth.NOT_SENT: "the tool never got it",
    UpstreamTruth.SENT_UNKNOWN: "the tool got it, and whether it ran is not known",
    UpstreamTruth.REJECTED: "the tool refused it",
    UpstreamTruth.EXECUTED: "the tool executed it",
}
_EFFECTS = {ToolEffect.WRITE: "writes", ToolEffect.IDEMPOTENT: "writes, and twice is the same as once"}


def _spent(episode: EpisodeEnded) -> str:
    parts = (
        ("until the failure showed", episode.detection_seconds),
        ("between attempts", episode.wait_seconds),
        ("in language models", episode.model_seconds),
        ("in further attempts", episode.service_seconds),
    )
    return ", ".join(f"{seconds(value)} {name}" for name, value in parts)


def _because(episode: EpisodeEnded) -> str:
    if episode.because is None:
        return ": this journal is of a version that gave no reasons"
    return f" ({episode.because}): {REASONS[episode.because]}"


def _number(call: CallEnded) -> int:
    return call.number
