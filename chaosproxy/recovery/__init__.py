"""JUDGEMENT. How the agent coped: operations, episodes, resolutions, verdicts, and the score of a run.

Time comes in with the events. Knows no wire, no loop and no clock; it is told what happened and publishes what that
meant.
"""
