"""JUDGEMENT. The catalogue: one file a fault, settings in, effects out.

No I/O, no clock, no dice, and no fault knows another. Files that begin with `_` are what faults are made with;
every other file is a fault of that name, found by `_catalogue` because it is in this folder.
"""
