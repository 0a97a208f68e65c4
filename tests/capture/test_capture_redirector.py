import logging

import pytest

from chaosproxy.capture.redirector import SPEAKS_AS, Redirector


@pytest.mark.parametrize("expected", [True, False])
def test_pages_of_complaints_become_the_line_that_counts(caplog: pytest.LogCaptureFixture, expected: bool) -> None:
    speaks = logging.getLogger(f"{SPEAKS_AS}.linux")
    redirector = Redirector()
    redirector.expected = expected
    redirector.install()
    try:
        speaks.warning("    [41] UNION MaybeUninit<u8> size=1 vlen=2 Invalid name")
        speaks.warning("Error: eBPF initialization failed\n")
        speaks.warning("Caused by:")
        speaks.warning("    0: failed to attach cgroup_sock_create program")
        speaks.warning("Stack backtrace:")
        speaks.warning("   0: <unknown>")
        assert redirector.problem is None
        speaks.error("[linux-redirector] exited: 256")
    finally:
        redirector.uninstall()

    said = "eBPF initialization failed: failed to attach cgroup_sock_create program"
    assert redirector.problem == said
    speaks.warning("after that, the log has it again")
    logged = [record.getMessage() for record in caplog.records]
    assert logged == ([] if expected else [f"local_mode_ended: {said}"]) + ["after that, the log has it again"]


def test_an_end_without_a_reason_is_told_as_it_is() -> None:
    redirector = Redirector()
    redirector.install()
    try:
        logging.getLogger(SPEAKS_AS).error("[linux-redirector] exited: 256")
    finally:
        redirector.uninstall()

    assert redirector.problem == "[linux-redirector] exited: 256"
