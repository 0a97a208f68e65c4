import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Delay, Effect, Extent, Place, Rewrite, Truncate
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.sparing import rules_spared

NATURE = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.RETRY,))
DELAY = Delay(1.0, Phase.BEFORE_UPSTREAM)


def same(reply: Reply) -> Reply:
    return reply


REWRITE = Rewrite(same, "nothing")
CUT = Truncate(Place(Extent.BODY, 0.5), None)


@pytest.mark.parametrize(
    ("struck", "spared"),
    [
        ((("slow", DELAY),), ("slow",)),
        ((("slow", DELAY), ("drift", REWRITE)), ("drift",)),
        ((("drift", REWRITE), ("slow", DELAY), ("cut", CUT)), ("drift", "cut")),
        ((("one", DELAY), ("one", REWRITE), ("one", CUT)), ("one",)),
        ((("slow", DELAY), ("slower", DELAY)), ("slow", "slower")),
    ],
)
def test_blames_what_may_not_have_fitted(struck: tuple[tuple[str, Effect], ...], spared: tuple[str, ...]) -> None:
    injections = tuple(Injection(rule, "a fault", Phase.AFTER_UPSTREAM, NATURE, (effect,)) for rule, effect in struck)
    assert rules_spared(Decision(struck[0][0], injections)) == spared
