"""The base URLs of language models: which upstream a vendor's variable is to lead to, and with which path.

Pure: knows the profile and the variables that are set, and starts nothing.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import msgspec

from chaosproxy.profiles.models import Profile, Upstream

DEFAULT_PORT = {"http": 80, "https": 443}


class Vendor(msgspec.Struct, frozen=True):
    """What the clients of one vendor's models read, and by what its upstream is known."""

    variables: tuple[str, ...]
    name: str
    """Of an upstream that is called after it."""
    hosts: tuple[str, ...]
    """With globs."""
    dialects: tuple[str, ...]
    path: str = ""
    """What the vendor's own base URL ends with, where clients do not add it themselves."""


VENDORS = (
    # langchain-openai and langchain-anthropic have names of their own, which win over the SDK's.
    Vendor(("OPENAI_BASE_URL", "OPENAI_API_BASE"), "openai", ("api.openai.com",), ("openai",), "/v1"),
    Vendor(("ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL"), "anthropic", ("api.anthropic.com",), ("anthropic",)),
    Vendor(
        ("GOOGLE_GEMINI_BASE_URL",),
        "gemini",
        ("generativelanguage.googleapis.com",),
        ("gemini", "gemini_stream"),
    ),
    Vendor(
        ("GOOGLE_VERTEX_BASE_URL",),
        "vertex",
        ("aiplatform.googleapis.com", "*-aiplatform.googleapis.com"),
        ("vertex_ai",),
    ),
    Vendor(("AZURE_OPENAI_ENDPOINT",), "azure_openai", ("*.openai.azure.com",), ("azure_openai",)),
)

_AMAZON = ("*.amazonaws.com", "*.amazonaws.com.cn", "*.api.aws")
_OF_AMAZON = ("aws_json", "aws_query", "aws_rest", "aws_ec2", "s3")

_MODEL_PATHS = re.compile(
    r"completions|/responses|/messages|/embeddings|generateContent|:(raw)?predict|/models|\*$", re.IGNORECASE
)
"""In the path of a tool that is a model's: a profile that declares others says that this upstream is none."""

_VERSION = re.compile(r"/v\d+\w*$")


class Leading(msgspec.Struct, frozen=True):
    """One variable, and where it is to lead."""

    variable: str
    upstream: str | None
    """The upstream's name; None if the variable stays as it is."""
    path: str = ""
    """What comes behind the upstream's gateway URL."""
    left: str | None = None
    """Why it stays as it is."""


def base_urls(profile: Profile, environ: Mapping[str, str]) -> Iterator[Leading]:
    """The variables to set, by vendor; and those that are set already and lead elsewhere, which stay."""
    for vendor in VENDORS:
        found = _upstream_of(vendor, profile)
        for variable in vendor.variables:
            set_to = environ.get(variable)
            same = _same_place(set_to, profile) if set_to else None
            if same is not None:
                yield _as_set(variable, set_to or "", same, profile.upstreams[same])
            elif found is not None and set_to:
                yield Leading(variable, None, left=f"it leads to {_host(set_to)}, which is no upstream of the profile")
            elif found is not None:
                yield _fresh(variable, vendor, found, profile.upstreams[found])
    yield from _of_amazon(profile, environ)


def _upstream_of(vendor: Vendor, profile: Profile) -> str | None:
    """The vendor's upstream: by host, else by name, else by its dialect if nothing says that it is no model."""
    upstreams = profile.upstreams.items()
    by_host = (name for name, each in upstreams if any(fnmatchcase(_host(each.url), host) for host in vendor.hosts))
    by_name = (name for name in profile.upstreams if name.lower().replace("-", "_") == vendor.name)
    by_dialect = (name for name, each in upstreams if each.dialect in vendor.dialects and _may_be_model(name, profile))
    return next((name for ways in (by_host, by_name, by_dialect) for name in ways), None)


def _may_be_model(upstream: str, profile: Profile) -> bool:
    paths = [tool.path for tool in profile.tools.values() if tool.upstream == upstream]
    return not paths or any(map(_MODEL_PATHS.search, paths))


def _fresh(variable: str, vendor: Vendor, name: str, upstream: Upstream) -> Leading:
    """A variable that nobody has set."""
    base = urlsplit(upstream.url).path.rstrip("/")
    if not vendor.path:
        if _VERSION.fullmatch(base):
            return Leading(variable, None, left=f"its clients add the version themselves; leave {base} out of {name}")
        return Leading(variable, name)
    return Leading(variable, name, "" if _VERSION.search(base) else vendor.path)


def _as_set(variable: str, set_to: str, name: str, upstream: Upstream) -> Leading:
    """A variable that leads to an upstream already: its path stays, less what the gateway adds."""
    base, wanted = urlsplit(upstream.url).path.rstrip("/"), urlsplit(set_to).path.rstrip("/")
    if wanted == base or wanted.startswith(f"{base}/"):
        return Leading(variable, name, wanted[len(base) :])
    return Leading(variable, None, left=f"its path {wanted or '/'} is not below that of the upstream {name}")


def _of_amazon(profile: Profile, environ: Mapping[str, str]) -> Iterator[Leading]:
    """Endpoints of what imitates AWS. AWS itself checks a signature over host and path, which must stay: its calls are
    caught by HTTPS_PROXY.
    """
    for name, upstream in profile.upstreams.items():
        if upstream.dialect not in _OF_AMAZON or any(fnmatchcase(_host(upstream.url), host) for host in _AMAZON):
            continue
        service = "S3" if upstream.dialect == "s3" else variable_part(name)
        variable = f"AWS_ENDPOINT_URL_{service}"
        if variable not in environ and "AWS_ENDPOINT_URL" not in environ:
            yield Leading(variable, name)


def variable_part(name: str) -> str:
    """An upstream's name as part of a variable's: `my-search.v2` is `MY_SEARCH_V2`."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _same_place(url: str, profile: Profile) -> str | None:
    """The upstream with this URL's scheme, host and port."""
    wanted = _origin(url)
    return next((name for name, each in profile.upstreams.items() if wanted and _origin(each.url) == wanted), None)


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, (parts.hostname or "").lower(), port) if port is not None else None


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
