"""The first line of a run says all of the profile that a report needs."""

from chaosproxy.core.call import ToolEffect
from chaosproxy.profiles.models import Profile
from chaosproxy.telemetry.outlines import run_of
from chaosproxy.telemetry.records import ExpectedLine, RuleOutline

DOCUMENT = {
    "version": 1,
    "name": "monday",
    "seed": 7,
    "upstreams": {"shop": {"url": "http://127.0.0.1:9"}},
    "tools": {
        "find": {"upstream": "shop", "path": "/items"},
        "pay": {"upstream": "shop", "path": "/pay", "effect": "write"},
    },
    "rules": [
        {
            "name": "slow and down",
            "match": {"tool": "f*"},
            "when": {"sessions": 0.5},
            "fault": [{"type": "latency", "delay": "1s"}, {"type": "server_error"}],
        },
        {"name": "anything", "when": {"sessions": 1}, "fault": [{"type": "server_error"}, {"type": "server_error"}]},
    ],
    "expect": {
        "recovery_rate": {"at_least": 0.9, "of": ["server_error"], "cases": 10},
        "loops": {"at_most": 0, "tool": "pay", "session": "agent-*"},
    },
}


def test_rules_expectations_and_tools() -> None:
    run = run_of(Profile.model_validate(DOCUMENT, strict=False), "abc123")

    assert (run.profile, run.digest, run.seed) == ("monday", "abc123", 7)
    assert run.rules == (
        RuleOutline("slow and down", ("latency", "server_error"), "f*", 0.5),
        RuleOutline("anything", ("server_error",), None, None),
    )
    assert run.expect == (
        ExpectedLine("recovery_rate", at_least=0.9, of=("server_error",), cases=10),
        ExpectedLine("loops", at_most=0, tool="pay", session="agent-*"),
    )
    assert run.tools == {"find": None, "pay": ToolEffect.WRITE}
