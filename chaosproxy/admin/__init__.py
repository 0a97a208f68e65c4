"""CONTROL. The admin port: metrics, health and status over HTTP, for operators and Prometheus, never for agents.

Built on aiohttp. It is told how to render, whether we are ready and what the status is; it knows no wire and no engine.
"""
