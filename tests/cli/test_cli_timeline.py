"""What was imagined, drawn in characters."""

from chaosproxy.cli.timeline import Span, Timeline, legend, letter
from chaosproxy.simulation import Foreseen, Imagined, RuleCount, Weather

RULES = (RuleCount("first", 9, 3), RuleCount("second", 6, 1))


def call(at: float, *rules: str, session: str = "sim-1", attempt: int = 1, skipped: str | None = None) -> Imagined:
    return Imagined(
        session=session,
        ordinal=1,
        attempt=attempt,
        rule=rules[0] if rules else None,
        fault="latency" if rules else None,
        phase=None,
        reason="always",
        draw=None,
        at=at,
        tool="find",
        method="GET",
        target="/find",
        operation=1,
        rules=rules,
        skipped=skipped,
    )


def drawn(  # noqa: PLR0913 - one for each thing that can be laid out
    calls: list[Imagined],
    *,
    interval: float = 1.0,
    columns: int = 80,
    spans: tuple[Span, ...] = (),
    weather: tuple[Weather, ...] = (),
    most: int = 99,
) -> list[str]:
    timeline = Timeline(Foreseen(tuple(calls), RULES, weather), interval, columns, spans)
    return ["".join(piece.text for piece in line) for line in timeline.lines(most)]


def test_a_character_a_call_and_a_row_a_session() -> None:
    calls = [
        call(0),
        call(1, "first"),
        call(2, "first", attempt=2),
        call(3, attempt=3),
        call(4, skipped="second"),
        call(0, "second", session="sim-10"),
    ]

    assert drawn(calls) == [
        "        0s",
        "sim-1   .Aa,-",
        "sim-10  B",
    ]
    assert drawn(calls, most=1) == ["        0s", "sim-1   .Aa,-"]


def test_of_several_rules_the_last_decides_the_character_and_its_colour() -> None:
    timeline = Timeline(Foreseen((call(0, "first", "second"),), RULES, ()), 1.0, 80)
    *_, row = timeline.lines(9)

    assert [(piece.text, piece.rule) for piece in row] == [("sim-1  ", None), ("B", 1)]


def test_a_tick_each_ten_calls_says_when_they_are() -> None:
    axis, _ = drawn([call(nth * 30.0) for nth in range(31)], interval=30.0)

    assert axis == "       0s        5m        10m       15m"


def test_a_long_row_is_broken_and_goes_on_with_its_time() -> None:
    lines = drawn([call(nth) for nth in range(75)], columns=47)

    assert lines == [
        "       0s        10s       20s       30s",
        f"sim-1  {'.' * 40}",
        "",
        "       40s       50s       1m        1m 10s",
        f"sim-1  {'.' * 35}",
    ]
    assert max(map(len, lines)) <= 47


def test_of_a_very_long_one_a_character_stands_for_several_calls() -> None:
    calls = [call(nth, *(["first"] if nth < 30 or 40 <= nth < 48 or nth == 80 else [])) for nth in range(1000)]

    assert drawn(calls, columns=57) == [
        "       0s        3m 20s    6m 40s    10m       13m 20s",
        f"sim-1  AAa.a{'.' * 45}",  # of twenty calls each: all, ten, eight, none, one
    ]


def test_phases_and_the_weather_stand_above_the_rows() -> None:
    spans = (Span("calm", 0.0), Span("storm", 4.0), Span("calm again", 7.0))
    weather = (Weather("second", (0.0, 0.0, 0.0, 0.0, 0.25, 1.0, 1.0, 0.0, 0.01, 0.99)),)

    assert drawn([call(nth) for nth in range(10)], spans=spans, weather=weather) == [
        "         0s",
        "phases   |cal|st|ca",
        "B is on  ____2==_19",
        "sim-1    ..........",
    ]


def test_the_legend_says_what_is_drawn_and_no_more() -> None:
    quiet = Foreseen((call(0),), RULES, ())
    hit = Foreseen((call(0, "first"), call(1, "first", attempt=2), call(2, attempt=3)), RULES, ())

    assert legend(quiet, 1) == ". passed"
    assert legend(hit, 1) == ". passed; letters: hit by the rule below; small: a retry, hit; , a retry that passed"
    assert (
        legend(hit, 5) == "5 calls a character; . passed; letters: hit by the rule below, small if fewer than half were"
    )


def test_rules_beyond_the_alphabet_share_a_sign() -> None:
    assert (letter(0), letter(25), letter(26)) == ("A", "Z", "#")
