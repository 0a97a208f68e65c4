"""EDGE. A small shop's tool APIs, a careful agent and a careless one, and a bad day for both.

All of it is real: sockets, retries, a SQLite table that is really charged twice. Nothing here is used by the proxy.
"""
