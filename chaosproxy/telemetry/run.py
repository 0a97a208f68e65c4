"""What a journal says of the run that it belongs to."""

from collections.abc import Mapping
from secrets import token_hex

import msgspec

from chaosproxy import __version__
from chaosproxy.core.call import ToolEffect
from chaosproxy.telemetry.records import ExpectedLine, RuleOutline


class Run(msgspec.Struct, frozen=True):
    """What is known of a run when it begins."""

    profile: str
    """The profile's name."""
    digest: str
    """Of the profile as loaded."""
    seed: int
    version: str = __version__
    id: str = msgspec.field(default_factory=lambda: token_hex(8))
    """Tells the runs in one journal apart."""
    rules: tuple[RuleOutline, ...] = ()
    """All rules of the profile, in order."""
    expect: tuple[ExpectedLine, ...] = ()
    """What the profile expects, one entry a bound."""
    tools: Mapping[str, ToolEffect | None] = msgspec.field(default_factory=dict)
    """Declared tools, with the effect that the profile names."""
