"""Does a read show whether a write has run? Only then is it checking first. Must not know episodes."""

import re

from chaosproxy.core.call import Route
from chaosproxy.recovery.following.tools import Tools

_GENERIC = re.compile(r"v\d+(\.\d+)?|api|rest|public|")
"""A segment of a path that says nothing of what is there."""
_SAFE = ("GET", "HEAD")


def shows(read: Route, write: Route, tools: Tools) -> bool:
    """Was the read declared to check the write, or does its path lie along the write's?

    By the path only with a method that HTTP calls safe: where all tools are POSTed to one path, it says nothing.
    """
    declared = tools.shows.get(read.tool)
    if declared is not None and write.tool in declared:
        return True
    return read.upstream == write.upstream and read.method in _SAFE and lies_along(read.path, write.path)


def lies_along(read: str, write: str) -> bool:
    """Is one path the beginning of the other, at least as long as the collection that is written to?

    `/v1/charges/ch_1` and `/v1/charges` for a write to `/v1/charges`; `/orders/7` and `/orders` for `/orders/7/pay`;
    never `/v1` or `/`.
    """
    of_read, of_write = read.strip("/").split("/"), write.strip("/").split("/")
    collection = _collection(of_write)
    if all(_GENERIC.fullmatch(segment) for segment in collection):
        return False
    shared = min(len(of_read), len(of_write))
    return shared >= len(collection) and of_read[:shared] == of_write[:shared]


def _collection(segments: list[str]) -> list[str]:
    """What comes before the first segment that looks like an id; all of it if none does."""
    for place, segment in enumerate(segments):
        if any(letter.isdecimal() for letter in segment) and not _GENERIC.fullmatch(segment):
            return segments[:place]
    return segments
