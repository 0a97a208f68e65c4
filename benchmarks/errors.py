"""What can keep a benchmark, or one row of it, from being measured."""


class BenchmarkError(Exception):
    """Nothing can be measured: a program is missing, or the machine is too small. Its text is one clear line."""


class RelayError(Exception):
    """This relay could not be measured; the others can. Its text goes beside the relay's row."""
