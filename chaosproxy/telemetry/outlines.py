"""What a journal says of the profile that a run follows, so that a report needs nothing but the journal.

Knows the profile; must not know how a journal is written.
"""

from collections.abc import Iterator

from chaosproxy.profiles.models import Profile, Rule
from chaosproxy.telemetry.records import ExpectedLine, RuleOutline
from chaosproxy.telemetry.run import Run


def run_of(profile: Profile, digest: str) -> Run:
    """A new run of this profile; `digest` is that of the profile as loaded."""
    return Run(
        profile.name,
        digest,
        profile.seed,
        rules=tuple(_outline(rule) for rule in profile.rules),
        expect=tuple(_expected(profile)),
        tools={name: tool.effect for name, tool in profile.tools.items()},
    )


def _outline(rule: Rule) -> RuleOutline:
    # A fault that the rule names twice strikes twice, and is one word all the same.
    faults = tuple(dict.fromkeys(fault.type for fault in rule.fault))
    share = rule.when.sessions
    return RuleOutline(rule.name, faults, rule.match.tool, share if share is None or share < 1 else None)


def _expected(profile: Profile) -> Iterator[ExpectedLine]:
    for measure, wanted in profile.expect.items():
        for one in wanted:
            yield ExpectedLine(measure, one.at_least, one.at_most, one.of, one.tool, one.session, one.cases)
