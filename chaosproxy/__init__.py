"""An async proxy that makes an agent's tools fail on purpose, and measures how the agent recovers."""

__version__ = "0.1.0"
