import pytest

from benchmarks.__main__ import main
from benchmarks.findings import Finding, format_finding
from benchmarks.goals import Goal, at_least, at_most, format_goals
from benchmarks.markdown import markdown_table
from benchmarks.relays import RELAYS
from benchmarks.sections import SECTIONS
from benchmarks.table import GOALS


@pytest.mark.parametrize(
    ("goal", "figure", "met"),
    [
        (at_most("latency", 2, "ms"), 2.0, True),
        (at_most("latency", 2, "ms"), 2.01, False),
        (at_least("ratio", 0.7, "x"), 0.7, True),
        (at_least("ratio", 0.7, "x"), 0.69, False),
        (at_least("ratio", 0.7, "x"), None, None),
    ],
)
def test_a_goal_is_met_up_to_its_bound(goal: Goal, figure: float | None, met: bool | None) -> None:
    assert goal.reached(figure).met is met


def test_goals_are_printed_with_their_figures_and_those_not_measured_too() -> None:
    goals = [
        at_most("start", 0.7, "s").reached(0.6512),
        at_least("to Envoy", 1, "x").reached(0.447),
        at_most("memory", 250, "MiB"),
    ]

    assert format_goals(goals) == (
        "| goal     | wanted          |  figure |              |\n"
        "| -------- | --------------- | ------: | -----------: |\n"
        "| start    | at most 0.7 s   | 0.651 s |          met |\n"
        "| to Envoy | at least 1x     |  0.447x |      not met |\n"
        "| memory   | at most 250 MiB |       - | not measured |"
    )


def test_a_table_stays_a_table_whatever_is_in_it() -> None:
    table = markdown_table(("a", "b"), [("x | y", "1")])

    assert table == "| a      |   b |\n| ------ | --: |\n| x \\| y |   1 |"


def test_a_section_that_failed_says_why() -> None:
    finding = Finding(section="tls", title="TLS", problems=("ended at once",))

    assert format_finding(finding) == "### TLS\n\n! ended at once"


def test_every_goal_has_one_line_and_belongs_to_one_section() -> None:
    goals = [goal.what for goal in GOALS] + [goal.what for each in SECTIONS.values() for goal in each.goals]

    assert len(goals) == len(set(goals))
    assert all(section.goals for section in SECTIONS.values())


def test_sections_and_relays_do_not_share_names() -> None:
    assert not set(SECTIONS) & set(RELAYS)


def test_what_is_not_there_cannot_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--only", "tls,nonsense"])

    assert stopped.value.code == 2
    assert "nothing is called nonsense; there are relays, tls," in capsys.readouterr().err


def test_a_python_without_us_is_said_and_nothing_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "decide", "--python", "/nowhere/python"]) == 2
    assert "/nowhere/python does not start" in capsys.readouterr().err
