"""Pages of a listing: calls that differ in nothing but the place they go on from. Knows parameters and bodies only."""

from chaosproxy.dataplane.http.requests.fingerprint import Pairs

_SPELLED = (
    *("cursor", "page", "page_token", "pageToken", "page_number", "pageNumber", "page_cursor", "pageCursor"),
    *("pageIndex", "page_index", "page[number]", "page[cursor]", "page[offset]", "page[after]"),
    *("offset", "start", "skip", "$skip", "$skiptoken", "startAt", "start_at", "startIndex", "start_index"),
    *("start_cursor", "startCursor", "starting_after", "ending_before", "after", "after_cursor", "afterCursor"),
    *("next", "next_token", "nextToken", "NextToken", "next_cursor", "nextCursor", "next_page_token", "nextPageToken"),
    *("marker", "Marker", "starting_token", "StartingToken", "continuation", "continuation_token"),
    *("continuation-token", "continuationToken", "ContinuationToken", "ExclusiveStartKey", "pagination_token"),
)
PLACES = frozenset(name.lower() for name in _SPELLED)
"""Parameters that name a place in a listing, in lower case. Page 1 and offset 0 are places too."""
NUMBERS_ONLY = frozenset({"start", "skip"})
"""Of these, the ones that mean something else (a date, a switch) unless they are whole numbers."""
HOLDERS = ("params", "arguments", "variables")
"""Members of a body that parameters may be in: JSON-RPC's, MCP's within them, and GraphQL's."""

_NAMES = PLACES.union(_SPELLED)
_WORTH_A_LOOK = _NAMES.union(HOLDERS)
_LONGEST = max(map(len, PLACES))


def is_place(name: str, value: object) -> bool:
    """Does this parameter name a place?"""
    if len(name) > _LONGEST or (lower := name.lower()) not in PLACES:
        return False
    if lower not in NUMBERS_ONLY:
        return True
    return isinstance(value, int) or (isinstance(value, str) and value.isdecimal())


def pairs_elsewhere(pairs: Pairs) -> Pairs | None:
    """The parameters without their place; None if they name none."""
    kept = [pair for pair in pairs if not is_place(*pair)]
    return kept if len(kept) < len(pairs) else None


def body_elsewhere(body: object) -> object | None:
    """The body without its place; None if it names none."""
    if not isinstance(body, dict) or _WORTH_A_LOOK.isdisjoint(body):
        return None
    found: dict[str, object] | None = None
    if not _NAMES.isdisjoint(body):
        kept = {name: value for name, value in body.items() if not is_place(name, value)}
        found = kept if len(kept) < len(body) else None
    for holder in HOLDERS:
        if holder in body and (inner := body_elsewhere(body[holder])) is not None:
            found = (body if found is None else found) | {holder: inner}
    return found
