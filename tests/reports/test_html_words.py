"""Every word that a report may use is explained, and every outcome has its look."""

from enum import StrEnum

import pytest

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.events import (
    BackoffShape,
    Because,
    Certainty,
    KeyVerdict,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    Verdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.core.replies import UpstreamTruth
from chaosproxy.profiles.fields import SESSION_SOURCES
from chaosproxy.reports.html import words
from chaosproxy.reports.html.timeline import LOWER


@pytest.mark.parametrize(
    ("kind", "explained"),
    [
        (Resolution, words.RESOLUTIONS),
        (Verdict, words.VERDICTS),
        (Because, words.BECAUSE),
        (Outcome, words.OUTCOMES),
        (Outcome, words.FAMILIES),
        (UpstreamTruth, words.TRUTHS),
        (UpstreamTruth, LOWER),
        (RetryAfterVerdict, words.RETRY_AFTER),
        (Certainty, words.CERTAINTY),
        (KeyVerdict, words.KEYS),
        (WasteReason, words.WASTE),
        (LoopKind, words.LOOPS),
        (BackoffShape, words.BACKOFF),
        (Layer, words.LAYERS),
        (CallKind, words.KINDS),
    ],
)
def test_every_word_is_explained(kind: type[StrEnum], explained: dict[str, str]) -> None:
    assert set(explained) == {str(word) for word in kind}


def test_every_source_of_session_names_is_explained() -> None:
    assert {source.partition(":")[0] for source in SESSION_SOURCES} <= set(words.SOURCES)


def test_every_family_of_outcomes_is_explained() -> None:
    assert set(words.FAMILIES.values()) == set(words.FAMILY_WORDS)
