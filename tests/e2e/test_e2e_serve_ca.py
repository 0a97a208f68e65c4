"""Which authority `serve` uses, and what it says when there is none or it cannot be used."""

from pathlib import Path

import pytest

from chaosproxy.dataplane.tls.authority import Authority
from tests.e2e.programs import chaosproxy, serve

PROFILE = """
version: 1
name: https
upstreams: {pay: "https://pay.example"}
rules: [{name: r, fault: {type: server_error}}]
"""


@pytest.fixture
def profile(tmp_path: Path) -> str:
    file = tmp_path / "profile.yaml"
    file.write_text(PROFILE)
    return str(file)


def announced(profile: str, folder: Path, *arguments: str, home: Path) -> tuple[str, str]:
    with serve(profile, *arguments, folder=folder / "serve", environ={"XDG_CONFIG_HOME": str(home)}) as serving:
        return serving.program.out, serving.program.err


def test_the_usual_folder_is_used_if_it_is_there(profile: str, tmp_path: Path) -> None:
    out, err = announced(profile, tmp_path, home=tmp_path)
    assert "https    not intercepted in CONNECT: pay.example (there is no authority: `chaosproxy ca new`" in out
    assert err == ""

    Authority.create(["pay.example"]).save(tmp_path / "chaosproxy" / "ca")
    assert "https    intercepted in CONNECT: pay.example\n" in announced(profile, tmp_path, home=tmp_path)[0]


def test_another_folder_goes_before_it(profile: str, tmp_path: Path) -> None:
    Authority.create(["pay.example"]).save(tmp_path / "chaosproxy" / "ca")
    Authority.create(["other.example"]).save(tmp_path / "other")

    out, _ = announced(profile, tmp_path, "--ca", str(tmp_path / "other"), home=tmp_path)

    assert "https    not intercepted in CONNECT: pay.example (the authority was not made for it" in out


def test_a_usual_one_that_cannot_be_used_is_a_warning(profile: str, tmp_path: Path) -> None:
    Authority.create(["pay.example"]).save(tmp_path / "chaosproxy" / "ca")
    (tmp_path / "chaosproxy" / "ca" / "ca-key.pem").chmod(0o644)

    out, err = announced(profile, tmp_path, home=tmp_path)

    assert "not intercepted" in out
    assert err.startswith("warning  https is not intercepted: ")


def test_one_that_was_asked_for_must_be_there(profile: str, tmp_path: Path) -> None:
    ended = chaosproxy("serve", profile, "--ca", str(tmp_path / "nowhere"), "--listen", ":0", "--admin", ":0")

    assert ended.returncode == 4
    assert "ca.pem is not there" in ended.stderr


def test_a_proxy_for_everybody_to_everywhere_is_not_started(tmp_path: Path) -> None:
    file = tmp_path / "open.yaml"
    file.write_text('version: 1\nname: open\nsafety: {hosts: ["*"]}\n')

    ended = chaosproxy("serve", str(file), "--listen", "0.0.0.0:0", "--admin", ":0")

    assert ended.returncode == 4
    assert "would relay for everybody; name the hosts there, or listen on 127.0.0.1" in ended.stderr
