"""JUDGEMENT. When something goes wrong, and what: matching, triggers, budgets, and the one pure `decide`.

Knows calls and profiles; knows no wire, no clock and no dice. All that it remembers is in `ledger`.
"""
