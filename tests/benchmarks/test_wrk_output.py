import pytest

from benchmarks.wrk import Load, read_report

CALM = """\
Running 5s test @ http://127.0.0.1:19001/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   161.78us   27.09us 489.00us   87.87%
    Req/Sec   141.36k   842.17   142.46k    70.00%
  Latency Distribution
     50%  166.00us
     75%  175.00us
     90%  181.00us
     99%    1.20ms
  702540 requests in 5.00s, 790.65MB read
Requests/sec: 140414.48
Transfer/sec:    158.01MB
"""

ROUGH = """\
Running 5s test @ http://127.0.0.1:19001/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   731.02ms  402.10ms   1.99s    61.02%
    Req/Sec    30.10     12.00    80.00     70.00%
  Latency Distribution
     50%  700.00ms
     75%    1.02s
     90%    1.30s
     99%    1.98s
  151 requests in 5.01s, 40.00KB read
  Socket errors: connect 1, read 20, write 3, timeout 7
  Non-2xx or 3xx responses: 12
Requests/sec:     30.14
Transfer/sec:      7.98KB
"""


def test_a_calm_report_is_read_in_calls_and_seconds() -> None:
    load = read_report(CALM)

    assert load == Load(calls=702540, per_second=140414.48, p50=166 * 1e-6, p99=1.2 * 1e-3)
    assert load.problem is None


def test_errors_are_counted_and_said() -> None:
    load = read_report(ROUGH)

    assert (load.refused, load.socket_errors) == (12, 31)
    assert (load.p50, load.p99) == (700 * 1e-3, 1.98)
    assert load.problem == "of 151 calls 12 got no 2xx, and there were 31 socket errors"


@pytest.mark.parametrize("line", ["Socket errors", "Non-2xx"])
def test_one_kind_of_error_is_enough_for_a_problem(line: str) -> None:
    text = "".join(kept for kept in ROUGH.splitlines(keepends=True) if line not in kept)

    assert read_report(text).problem is not None


@pytest.mark.parametrize("text", ["", "unable to connect to 127.0.0.1:1 Connection refused\n"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no report of wrk"):
        read_report(text)


def test_a_report_without_percentiles_is_refused() -> None:
    text = "".join(line for line in CALM.splitlines(keepends=True) if "%  " not in line)

    with pytest.raises(ValueError, match="needs --latency"):
        read_report(text)
