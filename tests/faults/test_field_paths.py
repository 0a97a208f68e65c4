import pytest

from chaosproxy.faults._field_paths import ANY_ITEM, ANY_KEY, Step, fits, steps_of


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("a.b_c.d-e", ("a", "b_c", "d-e")),
        ("items[].price", ("items", ANY_ITEM, "price")),
        ("a[0][].b", ("a", 0, ANY_ITEM, "b")),
        ("[].id", (ANY_ITEM, "id")),
        ("[12]", (12,)),
        ("*.id", (ANY_KEY, "id")),
        (" a . b ", ("a ", " b")),
    ],
)
def test_reads(text: str, steps: tuple[Step, ...]) -> None:
    assert steps_of(text) == steps


@pytest.mark.parametrize("text", ["", " ", ".", "a.", ".a", "a..b", "a[", "a]", "a[x]", "a[-1]", "a.[0]", "[0]a"])
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="expected a field"):
        steps_of(text)


@pytest.mark.parametrize(
    ("step", "key", "meant"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (ANY_KEY, "a", True),
        (ANY_KEY, 0, False),
        (ANY_ITEM, 3, True),
        (ANY_ITEM, "a", False),
        (3, 3, True),
        (3, "3", False),
        ("3", 3, False),
    ],
)
def test_means(step: Step, key: str | int, meant: bool) -> None:
    assert fits(step, key) == meant
