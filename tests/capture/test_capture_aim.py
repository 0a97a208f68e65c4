import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.capture.aim import Aim, host_of, is_address, is_here, stand_in


@pytest.mark.parametrize(
    ("aim", "url"),
    [
        (Aim("http", "api.example", 80), b"http://api.example/v1?q=1"),
        (Aim("https", "api.example", 443), b"https://api.example/v1?q=1"),
        (Aim("http", "api.example", 443), b"http://api.example:443/v1?q=1"),
        (Aim("https", "::1", 8443), b"https://[::1]:8443/v1?q=1"),
        (Aim("https", "bücher.example", 443), b"https://xn--bcher-kva.example/v1?q=1"),
    ],
)
def test_a_target_in_absolute_form_says_all(aim: Aim, url: bytes) -> None:
    assert aim.url(b"/v1?q=1") == url


def test_an_asterisk_is_no_path() -> None:
    assert Aim("http", "api.example", 80).url(b"*") == b"http://api.example"


@given(st.binary(max_size=50))
def test_a_target_passes_byte_for_byte(rest: bytes) -> None:
    assert Aim("http", "a", 80).url(b"/" + rest) == b"http://a/" + rest


@pytest.mark.parametrize(
    ("dialled", "name", "host"),
    [
        ("10.0.0.7", "api.example", "api.example"),
        ("10.0.0.7", "api.example:9000", "api.example"),
        ("10.0.0.7", "10.0.0.8", "10.0.0.7"),  # another address is no better than this one
        ("10.0.0.7", None, "10.0.0.7"),
        ("10.0.0.7", "[not a host", "10.0.0.7"),
        ("api.example", "other.example", "api.example"),  # it was asked for by name: what is said inside does not count
        ("::1", "api.example", "api.example"),
    ],
)
def test_an_address_gets_the_name_that_the_client_used(dialled: str, name: str | None, host: str) -> None:
    assert Aim("https", dialled, 8443).named(name) == Aim("https", host, 8443)


@pytest.mark.parametrize(("authority", "host"), [("a:1", "a"), ("a", "a"), ("[::1]:1", "::1"), ("", ""), ("[", "")])
def test_the_host_of_an_authority(authority: str, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize(
    ("client", "stands"),
    [
        ("10.20.30.40", "127.20.30.40"),
        ("192.168.1.5", "127.168.1.5"),
        ("127.0.0.1", None),
        ("fe80::1", None),
        ("x.y.z.w", None),
    ],
)
def test_a_client_elsewhere_gets_an_address_of_this_machine(client: str, stands: str | None) -> None:
    assert stand_in(client) == stands


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_two_clients_of_one_network_are_two(one: object, other: object) -> None:
    first, second = str(one), str(other)
    same_network = first.split(".", maxsplit=1)[0] == second.split(".", maxsplit=1)[0] != "127"
    if same_network and first != second:
        assert stand_in(first) != stand_in(second)


def test_an_address_of_this_machine_is_known() -> None:
    assert is_here("127.0.0.1")
    assert not is_here("192.0.2.77")  # for documentation only (RFC 5737)
    assert not is_here("localhost")
    assert is_address("::1")
    assert not is_address("localhost")
