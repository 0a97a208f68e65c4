"""How large a request's body is, as far as anybody can know when the call is judged. Knows no fault."""

from chaosproxy.core.call import Call

_LONGEST = 15
"""Digits of a Content-Length; a longer one is no size."""


def body_size(call: Call) -> int:
    """Bytes: as announced, or else what has come so far (of a chunked body beyond 1 MiB that is not all of it)."""
    for name, value in call.headers:
        if len(name) == len(b"content-length") and name.lower() == b"content-length":
            announced = value.strip()
            if announced.isdigit() and len(announced) <= _LONGEST:
                return max(int(announced), call.body_bytes)
    return call.body_bytes
