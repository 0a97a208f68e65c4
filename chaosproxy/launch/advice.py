"""What to look at when an agent has made no call through the proxy: most clients can be pointed at it, not all look.

Pure text.
"""

from collections.abc import Iterator, Mapping

from chaosproxy.launch.base_urls import variable_part
from chaosproxy.profiles.models import Profile

_CLIENTS = (
    ("requests, httpx, urllib, curl, git", "HTTP_PROXY and HTTPS_PROXY, which are set"),
    ("aiohttp", "only with ClientSession(trust_env=True)"),
    ("Node.js", "fetch looks at them from 22.21 and 24 on; older ones do not"),
    ("Go", "never goes through a proxy to localhost"),
    ("MCP servers over stdio", "get no variables from most clients: name them in the server's configuration (env)"),
)
UPSTREAMS_MOST = 5


def advice(profile: Profile, environ: Mapping[str, str]) -> Iterator[str]:
    """Lines for a user whose agent, with this environment, was seen to call nothing."""
    yield "the agent called nothing through the proxy. What its clients look at:"
    width = max(len(client) for client, _ in _CLIENTS)
    for client, looks_at in _CLIENTS:
        yield f"  {client:{width}}  {looks_at}"
    names = list(profile.upstreams)
    if names:
        yield "or give it these base URLs, which work with every client:"
    for name in names[:UPSTREAMS_MOST]:
        variable = f"CHAOSPROXY_UPSTREAM_{variable_part(name)}"
        yield f"  {variable}={environ.get(variable, '')}  ->  {profile.upstreams[name].url}"
    yield "or catch its traffic: chaosproxy capture (docs/capture.md)"
