import socket

import pytest

from chaosproxy.capture.modes import cannot, check_addresses, how_to, parse_modes, placed
from chaosproxy.core.errors import UsageError

CATCH = ("127.0.0.1", 8081)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("nonsense", "--mode nonsense: unknown mode; there are: regular, reverse:URL"),
        ("regular:x", "--mode regular:x: mode takes no arguments"),
        ("upstream:http://a", "--mode upstream:http://a: there is no such mode here; there are: "),
        ("dns", "--mode dns: there is no such mode here"),
        ("reverse:tcp://a:1", "--mode reverse:tcp://a:1: the URL behind reverse: is http:// or https://"),
        ("regular@x", "--mode regular@x: invalid port"),
    ],
)
def test_a_mode_that_is_none_is_refused(spec: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_modes([spec])

    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("regular", "regular@127.0.0.1:8081"),
        ("regular@9000", "regular@127.0.0.1:9000"),
        ("socks5@0.0.0.0:1080", "socks5@0.0.0.0:1080"),
        ("reverse:https://api.example:8443", "reverse:https://api.example:8443@127.0.0.1:8081"),
        ("wireguard:keys.json@51820", "wireguard:keys.json@127.0.0.1:51820"),
        ("local:curl", "local:curl"),
    ],
)
def test_each_mode_listens_where_it_says_or_where_all_do(spec: str, written: str) -> None:
    (mode,) = parse_modes([spec])

    assert placed(mode, CATCH) == written
    assert parse_modes([written])[0].type_name == mode.type_name


def test_port_0_is_a_free_port_for_each() -> None:
    modes = parse_modes(["regular", "socks5", "wireguard"])

    ports = [int(placed(mode, ("127.0.0.1", 0)).rpartition(":")[2]) for mode in modes]

    assert 0 not in ports
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))


def test_two_modes_at_one_address_are_a_mistake() -> None:
    check_addresses(parse_modes(["regular", "socks5@1080", "local", "local:curl"]), CATCH)
    check_addresses(parse_modes(["regular", "socks5"]), ("127.0.0.1", 0))
    with pytest.raises(UsageError, match=r"two modes cannot listen at the same address, 127\.0\.0\.1:8081"):
        check_addresses(parse_modes(["regular", "socks5"]), CATCH)


def test_what_a_mode_needs_is_said_in_one_line() -> None:
    (local,) = parse_modes(["local:curl"])
    (regular,) = parse_modes(["regular"])

    assert str(cannot(local, "eBPF failed.\nCaused by: a kernel")) == (
        "--mode local:curl cannot start: eBPF failed; "
        "it needs, on Linux, root or sudo, cgroup v2 and mitmproxy 11.1 (Python 3.12) or newer"
    )
    assert str(cannot(regular, "no")).endswith(
        "choose another address with --catch HOST:PORT, or port 0 for a free one"
    )


def test_how_traffic_gets_there_is_said_for_each() -> None:
    modes = parse_modes(["regular", "reverse:http://a", "socks5", "transparent", "local", "wireguard"])

    assert [how_to(mode, "host:1") for mode in modes] == [
        "HTTP_PROXY, HTTPS_PROXY = http://host:1",
        "http://host:1/ in place of http://a",
        "ALL_PROXY = socks5h://host:1",
        "host:1, where a firewall rule has to send connections",
        "each process but this one, whatever it connects to",
        "host:1 (UDP), for a WireGuard client with the configuration below",
    ]
