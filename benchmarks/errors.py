"""What can keep a benchmark, or one row of it, from being measured."""


class BenchmarkError(Exception):
    """What cannot be had here: a program is missing, or the machine is too small. Its text is one clear line."""


class RelayError(Exception):
    """This relay, or section, could not be measured; the others can. Its text goes beside its row."""
