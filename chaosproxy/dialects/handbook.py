"""What the shipped dialects say, and how to write one's own, as Markdown for the docs. Nothing at run time needs it."""

from collections.abc import Iterator

from chaosproxy.core.attribute_docs import attribute_docs
from chaosproxy.core.effects import Quota, Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.dialects import model, placeholders
from chaosproxy.dialects.builtin import GENERIC, builtin_names, load_builtin
from chaosproxy.dialects.dialect import Dialect

_NOON = 1_795_348_800.0
"""2026-11-22 12:00:00 UTC."""
_EXAMPLE = Reject(
    kind=FailureKind.RATE_LIMITED,
    phase=Phase.BEFORE_UPSTREAM,
    retry_after=7.0,
    quota=Quota(limit=30, remaining=0, resets=7.0, window=60.0),
    draw=0.42,
)

_WHO_SAYS_WHAT = """\
Where a rule or an upstream names a `dialect`, failures look as that vendor sends them: status, headers, body, the
format of its times, and what its good answers say about limits. A kind that the vendor has no words for is said as
`generic` says it. A gateway says what it could say by itself, in front of any tool; credentials that it does not check,
conflicts and the like are left to the tool behind it, and so to `generic`. What a token endpoint says
(`refresh_failed`) is RFC 6749, unless the vendor has its own way.
"""

_OWN = """\
## A dialect of one's own

Where the name of a dialect may stand, so may the path of a YAML file (`dialect: dialects/acme.yaml`), looked for
beside the profile. It holds data, no code. The shortest way is to start from one that is shipped, and to say what is
different:

```yaml
extends: openai
description: The gateway of Acme, which speaks like OpenAI but for its rate limit.
headers: {CF-RAY: null, Server: acme}
kinds:
  rate_limited:
    - status: 429
      headers: {Retry-After: "${retry_after}"}
      body: {error: {message: "${message}", type: throttled, code: acme_429}}
  unavailable: {message: Acme is taking a nap.}
```

An API with an envelope of its own needs little more; `otherwise` says every kind in it, with the usual status and text:

```yaml
description: Our orders service.
otherwise:
  body: {ok: false, reason: "${code}", text: "${message}", trace: "${uuid}"}
kinds:
  conflict: {status: 423, message: Somebody else is editing this order., body: {ok: false, reason: LOCKED}}
```

Mistakes are found when the profile is loaded, with the file, the line and the path to the key.
"""

_SECTIONS = (
    (model.DialectFile, "The file"),
    (model.Saying, "`kinds: KIND:`, one way or a list of them"),
    (model.Words, "`otherwise:`, and what every way may hold"),
    (model.StreamSection, "`stream:`"),
)


def dialects_handbook() -> str:
    """The whole page but for its title: how kinds are found, each dialect, how to write one, keys and placeholders."""
    lines = [_WHO_SAYS_WHAT, "| dialect | whose words |", "| --- | --- |"]
    lines += [f"| [{name}](#{name}) | {load_builtin(name).description} |" for name in builtin_names()]
    for name in builtin_names():
        lines += ["", f"## {name}", "", *_chapter(load_builtin(name))]
    return "\n".join([*lines, "", _OWN, *_keys(), *_placeholders()]) + "\n"


def _chapter(dialect: Dialect) -> Iterator[str]:
    """One dialect: its kinds by their status, its quota headers, and a rate limit as an example."""
    yield dialect.description
    yield ""
    by_status: dict[str, list[str]] = {}
    for kind in FailureKind:
        by_status.setdefault(_statuses(dialect, kind), []).append(f"`{kind}`")
    yield "| status | kinds |"
    yield "| --- | --- |"
    for statuses in sorted(by_status):
        yield f"| {statuses} | {', '.join(by_status[statuses])} |"
    if dialect.quotas:
        yield ""
        yield f"Good answers tell about a quota on {' and on '.join(dialect.quotas)}."
    reply = dialect.reply(_EXAMPLE, _NOON)
    yield ""
    yield "```http"
    yield f"HTTP/1.1 {reply.status} {reply.reason.decode()}".rstrip()
    yield from (f"{name.decode()}: {value.decode('latin-1')}" for name, value in reply.headers)
    yield ""
    yield reply.body.decode().replace("\r\n", "\n").strip()
    yield "```"


def _statuses(dialect: Dialect, kind: FailureKind) -> str:
    """The statuses of a kind's own ways, in the order in which they are tried."""
    generic = load_builtin(GENERIC).phrases[kind]
    own = [phrase.status for phrase in dialect.phrases[kind] if all(phrase is not other for other in generic)]
    if not own and dialect.name != GENERIC:
        return f"as `{GENERIC}`"
    return " or ".join(str(status) for status in dict.fromkeys(own or [phrase.status for phrase in generic]))


def _keys() -> Iterator[str]:
    inherited = set(attribute_docs(model.Words))
    for section, where in _SECTIONS:
        yield from (f"### {where}", "", "| key | means |", "| --- | --- |")
        for name, text in attribute_docs(section).items():
            if section is not model.Saying or name not in inherited:
                yield f"| `{name}` | {' '.join(text.split()).replace('|', chr(92) + '|')} |"
        yield ""


def _placeholders() -> Iterator[str]:
    yield from ("### Placeholders", "")
    yield from (placeholders.__doc__ or "").split("\n\n", 1)[1].splitlines()
