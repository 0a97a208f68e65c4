import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.dataplane.http.tunnels.sniffing import LONGEST_METHOD, Spoken, sniff


@pytest.mark.parametrize(
    ("data", "spoken"),
    [
        (b"", None),
        (b"\x16", None),
        (b"\x16\x03", Spoken.TLS),
        (b"\x16\x03\x01\x02\x00", Spoken.TLS),
        (b"\x16\x02", Spoken.OTHER),
        (b"G", None),
        (b"GET", None),
        (b"GET ", Spoken.HTTP),
        (b"VERSION-CONTROL /x HTTP/1.1\r\n", Spoken.HTTP),
        (b"SSH-", None),
        (b"SSH-2.0-x\r\n", Spoken.OTHER),
        (b"get ", Spoken.OTHER),
        (b"PRI\r\n", Spoken.OTHER),
        (b"A" * LONGEST_METHOD, None),
        (b"A" * LONGEST_METHOD + b" ", Spoken.HTTP),
        (b"A" * (LONGEST_METHOD + 1), Spoken.OTHER),
        (b"\x05\x01\x00", Spoken.OTHER),
        (b" GET", Spoken.OTHER),
    ],
)
def test_first_bytes(data: bytes, spoken: Spoken | None) -> None:
    assert sniff(data) is spoken


@given(st.binary(max_size=40) | st.text("GETPOS-/ 1", max_size=40).map(str.encode))
def test_more_bytes_never_change_an_answer_and_few_are_enough(data: bytes) -> None:
    answers = [sniff(data[:length]) for length in range(len(data) + 1)]
    decided = [each for each in answers if each is not None]
    assert all(each is decided[0] for each in answers[len(answers) - len(decided) :])
    assert len(answers) - len(decided) <= LONGEST_METHOD + 1
