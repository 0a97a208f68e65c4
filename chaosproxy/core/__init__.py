"""WORDS. What every other room talks in: calls, answers, effects, events, time and chance.

Imports nothing of ours, does no I/O, and knows no wire, no fault and no profile.
"""
