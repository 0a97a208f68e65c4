"""What goes in comes out in order, whole or in whatever pieces the disk takes; what does not fit is counted."""

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.telemetry.backlog import HEAD_BYTES, Backlog


def line(number: int) -> bytes:
    return f"line {number}\n".encode()


@given(st.lists(st.integers(1, 5), max_size=10), st.lists(st.integers(0, 30), min_size=1))
def test_nothing_is_lost_however_it_is_taken(batches: list[int], bites: list[int]) -> None:
    backlog = Backlog(lines_most=1_000)
    put = b""
    for count in batches:
        batch = b"".join(map(line, range(count)))
        assert backlog.put(batch, count)
        put += batch

    taken = b""
    for bite in [*bites, len(put)]:
        piece = backlog.head()[:bite]
        taken += piece
        backlog.taken(len(piece))
    assert taken == put
    assert backlog.head() == b""
    assert backlog.dropped == 0


def test_a_full_backlog_drops_what_comes_and_counts_it() -> None:
    backlog = Backlog(lines_most=3)

    assert backlog.put(line(1) + line(2), 2)
    assert not backlog.put(line(3) + line(4), 2)
    assert backlog.put(line(5), 1)
    assert (backlog.head(), backlog.dropped) == (line(1) + line(2) + line(5), 2)


def test_a_line_is_gone_when_its_last_byte_is() -> None:
    backlog = Backlog(lines_most=2)
    backlog.put(line(1) + line(2), 2)
    backlog.head()
    backlog.taken(len(line(1)) - 1)
    assert not backlog.put(line(3), 1), "both still wait"

    backlog.taken(1)
    assert backlog.put(line(4), 1)
    assert backlog.head() == line(2)


def test_giving_up_counts_what_waited() -> None:
    backlog = Backlog(lines_most=10)
    backlog.put(line(1) + line(2), 2)
    backlog.head()
    backlog.taken(len(line(1)) + 3)
    backlog.put(line(3), 1)

    backlog.give_up()

    assert (backlog.dropped, backlog.head()) == (2, b"")


def test_one_write_is_not_endless() -> None:
    backlog = Backlog(lines_most=1_000)
    for _ in range(100):
        backlog.put(b"x" * 99_999 + b"\n", 1)

    assert HEAD_BYTES <= len(backlog.head()) < HEAD_BYTES + 100_000
