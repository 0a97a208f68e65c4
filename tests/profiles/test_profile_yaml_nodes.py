"""YAML as profiles are written in it: the core schema of 1.2, with places, without traps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.profiles.document import at, place_of, plain
from chaosproxy.profiles.yaml_nodes import MOST_DEPTH, read_yaml


def value(text: str) -> object:
    root, mistakes = read_yaml(f"v: {text}\n", "f.yaml")
    assert not mistakes
    assert root is not None
    data = plain(root)
    assert isinstance(data, dict)
    return data["v"]


def told(text: str) -> list[str]:
    return [str(mistake) for mistake in read_yaml(text, "f.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-11-22", "2026-11-22"),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("-3", -3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("30%", "30%"),
        ("'30'", "30"),
        ('"a\\tb"', "a\tb"),
        ("! 30", "30"),
        ("!!str 30", "30"),
        ("!!int '30'", 30),
        ("<<", "<<"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("{1: a, true: b, ~: c}", {"1": "a", "true": "b", "~": "c"}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, meant: object) -> None:
    found = value(text)

    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: expected each key once, got it again after line 1"),
        (
            "a: !!python/object:os.system x",
            "f.yaml:1:4: a: expected plain data, got the tag `!!python/object:os.system`",
        ),
        ("a: !env X", "f.yaml:1:4: a: expected plain data, got the tag `!env`"),
        ("a: !!set {x}", "f.yaml:1:4: a: expected plain data, got the tag `!!set`"),
        ("a: !!int x", "f.yaml:1:4: a: expected what its tag !!int says, got `x`"),
        ("a: .inf", "f.yaml:1:4: a: expected a number that is finite, got `.inf`"),
        ("a: [.nan]", "f.yaml:1:5: a[0]: expected a number that is finite, got `.nan`"),
        ("a: 1e999", "f.yaml:1:4: a: expected a number that is finite, got `1e999`"),
        ("a: " + "9" * 41, f"f.yaml:1:4: a: expected a number of at most 40 digits, got `{'9' * 41}`"),
        ("? [a]\n: b", "f.yaml:1:3: expected a key that is text, got a list, a mapping or an alias"),
        ("a: *x", "f.yaml:1:4: a: expected an anchor &x that is complete before this alias"),
        ("a: &x [*x]", "f.yaml:1:8: a[0]: expected an anchor &x that is complete before this alias"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: expected one document in a file, got another one"),
        ("a: \x07", "f.yaml:1:4: expected text, got the control character U+0007"),
        (
            "a: [1,\n b",
            "f.yaml:3:1: this is not YAML: while parsing a flow sequence did not find expected ',' or ']'",
        ),
        (
            "a:\n  b: {c: ${X}}",
            (
                "f.yaml:2:11: this is not YAML: while parsing a flow mapping did not find expected ',' or '}'; "
                "inside { } and [ ], `${…}` must stand in quotes"
            ),
        ),
    ],
)
def test_what_is_wrong_as_yaml_is_told_at_its_place(text: str, said: str) -> None:
    assert told(text)[:1] == [said]


def test_values_and_keys_know_where_they_stand() -> None:
    root, _ = read_yaml("a: 1\nrules:\n  - name: x\n    when: {max: 3}\n", "f.yaml")
    assert root is not None

    assert place_of(root, ("rules", 0, "when", "max")) == ("f.yaml", 4, 17)
    assert place_of(root, ("rules", 0, "when", "max"), key=True) == ("f.yaml", 4, 12)
    assert place_of(root, ("rules", 0, "missing")) == ("f.yaml", 3, 5)
    assert at(root, ("rules", 1)) is None


MEBIBYTE = 1_048_000
PADDING = "#" * 900_000


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
        + PADDING,
        "a: [" + "x," * 400_000 + "x]",
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} {'[' * 30}*a{n - 1}{']' * 30}\n" for n in range(1, 5)),
        "[" * MEBIBYTE,
        "- " * (MEBIBYTE // 2),
    ],
    ids=["aliases of aliases", "many values", "depth through aliases", "brackets", "dashes"],
)
def test_a_bomb_is_refused_and_not_set_off(bomb: str) -> None:
    [said] = told(bomb)

    assert "expected at most" in said


def test_the_deepest_profile_is_deep_enough() -> None:
    assert told("[" * MOST_DEPTH + "]" * MOST_DEPTH) == []
    assert len(told("[" * (MOST_DEPTH + 2) + "]" * (MOST_DEPTH + 2))) == 1


@given(st.text())
def test_a_quoted_text_is_that_text(text: str) -> None:
    root, mistakes = read_yaml("v: '" + text.replace("'", "''").replace("\n", " ") + "'", "f.yaml")

    if not mistakes and "\r" not in text and "\x85" not in text and text == text.strip():
        assert root is not None
        found = plain(root)
        assert isinstance(found, dict)
        assert isinstance(found["v"], str)
        assert found["v"].split() == text.split()
