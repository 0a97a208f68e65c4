"""Real clients that know nothing of a proxy, led to it by their environment alone: in clear, by https, and as SDKs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.language_model import language_model
from tests.e2e.programs import executable
from tests.e2e.run_agents import Tool, calls, run, tool, write_agent, write_profile

ALWAYS = {"name": "the tool is down", "fault": {"type": "server_error", "status": 503}}

PYTHON = {
    "requests": "import requests\nask = lambda url: requests.get(url, timeout=20).status_code\n",
    "httpx": "import httpx\nask = lambda url: httpx.get(url, timeout=20).status_code\n",
    "urllib": """
import urllib.error, urllib.request
def ask(url):
    try:
        return urllib.request.urlopen(url, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code
""",
    "aiohttp": """
import aiohttp, asyncio
async def get(url):
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(url) as response:
        return response.status
ask = lambda url: asyncio.run(get(url))
""",
    "botocore": """
import botocore.exceptions, botocore.session
from botocore import UNSIGNED
from botocore.config import Config
def ask(url):
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0})
    client = botocore.session.get_session().create_client("dynamodb", "eu-west-1", endpoint_url=url, config=config)
    try:
        return client.list_tables()["ResponseMetadata"]["HTTPStatusCode"]
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
""",
}
SHELL = {
    "curl": "for url; do curl -sS -o /dev/null -w '%{http_code}\\n' --max-time 20 \"$url\"; done",
    "git": "for url; do git ls-remote \"$url\" 2>&1 | sed -n 's/.*returned error: \\([0-9]*\\).*/\\1/p'; done",
}
NODE = """
const ask = async (url) => console.log((await fetch(url)).status);
(async () => { for (const url of process.argv.slice(2)) await ask(url); })();
"""


def client(name: str, folder: Path) -> list[str]:
    """A command that asks each URL that it is given, and prints the status of each."""
    if name in SHELL:
        executable(name)
        return ["sh", "-c", SHELL[name], name]
    return write_agent(folder, PYTHON[name] + "import sys\nfor url in sys.argv[1:]:\n    print(ask(url))\n")


@pytest.fixture(scope="module")
def plain() -> Iterator[Tool]:
    with tool() as given:
        yield given


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    with tool(tmp_path_factory.mktemp("secure")) as given:
        yield given


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """A tool that the profile does not name, and that the user trusts by a bundle of his own."""
    with tool(tmp_path_factory.mktemp("another")) as given:
        yield given


@pytest.mark.parametrize("name", [*PYTHON, *SHELL])
def test_a_tool_on_this_machine_is_met_through_us(name: str, plain: Tool, tmp_path: Path) -> None:
    profile, journal = write_profile(tmp_path, plain, rules=[ALWAYS]), tmp_path / "run.jsonl"
    environ = {"NO_PROXY": "localhost,127.0.0.1"}
    agent = [*client(name, tmp_path), f"{plain.url}/{name}"]
    done = run(profile, "--journal", str(journal), agent=agent, environ=environ)

    assert done.stdout == "503\n", done.stderr
    assert {(each.session, each.session_source) for each in calls(journal)} == {("agent", "proxy_user")}
    assert not any(name in each for each in plain.asked)


@pytest.mark.parametrize("name", [*PYTHON, *SHELL])
def test_https_is_looked_into_and_nothing_else_is_touched(
    name: str, secure: Tool, another: Tool, tmp_path: Path
) -> None:
    profile, journal = write_profile(tmp_path, secure, rules=[ALWAYS]), tmp_path / "run.jsonl"
    assert another.ca is not None
    theirs = dict.fromkeys(
        ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO"), str(another.ca)
    )
    agent = [*client(name, tmp_path), f"{secure.url}/{name}", f"{another.url}/{name}"]
    done = run(profile, "--journal", str(journal), agent=agent, environ=theirs)

    expected = "503\n" if name == "git" else "503\n200\n"  # of a success git says nothing that we look for
    assert done.stdout == expected, done.stderr
    assert "https    intercepted in CONNECT: 127.0.0.1" in done.stderr
    assert {each.session for each in calls(journal)} == {"agent"}
    assert not any(name in each for each in secure.asked)
    assert any(name in each for each in another.asked)
    assert '"mode":"blind"' in journal.read_text()


def test_without_an_authority_https_passes(secure: Tool, tmp_path: Path) -> None:
    assert secure.ca is not None
    profile = write_profile(tmp_path, secure, rules=[ALWAYS])
    environ = {"REQUESTS_CA_BUNDLE": str(secure.ca)}
    done = run(profile, "--no-ca", agent=[*client("requests", tmp_path), secure.url], environ=environ)

    assert done.stdout == "200\n", done.stderr
    assert done.returncode == 3


@pytest.mark.parametrize("name", ["requests", "httpx", "urllib", "curl"])
def test_gateway_urls_work_beside_the_proxy_variables(name: str, plain: Tool, tmp_path: Path) -> None:
    """With HTTP_PROXY a client asks us, as its proxy, for a URL that is our own."""
    profile, journal = write_profile(tmp_path, plain, rules=[ALWAYS]), tmp_path / "run.jsonl"
    words = " ".join(f"'{word}'" for word in client(name, tmp_path)) if name != "curl" else ""
    command = words or "curl -sS -o /dev/null -w '%{http_code}\\n'"
    agent = ["sh", "-c", f'{command} "$CHAOSPROXY_UPSTREAM_TOOL/v1/x"']
    done = run(profile, "--journal", str(journal), agent=agent)

    assert done.stdout == "503\n", done.stderr
    (call,) = calls(journal)
    assert (call.session, call.upstream, call.target) == ("agent", "tool", "/v1/x")


def test_node_is_met_by_base_url_and_by_its_own_proxy_where_it_has_one(plain: Tool, tmp_path: Path) -> None:
    node = executable("node")
    script = tmp_path / "agent.js"
    script.write_text(NODE)
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = (int(each) for each in re.findall(r"\d+", version)[:2])
    looks = major >= 24 or (major, minor) >= (22, 21)
    profile, journal = write_profile(tmp_path, plain, rules=[ALWAYS]), tmp_path / "run.jsonl"
    agent = ["sh", "-c", f'node agent.js "$CHAOSPROXY_UPSTREAM_TOOL/" "{plain.url}/by-node"']
    done = run(profile, "--journal", str(journal), agent=agent, folder=tmp_path)

    assert done.stdout == ("503\n503\n" if looks else "503\n200\n"), done.stderr
    assert len(calls(journal)) == (2 if looks else 1)


def test_node_trusts_the_authority(secure: Tool, tmp_path: Path) -> None:
    executable("node")
    script = tmp_path / "agent.js"
    script.write_text("""
        const [http, https] = [require('http'), require('https')];
        const [proxy, to] = [new URL(process.env.HTTPS_PROXY), new URL(process.argv[2])];
        http.request({host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: to.host})
            .on('connect', (_, socket) => https.get(to, {socket, agent: false}, (answer) => {
                console.log(answer.statusCode); answer.resume(); answer.on('end', () => process.exit());
            })).end();
    """)
    profile = write_profile(tmp_path, secure, rules=[ALWAYS])
    done = run(profile, agent=["node", "agent.js", secure.url], folder=tmp_path)

    assert done.stdout == "503\n", done.stderr


OPENAI = """
from openai import OpenAI
with OpenAI(api_key="sk-of-mine") as client:
    stream = client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hi"}], stream=True)
    print("".join(each.choices[0].delta.content or "" for each in stream if each.choices))
