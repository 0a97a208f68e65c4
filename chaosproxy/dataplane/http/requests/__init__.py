"""What a request is, and where it goes: its target, tool, session and fingerprint."""
