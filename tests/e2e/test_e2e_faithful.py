"""Nothing changes: servers and clients that nobody here wrote cannot tell whether the quiet proxy is between them."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.clients import CLIENTS, Ask, Told, curl
from tests.e2e.programs import Serving, executable, nginx, python_http_server, serve, surroundings

pytestmark = pytest.mark.xdist_group("faithful")

ITEMS = json.dumps({"items": [{"sku": f"shirt-{n}", "price": 1900 + n} for n in range(4)]}).encode()
LONG = json.dumps([{"n": n, "digest": hashlib.sha256(str(n).encode()).hexdigest()} for n in range(4000)]).encode()

NGINX = """
    listen 127.0.0.1:PORT;
    root site;
    gzip on;
    gzip_types application/json;

    location / { dav_methods PUT DELETE; create_full_put_path on; }
    location = /cookies.json {
        add_header Set-Cookie "a=1; Path=/";
        add_header X-Between "as it is";
        add_header Set-Cookie "b=2; HttpOnly";
        add_header x-lower-UPPER "  inner   spaces  ";
        add_header X-Latin "caf\xe9";
    }
    location = /until-the-end.json { alias site/long.json; chunked_transfer_encoding off; }
    location = /moved { return 301 /items.json; }
    location = /nothing { return 204; }
    location = /teapot { return 418 "short and stout\\n"; }
    location /seen {
        default_type text/plain;
        return 200 "$request_method $request_uri $server_protocol|$http_host|$http_user_agent|$http_accept|\
$http_accept_encoding|$http_x_twice|$http_via|$http_x_forwarded_for|$http_forwarded|$http_proxy_connection\\n";
    }
