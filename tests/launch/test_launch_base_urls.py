"""Where the variables of model vendors are led to: never away from where a user has pointed them on purpose."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.launch.base_urls import Leading, base_urls, variable_part
from tests.launch.profiles import profile


def led(upstreams: Mapping[str, object], environ: dict[str, str] | None = None, **parts: object) -> dict[str, str]:
    """Variable -> upstream and path."""
    found = base_urls(profile(upstreams=upstreams, **parts), environ or {})
    return {each.variable: f"{each.upstream}{each.path}" for each in found if each.upstream is not None}


def left(upstreams: dict[str, object], environ: dict[str, str]) -> dict[str, str | None]:
    found = base_urls(profile(upstreams=upstreams), environ)
    return {each.variable: each.left for each in found if each.upstream is None}


@pytest.mark.parametrize(
    ("upstreams", "expected"),
    [
        ({"llm": "https://api.openai.com"}, {"OPENAI_BASE_URL": "llm/v1", "OPENAI_API_BASE": "llm/v1"}),
        ({"llm": "https://api.openai.com/v1"}, {"OPENAI_BASE_URL": "llm", "OPENAI_API_BASE": "llm"}),
        ({"llm": "https://API.openai.com/v1/"}, {"OPENAI_BASE_URL": "llm", "OPENAI_API_BASE": "llm"}),
        ({"openai": "http://127.0.0.1:9001"}, {"OPENAI_BASE_URL": "openai/v1", "OPENAI_API_BASE": "openai/v1"}),
        (
            {"tool": {"url": "http://127.0.0.1:9001/openai/v1", "dialect": "openai"}},
            {"OPENAI_BASE_URL": "tool", "OPENAI_API_BASE": "tool"},
        ),
        (
            {"tool": {"url": "http://127.0.0.1:9001/api", "dialect": "openai"}},
            {"OPENAI_BASE_URL": "tool/v1", "OPENAI_API_BASE": "tool/v1"},
        ),
        ({"llm": "https://api.anthropic.com"}, {"ANTHROPIC_BASE_URL": "llm", "ANTHROPIC_API_URL": "llm"}),
        ({"llm": "https://generativelanguage.googleapis.com"}, {"GOOGLE_GEMINI_BASE_URL": "llm"}),
        ({"llm": "https://europe-west4-aiplatform.googleapis.com"}, {"GOOGLE_VERTEX_BASE_URL": "llm"}),
        ({"llm": "https://mine.openai.azure.com"}, {"AZURE_OPENAI_ENDPOINT": "llm"}),
        ({"search": "https://api.example.com"}, {}),
        ({"search": "https://api.openai.com.evil.example"}, {}),
    ],
)
def test_an_upstream_is_known_by_host_name_or_dialect(upstreams: dict[str, object], expected: dict[str, str]) -> None:
    assert led(upstreams) == expected


def test_the_vendor_s_own_host_goes_before_a_name_and_a_name_before_a_dialect() -> None:
    spoken = {"url": "http://127.0.0.1:1", "dialect": "openai"}
    named = {"openai": "http://127.0.0.1:2", "a": spoken}
    assert led(named)["OPENAI_BASE_URL"] == "openai/v1"
    assert led({**named, "b": "https://api.openai.com"})["OPENAI_BASE_URL"] == "b/v1"


def test_a_dialect_alone_makes_no_model_of_a_tool() -> None:
    upstreams: dict[str, object] = {"search": {"url": "http://127.0.0.1:1", "dialect": "openai"}}
    tools = {"find": {"upstream": "search", "path": "/v1/search"}}
    chat = {"chat": {"upstream": "search", "path": "/v1/chat/completions"}}

    assert led(upstreams, tools=tools) == {}
    assert led(upstreams, tools={**tools, **chat})["OPENAI_BASE_URL"] == "search/v1"


def test_what_leads_to_an_upstream_already_keeps_its_path() -> None:
    upstreams: dict[str, object] = {"mine": "http://127.0.0.1:11434/base"}

    assert led(upstreams, {"OPENAI_BASE_URL": "http://127.0.0.1:11434/base/api/v1/"}) == {
        "OPENAI_BASE_URL": "mine/api/v1"
    }
    assert led(upstreams, {"ANTHROPIC_BASE_URL": "http://127.0.0.1:11434/base"}) == {"ANTHROPIC_BASE_URL": "mine"}
    assert left(upstreams, {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}) == {
        "OPENAI_BASE_URL": "its path /v1 is not below that of the upstream mine"
    }


def test_what_leads_elsewhere_stays() -> None:
    upstreams: dict[str, object] = {"llm": "https://api.openai.com"}
    elsewhere = {"OPENAI_BASE_URL": "https://openrouter.ai/api/v1"}

    assert "OPENAI_BASE_URL" not in led(upstreams, elsewhere)
    assert left(upstreams, elsewhere) == {
        "OPENAI_BASE_URL": "it leads to openrouter.ai, which is no upstream of the profile"
    }
    assert left({"search": "http://127.0.0.1:1"}, elsewhere) == {}  # none of our business


def test_a_version_that_clients_add_themselves_is_told_of() -> None:
    upstreams: dict[str, object] = {"llm": "https://api.anthropic.com/v1"}

    assert led(upstreams) == {}
    assert left(upstreams, {})["ANTHROPIC_BASE_URL"] == ("its clients add the version themselves; leave /v1 out of llm")


def test_amazon_s_own_signatures_are_left_whole() -> None:
    theirs = {"url": "https://dynamodb.eu-west-1.amazonaws.com", "dialect": "aws_json"}
    local = {"url": "http://127.0.0.1:4566", "dialect": "aws_json"}

    assert led({"dynamodb": theirs}) == {}
    assert led({"secrets-manager": local}) == {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "secrets-manager"}
    assert led({"files": {**local, "dialect": "s3"}}) == {"AWS_ENDPOINT_URL_S3": "files"}
    assert led({"sqs": local}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}) == {}


@pytest.mark.parametrize("value", ["", "not a url", "http://[::1", "http://x:port/", "//host/v1"])
def test_nonsense_in_a_variable_is_no_error(value: str) -> None:
    list(base_urls(profile(upstreams={"llm": "https://api.openai.com"}), {"OPENAI_BASE_URL": value}))


@given(st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True))
def test_a_name_becomes_part_of_a_variable(name: str) -> None:
    part = variable_part(name)

    assert part.isascii()
    assert part.replace("_", "A").isalnum()
    assert part == part.upper()


PATHS = st.lists(st.sampled_from(["v1", "api", "openai", "base"]), max_size=3).map(
    lambda parts: "".join(f"/{p}" for p in parts)
)


@given(PATHS, PATHS)
def test_the_gateway_leads_to_the_very_url_that_was_set(base: str, rest: str) -> None:
    """What the gateway puts in front and what comes behind it make up the path that the user had."""
    environ = {"OPENAI_BASE_URL": f"http://127.0.0.1:9{base}{rest}"}
    (found,) = base_urls(profile(upstreams={"llm": f"http://127.0.0.1:9{base}"}), environ)

    assert found == Leading("OPENAI_BASE_URL", "llm", rest)
    assert base + found.path == urlsplit(environ["OPENAI_BASE_URL"]).path
