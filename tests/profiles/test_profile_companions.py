"""Files that a profile names: they are read with it, from its own folder."""

from pathlib import Path

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.profiles.loader import LoadedProfile, load_profile
from chaosproxy.profiles.mistakes import ProfileError

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


def test_an_overlay_names_files_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "over").mkdir()
    (tmp_path / "over" / "ours.yaml").write_text(OURS)
    (tmp_path / "over" / "o.yaml").write_text("upstreams: {a: {dialect: ours.yaml}}\n")
    (tmp_path / "p.yaml").write_text("version: 1\nname: p\nupstreams: {a: 'http://a'}\n")

    loaded = load_profile([tmp_path / "p.yaml", tmp_path / "over" / "o.yaml"], {})

    assert "ours.yaml" in loaded.dialects
