"""One fault that is to happen to one call."""

import msgspec

from chaosproxy.core.effects import Effect
from chaosproxy.core.failures import Nature, Phase


class Injection(msgspec.Struct, frozen=True):
    """One fault that is to happen to one call."""

    rule: str
    fault: str
    """The fault's type: `latency`, `rate_limit`, ..."""
    phase: Phase
    nature: Nature
    effects: tuple[Effect, ...]
