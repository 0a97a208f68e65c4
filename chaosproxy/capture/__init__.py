"""EDGE. Traffic that cannot be pointed at us: mitmproxy catches it, and hands each request to our listener.

mitmproxy speaks what we do not (HTTP/2, SOCKS, WireGuard, a process's own sockets) and changes nothing; every decision
is made, and every fault rendered, where it is for everybody else. Nothing outside this room knows mitmproxy.

`modes` (which ways of catching there are), `aim` (where a request was going), `certificates` (what a TLS client is
shown), `deciding` (HTTP, or not ours), `http_layers` (mitmproxy's HTTP without what it adds), `handing` (each request
to our listener), `breaking` (how a connection ended), `catcher` (all of it, started and stopped).
"""
