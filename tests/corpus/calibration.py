"""The calibration: the corpus and random conversations, scored; as a table for people, and as JSON for scripts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.corpus import naive
from tests.corpus.collected import conversations
from tests.corpus.modelled import generated
from tests.corpus.player import played
from tests.corpus.scoring import Miss, Rate, Score
from tests.corpus.truth import pairs_of

GENERATED = 1_000
"""Random conversations, unless another number is asked for."""
WORST = 20
"""Misses that are shown of each kind of conversation."""
_GRAVITY = (
    "pair",
    "resolution",
    "verdict",
    "duplicates",
    "hints",
    "loops",
    "wasted",
    "keys",
    "canaries",
    "layer",
    "kind",
)


@dataclass
class Calibration:
    """What came of both."""

    seed: int
    written: Score = field(default_factory=Score)
    """The corpus."""
    random: Score = field(default_factory=Score)
    """Conversations of the model agent."""
    naive_retries: Rate = field(default_factory=Rate)
    naive_resolutions: Rate = field(default_factory=Rate)
    naive_errs: int = 0
    """In how many conversations of the corpus a naive reading is wrong about something."""
    disputed: list[tuple[str, str]] = field(default_factory=list)
    """(conversation, why readers may disagree)."""
    edges: set[int] = field(default_factory=set)


def calibrate(*, seed: int = 0, much: int = GENERATED) -> Calibration:
    """Play it all. The same seed, the same result."""
    made = Calibration(seed)
    for each in conversations():
        truth, heard = (talk := each.told()).truth, played(talk.script())
        made.written.add(each.name, truth, heard)
        made.edges |= {each.edge} - {0}
        if each.disputed:
            made.disputed.append((each.name, each.disputed))
        made.naive_errs += naive.errs(truth, heard)
        found, true = pairs_of(naive.operations(heard)), truth.pairs()
        made.naive_retries.add(len(found & true), len(found), len(true))
        ends = naive.resolutions(heard).items()
        meant = {operation: ended.resolution for operation, ended in truth.operations.items()}.items()
        made.naive_resolutions.add(len(ends & meant), len(ends), len(meant))
    for number in range(much):
        talk = generated(dice_of(seed, number))
        made.random.add(f"random {number}", talk.truth, played(talk.script()))
    return made


def dice_of(seed: int, number: int) -> Random:
    """Of one random conversation."""
    return Random(f"{seed}/{number}")


def table(made: Calibration) -> str:
    """For a terminal."""
    lines = [f"{made.written.conversations} written and {made.random.conversations} random conversations, "]
    lines[0] += f"{made.written.calls + made.random.calls} calls, seed {made.seed}"
    lines += ["", f"{'':<34}{'precision':>10}{'recall':>10}{'found':>8}{'true':>8}"]
    for name, rate in _rates(made):
        lines.append(f"{name:<34}{rate.precision:>10.4f}{rate.recall:>10.4f}{rate.found:>8}{rate.true:>8}")
    for title, score in (("the corpus", made.written), ("random conversations", made.random)):
        lines += ["", f"Taken for something else, in {title}: {len(score.misses)}"]
        lines += [f"  {miss}" for miss in worst(score)]
    return "\n".join(lines)


def as_json(made: Calibration) -> dict[str, Any]:
    """For scripts: figures, confusions and all misses."""
    return {
        "seed": made.seed,
        "conversations": {"written": made.written.conversations, "random": made.random.conversations},
        "calls": {"written": made.written.calls, "random": made.random.calls},
        "rates": {name: _figures(rate) for name, rate in _rates(made)},
        "kinds": [
            {"true": true, "found": found, "written": made.written.kinds[true, found], "random": count}
            for (true, found), count in sorted((made.written.kinds | made.random.kinds).items())
            for count in (made.random.kinds[true, found],)
        ],
        "misses": [_as_dict(miss) for miss in (*made.written.misses, *made.random.misses)],
        "disputed": dict(made.disputed),
    }


def _rates(made: Calibration) -> Iterator[tuple[str, Rate]]:
    for title, score in (("corpus", made.written), ("random", made.random)):
        yield f"{title}: retries", score.retries
        yield f"{title}: resolutions", score.resolutions
        for resolution, rate in sorted(score.by_resolution.items()):
            yield f"{title}:   {resolution}", rate
        yield f"{title}: layers of retries", score.layers
        if score.verdicts.true:
            yield f"{title}: verdicts", score.verdicts
        for what, rate in sorted(score.findings.items()):
            yield f"{title}: {what}", rate
    yield "naive reading: retries", made.naive_retries
    yield "naive reading: resolutions", made.naive_resolutions


def _figures(rate: Rate) -> dict[str, float | int]:
    precision, recall = round(rate.precision, 4), round(rate.recall, 4)
    return {"precision": precision, "recall": recall, "right": rate.right, "found": rate.found, "true": rate.true}


def _as_dict(miss: Miss) -> dict[str, str | int]:
    return {name: getattr(miss, name) for name in ("conversation", "what", "label", "expected", "got")}


def worst(score: Score) -> list[Miss]:
    """The gravest first; of those that follow from one another, all."""
    return sorted(score.misses, key=lambda miss: _gravity(miss.what))[:WORST]


def _gravity(what: str) -> int:
    return _GRAVITY.index(what) if what in _GRAVITY else len(_GRAVITY)
