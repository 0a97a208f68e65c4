"""READERS. What a journal comes to: one `Report`, and how it is shown as text, JSON, Markdown, JUnit and HTML.

Every format shows the same `Report`, so that all have the same numbers.
"""
