"""Feeds a journal's lines to a scorecard: the same counts as the run itself had.

Must not know what is shown of them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chaosproxy.core.events import BackoffSeen, Because, EpisodeClosed, LoopFound, Resolution
from chaosproxy.core.failures import Outcome
from chaosproxy.core.measures import MEASURES
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.seen import CallSeen, seems_delivered
from chaosproxy.recovery.scoring.terms import RuleInPlay, Terms, Wanted
from chaosproxy.telemetry.records import (
    BackedOff,
    CallEnded,
    CanarySeen,
    Duplicated,
    EpisodeEnded,
    HintJudged,
    KeySeen,
    Looped,
    OverBudget,
    Record,
    RunStarted,
    SessionOver,
    Wasted,
)

_APART: Final = 1 << 48
"""Between the numbers of two runs' operations."""


def terms_of(started: RunStarted | None) -> Terms:
    """What the run was to be judged by, as far as its journal says."""
    if started is None:
        return Terms()
    return Terms(
        rules=tuple(RuleInPlay(each.name, each.faults, each.tool, each.sessions) for each in started.rules or ()),
        wanted=tuple(
            Wanted(each.measure, each.at_least, each.at_most, each.of, each.tool, each.session, each.cases)
            for each in started.expect
            if each.measure in MEASURES
        ),
        seed=started.seed,
    )


def unknown_measures(started: RunStarted | None) -> tuple[str, ...]:
    """Expectations that a newer version wrote down, and that this one cannot judge."""
    expected = () if started is None else started.expect
    return tuple(dict.fromkeys([each.measure for each in expected if each.measure not in MEASURES]))


def count(card: Scorecard, record: Record, run: int) -> None:
    """Count a line of the run with this number: operations of different runs are different ones."""
    counting = _COUNTING.get(type(record))
    if counting is not None:
        counting(card, record, run * _APART)


def rules_of(line: CallEnded) -> tuple[str, ...]:
    """The rule of each fault of a call."""
    if line.rules:
        return line.rules
    return () if line.rule is None else (line.rule,) * len(line.faults)


def rules_spared(line: CallEnded) -> tuple[str, ...]:
    """The rules whose faults could not be applied to the call, each once."""
    rules = rules_of(line)
    return tuple(dict.fromkeys([each.rule for each in line.skipped if each.rule in rules]))


def _call(card: Scorecard, line: CallEnded, base: int) -> None:
    rules = rules_of(line)
    card.count_call(
        CallSeen(
            session=line.session,
            tool=line.tool,
            effect=line.effect,
            role=line.role,
            operation=base + line.operation,
            attempt=line.attempt,
            kind=line.kind,
            layer=line.layer,
            outcome=line.outcome,
            delivered=seems_delivered(line.outcome, line.status, any_byte=line.first_byte_seconds is not None),
            seconds=max(0.0, line.seconds),
            faults=line.faults,
            rules=rules,
            spared=rules_spared(line) if line.skipped else (),
            held_back=tuple([each.rule for each in line.skipped if each.rule not in rules]) if line.skipped else (),
        )
    )


def _episode(card: Scorecard, line: EpisodeEnded, base: int) -> None:
    card.count_episode(
        EpisodeClosed(
            episode=line.episode,
            session=line.session,
            tool=line.tool,
            fault=line.fault,
            rule=line.rule,
            operation=base + line.operation,
            resolution=line.resolution,
            verdict=line.verdict,
            because=line.because or _UNSAID[line.resolution is Resolution.CENSORED],
            attempts=line.attempts,
            opened=line.opened,
            closed=line.closed,
            detection_seconds=line.detection_seconds,
            wait_seconds=line.wait_seconds,
            service_seconds=line.service_seconds,
            model_seconds=line.model_seconds,
            outcome=line.outcome or Outcome.OK,
            calls=line.calls,
            ended_by=line.ended_by,
            effect=line.effect,
        )
    )


_UNSAID = (Because.CANNOT_TELL, Because.CENSORED)
"""What an old journal, which gives no reason for its verdicts, is taken to say."""


def _hint(card: Scorecard, line: HintJudged, _base: int) -> None:
    card.count_hint(line.session, line.tool, line.verdict)


def _duplicate(card: Scorecard, line: Duplicated, _base: int) -> None:
    card.count_duplicate(line.session, line.tool, line.certainty, line.times)


def _key(card: Scorecard, line: KeySeen, _base: int) -> None:
    card.count_key(line.session, line.tool, line.verdict)


def _wasted(card: Scorecard, line: Wasted, _base: int) -> None:
    card.count_wasted(line.session, line.tool, line.reason)


def _loop(card: Scorecard, line: Looped, _base: int) -> None:
    card.count_loop(LoopFound(line.session, line.tools, line.kind, line.calls, line.seconds))


def _backoff(card: Scorecard, line: BackedOff, base: int) -> None:
    card.count_backoff(BackoffSeen(line.session, line.tool, base + line.operation, line.layer, line.shape, line.waits))


def _over_budget(card: Scorecard, line: OverBudget, _base: int) -> None:
    card.count_over_budget(line.session, line.tool)


def _canary(card: Scorecard, line: CanarySeen, _base: int) -> None:
    card.count_canary(line.session, line.tool)


def _session(card: Scorecard, line: SessionOver, _base: int) -> None:
    card.count_session(line.session)


_COUNTING: Mapping[type, Callable[[Scorecard, Any, int], None]] = MappingProxyType(
    {
        CallEnded: _call,
        EpisodeEnded: _episode,
        HintJudged: _hint,
        Duplicated: _duplicate,
        KeySeen: _key,
        Wasted: _wasted,
        Looped: _loop,
        BackedOff: _backoff,
        OverBudget: _over_budget,
        CanarySeen: _canary,
        SessionOver: _session,
    }
)
"""How each type of line is counted; lines of other types are not."""
