"""What is wrong, said in one line."""

import pytest

from chaosproxy.profiles.mistakes import Mistake, ProfileError, dotted, listing, nearest, show


@pytest.mark.parametrize(
    ("mistake", "line"),
    [
        (Mistake("f.yaml", 3, 7, "rules[0].name", "expected a name"), "f.yaml:3:7: rules[0].name: expected a name"),
        (Mistake("f.yaml", 3, 7, "a", "expected a key", "b"), "f.yaml:3:7: a: expected a key; did you mean `b`?"),
        (Mistake("f.yaml", 0, 0, "", "there is no such file"), "f.yaml: there is no such file"),
        (Mistake("--seed", 0, 0, "seed", "expected a number"), "--seed: seed: expected a number"),
    ],
)
def test_a_mistake_is_one_line(mistake: Mistake, line: str) -> None:
    assert str(mistake) == line
    assert str(ProfileError([mistake, mistake])) == f"{line}\n{line}"


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("rate_limt", ["latency", "rate_limit"], "rate_limit"),
        ("Latency", ["latency", "rate_limit"], "latency"),
        ("xyz", ["latency", "rate_limit"], None),
        (3, ["3"], None),
        ("", [], None),
    ],
)
def test_the_nearest_name_is_what_was_meant(name: object, known: list[str], meant: str | None) -> None:
    assert nearest(name, known) == meant


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "`a`"),
        ("", "an empty text"),
        ("x" * 70, "`" + "x" * 59 + "…`"),
        ("a\x1b[31m\n", "`a�[31m�`"),
        (True, "true"),
        (None, "nothing"),
        (3, "3"),
        (1.5, "1.5"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
    ],
)
def test_a_value_is_shown_short_and_on_one_line(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_path_and_a_list_read_as_people_write_them() -> None:
    assert dotted(("rules", 2, "fault", 0, "type")) == "rules[2].fault[0].type"
    assert dotted(()) == ""
    assert listing(["a", "b", "c"]) == "a, b or c"
    assert listing(["a", "b"], "and") == "a and b"
    assert listing(["a"]) == "a"
