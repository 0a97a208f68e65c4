"""The calibration as a page of the docs. It holds no date and nothing of the machine: the same code, the same page."""

from collections.abc import Iterator

from tests.corpus.calibration import Calibration, worst
from tests.corpus.scoring import Rate

_OPENING = """\
<!-- Made by `python -m tests.corpus --write`. Do not change it here. -->

# Calibration: how well retries and endings are told

A proxy sees calls, not intentions. Which call is a further attempt of which, and how an episode ended, is concluded
from the traffic; here is how often that conclusion is right. `make calibrate` prints the same from your checkout.

- **The corpus**: {written} conversations with {written_calls} calls, written down together with what was meant: which
  work each call belongs to, of which kind it is, and how the work ended. They are real requests, read by the proxy's
  own reader; what befalls them are the faults of the catalogue, in the wire's own words; time is virtual. All {edges}
  edge cases of the specification are among them. On {errs} of them ({share:.0%}) a naive reading errs: one that takes
  equal requests for retries, and similar ones after a failure too.
- **Random conversations**: {random} runs of a model agent with a hidden plan ({random_calls} calls, seed {seed}). The
  plan decides lists of similar items, one after the other or at once, what fails, and what the agent does about it; the
  labels come from the plan. It knows none of the tracker's thresholds.

**Retries** are counted as pairs: a call, and the next attempt of the same work. **Resolutions** are counted for each
work that met a failure. Precision is the share of what was found that is true; recall, of what is true, the share
that was found. Disputed conversations count as misses.
"""

_LIMITS = """\
## What traffic cannot tell

Disputed conversations, and the ends of what can be seen. Each counts as a miss above where it is one.
"""

_ALSO = """\
- The first item of a list is refused by the name of the argument that the list goes through, and the next item comes:
  whether that is another item or a better spelling shows only later. Random conversations have such lists.
- Of twins (equal calls in flight at once) nobody can say whose retry is whose: the oldest failure is retried first.

## What was taken for something else

All misses in the corpus, and the gravest in the random conversations.
"""


def page(made: Calibration) -> str:
    """The page of the docs."""
    return "\n".join([_opening(made), *_tables(made), *_limits(made)]) + "\n"


def _opening(made: Calibration) -> str:
    written, random = made.written, made.random
    return _OPENING.format(
        written=written.conversations,
        written_calls=written.calls,
        edges=len(made.edges),
        errs=made.naive_errs,
        share=made.naive_errs / max(1, written.conversations),
        random=random.conversations,
        random_calls=random.calls,
        seed=made.seed,
    )


def _tables(made: Calibration) -> Iterator[str]:
    yield from _rate_table(
        ("what", "conversations"),
        [
            ("retries", "corpus", made.written.retries),
            ("retries", "random", made.random.retries),
            ("retries, read naively", "corpus", made.naive_retries),
            ("resolutions", "corpus", made.written.resolutions),
            ("resolutions", "random", made.random.resolutions),
            ("resolutions, read naively", "corpus", made.naive_resolutions),
            ("verdicts", "corpus", made.written.verdicts),
            ("who retried (sdk, framework, model, unknown)", "corpus", made.written.layers),
            ("who retried", "random", made.random.layers),
            *((what, "corpus", rate) for what, rate in sorted(made.written.findings.items())),
            ("duplicates", "random", made.random.findings.get("duplicates", Rate())),
        ],
    )
    yield "## By resolution"
    yield ""
    both = [("corpus", made.written), ("random", made.random)]
    names = sorted(made.written.by_resolution.keys() | made.random.by_resolution.keys())
    yield from _rate_table(
        ("resolution", "conversations"),
        [
            (f"`{name}`", title, each.by_resolution[name])
            for name in names
            for title, each in both
            if name in each.by_resolution
        ],
    )
    yield "## Kinds of calls"
    yield ""
    yield "How often a call of one kind was taken for another, corpus and random conversations together."
    yield ""
    yield "| true kind | taken for | calls |"
    yield "| --- | --- | ---: |"
    kinds = made.written.kinds + made.random.kinds
    for (true, found), count in sorted(
        kinds.items(), key=lambda each: (each[0][0], each[0][0] != each[0][1], -each[1])
    ):
        yield f"| {true} | {found if found != true else 'itself'} | {count} |"
    yield ""


def _rate_table(titles: tuple[str, str], rows: list[tuple[str, str, Rate]]) -> Iterator[str]:
    yield f"| {titles[0]} | {titles[1]} | precision | recall | right | found | true |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for what, where, rate in rows:
        figures = f"{rate.precision:.4f} | {rate.recall:.4f} | {rate.right} | {rate.found} | {rate.true}"
        yield f"| {what} | {where} | {figures} |"
    yield ""


def _limits(made: Calibration) -> Iterator[str]:
    yield _LIMITS
    for name, why in made.disputed:
        yield f"- `{name}`: {why}."
    yield _ALSO
    for miss in (*sorted(made.written.misses), *worst(made.random)):
        yield f"- {miss}"