"""

GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}

TO_NGINX = {
    "a static file": (200, Ask(path="/items.json", headers=PLAIN)),
    "gzip in chunks": (200, Ask(path="/long.json", headers=GZIP)),
    "gzip until the connection ends": (200, Ask(path="/until-the-end.json", headers=GZIP)),
    "two headers of one name": (200, Ask(path="/cookies.json", headers=PLAIN)),
    "not found": (404, Ask(path="/no/such%2Fthing?q=1")),
    "head": (200, Ask("HEAD", "/long.json", PLAIN)),
    "head of gzip in chunks": (200, Ask("HEAD", "/long.json", GZIP)),
    "a range": (206, Ask(path="/long.json", headers={**PLAIN, "Range": "bytes=1000-1999"})),
    "no such range": (416, Ask(path="/items.json", headers={**PLAIN, "Range": "bytes=999999-"})),
    "redirect": (301, Ask(path="/moved")),
    "nothing": (204, Ask(path="/nothing")),
    "a status of its own": (418, Ask(path="/teapot")),
    "a method it refuses": (405, Ask("POST", "/items.json", {"Content-Type": "application/json"}, b'{"a":1}')),
    "what the server sees": (200, Ask(path="/seen/a%20b//c?q=1&q=2&empty=&x=%2F", headers={"X-Twice": "1"})),
}

TO_PYTHON = {
    "a static file": (200, Ask(path="/items.json")),
    "a listing": (200, Ask(path="/sub/")),
    "redirect": (301, Ask(path="/sub")),
    "not found": (404, Ask(path="/nothing")),
    "head": (200, Ask("HEAD", "/items.json")),
    "not modified": (304, Ask(path="/items.json", headers={"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})),
    "a method it does not know": (501, Ask("POST", "/items.json", {}, b"a=1")),
}


@pytest.fixture(scope="module")
def site(folder: Path) -> Path:
    directory = folder / "nginx" / "site"
    (directory / "sub").mkdir(parents=True)
    for name, content in {"items": ITEMS, "cookies": ITEMS, "long": LONG, "sub/more": ITEMS}.items():
        (directory / f"{name}.json").write_bytes(content)
    return directory


@pytest.fixture(scope="module")
def web(folder: Path, site: Path) -> Iterator[str]:
    with nginx(folder / "nginx", NGINX) as address:
        yield address


@pytest.fixture(scope="module")
def old_web(folder: Path, site: Path) -> Iterator[str]:
    with python_http_server(folder / "python", site) as address:
        yield address


@pytest.fixture(scope="module")
def quiet(folder: Path, web: str, old_web: str) -> Iterator[Serving]:
    upstreams = ("--upstream", f"tool=http://{web}", "--upstream", f"old=http://{old_web}")
    with serve("quiet", *upstreams, folder=folder / "serve") as serving:
        yield serving


def through(quiet: Serving, mode: str, upstream: str, address: str) -> tuple[str, str | None]:
    """The URL in front of the path, and the proxy: gateway mode has no proxy, forward mode no other URL."""
    if mode == "gateway":
        return f"http://{quiet.listen}/{upstream}", None
    return f"http://{address}", f"http://{quiet.listen}"


@pytest.mark.parametrize("mode", ["gateway", "forward"])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", TO_NGINX)
def test_nginx_is_heard_as_if_directly(quiet: Serving, web: str, case: str, client: str, mode: str) -> None:
    status, ask = TO_NGINX[case]
    base, proxy = through(quiet, mode, "tool", web)

    directly = CLIENTS[client](ask, f"http://{web}", None)
    by_proxy = CLIENTS[client](ask, base, proxy)

    assert by_proxy == directly
    assert by_proxy.status == status


@pytest.mark.parametrize("mode", ["gateway", "forward"])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", TO_PYTHON)
def test_a_server_of_http_1_0_is_heard_as_if_directly(
    quiet: Serving, old_web: str, case: str, client: str, mode: str
) -> None:
    status, ask = TO_PYTHON[case]
    base, proxy = through(quiet, mode, "old", old_web)

    directly = CLIENTS[client](ask, f"http://{old_web}", None)
    by_proxy = CLIENTS[client](ask, base, proxy)

    assert by_proxy == directly
    assert by_proxy.status == status


def test_the_cases_show_what_they_are_named_after(web: str) -> None:
    def told(case: str) -> Told:
        return curl(TO_NGINX[case][1], f"http://{web}", None)

    in_chunks, until_end = told("gzip in chunks"), told("gzip until the connection ends")
    assert in_chunks.values("Transfer-Encoding") == ["chunked"]
    assert in_chunks.values("Content-Encoding") == until_end.values("Content-Encoding") == ["gzip"]
    assert not until_end.values("Transfer-Encoding") + until_end.values("Content-Length")
    assert until_end.body == in_chunks.body
    assert told("two headers of one name").values("Set-Cookie") == ["a=1; Path=/", "b=2; HttpOnly"]
    assert told("head").values("Content-Length") == [str(len(LONG))]
    assert told("a range").body == LONG[1000:2000]
    assert b"GET /seen/a%20b//c?q=1&q=2&empty=&x=%2F HTTP/1.1" in told("what the server sees").body


@pytest.mark.parametrize("mode", ["gateway", "forward"])
@pytest.mark.parametrize("client", CLIENTS)
def test_what_was_not_modified_stays_so(quiet: Serving, web: str, client: str, mode: str) -> None:
    base, proxy = through(quiet, mode, "tool", web)
    (etag,) = CLIENTS[client](Ask(path="/items.json", headers=PLAIN), base, proxy).values("ETag")
    again = Ask(path="/items.json", headers={**PLAIN, "If-None-Match": etag})

    assert CLIENTS[client](again, base, proxy) == CLIENTS[client](again, f"http://{web}", None)
    assert CLIENTS[client](again, base, proxy).status == 304


@pytest.mark.parametrize("mode", ["gateway", "forward"])
@pytest.mark.parametrize("client", CLIENTS)
def test_an_upload_arrives_whole(quiet: Serving, web: str, site: Path, client: str, mode: str) -> None:
    content = hashlib.shake_256(b"an upload").digest(3_000_000)  # large enough for curl to ask for 100 Continue
    base, proxy = through(quiet, mode, "tool", web)

    told = CLIENTS[client](Ask("PUT", f"/uploads/{client}-{mode}.bin", {}, content), base, proxy)

    assert told.status == 201
    assert (site / "uploads" / f"{client}-{mode}.bin").read_bytes() == content


# TLS to the upstream


@pytest.fixture(scope="module")
def secure(folder: Path) -> Iterator[tuple[str, Serving]]:
    """An nginx whose certificate is for 127.0.0.1, by an authority that only one upstream of the profile trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "another.pem"))
    certificate = authority.issue_cert("127.0.0.1")
    tls = folder / "tls"
    (tls / "site").mkdir(parents=True)
    (tls / "site" / "long.json").write_bytes(LONG)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tls / "server.pem"))
    server = "listen 127.0.0.1:PORT ssl; root site; ssl_certificate server.pem; ssl_certificate_key server.pem;"
    with nginx(tls, server) as address:
        port = address.rpartition(":")[2]
        profile = folder / "secure.yaml"
        profile.write_text(
            "version: 1\n"
            "name: secure\n"
            "upstreams:\n"
            f"  trusted: {{url: 'https://{address}', ca: authority.pem}}\n"
            f"  stranger: {{url: 'https://{address}'}}\n"
            f"  other: {{url: 'https://{address}', ca: another.pem}}\n"
            f"  misnamed: {{url: 'https://localhost:{port}', ca: authority.pem}}\n"
            f"  waved-through: {{url: 'https://{address}', verify: false}}\n"
            f"  plain: {{url: 'http://{address}'}}\n"
        )
        with serve(str(profile), folder=folder / "serve-tls") as serving:
            yield address, serving


