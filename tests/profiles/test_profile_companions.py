"""Files that a profile names: they are read with it, from its own folder."""

import json
from pathlib import Path

import pytest
import trustme
import yaml
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Reject, Rewrite, Unfit
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.profiles.loader import LoadedProfile, load_profile
from chaosproxy.profiles.mistakes import ProfileError
from tests.faults.turns import turn

OURS = "description: Ours.\nkinds:\n  rate_limited: {status: 420, text: calm down}\n"


def load_in(folder: Path, upstream: str) -> LoadedProfile:
    (folder / "p.yaml").write_text(f"version: 1\nname: p\nupstreams:\n  a: {{url: http://a, {upstream}}}\n")
    return load_profile([folder / "p.yaml"], {})


def said(folder: Path, upstream: str) -> str:
    with pytest.raises(ProfileError) as caught:
        load_in(folder, upstream)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_dialect_of_ones_own_is_found_beside_the_profile(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OURS)

    loaded = load_in(tmp_path, "dialect: ours.yaml")
    reply = loaded.dialects["ours.yaml"].reply(Reject(FailureKind.RATE_LIMITED, Phase.BEFORE_UPSTREAM), 0.0)

    assert (reply.status, reply.body) == (420, b"calm down")
    assert set(loaded.dialects) == {"generic", "ours.yaml"}


def test_a_fault_may_name_what_stands_in_front_of_a_tool(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OURS)
    rule = "rules:\n  - {name: r, fault: {type: bad_gateway, gateway: %s}}\n"
    profile = tmp_path / "p.yaml"
    for gateway in ("nginx", "./ours.yaml"):
        profile.write_text("version: 1\nname: p\nupstreams: {a: 'http://a'}\n" + rule % gateway)
        assert set(load_profile([profile], {}).dialects) == {"generic", gateway}

    profile.write_text("version: 1\nname: p\nupstreams: {a: 'http://a'}\n" + rule % "nginxx")
    with pytest.raises(ProfileError, match=r"p.yaml:5:51: rules\[0\].fault.gateway: expected a dialect .*`nginx`\?"):
        load_profile([profile], {})


def test_the_digest_knows_what_is_in_the_dialect(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OURS)
    before = load_in(tmp_path, "dialect: ours.yaml").digest
    (tmp_path / "ours.yaml").write_text(OURS.replace("420", "421"))

    assert load_in(tmp_path, "dialect: ours.yaml").digest != before


def test_a_dialect_that_is_wrong_is_told_at_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("description: Ours.\nkinds:\n  rate_limited: {status: many}\n")

    assert said(tmp_path, "dialect: ours.yaml").startswith("ours.yaml:3:26: kinds.rate_limited.status: ")


@pytest.mark.parametrize(
    ("upstream", "message"),
    [
        (
            "dialect: ./none.yaml",
            "p.yaml:4:31: upstreams.a.dialect: expected a dialect file, got `./none.yaml`: there is no such file",
        ),
        (
            "ca: none.pem",
            "p.yaml:4:26: upstreams.a.ca: expected a file of certificates, got `none.pem`: there is no such file",
        ),
        (
            "ca: p.yaml",
            (
                "p.yaml:4:26: upstreams.a.ca: expected a file of certificates, got `p.yaml`: "
                "it holds no certificate in PEM"
            ),
        ),
    ],
)
def test_a_file_that_is_not_there_is_missed_at_once(tmp_path: Path, upstream: str, message: str) -> None:
    assert said(tmp_path, upstream) == message


