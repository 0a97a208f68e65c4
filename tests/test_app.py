"""What the composition root refuses to compose, and what it says of tunnels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproxy.app import Proxy, Settings
from chaosproxy.core.errors import StartError
from chaosproxy.core.events import TunnelReason
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.profiles.loader import LoadedProfile, load_profile

Load = Callable[..., LoadedProfile]

UPSTREAMS = {"pay": {"url": "https://pay.example"}, "search": {"url": "http://127.0.0.1:9001"}}
RULE = {"name": "r", "fault": {"type": "server_error"}}


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def load(**profile: Any) -> LoadedProfile:  # noqa: ANN401  a part of a profile
        file = tmp_path / "p.yaml"
        file.write_text(json.dumps({"version": 1, "name": "n", **profile}))
        return load_profile([file], {})

    return load


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.0.2.7", "some.host"])
def test_open_to_others_it_needs_to_know_where_to_go(loaded: Load, listen: str) -> None:
    settings = Settings(listen=(listen, 0))
    for hosts in ("*", "*:*", "*:443", "*.*"):
        with pytest.raises(StartError, match=r"name the hosts there, or listen on 127\.0\.0\.1"):
            Proxy(loaded(safety={"hosts": [hosts]}), settings)
    with pytest.raises(StartError, match="name them"):
        Proxy(loaded(), settings)
    Proxy(loaded(upstreams=UPSTREAMS), settings)
    Proxy(loaded(safety={"hosts": ["*.staging.example"]}), settings)


@pytest.mark.parametrize("listen", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_alone_it_may_go_anywhere(loaded: Load, listen: str) -> None:
    Proxy(loaded(), Settings(listen=(listen, 0)))
    Proxy(loaded(safety={"hosts": ["*"]}), Settings(listen=(listen, 0)))


def test_it_says_of_each_https_host_whether_it_is_intercepted(loaded: Load) -> None:
    hosts = ["pay.example", "127.0.0.1", "*.staging.example", "other.example:8443"]
    profile = loaded(upstreams=UPSTREAMS, safety={"hosts": hosts}, rules=[RULE])
    ours = Settings(authority=Authority.create(["pay.example", "*.staging.example"]))

    assert dict(Proxy(profile, ours).tunnels()) == {
        "pay.example": TunnelReason.RULE,
        "127.0.0.1": TunnelReason.NOT_COVERED,
        "*.staging.example": TunnelReason.RULE,
        "other.example:8443": TunnelReason.NOT_COVERED,
    }
    assert {reason for _, reason in Proxy(profile, Settings()).tunnels()} == {TunnelReason.NO_CA}
    quiet = loaded(upstreams=UPSTREAMS)
    assert Proxy(quiet, ours).tunnels() == [("pay.example", TunnelReason.NO_RULE)]
