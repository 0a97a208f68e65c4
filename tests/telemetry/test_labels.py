"""However many values come, few labels come of them."""

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.telemetry.labels import LONGEST, OTHER, BoundedLabels

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


@given(st.lists(TEXT), st.sets(TEXT, max_size=5), st.integers(0, 5))
def test_bounded(values: list[str], known: set[str], room: int) -> None:
    labels = BoundedLabels(known, room)

    given_labels = [labels[value] for value in values]

    newcomers = [value for value in dict.fromkeys(values) if value not in known]
    admitted = known | set(newcomers[:room])
    assert given_labels == [value if value in admitted else OTHER for value in values]
    assert labels.overflow == sum(value not in admitted for value in values)


def test_looking_admits_nothing() -> None:
    labels = BoundedLabels(["find"], 1)

    assert labels.get("charge", OTHER) == OTHER
    assert (labels.room, labels.overflow) == (1, 0)


def test_newcomers_are_welcomed_once() -> None:
    welcomed: list[str] = []
    labels = BoundedLabels(["find"], 1, welcomed.append)

    for value in ("find", "charge", "charge", "refund"):
        labels[value]

    assert welcomed == ["charge"]


def test_a_label_can_be_written_and_has_an_end() -> None:
    labels = BoundedLabels([], 9)

    assert labels["caf\udce9"] == "caf?"
    assert labels["x" * 9_999] == "x" * LONGEST
