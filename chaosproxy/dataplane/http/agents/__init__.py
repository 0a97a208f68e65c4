"""Connections from agents: read strictly, one request after the other, with patience for every phase."""
