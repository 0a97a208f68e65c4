"""Which entries of a NO_PROXY would hide the profile's hosts from the proxy, and that no other is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.launch.no_proxy import concerned, entries, sort_out
from tests.launch.profiles import profile

LOCAL = "127.0.0.1:9001"


@pytest.mark.parametrize(
    ("entry", "host", "goes"),
    [
        ("*", LOCAL, True),
        ("127.0.0.1", LOCAL, True),
        ("127.0.0.1:9001", LOCAL, True),
        ("127.0.0.1:9002", LOCAL, False),
        ("localhost", LOCAL, True),
        ("127.0.0.0/8", LOCAL, True),
        ("::1", LOCAL, True),
        ("[::1]:9001", LOCAL, True),
        ("10.0.0.0/8", LOCAL, False),
        ("10.0.0.0/8", "10.1.2.3:80", True),
        ("corp.example", LOCAL, False),
        ("example.com", "api.example.com:443", True),
        (".example.com", "api.example.com:443", True),
        ("*.example.com", "api.example.com:443", True),
        ("API.Example.com", "api.example.com:443", True),
        ("ple.com", "api.example.com:443", False),
        ("other.example.com", "api.example.com:443", False),
        ("api.example.com:8443", "api.example.com:443", False),
        ("eu.staging.example", "*.staging.example", True),
        ("staging.example", "*.staging.example", True),
        ("example", "*.staging.example", True),
        ("prod.example", "*.staging.example", False),
        ("anything.at.all", "*", True),
    ],
)
def test_an_entry_goes_if_a_host_of_the_profile_would_be_missed(entry: str, host: str, goes: bool) -> None:
    assert sort_out([entry], [host]) == (([], [entry]) if goes else ([entry], []))


def test_the_hosts_are_those_of_upstreams_and_of_safety() -> None:
    given_one = profile(
        upstreams={"a": "https://api.example.com", "b": "http://[::1]:9"}, safety={"hosts": ["*.x.example"]}
    )

    assert concerned(given_one) == ["api.example.com:443", "[::1]:9", "*.x.example"]
    assert sort_out(entries("localhost,.corp.example, 10.0.0.0/8"), concerned(given_one)) == (
        [".corp.example", "10.0.0.0/8"],
        ["localhost"],
    )


def test_a_profile_without_hosts_changes_nothing() -> None:
    assert sort_out(["*", "localhost"], concerned(profile())) == (["*", "localhost"], [])


@pytest.mark.parametrize("listed", ["a,b", "a b", " a ,, b ", "a,\tb"])
def test_lists_are_read_as_clients_read_them(listed: str) -> None:
    assert entries(listed) == ["a", "b"]


@given(
    st.lists(st.text(st.characters(codec="ascii", exclude_characters=", \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"), min_size=1))
)
def test_each_entry_stays_or_goes_in_its_order(listed: list[str]) -> None:
    stay, go = sort_out(listed, [LOCAL, "*.example.com"])

    assert sorted([*stay, *go]) == sorted(listed)
    assert [each for each in listed if each in stay] == stay
