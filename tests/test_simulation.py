"""An imagined agent calls again after what it would take for a failure, and only after that."""

from pathlib import Path

import pytest

from chaosproxy.profiles.loader import load_profile
from chaosproxy.simulation import Imagination, simulate

PROFILE = """
version: 1
name: imagined
upstreams: {tool: "http://127.0.0.1:9001"}
tools: {find: {upstream: tool, method: GET, path: /find}}
rules:
  - {name: the rule, fault: %s}
"""


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        ("{type: latency, delay: 1s}", 1),
        ("{type: slow_body, piece: 1B, every: 1s}", 1),
        ("{type: stall, lasts: 1s, then: resume}", 1),
        ("{type: stall, lasts: 1s}", 2),
        ("{type: truncated_body}", 2),
        ("{type: connection_refused}", 2),
    ],
)
def test_only_what_fails_is_repeated(tmp_path: Path, fault: str, calls: int) -> None:
    written = tmp_path / "imagined.yaml"
    written.write_text(PROFILE % fault)

    imagined = simulate(
        load_profile([written], {}), Imagination(tool="find", calls=1, sessions=1, retries=1, interval=1.0)
    )
    assert [(each.rule, each.attempt) for each in imagined] == [("the rule", each) for each in range(1, calls + 1)]
