"""One input after the other, for as long as one likes: `python -m tests.fuzzing.campaign --inputs 1000000`."""

import argparse
import multiprocessing
import random
import resource
import sys
from time import monotonic

from tests.differential.answering import ANSWERING
from tests.differential.asking import ASKING
from tests.differential.playing import ByteByByte, Conversation
from tests.fuzzing.mutating import pieces, spoiled
from tests.fuzzing.readers import check_onward, check_written, read_requests, read_response

LONGEST = 6_000
"""Bytes of a message that is worth spoiling: longer ones only take longer."""


def _said(conversation: Conversation, *, by_client: bool) -> bytes:
    steps = conversation.client if by_client else conversation.server
    words = [step.data if isinstance(step, ByteByByte) else step for step in steps]
    said = b"".join(word for word in words if isinstance(word, bytes) and not isinstance(word, str))
    return said.replace(b"TARGET", b"").replace(b"HOST", b"tool.example")


REQUESTS = [said for each in ASKING if len(said := _said(each, by_client=True)) <= LONGEST]
RESPONSES = [said for each in ANSWERING if len(said := _said(each, by_client=False)) <= LONGEST]
METHODS = (b"GET", b"GET", b"POST", b"HEAD", b"OPTIONS")


def one_request(dice: random.Random) -> None:
    """One input for the reader of requests.

    Raises:
        AssertionError: a law does not hold for it.
    """
    data = spoiled(dice, REQUESTS)
    cut = pieces(dice, data)
    whole = read_requests([data])
    assert read_requests(cut).meaning == whole.meaning, (data, cut)
    for asked, onward in zip(whole.asked, whole.onward, strict=True):
        check_onward(asked, onward)


def one_response(dice: random.Random) -> None:
    """One input for the reader of responses.

    Raises:
        AssertionError: a law does not hold for it.
    """
    data = spoiled(dice, RESPONSES)
    cut = pieces(dice, data)
    method = dice.choice(METHODS)
    asks_to_switch = dice.random() < 0.2
    told = read_response(method, [data], asks_to_switch=asks_to_switch)
    assert read_response(method, cut, asks_to_switch=asks_to_switch) == told, (data, cut)
    check_written(method, told)


def _memory() -> int:
    """KiB of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def campaign(kind: str, seed: int, inputs: int) -> tuple[str, int, float, int]:
    """Feed one reader; its kind, the inputs, the seconds that it took, and the KiB of memory that it added at most."""
    dice = random.Random(seed)
    one = one_request if kind == "requests" else one_response
    warm = min(inputs, 20_000)
    for _ in range(warm):
        one(dice)
    before, started = _memory(), monotonic()
    for number in range(warm, inputs):
        one(dice)
        if number % 50_000 == 0:
            print(f"{kind}: {number:,} of {inputs:,}", file=sys.stderr, flush=True)
    return kind, inputs, monotonic() - started, _memory() - before


def main() -> None:
    """Both readers at once, in a process each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--inputs", type=int, default=1_000_000, help="for each of the two readers (default: a million)"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="for the same inputs")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", file=sys.stderr)
    jobs = [(kind, asked.seed, asked.inputs) for kind in ("requests", "responses")]
    with multiprocessing.Pool(2) as pool:
        for kind, inputs, seconds, grown in pool.starmap(campaign, jobs):
            print(f"{kind}: {inputs:,} inputs held every law, in {seconds:.0f} s; memory grew by {grown} KiB")


if __name__ == "__main__":
    main()
