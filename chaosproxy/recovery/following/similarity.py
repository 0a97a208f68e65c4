"""Is one call a variation of another that failed, or other work with the same tool?

Agents go through lists of similar items, so the arguments' being alike is not enough: what changed must be something
that is changed to make the same request work. Must not know operations or episodes.
"""

import re
from difflib import SequenceMatcher
from enum import IntEnum, StrEnum
from typing import Final

from chaosproxy.recovery.following.arguments import CUT, METHOD, TEXT, Arguments, is_text, plain

KNOBS = frozenset(
    {
        "depth",
        "detail",
        "fields",
        "format",
        "limit",
        "max_results",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "maxresults",
        "maxtokens",
        "model",
        "page_size",
        "pagesize",
        "per_page",
        "perpage",
        "pretty",
        "response_format",
        "retries",
        "stream",
        "temperature",
        "timeout",
        "timeout_ms",
        "timeout_seconds",
        "top",
        "top_k",
        "top_n",
        "top_p",
        "topk",
        "verbose",
        "verbosity",
    }
)
"""Arguments (in lower case) that say how to answer, and not what is asked."""

_NAMES = frozenset({"id", "ids", "uuid", "guid", "key", "code", "sku", "ref", "number", "no", "name", "email"})
"""Ends of the names of arguments that tell one thing from another."""

_THINGS = _NAMES | frozenset(
    {
        *("account", "address", "article", "city", "contact", "customer", "date", "day", "file", "item", "location"),
        *("order", "owner", "path", "person", "phone", "place", "product", "q", "query", "recipient", "repo"),
        *("resource", "subject", "symbol", "ticker", "title", "to", "topic", "url", "user", "username"),
    }
)
"""Ends of the names of arguments that say which thing is meant; others say what is to be done with it, or how."""

_ABSENT = re.compile(
    r"\b(no such|not found|(?:does not|doesn't) exist|no longer|(?:cannot|can't) be|could not be found|not available|"
    r"unavailable|blocked|deleted|removed|gone|discontinued|sold out)\b",
    re.IGNORECASE,
)
"""Words of a complaint that says that there is no such thing."""
_RULE = re.compile(
    r"\b(must|expect\w*|should|at (?:most|least)|between|range|format|pattern|parse|malformed|ambiguous|one of|"
    r"not an?|requires?|required|too \w+|max\w*|min\w*|exceeds?|longer|shorter|larger|smaller|allowed|supported|"
    r"unrecogni[sz]ed|valid)\b",
    re.IGNORECASE,
)
"""Words of a complaint that says how a value has to be. `Invalid` is none: some say it of what they have not got."""
_HANDLE = re.compile(r"(?=.*\d)[A-Za-z]*[_:-]?[0-9A-Za-z-]{4,}")
"""An opaque id: letters and digits in one word."""

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")
_ALIKE = 0.75
"""Similarity (difflib's ratio) from which one word is a respelling of another."""

Change = tuple[str, str | None, str | None]
"""(path, value before, value now); None where it was not given."""


class Refusal(StrEnum):
    """What a failure says of the arguments that it followed."""

    NONE = "none"
    """Nothing: it was not because of them."""
    MISSING = "missing"
    """There is nothing of the kind; or something is wrong, and not with which."""
    WRONG = "wrong"
    """They cannot be as they are."""


class Likeness(IntEnum):
    """How sure it is that one call is a variation of another."""

    NONE = 0
    MAYBE = 1
    SURE = 2


NOT_REFUSED: Final = Refusal.NONE
WRONG: Final = Refusal.WRONG
UNLIKE: Final = Likeness.NONE
SURE: Final = Likeness.SURE
"""Looked up once: an enum member costs more than a global, and many calls ask."""


