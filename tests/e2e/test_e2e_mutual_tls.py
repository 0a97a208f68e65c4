"""An upstream that wants to know who calls (mutual TLS): nginx, asked through the proxy."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from tests.e2e.programs import chaosproxy, nginx, serve

SERVER = """
    listen 127.0.0.1:PORT ssl;
    ssl_certificate server.pem;
    ssl_certificate_key server.pem;
    ssl_client_certificate ca.pem;
    ssl_verify_client on;
    location / { return 200 "you are $ssl_client_s_dn"; }
"""

PROFILE = "version: 1\nname: p\nupstreams: {{tool: {{url: 'https://{tool}', ca: ca.pem{more}}}}}\n"


@pytest.fixture(scope="module")
def tool(folder: Path) -> Iterator[str]:
    authority = trustme.CA()
    ours = authority.issue_cert("us.example", common_name="us.example")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    ours.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(b"".join(each.bytes() for each in ours.cert_chain_pems))
    (folder / "nginx").mkdir()
    authority.cert_pem.write_to_path(str(folder / "nginx" / "ca.pem"))
    theirs = authority.issue_cert("127.0.0.1")
    theirs.private_key_and_cert_chain_pem.write_to_path(str(folder / "nginx" / "server.pem"))
    with nginx(folder / "nginx", SERVER) as address:
        yield address


def ask(folder: Path, tool: str, more: str) -> httpx.Response:
    (folder / "p.yaml").write_text(PROFILE.format(tool=tool, more=more))
    with serve("p.yaml", folder=folder) as serving, httpx.Client(trust_env=False, timeout=20) as http:
        return http.get(serving.through("tool/"))


def test_it_is_shown_the_certificate_of_the_profile(folder: Path, tool: str) -> None:
    response = ask(folder, tool, ", client_cert: cert.pem, client_key: key.pem")

    assert response.status_code == 200
    assert "CN=us.example" in response.text


def test_without_one_it_says_so_itself(folder: Path, tool: str) -> None:
    response = ask(folder, tool, "")

    assert (response.status_code, "No required SSL certificate was sent" in response.text) == (400, True)


def test_a_key_that_does_not_fit_is_found_before_anything_is_run(folder: Path, tool: str) -> None:
    trustme.CA().issue_cert("us.example").private_key_pem.write_to_path(str(folder / "other.pem"))
    more = ", client_cert: cert.pem, client_key: other.pem"
    (folder / "p.yaml").write_text(PROFILE.format(tool=tool, more=more))

    done = chaosproxy("check", "p.yaml", folder=folder)

    assert done.returncode == 2
    assert "upstreams.tool.client_key: expected the file of a private key, got `other.pem`: " in done.stderr