"""
ANTHROPIC = """
from anthropic import Anthropic
with Anthropic(api_key="sk-of-mine") as client:
    with client.messages.stream(model="claude", max_tokens=9, messages=[{"role": "user", "content": "hi"}]) as stream:
        print(stream.get_final_text())
"""


@pytest.mark.parametrize(("dialect", "code"), [("openai", OPENAI), ("anthropic", ANTHROPIC)])
def test_a_model_s_sdk_is_led_here_and_its_own_retry_is_seen(dialect: str, code: str, tmp_path: Path) -> None:
    once = {"name": "throttled", "when": {"attempts": 1}, "fault": {"type": "overloaded", "dialect": dialect}}
    expect = {"recovery_rate": {"at_least": "100%"}}
    out = tmp_path / "out"
    with language_model() as model:
        upstreams = {"model": {"url": f"http://{model.address}", "dialect": dialect}}
        profile = write_profile(tmp_path, None, upstreams=upstreams, rules=[once], expect=expect)
        done = run(profile, "--report", str(out), agent=write_agent(tmp_path, code))

    assert (done.returncode, done.stdout) == (0, "one two three four five six \n"), done.stderr
    assert sum(model.asked.values()) == 1
    report = json.loads((out / "report.json").read_text())
    assert report["totals"]["retries"] == {"sdk": 1}
    assert {(each.session, each.session_source) for each in calls(out / "journal.jsonl")} == {("agent", "proxy_user")}
    assert "sk-of-mine" not in (out / "journal.jsonl").read_text()
    assert sys.executable not in (out / "journal.jsonl").read_text()
