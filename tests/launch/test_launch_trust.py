"""The authority of one run: for which hosts, and that what clients trusted before stays trusted."""

import ssl
from pathlib import Path

import pytest

from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.bundle import TRUST_VARIABLES
from chaosproxy.launch.trust import authority_for, hosts_to_intercept, write_roots
from tests.launch.profiles import profile

RULE = {"name": "r", "fault": {"type": "server_error"}}


def certificates(path: Path) -> set[bytes]:
    """Of a file of roots, as OpenSSL reads it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return {each for each in context.get_ca_certs(binary_form=True) if isinstance(each, bytes)}


def der(authority: Authority) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.certificate_pem.decode())


@pytest.mark.parametrize(
    ("parts", "hosts"),
    [
        ({"upstreams": {"pay": "https://pay.example"}, "rules": [RULE]}, ["pay.example"]),
        ({"upstreams": {"pay": "https://pay.example"}}, []),
        ({"upstreams": {"pay": "http://pay.example"}, "rules": [RULE]}, []),
        (
            {
                "upstreams": {"pay": "https://pay.example", "other": "https://other.example"},
                "rules": [{**RULE, "match": {"upstream": "pay"}}],
            },
            ["pay.example"],
        ),
        ({"safety": {"hosts": ["*.staging.example"]}, "rules": [RULE]}, ["*.staging.example"]),
    ],
)
def test_only_what_a_rule_can_concern_is_intercepted(parts: dict[str, object], hosts: list[str]) -> None:
    assert hosts_to_intercept(profile(**parts)) == hosts


def test_a_pattern_that_no_certificate_can_say_is_told_of_and_leaves_the_others() -> None:
    authority, notes = authority_for(["pay.example", "*", "*.staging.example"])

    assert authority is not None
    assert authority.hosts == ("pay.example", "staging.example")
    assert len(notes) == 1
    assert notes[0].startswith("https is not intercepted: *: an authority for every host is not made")


def test_without_hosts_there_is_none() -> None:
    assert authority_for([]) == (None, [])


@pytest.fixture(scope="module")
def ours() -> Authority:
    return Authority.create(["pay.example"])


def test_each_variable_has_a_file_and_node_s_holds_ours_alone(ours: Authority, tmp_path: Path) -> None:
    written = write_roots(ours.certificate_pem, tmp_path, {})

    assert set(written) == {each.name for each in TRUST_VARIABLES}
    assert len(set(written.values())) == 2
    assert certificates(written["NODE_EXTRA_CA_CERTS"]) == {der(ours)}
    assert der(ours) in certificates(written["SSL_CERT_FILE"])
    assert len(certificates(written["SSL_CERT_FILE"])) > 10


def test_roots_of_the_user_s_own_stay_trusted(ours: Authority, tmp_path: Path) -> None:
    corporate = Authority.create(["corp.example"])
    theirs = tmp_path / "corp.pem"
    theirs.write_bytes(corporate.certificate_pem)
    before = {"REQUESTS_CA_BUNDLE": str(theirs), "NODE_EXTRA_CA_CERTS": str(theirs)}
    (tmp_path / "out").mkdir()

    written = write_roots(ours.certificate_pem, tmp_path / "out", before)

    both = {der(ours), der(corporate)}
    assert certificates(written["REQUESTS_CA_BUNDLE"]) == both
    assert certificates(written["NODE_EXTRA_CA_CERTS"]) == both
    assert der(corporate) not in certificates(written["CURL_CA_BUNDLE"])
    assert theirs.read_bytes() == corporate.certificate_pem


def test_a_folder_of_roots_is_taken_too_and_one_that_is_not_there_is_not(ours: Authority, tmp_path: Path) -> None:
    corporate = Authority.create(["corp.example"])
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "corp.pem").write_bytes(corporate.certificate_pem)
    before = {"REQUESTS_CA_BUNDLE": str(tmp_path / "roots"), "CURL_CA_BUNDLE": str(tmp_path / "nowhere.pem")}

    written = write_roots(ours.certificate_pem, tmp_path, before)

    assert certificates(written["REQUESTS_CA_BUNDLE"]) == {der(ours), der(corporate)}
    assert len(certificates(written["CURL_CA_BUNDLE"])) > 10


def test_a_folder_that_cannot_be_written_is_a_clear_error(ours: Authority, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be written"):
        write_roots(ours.certificate_pem, tmp_path / "nowhere", {})
