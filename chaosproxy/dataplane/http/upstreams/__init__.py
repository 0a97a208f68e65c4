"""Connections to the tools: made, kept, reused."""