def test_a_broken_dialect_file_is_told_as_yaml(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("a: [1")

    assert said(tmp_path, "dialect: ours.yaml").startswith("ours.yaml:2:1: this is not YAML")


def test_authorities_are_found_beside_the_profile_and_kept_by_their_whole_path(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")

    assert load_in(tmp_path, "ca: ca.pem").profile.upstreams["a"].ca == str(tmp_path / "ca.pem")


@pytest.fixture(scope="module")
def pairs() -> dict[str, bytes]:
    """Files of two certificates and keys, as their owner would have been given them."""
    authority = trustme.CA()
    ours, others = authority.issue_cert("us.example"), authority.issue_cert("them.example")
    key = load_pem_private_key(ours.private_key_pem.bytes(), None)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    return {
        "cert.pem": b"".join(each.bytes() for each in ours.cert_chain_pems),
        "key.pem": ours.private_key_pem.bytes(),
        "both.pem": ours.private_key_and_cert_chain_pem.bytes(),
        "other-key.pem": others.private_key_pem.bytes(),
        "secret-key.pem": secret,
    }


def lay_out(pairs: dict[str, bytes], folder: Path) -> None:
    for name, content in pairs.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(("cert", "key"), [("cert.pem", "key.pem"), ("both.pem", "both.pem")])
def test_a_client_certificate_and_its_key_are_found_beside_the_profile(
    pairs: dict[str, bytes], tmp_path: Path, cert: str, key: str
) -> None:
    lay_out(pairs, tmp_path)
    upstream = load_in(tmp_path, f"client_cert: {cert}, client_key: {key}").profile.upstreams["a"]

    assert (upstream.client_cert, upstream.client_key) == (str(tmp_path / cert), str(tmp_path / key))


CERT, KEY = "p.yaml:4:35: upstreams.a.client_cert: ", "p.yaml:4:57: upstreams.a.client_key: "


@pytest.mark.parametrize(
    ("upstream", "messages"),
    [
        (
            "client_cert: cert.pem",
            [CERT + "expected client_key beside it, the file of its key; got `cert.pem` alone"],
        ),
        (
            "client_key:  key.pem",
            [
                (
                    "p.yaml:4:35: upstreams.a.client_key: "
                    "expected client_cert beside it, the file of its certificate; got `key.pem` alone"
                )
            ],
        ),
        (
            "client_cert: none.pem, client_key: no.pem",
            [
                CERT + "expected a file of certificates, got `none.pem`: there is no such file",
                KEY + "expected the file of a private key, got `no.pem`: there is no such file",
            ],
        ),
        (
            "client_cert: cert.pem, client_key: cert.pem",
            [KEY + "expected the file of a private key, got `cert.pem`: it holds no private key in PEM"],
        ),
        (
            "client_cert:  key.pem, client_key: key.pem",
            [
                (
                    "p.yaml:4:36: upstreams.a.client_cert: "
                    "expected a file of certificates, got `key.pem`: it holds no certificate in PEM"
                )
            ],
        ),
        (
            "client_cert: cert.pem, client_key: other-key.pem",
            [KEY + "expected the file of a private key, got `other-key.pem`: it is not the key of client_cert"],
        ),
        (
            "client_cert: cert.pem, client_key: secret-key.pem",
            [
                KEY + "expected the file of a private key, got `secret-key.pem`: "
                "the key is encrypted, and nobody will be there to be asked for its password"
            ],
        ),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_said_when_the_profile_is_loaded(
    pairs: dict[str, bytes], tmp_path: Path, upstream: str, messages: list[str]
) -> None:
    lay_out(pairs, tmp_path)

    assert said(tmp_path, upstream).splitlines() == messages


def test_an_overlay_names_files_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "over").mkdir()
    (tmp_path / "over" / "ours.yaml").write_text(OURS)
    (tmp_path / "over" / "o.yaml").write_text("upstreams: {a: {dialect: ours.yaml}}\n")
    (tmp_path / "p.yaml").write_text("version: 1\nname: p\nupstreams: {a: 'http://a'}\n")

    loaded = load_profile([tmp_path / "p.yaml", tmp_path / "over" / "o.yaml"], {})

    assert "ours.yaml" in loaded.dialects


# The files of faults

SCHEMA = "type: object\nrequired: [id]\nproperties:\n  id: {type: integer}\n"


def load_rule(folder: Path, *faults: str) -> LoadedProfile:
    rules = "".join(f"  - {{name: r{nth}, when: {{every: 2}}, fault: {fault}}}\n" for nth, fault in enumerate(faults))
    (folder / "p.yaml").write_text(f"version: 1\nname: p\nupstreams: {{a: 'http://a'}}\nrules:\n{rules}")
    return load_profile([folder / "p.yaml"], {})


def said_of_rule(folder: Path, *faults: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load_rule(folder, *faults)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def spoiled(loaded: LoadedProfile, body: bytes, rule: int = 0) -> Reply | Unfit:
    (effect,) = loaded.profile.rules[rule].fault[-1].effects(turn(), "r")
    assert isinstance(effect, Rewrite)
    return effect.change(Reply(200, b"OK", (), body))


@pytest.mark.parametrize("name", ["schema.yaml", "schema.json"])
def test_a_fault_gets_what_stands_in_its_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SCHEMA if name.endswith("yaml") else json.dumps(yaml.safe_load(SCHEMA)))

    loaded = load_rule(tmp_path, f"{{type: schema_drift, how: missing, json_schema: {name}}}")

    assert spoiled(loaded, b'{"id": 1, "name": "a"}') == Reply(200, b"OK", (), b'{"name": "a"}')
    assert spoiled(loaded, b'{"id": "1"}') == Unfit("not_by_schema")


def test_each_fault_gets_its_own_also_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(SCHEMA)
    (tmp_path / "other.yaml").write_text(SCHEMA.replace("integer", "string"))

    loaded = load_rule(
        tmp_path,
        "{type: schema_drift, json_schema: one.yaml}",
        "[{type: latency, delay: 1s}, {type: schema_drift, json_schema: other.yaml}]",
        "{type: schema_drift, json_schema: one.yaml}",
    )

    bodies = [spoiled(loaded, b'{"id": 1}', 0), spoiled(loaded, b'{"id": "1"}', 1), spoiled(loaded, b'{"id": 1}', 2)]
    assert [body.body for body in bodies if isinstance(body, Reply)] == [b'{"Id": 1}', b'{"Id": "1"}', b'{"Id": 1}']


def test_the_digest_knows_what_is_in_the_file_of_a_fault(tmp_path: Path) -> None:
    fault = "{type: schema_drift, json_schema: schema.yaml}"
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    before = load_rule(tmp_path, fault).digest
    assert load_rule(tmp_path, fault).digest == before
    (tmp_path / "schema.yaml").write_text(SCHEMA.replace("integer", "string"))

    assert load_rule(tmp_path, fault).digest != before


@pytest.mark.parametrize(
    ("setting", "text", "messages"),
    [
        (
            "json_schema: s.yaml",
            None,
            [
                (
                    "p.yaml:5:75: rules[0].fault.json_schema: "
                    "expected the path of a file, got `s.yaml`: there is no such file"
                )
            ],
        ),
        (
            "openapi: s.yaml",
            "openapi: 3.1.0\npaths:\n  /a/{b}:\n    get:\n      responses:\n        200: {$ref: '#/no'}\n",
            [("s.yaml:6:14: paths./a/{b}.get.responses.200: expected a reference to something, and there is no #/no")],
        ),
        (
            "openapi: s.yaml",
            "swagger: 2.0\n",
            ["s.yaml:1:1: expected an OpenAPI document of version 3 (`openapi: 3.…`)"],
        ),
        ("json_schema: s.yaml", "a: 1\na: 2\n", ["s.yaml:2:1: a: expected each key once, got it again after line 1"]),
        ("json_schema: s.json", '{\n"a": }', ["s.json:2:6: this is not JSON: Expecting value"]),
        ("json_schema: s.json", '{"const": NaN}', ["s.json:1:1: this is not JSON: NaN is no number"]),
        (
            "json_schema: s.json",
            '{"properties":\n  {"a/b": 1}}',
            ["s.json:2:11: properties.a/b: expected a schema, that is a mapping"],
        ),
    ],
)
def test_what_is_wrong_with_the_file_of_a_fault_is_told_where_it_stands(
    tmp_path: Path, setting: str, text: str | None, messages: list[str]
) -> None:
    if text is not None:
        (tmp_path / setting.rpartition(" ")[2]).write_text(text)
    fault = f"{{type: schema_drift, {setting}}}"

    assert said_of_rule(tmp_path, fault) == messages
    if text is not None:
        assert said_of_rule(tmp_path, fault, fault) == messages, "once, however many rules name it"


def test_files_of_one_name_in_two_folders_are_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "over"):
        folder.mkdir(exist_ok=True)
        (folder / "s.yaml").write_text(SCHEMA)
    rule = "rules:\n  - {name: %s, fault: {type: schema_drift, json_schema: s.yaml}}\n"
    (tmp_path / "p.yaml").write_text("version: 1\nname: p\nupstreams: {a: 'http://a'}\n" + rule % "one")
    (tmp_path / "over" / "o.yaml").write_text(rule % "other")

    with pytest.raises(ProfileError, match=r"expected one file of this name, got `s.yaml` in two folders"):
        load_profile([tmp_path / "p.yaml", tmp_path / "over" / "o.yaml"], {})


def test_a_large_description_of_an_api_is_no_profile_and_need_not_be_as_small(tmp_path: Path) -> None:
    properties = {f"property_{nth}": {"type": "string", "description": "x" * 80} for nth in range(12_000)}
    (tmp_path / "s.json").write_text(json.dumps({"required": ["id"], "properties": properties}))
    assert (tmp_path / "s.json").stat().st_size > 1_048_576

    loaded = load_rule(tmp_path, "{type: schema_drift, how: missing, json_schema: s.json}")
    assert spoiled(loaded, b'{"id": 1}') == Reply(200, b"OK", (), b"{}")
