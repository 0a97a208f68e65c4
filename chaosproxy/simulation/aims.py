"""What imagined agents call: the tools that a profile declares, and whatever else its rules are about.

A rule that asks for more than a tool's plain call (a header, a field of the body) makes for a call that has it, so that
no rule is shown as idle only because nobody imagined what it is about.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from urllib.parse import quote, urlencode

import msgspec

from chaosproxy.core.errors import UsageError
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.profiles.models import Match, Profile, Rule, Tool

_BODIED = ("POST", "PUT", "PATCH")
_ROUTE = re.compile(r"([A-Z]+) (/.*)")
"""What a call of no declared tool goes by: `GET /v1/items/{id}`."""
_PARAMETER = re.compile(r"\{[^{}]+\}")


class Aim(msgspec.Struct, frozen=True):
    """Something that imagined agents call: a declared tool, or what some rule is about."""

    name: str
    """The tool's; of what is not declared, method and path."""
    upstream: str
    method: str
    path: str
    """Without parameters, but for `{id}` where each operation has one of its own."""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    """JSON; empty for none."""
    handshake: bool = False
    """Is it only the opening of a tunnel?"""

    def request(self, session: str, argument: int | None, more: Mapping[str, object]) -> Request:
        """As an agent would send it through the gateway.

        Args:
            session: the agent's.
            argument: one of its own, if it is to have one.
            more: what stands in its JSON body besides, if its method is one that has a body.
        """
        own = argument is not None and not self.handshake
        path = _PARAMETER.sub(str(argument or 1), self.path)
        query, body = list(self.query), json.loads(self.body or "{}")
        body = {**more, **body} if self.method in _BODIED else body
        if own and path == self.path:
            if self.method in _BODIED:
                body["n"] = argument
            else:
                query.append(("n", str(argument)))
        target = f"/~{session}/{self.upstream}{quote(path, safe='/:@!$&()*+,;=~-._%')}"
        target += f"?{urlencode(query)}" if query else ""
        headers = [(b"Host", b"imagined"), *((name.encode(), value.encode()) for name, value in self.headers)]
        request = Request(self.method.encode(), target.encode(), headers, "1.1")
        if body:
            content = json.dumps(body).encode()
            request = Request(request.method, request.target, [*headers, (b"Content-Type", b"application/json")], "1.1")
            request.parts, request.size = [content], len(content)
        request.complete = True
        return request


def aims(profile: Profile, tools: Iterable[str] = ()) -> list[Aim]:
    """What there is to call: these tools, or all of them, and whatever else rules are about.

    A rule that asks for more than the tool (a header, a field of the body) makes for a variant of the tool's call.

    Raises:
        UsageError: if the profile declares no such tool.
    """
    chosen = list(tools) or list(profile.tools)
    for name in chosen:
        if name not in profile.tools:
            known = ", ".join(profile.tools) or "none"
            raise UsageError(f"the profile declares no tool {name!r} (there are: {known})")
    found = [_of_tool(name, profile.tools[name]) for name in chosen]
    for rule in profile.rules:
        fitting = [each for each in found if _fits(rule, each, profile)]
        if fitting and not any(_answers(rule.match, each) for each in fitting):
            found.append(_variant(rule.match, fitting[0]))
        elif not fitting and not tools:
            found.extend(_of_rule(rule, profile))
    return list(dict.fromkeys(found)) or [Aim("GET /", name, "GET", "/") for name in profile.upstreams]


def _of_tool(name: str, tool: Tool) -> Aim:
    method = tool.method or ("POST" if tool.effect == "write" else "GET")
    return Aim(name, tool.upstream, method, tool.path.removesuffix("*"))


def _of_rule(rule: Rule, profile: Profile) -> Iterator[Aim]:
    """A call that this rule is about, to the first upstream that it fits, and of no declared tool."""
    match = rule.match
    handshake = any(fault.strikes_handshake for fault in rule.fault)
    upstreams = (name for name in profile.upstreams if _like(name, match.upstream))
    upstream = next(upstreams, None)
    if upstream is None or (match.tool is not None and not _like_route(match.tool) and profile.tools):
        return
    named = _ROUTE.fullmatch(match.tool or "")
    method = match.method or (named[1] if named else "POST" if match.body else "GET")
    path = (match.path or (named[2] if named else "/")).removesuffix("*")
    plain = Aim("CONNECT" if handshake else f"{method} {path}", upstream, method, path, handshake=handshake)
    if handshake:
        yield plain
        return
    yield _variant(match, plain)
    if match.method is None and not named and not match.body:
        yield _variant(match, msgspec.structs.replace(plain, name=f"POST {path}", method="POST"))


def _variant(match: Match, aim: Aim) -> Aim:
    """The same call, with all that the match asks for besides."""
    path = match.path.removesuffix("*") if match.path is not None else aim.path
    query = tuple((name, _sample(value)) for name, value in match.query.items())
    headers = tuple((name, _sample(value)) for name, value in match.header.items())
    body: dict[str, object] = json.loads(aim.body or "{}")
    for name, value in match.body.items():
        *parents, last = name.split(".")
        inner = body
        for parent in parents:
            step = inner.setdefault(parent, {})
            inner = step if isinstance(step, dict) else {}
        inner[last] = _sample(value) if isinstance(value, str) else value
    written = json.dumps(body) if body else ""
    return msgspec.structs.replace(aim, path=path, query=query, headers=headers, body=written)


def _fits(rule: Rule, aim: Aim, profile: Profile) -> bool:
    """Could a call of this aim, with more said in it, be one that the rule is about?"""
    match = rule.match
    host = re.sub(r"^https?://([^/]+).*$", r"\1", profile.upstreams[aim.upstream].url)
    return (
        aim.handshake is any(fault.strikes_handshake for fault in rule.fault)
        and _like(aim.upstream, match.upstream)
        and _like(aim.name, match.tool)
        and match.method in (None, aim.method)
        and (match.host is None or any(_like(each, match.host) for each in (host, host.partition(":")[0])))
        and (match.path is None or aim.name in profile.tools or aim.path == match.path.removesuffix("*"))
    )


def _answers(match: Match, aim: Aim) -> bool:
    """Does a call of this aim say all that the match asks for?"""
    return _variant(match, aim) == aim if match.query or match.header or match.body or match.path else True


def _like(name: str, pattern: str | None) -> bool:
    return pattern is None or name == pattern or fnmatchcase(name, pattern)


def _like_route(pattern: str) -> bool:
    return any(sign in pattern for sign in " /*")


def _sample(pattern: str) -> str:
    """Some text that fits a pattern with globs."""
    sample = re.sub(r"\[!?(.)[^\]]*\]", r"\1", pattern).replace("*", "").replace("?", "x")
    return sample if fnmatchcase(sample, pattern) else pattern
