import json
from typing import Any

import pytest

from chaosproxy.faults._counts import closed, closed_headers, is_about_the_listing, recounted
from chaosproxy.faults._items import items_in
from chaosproxy.faults._json_values import read

ITEMS = [{"id": 1, "count": 9, "next": "x"}, {"id": 2, "count": 9, "next": "y"}]


def after(body: Any, now: int, *, counts: bool = True, again: bool = False) -> Any:  # noqa: ANN401
    document = read(json.dumps(body).encode())
    assert document is not None
    items = items_in(document.value)
    assert items is not None
    edits = recounted(document, items, now) if again else closed(document, items, now, counts=counts)
    return json.loads(document.edited(edits))


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"total": 120, "count": 2}, {"total": 0, "count": 0}),
        ({"totalResults": "120"}, {"totalResults": "0"}),
        ({"total": {"value": 120, "relation": "eq"}}, {"total": {"value": 0, "relation": "eq"}}),
        ({"@odata.count": 2, "@odata.nextLink": "https://x"}, {"@odata.count": 0}),
        ({"has_more": True, "next_cursor": "abc"}, {"has_more": False, "next_cursor": None}),
        ({"nextPageToken": "abc", "IsTruncated": True}, {"IsTruncated": False}),
        ({"response_metadata": {"next_cursor": "abc"}}, {"response_metadata": {"next_cursor": ""}}),
        (
            {"pageInfo": {"hasNextPage": True, "endCursor": "abc", "startCursor": "aaa"}},
            {"pageInfo": {"hasNextPage": False, "endCursor": None, "startCursor": None}},
        ),
        (
            {"meta": {"pagination": {"total_pages": 9, "total": 99}}},
            {"meta": {"pagination": {"total_pages": 0, "total": 0}}},
        ),
        ({"links": {"self": "/a", "next": "/b"}}, {"links": {"self": "/a"}}),
        ({"next": "https://x?page=2", "previous": None}, {"next": None, "previous": None}),
        ({"next": 1, "page": 1}, {"next": None, "page": 1}),
        ({"done": False, "totalSize": 7, "nextRecordsUrl": "/q"}, {"done": True, "totalSize": 0}),
        ({"first_id": "a", "last_id": "b", "has_more": False}, {"first_id": None, "last_id": None, "has_more": False}),
        ({"name": "x", "page_size": 50, "took": 12}, {"name": "x", "page_size": 50, "took": 12}),
        ({"total": None, "count": True}, {"total": None, "count": True}),
        ({"total": 4250, "currency": "usd", "count": 2}, {"total": 4250, "currency": "usd", "count": 0}),
        ({"total": 42, "sub_total": 40, "amount_due": 42}, {"total": 42, "sub_total": 40, "amount_due": 42}),
    ],
)
def test_nothing_more_is_promised(beside: dict[str, Any], expected: dict[str, Any]) -> None:
    assert after({**beside, "items": ITEMS}, 0) == {**expected, "items": ITEMS}


def test_of_what_is_left_there_is_a_page() -> None:
    body = {"total": 120, "pages": 12, "last_id": "b", "has_more": True, "items": ITEMS}
    left = {"total": 1, "pages": 1, "last_id": "b", "has_more": False, "items": ITEMS}
    assert after(body, 1) == left
    assert after(body, 1, counts=False) == left | {"total": 120, "pages": 12}


def test_what_counts_this_reply_is_told_from_what_counts_them_all() -> None:
    body = {"total": 120, "count": 2, "n": 2, "meta": {"result_count": 2}, "items": ITEMS}
    expected = {"total": 120, "count": 3, "n": 2, "meta": {"result_count": 3}, "items": ITEMS}
    assert after(body, 3, again=True) == expected


def test_what_an_invoice_comes_to_is_no_count() -> None:
    invoice = {"currency": "usd", "total": 2, "lines": {"data": ITEMS, "total_count": 2, "has_more": True}}
    lines = {"data": ITEMS, "total_count": 0, "has_more": False}
    assert after(invoice, 0) == invoice | {"lines": lines}
    assert after(invoice, 3, again=True) == invoice | {"lines": lines | {"total_count": 3, "has_more": True}}


def test_headers_follow() -> None:
    headers = (
        (b"Link", b'<https://x?page=1,2>; rel="prev", <https://x?page=3>; rel="next", <https://x?page=9>; rel="last"'),
        (b"X-Total-Count", b"120"),
        (b"X-Next-Page", b"3"),
        (b"X-Total-Pages", b"9"),
        (b"X-Per-Page", b"10"),
        (b"link", b"<https://x?page=3>; rel=next"),
    )
    assert closed_headers(headers, 4) == (
        (b"Link", b'<https://x?page=1,2>; rel="prev"'),
        (b"X-Total-Count", b"4"),
        (b"X-Next-Page", b""),
        (b"X-Total-Pages", b"1"),
        (b"X-Per-Page", b"10"),
    )
    assert (b"X-Total-Count", b"120") in closed_headers(headers, 4, counts=False)


@pytest.mark.parametrize(
    ("key", "is_one"),
    [("total_count", True), ("nextPageToken", True), ("@odata.count", True), ("price", False), ("account", False)],
)
def test_keys_of_listings(key: str, is_one: bool) -> None:
    assert is_about_the_listing(key) is is_one
