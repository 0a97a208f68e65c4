"""A tool behind TLS, another that no rule is about, and a proxy that looks into tunnels to the first."""

from collections.abc import AsyncIterator

import pytest

from chaosproxy.dataplane.tls.contexts import AgentContexts
from tests.dataplane.tunnels.ways import OURS, THEIRS
from tests.doubles.plane import Plane
from tests.doubles.tls import TlsFront
from tests.doubles.upstream import ScriptedUpstream


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "theirs.pem"
    file.write_bytes(THEIRS.certificate_pem)
    return str(file)


@pytest.fixture
async def front(tool: ScriptedUpstream) -> AsyncIterator[TlsFront]:
    """The tool, reached by TLS."""
    front = TlsFront(AgentContexts(THEIRS).context("127.0.0.1"), tool.address)
    await front.start()
    yield front
    await front.stop()


@pytest.fixture
async def plane(front: TlsFront, tool: ScriptedUpstream, theirs: str) -> AsyncIterator[Plane]:
    """Rules may concern the tool, and nothing else."""
    upstream = {"url": f"https://127.0.0.1:{front.port}", "ca": theirs}
    profile = {
        "upstreams": {"tool": upstream, "plain": tool.url},
        "rules": [{"name": "all of it", "match": {"upstream": "tool"}, "fault": {"type": "server_error"}}],
    }
    running = Plane(profile, authority=OURS)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def other(tool: ScriptedUpstream) -> AsyncIterator[TlsFront]:
    """A host that no rule is about."""
    front = TlsFront(AgentContexts(THEIRS).context("127.0.0.1"), tool.address)
    await front.start()
    yield front
    await front.stop()
