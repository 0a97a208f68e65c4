"""What an agent that leaves has made of a reply."""

import pytest

from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.leaving import SILENCE, left_as


@pytest.mark.parametrize(
    ("silent", "wants_more", "outcome"),
    [
        (0.0, True, Outcome.AGENT_LEFT),  # it has read enough, or something else was more important
        (SILENCE, True, Outcome.TIMEOUT),
        (60.0, True, Outcome.TIMEOUT),
        (60.0, False, Outcome.AGENT_LEFT),  # a stream of events, or nothing has come at all
    ],
)
def test_who_leaves_after_a_silence_had_waited_for_more(silent: float, outcome: Outcome, *, wants_more: bool) -> None:
    assert left_as(silent, wants_more=wants_more) is outcome
