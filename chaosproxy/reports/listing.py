"""What a report lists one by one: sessions with their timelines, episodes with their stories, waits, loops, duplicates.

Must not know how they were chosen.
"""

from collections import Counter

from msgspec.structs import replace

from chaosproxy.core.sessions import confidence_of
from chaosproxy.reports.choosing import Picked
from chaosproxy.reports.counting import Counting
from chaosproxy.reports.model import DuplicateView, EpisodeView, LoopView, SessionView, WaitView
from chaosproxy.reports.stories import story
from chaosproxy.reports.timelines import Collecting, offsets_of
from chaosproxy.telemetry.records import EpisodeEnded


class Listing:
    """Makes the views of what the second pass has collected."""

    def __init__(self, counting: Counting, picked: Picked, collecting: Collecting) -> None:
        self._counting = counting
        self._picked = picked
        self._collecting = collecting
        self._offsets = offsets_of(counting.runs)
        several = len(counting.runs) > 1
        self._shared = Counter(name for _, name in counting.sessions) if several else Counter[str]()

    def sessions(self) -> tuple[SessionView, ...]:
        """The sessions with the most to see."""
        return tuple(self._session(run, name) for run, name in self._picked.sessions)

    def episodes(self) -> tuple[EpisodeView, ...]:
        """The inappropriate ones first."""
        return tuple(self._episode(run, line) for run, line in self._picked.episodes)

    def waits(self) -> tuple[WaitView, ...]:
        """Requests to wait, in the order of the journal."""
        return tuple(
            WaitView(
                tool=line.tool,
                session=self._name(run, line.session),
                number=self._offsets[run].call(line.number),
                asked=line.asked,
                waited=line.waited,
                verdict=line.verdict,
                hint=line.hint,
            )
            for run, line in self._counting.waits
        )

    def loops(self) -> tuple[LoopView, ...]:
        """Loops, in the order of the journal."""
        return tuple(
            LoopView(
                session=self._name(run, line.session),
                kind=line.kind,
                tools=line.tools,
                calls=self._offsets[run].all_calls(line.calls),
                start=self._offsets[run].since(line.mono - line.seconds),
                seconds=line.seconds,
            )
            for run, line in self._counting.loops
        )

    def duplicates(self) -> tuple[DuplicateView, ...]:
        """Duplicate effects, in the order of the journal."""
        return tuple(
            DuplicateView(
                session=self._name(run, line.session),
                tool=line.tool,
                certainty=line.certainty,
                number=self._offsets[run].call(line.number),
                operation=line.operation + self._offsets[run].operations if line.operation else 0,
                times=line.times,
            )
            for run, line in self._counting.duplicates
        )

    def _name(self, run: int, session: str) -> str:
        """As it is shown: two runs may each have a session of that name."""
        return f"{session} (run {run + 1})" if self._shared[session] > 1 else session

    def _session(self, run: int, name: str) -> SessionView:
        seen = self._counting.sessions[run, name]
        timeline = self._collecting.timeline(run, name, self._offsets[run])
        return SessionView(
            name=self._name(run, name),
            source=seen.source,
            confidence=confidence_of(seen.source),
            start=self._offsets[run].since(seen.first),
            seconds=max(0.0, seen.last - seen.first),
            calls=seen.calls,
            operations=seen.operations,
            episodes=seen.episodes,
            inappropriate=seen.inappropriate,
            control=self._counting.card.leaves_alone(name),
            timeline=timeline,
            cut=max(0, seen.calls - len(timeline)),
        )

    def _episode(self, run: int, line: EpisodeEnded) -> EpisodeView:
        offsets = self._offsets[run]
        view = EpisodeView(
            number=line.episode + offsets.episodes,
            session=self._name(run, line.session),
            tool=line.tool,
            effect=line.effect,
            fault=line.fault,
            rule=line.rule,
            outcome=line.outcome,
            resolution=line.resolution,
            verdict=line.verdict,
            because=line.because,
            story="",
            start=offsets.since(line.opened),
            seconds=max(0.0, line.seconds),
            attempts=line.attempts,
            detection=line.detection_seconds,
            wait=line.wait_seconds,
            model=line.model_seconds,
            service=line.service_seconds,
            operation=line.operation + offsets.operations,
            calls=offsets.all_calls(line.calls),
            ended_by=offsets.call(line.ended_by),
        )
        calls = self._collecting.calls(run, (*line.calls, line.ended_by), offsets)
        return replace(view, story=story(view, calls))
