"""The run in a few numbers."""

import msgspec


class Totals(msgspec.Struct, frozen=True):
    """The run in five numbers, for a status page."""

    calls: int
    faults_injected: int
    episodes_open: int
    sessions_active: int
    connections_active: int
