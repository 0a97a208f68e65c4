"""EDGE. An agent's command, run inside a proxy: its environment, its process, its end."""
