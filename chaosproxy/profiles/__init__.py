"""JUDGEMENT. What a user writes: the profile's models, its YAML loader and its JSON Schema.

Knows nothing of traffic. A profile that loads cannot fail later.
"""
