"""What a reply's body is called in its headers. Knows headers, no fault."""

Headers = tuple[tuple[bytes, bytes], ...]


def content_type(headers: Headers) -> bytes | None:
    """Its Content-Type; None if it has none."""
    return next((value for name, value in headers if name.lower() == b"content-type"), None)


def with_content_type(headers: Headers, value: bytes | None) -> Headers:
    """The same headers with this one Content-Type, where the first one was; None for none."""
    changed: list[tuple[bytes, bytes]] = []
    for name, old in headers:
        if name.lower() != b"content-type":
            changed.append((name, old))
        elif value is not None:
            changed.append((name, value))
            value = None
    return (*changed, (b"Content-Type", value)) if value is not None else tuple(changed)


def with_charset(headers: Headers, charset: str) -> Headers:
    """The same headers with another charset; those that have no Content-Type stay so."""
    said = content_type(headers)
    if said is None:
        return headers
    return with_content_type(headers, said.partition(b";")[0].strip() + b"; charset=" + charset.encode())


def with_coding(headers: Headers, coding: bytes | None) -> Headers:
    """The same headers with this one Content-Encoding; None for none."""
    kept = tuple(pair for pair in headers if pair[0].lower() != b"content-encoding")
    return kept if coding is None else (*kept, (b"Content-Encoding", coding))
