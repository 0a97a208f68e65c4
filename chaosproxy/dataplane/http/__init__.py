"""HTTP/1.1, gateway and forward proxy on one port.

Without a loop: `wire` (bytes and messages), `routing` (where a request goes), `reading` (a request as a Call),
`fingerprint`, `sessions`, `rendering` (an effect as bytes). With one: `listener`, `agent` (the agent's connection),
`exchange` (one call, quiet), `misbehave` (one call, faulted), `upstream` (connections to the tools), `endings`
(FIN and RST).
"""
