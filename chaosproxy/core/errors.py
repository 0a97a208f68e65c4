"""What can go wrong that a person must be told about. A fault is never one of these."""


class ChaosproxyError(Exception):
    """Base of all our errors; its text is one clear line for a person."""


class UsageError(ChaosproxyError):
    """What was asked for cannot be done as asked; nothing was run (exit code 2)."""


class StartError(ChaosproxyError):
    """The proxy itself could not start or go on (exit code 4)."""