@pytest.mark.parametrize("upstream", ["trusted", "waved-through"])
def test_tls_to_the_upstream_changes_nothing(folder: Path, secure: tuple[str, Serving], upstream: str) -> None:
    address, serving = secure
    directly = subprocess.run(
        [executable("curl"), "-sS", "--cacert", str(folder / "authority.pem"), f"https://{address}/long.json"],
        capture_output=True,
        check=True,
        env=surroundings(),
    )

    by_proxy = curl(Ask(path="/long.json"), f"http://{serving.listen}/{upstream}", None)

    assert (by_proxy.status, by_proxy.body) == (200, directly.stdout)
    assert by_proxy.body == LONG


@pytest.mark.parametrize(
    ("upstream", "said"),
    [
        ("stranger", "certificate not trusted: unable to get local issuer certificate"),
        ("other", "certificate not trusted: unable to get local issuer certificate"),
        ("misnamed", "certificate not trusted: Hostname mismatch, certificate is not valid for 'localhost'."),
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_that_is_not_trusted_is_502_and_says_so(
    secure: tuple[str, Serving], client: str, upstream: str, said: str
) -> None:
    address, serving = secure
    host = address.replace("127.0.0.1", "localhost") if upstream == "misnamed" else address

    told = CLIENTS[client](Ask(path="/long.json"), f"http://{serving.listen}/{upstream}", None)

    assert told.status == 502
    assert told.values("Content-Type") == ["application/problem+json"]
    problem = json.loads(told.body)
    assert problem["status"] == 502
    assert problem["detail"] == f"{host}: {said}"


def test_a_certificate_that_is_not_checked_is_announced(secure: tuple[str, Serving]) -> None:
    _, serving = secure

    assert "the certificate of waved-through is not verified" in serving.program.err
    assert serving.program.err.count("not verified") == 1


def test_plain_http_to_a_port_of_tls_passes_the_servers_own_words(secure: tuple[str, Serving]) -> None:
    address, serving = secure

    directly = curl(Ask(path="/long.json"), f"http://{address}", None)

    assert directly.status == 400
    assert curl(Ask(path="/long.json"), f"http://{serving.listen}/plain", None) == directly


# What the proxy itself says of all this


@pytest.mark.parametrize("mode", ["gateway", "forward"])
def test_the_calls_are_counted_and_no_fault_is(quiet: Serving, web: str, mode: str) -> None:
    base, proxy = through(quiet, mode, "tool", web)
    path = f"/seen/{mode}-only"

    curl(Ask(path=path), base, proxy)

    metrics = curl(Ask(path="/metrics"), f"http://{quiet.admin}", None).body.decode()
    assert f'chaosproxy_calls_total{{kind="first",layer="none",tool="GET {path}",transport="http"}} 1.0' in metrics
    assert "chaosproxy_faults_injected_total{" not in metrics
    assert quiet.program.err == ""
