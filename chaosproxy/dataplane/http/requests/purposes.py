"""What a request is for, as far as method, path and body tell: a tool's work, new credentials, or what nobody decided.

Calls to language models are for `conversations` to tell. Knows no headers, and not how often the same is asked.
"""

import re
from typing import Final

from chaosproxy.core.purpose import PLAIN, Purpose, Role
from chaosproxy.core.route import Route
from chaosproxy.dataplane.http.requests.rpc import HOUSEKEEPING, is_rpc, purpose_of_rpc

TOKEN: Final = Purpose(Role.TOKEN)

_TOKEN_PATH = re.compile(
    r"(?:.*/(?:oauth2?(?:\.0)?|openid-connect|oidc|connect|auth|login|v\d(?:\.\d)?))?/token"  # RFC 6749 names none
    r"|.*/oauth/access_token"  # GitHub, Facebook
    r"|.*/app/installations/[^/]+/access_tokens"  # GitHub's apps
    r"|.*/oauth(?:\.v2)?\.access"  # Slack
)
_TOKEN_ENDS: Final = frozenset({"token", "access_token", "access_tokens", "oauth.access", "oauth.v2.access"})
_DISCOVERY = re.compile(
    r".*/\.well-known/(?:oauth-[a-z-]+|openid-configuration|jwks\.json)(?:/.*)?"  # RFC 8414, RFC 9728, OpenID Connect
    r"|.*/jwks(?:\.json|_uri)?"
    r"|.*/(?:oauth2?|openid-connect)(?:/v\d)?/certs"
)
_KEYS: Final = frozenset({"jwks", "jwks.json", "jwks_uri", "certs"})
_TELLING: Final = frozenset({"grant_type", "redirect_uris"})
"""Fields that say that a client wants a token (RFC 6749), or makes itself known to whoever gives them (RFC 7591)."""


def purpose_of(route: Route, last: str, body: object) -> Purpose:
    """The purpose of a request that is not made to a language model. `last` is the last segment of its path."""
    if route.method == "POST":
        if last in _TOKEN_ENDS and _TOKEN_PATH.fullmatch(route.path):
            return TOKEN
        if is_rpc(body):
            return purpose_of_rpc(body)
        if isinstance(body, dict) and not _TELLING.isdisjoint(body):
            return TOKEN if "grant_type" in body else HOUSEKEEPING
    elif route.method == "GET" and (last in _KEYS or "/.well-known/" in route.path):
        return HOUSEKEEPING if _DISCOVERY.fullmatch(route.path) else PLAIN
    return PLAIN
