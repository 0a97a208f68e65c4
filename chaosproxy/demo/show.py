"""What the demo prints: lines while the day lasts, then both scorecards side by side."""

from collections import Counter
from collections.abc import Iterator
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chaosproxy.core.events import Certainty, EpisodeClosed, Resolution, RetryAfterVerdict, Verdict
from chaosproxy.core.figures import seconds, share
from chaosproxy.demo.day import Card, Day, Line
from chaosproxy.recovery.scoring.expectations import Result

_COLOURS = {"careful": "cyan", "careless": "magenta"}

_ENDINGS = {
    Resolution.RECOVERED_RETRY: "retried, worked",
    Resolution.RECOVERED_MODIFIED: "asked otherwise, worked",
    Resolution.RECOVERED_FALLBACK: "asked another tool, worked",
    Resolution.RECOVERED_REAUTH: "new token, worked",
    Resolution.RECOVERED_RECONNECT: "connected anew, worked",
    Resolution.ESCALATED: "told a human",
    Resolution.FAILED_FAST: "stopped at once",
    Resolution.EXHAUSTED: "kept asking, gave up",
    Resolution.ABANDONED: "did not try again",
    Resolution.LOOPING: "went round in circles",
    Resolution.UNDETECTED: "never noticed",
    Resolution.CENSORED: "undecided",
}

_RESULTS = {Result.PASS: "[green]PASS[/]", Result.FAIL: "[red]FAIL[/]", Result.INCONCLUSIVE: "[yellow]INCONCLUSIVE[/]"}


class Feed:
    """Prints each line as it happens, with the seconds since the day began."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._began = monotonic()

    def show(self, line: Line) -> None:
        """Print a line."""
        seconds = f"{monotonic() - self._began:5.1f} s"
        colour = _COLOURS.get(line.agent, "white")
        text = escape(line.text)
        if line.who == "proxy":
            text = f"[bold]{text}[/]"
        self._out.print(
            f"[dim]{seconds}[/]  [{colour}]{line.agent:8}[/]  {'<- ' if line.who == 'proxy' else '   '}{text}"
        )


def introduce(out: Console) -> None:
    """What is about to be seen."""
    out.print("[bold]A bad day in a small shop.[/] Two agents look for goods, charge for them and keep receipts,")
    out.print("through one proxy. Both meet the same failures.")
    out.print("[dim]<- is what the proxy did or saw; the rest is what the agents say.[/]\n")


def conclude(out: Console, day: Day) -> None:
    """The scorecards, and where they can be had by a program."""
    for grid in (_scorecards(day), _reactions(day)):
        out.print()
        _print_grid(out, grid)
    out.print()
    for card in day.cards:
        out.print(_bookkeeping(card))
    out.print()
    out.print(f"The same in Prometheus, from [bold]{day.metrics_url}[/]:")
    for sample in _samples(day.metrics):
        out.print(f"  [dim]{escape(sample)}[/]", soft_wrap=True)


def _print_grid(out: Console, grid: Table) -> None:
    """A table; in a pipe without the blanks that fill up its lines."""
    if out.is_terminal:
        out.print(grid)
        return
    with out.capture() as captured:
        out.print(grid)
    for line in captured.get().splitlines():
        out.print(line.rstrip(), markup=False)


def agrees(day: Day) -> bool:
    """Does the proxy's count of duplicate charges equal what the database holds?"""
    return all(card.rows - card.orders_charged == _duplicates(card) for card in day.cards)


def _duplicates(card: Card) -> int:
    """Charges that the proxy saw made once too often."""
    return card.scorecard.whole.count().duplicates[Certainty.CONFIRMED]


def _scorecards(day: Day) -> Table:
    grid = Table(title="How they came through", title_justify="left", title_style="bold", box=None, pad_edge=False)
    grid.add_column("", style="dim")
    for card in day.cards:
        grid.add_column(card.agent, justify="right", style=_COLOURS.get(card.agent, ""))
    columns = [list(_measures(card, day.orders)) for card in day.cards]
    for row in zip(*columns, strict=True):
        grid.add_row(row[0][0], *[cell[1] for cell in row])
    return grid


def _measures(card: Card, orders: int) -> Iterator[tuple[str, str]]:
    board = card.scorecard
    rate = board.measure("recovery_rate")
    right = board.measure("appropriate_rate")
    slow = board.measure("time_to_recovery_p95")
    count = board.whole.count()
    hints = count.retry_after
    yield "orders done", f"{card.orders_done} of {orders}"
    yield "calls made", str(count.calls + count.other_calls)
    yield "calls for each intention", f"{count.amplification().value or 0:.2f}"
    yield "failures met", str(board.whole.tally().decided)
    yield "recovered from", _share(rate.value, rate.cases)
    yield "reacted as it should", _share(right.value, right.cases)
    yield "95 % recovered within", seconds(slow.value)
    obeyed = hints[RetryAfterVerdict.COMPLIANT] + hints[RetryAfterVerdict.LATE]
    yield "Retry-After obeyed / broken", f"{obeyed} / {hints[RetryAfterVerdict.EARLY]}"
    yield "damage never noticed", str(board.measure("undetected_faults").value or 0)
    yield "duplicate charges (confirmed)", _alarm(_duplicates(card))
    yield "verdict", _RESULTS[card.verdict.result]


def _share(value: float | None, cases: int) -> str:
    return "-" if value is None else f"{share(round(value, 2))} of {cases}"


def _alarm(count: int) -> str:
    return f"[bold red]{count}[/]" if count else "0"


def _reactions(day: Day) -> Table:
    grid = Table(
        title="What they did about it (+ right, ! wrong)",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    grid.add_column("failure", style="dim")
    for card in day.cards:
        grid.add_column(card.agent)
    faults = dict.fromkeys(event.fault for card in day.cards for event in card.episodes)
    for fault in faults:
        cells = [_reaction([event for event in card.episodes if event.fault == fault]) for card in day.cards]
        grid.add_row(fault, *cells)
    return grid


def _reaction(episodes: list[EpisodeClosed]) -> str:
    if not episodes:
        return "[dim]did not meet it[/]"
    counts = Counter((event.resolution, event.verdict) for event in episodes)
    return "\n".join(
        f"{_mark(verdict)} {_ENDINGS[resolution]}{f' x{count}' if count > 1 else ''}"
        for (resolution, verdict), count in counts.items()
    )


def _mark(verdict: Verdict) -> str:
    if verdict is Verdict.APPROPRIATE:
        return "[green]+[/]"
    return "[red]![/]" if verdict is Verdict.INAPPROPRIATE else "[dim]?[/]"


def _bookkeeping(card: Card) -> str:
    extra = card.rows - card.orders_charged
    counted = _duplicates(card)
    agreement = "[green](equal)[/]" if extra == counted else "[red](NOT EQUAL)[/]"
    return (
        f"{card.agent:8}  {card.orders_charged} orders are charged in the database, in {card.rows} rows: "
        f"{extra} too many; the proxy counted {counted} {agreement}"
    )


def _samples(metrics: str) -> list[str]:
    """A few lines of each metric that the day was about."""
    lines = [line for line in metrics.splitlines() if not line.endswith(" 0.0")]
    wanted = ("chaosproxy_episodes_total{", "chaosproxy_duplicate_effects_total{", "chaosproxy_retry_after_total{")
    return [line for name in wanted for line in [each for each in lines if each.startswith(name)][:6]]