def likeness(before: Arguments, now: Arguments, refusal: Refusal, complaint: str | None) -> Likeness:
    """Does a call ask for the same as one that failed, in other words?

    Knobs may be turned, and texts shortened, completed or put another way. After a refusal they may be respelled too,
    and what `complaint` names may be put right. When arguments were wrong, and nobody said which, one or two may change
    in any way but for another id, if at least half of all the fields are the same (Jaccard's index): maybe that is it.
    """
    if refusal is NOT_REFUSED:
        return SURE if _asks_the_same(before, now) else UNLIKE
    changed = _changes(before, now)
    other = before.get(METHOD) != now.get(METHOD)
    if other or not changed:
        return UNLIKE if other or before == now else SURE
    if all(_mended(was, is_now) or _put_right((path, was, is_now), complaint) for path, was, is_now in changed):
        return SURE
    if refusal is not WRONG or len(changed) > 2 or any(_another(each) for each in changed):
        return UNLIKE
    same = sum(_counts(path) for path, _ in before.items() & now.items())
    differing = sum((was is not None) + (is_now is not None) for _, was, is_now in changed)
    named = any(_names(path, complaint) for path in (*before, *now))
    absent = complaint is not None and _ABSENT.search(complaint) is not None
    return UNLIKE if same < differing or named or absent else Likeness.MAYBE


def plainly_unlike(before: Arguments, body: object) -> bool:
    """Is a call with this body surely no variation of one that was not refused, whatever else it says?

    It is not if a text at the top of it says something else in the same place. `body` is JSON in which the arguments
    stand; nothing is told of any other.
    """
    if not isinstance(body, dict) or "jsonrpc" in body:
        return False
    for name, now in body.items():
        was = before.get(name)
        if was is None or was == now or not isinstance(now, str) or len(now) > TEXT:
            continue
        if _counts(name) and not _reworded(was, now):
            return True
    return False


def related(before: str, now: str) -> bool:
    """Of two texts: does one contain the other, or do they share at least half of their words?

    Not if words in one place were changed for others, and all the rest is the same: so the items of a list differ
    (`weather in New York`, `weather in Rome`).
    """
    if _next_of_a_list(before, now):
        return False
    old, new = _words(before), _words(now)
    if len(old) < 2 or len(new) < 2:
        return _contained(before.lower(), now.lower())
    if _from_one_mould(old, new):
        return False
    if all(word.isdecimal() for word in old) or all(word.isdecimal() for word in new):
        return False
    shared = len(set(old) & set(new))
    return 2 * shared >= max(len(set(old)), len(set(new))) or shared == min(len(set(old)), len(set(new)))


def _asks_the_same(before: Arguments, now: Arguments) -> bool:
    """Is nothing changed but knobs, and texts that are put another way? Most calls are other work, and soon seen to be.

    Not if nothing is changed at all: then it is no variation.
    """
    changed = len(before) != len(now)
    for path, is_now in now.items():
        was = before.get(path)
        if was == is_now:
            continue
        changed = True
        if path == METHOD or (_counts(path) and not _reworded(was, is_now)):
            return False
    return changed and not any(path == METHOD or _counts(path) for path in before if path not in now)


def _changes(before: Arguments, now: Arguments) -> list[Change]:
    """What changed, knobs left out."""
    paths = {path for path, _ in before.items() ^ now.items()}
    return [(path, before.get(path), now.get(path)) for path in paths if _counts(path)]


def _counts(path: str) -> bool:
    """Is it an argument that says what is asked?"""
    return path != METHOD and _name(path) not in KNOBS


def _name(path: str) -> str:
    """The last part of a dotted path that is no place in a list, in lower case."""
    if "." not in path:
        return path.lower()
    for part in reversed(path.split(".")):
        if not part.isdecimal():
            return part.lower()
    return path


def _names(path: str, complaint: str | None) -> bool:
    """Does the complaint name the argument?"""
    if not complaint:
        return False
    return re.search(rf"(?<!\w){re.escape(_name(path))}(?!\w)", complaint, re.IGNORECASE) is not None


