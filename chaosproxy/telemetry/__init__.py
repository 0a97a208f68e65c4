"""READERS. Metrics and the journal: subscribers of the bus that count and write down, and never act.

Knows no wire and no fault by name. What the engine and the tracker count is read through narrow protocols.
"""
