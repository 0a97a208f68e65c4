"""How well a reading of conversations agrees with what was meant: precision, recall, and each miss by name.

Knows no tracker: a reading is who belongs to whom, of which kind, and how it ended.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaosproxy.core.call import CallKind
from tests.corpus.player import Heard
from tests.corpus.truth import Truth


@dataclass(frozen=True, order=True)
class Miss:
    """Something that was taken for something else."""

    conversation: str
    what: str
    """pair, kind, layer, resolution, verdict, because, loops, duplicates, wasted, keys, hints, canaries."""
    label: int
    """Of the call; of the first of its operation, where it is about an operation."""
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.conversation}, call {self.label}: {self.what} is {self.expected}, taken for {self.got}"


@dataclass
class Rate:
    """How much of what was found is true, and how much of what is true was found."""

    right: int = 0
    found: int = 0
    true: int = 0

    @property
    def precision(self) -> float:
        """1 if nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """1 if there was nothing to find."""
        return self.right / self.true if self.true else 1.0

    def add(self, right: int, found: int, true: int) -> None:
        self.right += right
        self.found += found
        self.true += true


@dataclass
class Score:
    """Of any number of conversations."""

    conversations: int = 0
    calls: int = 0
    sessions: int = 0
    retries: Rate = field(default_factory=Rate)
    """Pairs of consecutive attempts of one operation."""
    resolutions: Rate = field(default_factory=Rate)
    by_resolution: dict[str, Rate] = field(default_factory=dict)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(true kind, found kind)."""
    layers: Rate = field(default_factory=Rate)
    verdicts: Rate = field(default_factory=Rate)
    findings: dict[str, Rate] = field(default_factory=dict)
    """Loops, duplicates and so on, where the truth states them."""
    misses: list[Miss] = field(default_factory=list)

    def add(self, name: str, truth: Truth, heard: Heard) -> list[Miss]:
        """One conversation more; what was missed in it."""
        before = len(self.misses)
        self.conversations += 1
        self.calls += len(truth.calls)
        self.sessions += len({call.session for call in heard.calls.values()})
        miss = _Missing(name, self.misses)
        self._pairs(truth, heard, miss)
        self._kinds(truth, heard, miss)
        self._resolutions(truth, heard, miss)
        for what, true, found in _findings(truth, heard):
            rate = self.findings.setdefault(what, Rate())
            rate.add(sum((true & found).values()), sum(found.values()), sum(true.values()))
            for label, word in sorted((true - found).elements()):
                miss(what, label, word, "nothing")
            for label, word in sorted((found - true).elements()):
                miss(what, label, "nothing", word)
        return self.misses[before:]

    def _pairs(self, truth: Truth, heard: Heard, miss: "_Missing") -> None:
        true, found = truth.pairs(), heard.pairs()
        self.retries.add(len(true & found), len(found), len(true))
        follows = {after: before for before, after in found}
        meant = {after: before for before, after in true}
        for label in sorted(follows.keys() | meant.keys()):
            if follows.get(label) != meant.get(label):
                miss("pair", label, _after(meant.get(label)), f"{_after(follows.get(label))} by {_rule(heard, label)}")

    def _kinds(self, truth: Truth, heard: Heard, miss: "_Missing") -> None:
        for label, call in truth.calls.items():
            kind = heard.kinds[label]
            self.kinds[str(call.kind), str(kind)] += 1
            if kind is not call.kind:
                miss("kind", label, call.kind, f"{kind} by {_rule(heard, label)}")
            layer = heard.layer(label)
            if call.layer is not None and call.kind in _BY_SOMEBODY:
                self.layers.add(int(layer is call.layer), 1, 1)
                if layer is not call.layer:
                    miss("layer", label, call.layer, layer)

    def _resolutions(self, truth: Truth, heard: Heard, miss: "_Missing") -> None:
        true = {operation: ended.resolution for operation, ended in truth.operations.items()}
        open_for = dict(true)
        for first, episode in heard.episodes():
            failed = next((heard.labels[number] for number in episode.calls if number in heard.labels), first)
            operation = truth.calls[failed].operation if failed in truth.calls else 0
            meant = open_for.pop(operation, None)
            right = meant is episode.resolution
            for rate in (self.resolutions, self._of(str(episode.resolution))):
                rate.add(int(right), 1, 0)
            if not right:
                miss("resolution", operation or failed, meant or "no episode", episode.resolution)
            else:
                self._verdict(operation, truth, (episode.verdict, episode.because), miss)
        for operation, resolution in open_for.items():
            miss("resolution", operation, resolution, "no episode")
        for resolution in true.values():
            self.resolutions.true += 1
            self._of(str(resolution)).true += 1

    def _verdict(self, operation: int, truth: Truth, found: tuple[object, object], miss: "_Missing") -> None:
        meant = truth.operations[operation]
        if meant.verdict is not None:
            self.verdicts.add(int(found[0] is meant.verdict), 1, 1)
            if found[0] is not meant.verdict:
                miss("verdict", operation, meant.verdict, f"{found[0]} because {found[1]}")
        if meant.because is not None and found[1] is not meant.because:
            miss("because", operation, meant.because, str(found[1]))

    def _of(self, resolution: str) -> Rate:
        return self.by_resolution.setdefault(resolution, Rate())


_BY_SOMEBODY = frozenset({CallKind.RETRY, CallKind.MODIFIED_RETRY, CallKind.FALLBACK})


class _Missing:
    def __init__(self, conversation: str, misses: list[Miss]) -> None:
        self._conversation = conversation
        self._misses = misses

    def __call__(self, what: str, label: int, expected: object, got: object) -> None:
        self._misses.append(Miss(self._conversation, what, label, str(expected), str(got)))


def _after(label: int | None) -> str:
    return "new work" if label is None else f"an attempt after {label}"


def _rule(heard: Heard, label: int) -> str:
    return f"rule {heard.matches[label].rule}"


def _findings(truth: Truth, heard: Heard) -> Iterable[tuple[str, Counter[Any], Counter[Any]]]:
    """(what, true, found) for all that the truth states; loops have no label, and get 0."""
    stated: Mapping[str, tuple[Counter[Any] | None, Callable[[], Counter[Any]]]] = {
        "duplicates": (truth.duplicates, heard.duplicates),
        "wasted": (truth.wasted, heard.wasted),
        "keys": (truth.keys, heard.keys),
        "hints": (truth.hints, heard.hints),
        "canaries": (truth.canaries, heard.canaries),
    }
    for what, (true, found) in stated.items():
        if true is not None:
            yield what, true, found()
    if truth.loops is not None:
        yield "loops", _unlabelled(truth.loops), _unlabelled(heard.loops())


def _unlabelled(words: Counter[str]) -> Counter[tuple[int, str]]:
    return Counter({(0, str(word)): count for word, count in words.items()})
