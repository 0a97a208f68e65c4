"""All conversations of the corpus, in the order of their files."""

from types import ModuleType

from tests.corpus.conversations import (
    at_once,
    changing,
    circling,
    leaving,
    repeating,
    retrying,
    signing_in,
    spoiled,
    thinking,
    waiting,
    writing,
)
from tests.corpus.talk import Conversation

FILES: tuple[ModuleType, ...] = (
    retrying,
    at_once,
    changing,
    repeating,
    thinking,
    writing,
    waiting,
    signing_in,
    spoiled,
    circling,
    leaving,
)


def conversations() -> tuple[Conversation, ...]:
    """Each once."""
    return tuple([each for file in FILES for each in vars(file).values() if isinstance(each, Conversation)])
