"""What a journal says of the run that it belongs to."""

from secrets import token_hex

import msgspec

from chaosproxy import __version__


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
