"""Hosts as certificates name them: what is permitted, what is refused, and what constraints then allow."""

from ipaddress import ip_address

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls.names import Allowed, constraints_for, hosts_of_profile, parse_host
from tests.profiles.writing import load

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=2, max_size=4).map(".".join).filter(lambda name: not name.rsplit(".", 1)[1].isdigit())


def written(names: list[x509.GeneralName] | None) -> list[str]:
    return [str(name.value) for name in names or []]


def both(*hosts: str) -> tuple[list[str], list[str]]:
    constraints = constraints_for(hosts)
    return written(constraints.permitted_subtrees), written(constraints.excluded_subtrees)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.COM.", "api.example.com"),
        ("api.example.com:443", "api.example.com"),
        ("api.example.com:*", "api.example.com"),
        ("*.staging.example:8443", "*.staging.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("10.0.0.1", ip_address("10.0.0.1")),
        ("10.0.0.1:80", ip_address("10.0.0.1")),
        ("::1", ip_address("::1")),
        ("[::1]", ip_address("::1")),
        ("[2001:DB8::1]:443", ip_address("2001:db8::1")),
        *(
            (text, None)
            for text in ("", ".", "*", "a..b", "-a.b", "a b", "10.0.1", "1.2.3.4.5", "fe80::1%eth0", "a:b:c", "ü" * 64)
        ),
        ("a" * 64 + ".example", None),
        (".".join(["a" * 63] * 4), None),
        ("a.*.example", None),
    ],
)
def test_a_host_is_read_with_its_port_or_without(text: str, host: object) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    ("hosts", "permitted", "excluded"),
    [
        (["api.example.com"], ["api.example.com"], ["0.0.0.0/0", "::/0"]),
        (["*.staging.example"], ["staging.example"], ["0.0.0.0/0", "::/0"]),
        (["10.0.0.1"], ["10.0.0.1/32"], ["", "::/0"]),
        (["::1"], ["::1/128"], ["", "0.0.0.0/0"]),
        (["a.example:1", "a.example:2", "10.0.0.1", "[::1]"], ["a.example", "10.0.0.1/32", "::1/128"], []),
        (["tool"], ["tool"], [".tool", "0.0.0.0/0", "::/0"]),
        (["localhost", "*.internal"], ["localhost", "internal"], ["0.0.0.0/0", "::/0"]),
    ],
)
def test_only_what_is_named_is_permitted(hosts: list[str], permitted: list[str], excluded: list[str]) -> None:
    assert both(*hosts) == (permitted, excluded)


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ([], "an authority needs a host to speak for"),
        (["*"], "*: an authority for every host is not made"),
        (["**"], "**: an authority for every host is not made"),
        (["*:443"], "*:443: an authority for every host is not made"),
        (["*.com"], "name a domain, such as *.staging.com"),
        (["tool", "a.tool"], "tool and a.tool: a certificate that permits both permits all of .tool"),
        (["api-*.example.com"], "api-*.example.com: a certificate cannot say this pattern"),
        (["10.0.0.*"], "10.0.0.*: a certificate cannot say this pattern"),
        (["[ab].example.com"], "[ab].example.com: a certificate cannot say this pattern"),
        (["10.0.0.300"], "10.0.0.300: this is no host"),
    ],
)
def test_what_a_certificate_cannot_be_kept_to_is_refused(hosts: list[str], says: str) -> None:
    with pytest.raises(StartError) as caught:
        constraints_for(hosts)
    assert says in str(caught.value)


@given(name=NAMES, below=LABELS)
def test_a_name_stands_for_itself_and_what_is_below_it(name: str, below: str) -> None:
    allowed = Allowed(constraints_for([name]))

    assert allowed.covers(name)
    assert allowed.covers(f"{below}.{name}")
    assert allowed.covers(f"*.{name}")
    assert not allowed.covers(f"{below}{name}")
    assert not allowed.covers(f"{name}.of-somebody-else.{below}")
    assert not allowed.covers(name.partition(".")[2])
    assert not allowed.covers(f"*.{name.partition('.')[2]}")


@given(label=LABELS.filter(lambda label: not label.isdigit()), below=LABELS)
def test_a_name_of_one_label_is_no_top_level_domain(label: str, below: str) -> None:
    allowed = Allowed(constraints_for([label]))

    assert allowed.covers(label)
    assert not allowed.covers(f"{below}.{label}")
    assert not allowed.covers(f"*.{label}")


@given(one=st.ip_addresses(), other=st.ip_addresses())
def test_an_address_stands_for_itself(one: object, other: object) -> None:
    allowed = Allowed(constraints_for([str(one)]))
    found = parse_host(str(other))

    assert found is not None
    assert allowed.covers(found) is (one == other)
    assert not allowed.covers("api.example.com")


def test_without_constraints_on_a_kind_of_name_all_of_it_is_allowed() -> None:
    allowed = Allowed(x509.NameConstraints([x509.DNSName("Example.com")], None))

    assert allowed.covers("a.example.com")
    assert allowed.covers(ip_address("10.0.0.1"))


def test_a_profile_names_its_https_upstreams_and_what_may_be_touched() -> None:
    upstreams = "{a: 'https://a.staging.example/v1', b: 'http://127.0.0.1:9001', c: 'https://[::1]:8443'}"
    safety = "{hosts: ['*.staging.example', '127.0.0.1', '::1']}"
    loaded = load(f"version: 1\nname: p\nupstreams: {upstreams}\nsafety: {safety}\n")

    assert hosts_of_profile(loaded.profile) == [
        "a.staging.example:443",
        "[::1]:8443",
        "*.staging.example",
        "127.0.0.1",
        "::1",
    ]
    assert both(*hosts_of_profile(loaded.profile)) == (
        ["a.staging.example", "staging.example", "::1/128", "127.0.0.1/32"],
        [],
    )