def _put_right(change: Change, complaint: str | None) -> bool:
    """Is it complained of by name, and changed as what is wrong is changed, and not just another thing's turn?"""
    path, was, is_now = change
    if complaint is None or not _names(path, complaint):
        return False
    if was is None or is_now is None:
        return True
    if _another(change):
        return False
    if is_text(was) is not is_text(is_now) or plain(is_now).lower() in complaint.lower():
        return True
    if _ABSENT.search(complaint) is not None:
        return False
    return _RULE.search(complaint) is not None or not _says_which(path, was)


def _says_which(path: str, value: str) -> bool:
    """Does the argument say which thing is meant, by its name or by its look?"""
    if _name(path).rpartition("_")[2] in _THINGS:
        return True
    return is_text(value) and (len(_words(value)) > 1 or _HANDLE.fullmatch(value) is not None)


def _another(change: Change) -> bool:
    """Does it look like the id, the number or the date of another thing, or another place's turn in a mould?"""
    path, was, is_now = change
    if was is None or is_now is None:
        return False
    if not (is_text(was) and is_text(is_now)):
        numbers = not is_text(was) and not is_text(is_now)
        return numbers and _name(path).rpartition("_")[2] in _NAMES
    if was.isdecimal() and is_now.isdecimal():
        return _name(path).rpartition("_")[2] in _NAMES
    if _next_of_a_list(was, is_now) or (_HANDLE.fullmatch(was) and _HANDLE.fullmatch(is_now)):
        return True
    old, new = _words(was), _words(is_now)
    return len(old) > 1 and len(new) > 1 and _from_one_mould(old, new)


def _reworded(before: str | None, now: str | None) -> bool:
    return before is not None and now is not None and is_text(before) and is_text(now) and related(before, now)


def _mended(before: str | None, now: str | None) -> bool:
    """Is it the same text in other words, or in another spelling?"""
    if before is None or now is None or not (is_text(before) and is_text(now)):
        return False
    return related(before, now) or _respelled(before, now) or _same_beginning(before, now)


def _same_beginning(before: str, now: str) -> bool:
    """Of two texts that were too long to keep: do they begin alike?"""
    begin, cut, _ = before.partition(CUT)
    other, also_cut, _ = now.partition(CUT)
    return bool(cut or also_cut) and (begin.startswith(other) or other.startswith(begin))


def _respelled(before: str, now: str) -> bool:
    """Did one word change for one that looks much like it, and is no other number?"""
    old, new = _words(before), _words(now)
    if len(old) != len(new):
        return False
    pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    if len(pairs) != 1 or any(letter.isdecimal() for letter in "".join(pairs[0])):
        return False
    return SequenceMatcher(None, *pairs[0]).ratio() >= _ALIKE


def _next_of_a_list(before: str | None, now: str | None) -> bool:
    """Do they differ by their numbers alone: another id or date?"""
    if before is None or now is None:
        return False
    return before != now and _NUMBER.sub("0", before) == _NUMBER.sub("0", now)


def _from_one_mould(old: list[str], new: list[str]) -> bool:
    """Is all the same but for words in one place, which have nothing in common, or for single words in their places?"""
    if len(old) == len(new) and 2 * sum(one == other for one, other in zip(old, new, strict=True)) >= len(old):
        return True
    shorter = min(len(old), len(new))
    begin = 0
    while begin < shorter and old[begin] == new[begin]:
        begin += 1
    end = 0
    while end < shorter - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    inside_old, inside_new = set(old[begin : len(old) - end]), set(new[begin : len(new) - end])
    return bool(begin or end) and bool(inside_old) and bool(inside_new) and inside_old.isdisjoint(inside_new)


def _contained(before: str, now: str) -> bool:
    """Is the shorter one a good part of the longer, or some of its words?"""
    short, long = sorted((before.strip(), now.strip()), key=len)
    if len(short) < 3 or short not in long:
        return False
    return 2 * len(short) >= len(long) or re.search(rf"(?<!\w){re.escape(short)}(?!\w)", long) is not None


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
