"""A model agent with a hidden plan: it decides what to do, what befalls it, and what it does about it; and says so.

The labels come from the plan alone. Nothing here knows how a tracker tells one from the other, nor any of its
thresholds. Parts of a plan run at once, on a clock of their own: each is a generator that yields the seconds it waits.
"""

from collections.abc import Generator
from itertools import count
from random import Random

from chaosproxy.core.call import Layer
from tests.corpus.errands import Errand, errands, knob_of, mended, otherwise, respelled
from tests.corpus.policies import Clock, Part, Policy
from tests.corpus.refusals import no_such_thing, wrong_value, wrongly_written
from tests.corpus.script import fault, get, post
from tests.corpus.talk import Agent, Said, Talk
from tests.corpus.words import (
    ABANDONED,
    AVOIDED,
    CONFIRMED,
    ESCALATED,
    EXHAUSTED,
    EXPOSED,
    FAILED_FAST,
    FRAMEWORK,
    MODEL,
    RECOVERED_FALLBACK,
    RECOVERED_MODIFIED,
    RECOVERED_REAUTH,
    RECOVERED_RETRY,
    UNDETECTED,
)
from tests.corpus.world import PASSING, ROW, ask_human, calls_tool, chat, completion, job, result, token, user


class Modelled:
    """One run of one agent."""

    def __init__(self, talk: Talk, session: str, dice: Random) -> None:
        self._talk = talk
        self._dice = dice
        self._clock = Clock(talk)
        self._policy = Policy.drawn(dice)
        self._agent: Agent = talk.agent(session)
        self._messages = [user(f"Task {dice.randrange(1_000)}: {dice.choice(('find', 'order', 'compare'))} things.")]
        self._numbers = count(1)
        self._left = 0
        """Episodes that were left open."""
        self._seen: set[tuple[str, object]] = set()
        self._well: list[Errand] = []
        """What went well, and is not in want of anything."""
        self._framework = FRAMEWORK if self._policy.thinks else None

    def live(self) -> None:
        """The whole run."""
        self._clock.start(self._run())
        self._clock.run()

    def _run(self) -> Part:
        dice = self._dice
        kinds = (
            self._list,
            self._list,
            self._list,
            self._poll,
            self._pages,
            self._signed_out,
            self._twins,
            self._hedge,
        )
        for _ in range(dice.randrange(1, 5)):
            if self._policy.thinks:
                yield from self._turn("go on")
            yield from dice.choice(kinds)()
            yield self._pause()

    # The model

    def _turn(self, heard: str) -> Part:
        """A turn of the model; in the next one it will have been told what was `heard`."""
        dice, number = self._dice, next(self._numbers)
        wish = calls_tool(number, "find_items", f'{{"q": "{number}"}}')
        turn = said = self._agent.asks(chat(self._messages))
        ills = dice.choice((0, 0, 0, 0, 1, 2, 3))
        for ill in range(ills):
            yield 0.2
            said.fails(dice.choice(PASSING), after=0.2)
            yield dice.uniform(0.4, 1.5)
            if ill == 2:
                said = turn.elsewhere(chat(self._messages, "gpt-4o-mini"), layer=self._framework)
            elif ill == 1 and dice.random() < 0.5:
                said = turn.again(layer=self._framework)
            else:
                said = turn.again(sdk=ill + 1)
        spent = dice.uniform(0.3, 6.0)
        yield spent
        said.ok(completion(wish), after=spent)
        if ills:
            turn.ends(RECOVERED_FALLBACK if ills > 2 else RECOVERED_RETRY)
        self._messages = [*self._messages, wish, result(number, heard)]

    # Work

    def _list(self) -> Part:
        """A list of errands, one after the other or at once; then those again that it comes back to."""
        dice = self._dice
        todo = [each for each in errands(dice) if (each.base, each.item) not in self._seen]
        self._seen.update((each.base, each.item) for each in todo)
        self._well.clear()
        failed: list[tuple[Said, Errand, int]] = []
        if self._policy.at_once:
            yield from self._fan(todo, failed)
        else:
            for errand in todo:
                yield from self._errand(errand, failed)
                yield self._pause()
        for said, errand, attempts in failed:
            alone = len(failed) == 1 and errand is todo[-1] and not self._policy.at_once
            yield from self._afterwards(said, errand, attempts, alone=alone)
        if self._well and dice.random() < 0.4:
            # The same once more on purpose.
            yield self._pause()
            again = self._agent.asks(dice.choice(self._well).ask())
            yield 0.1
            again.ok()

    def _fan(self, todo: list[Errand], failed: list[tuple[Said, Errand, int]]) -> Part:
        running = [True] * len(todo)

        def part(at: int) -> Part:
            yield self._dice.uniform(0, 0.05)
            yield from self._errand(todo[at], failed)
            running[at] = False

        for at in range(len(todo)):
            self._clock.start(part(at))
        while any(running):
            yield 0.25

    def _errand(self, errand: Errand, failed: list[tuple[Said, Errand, int]]) -> Part:
        """One errand, as far as the framework goes; what is left of it is for the model, or for nobody."""
        dice = self._dice
        fate = dice.choices(
            ("well", "passing", "lasting", "refused", "spoiled" if not errand.writes else "lost"), (60, 22, 5, 7, 6)
        )[0]
        key = f"key-{next(self._numbers)}" if errand.writes and self._policy.keys != "none" else None
        ask = errand.ask() if key is None else errand.ask().but(idempotency_key=key)
        spent = dice.uniform(0.05, 1.5)
        said = self._agent.asks(ask)
        yield spent
        if fate == "well":
            said.ok(after=spent)
            self._well.append(errand)
        elif fate == "passing":
            yield from self._passing(said, errand, spent, failed)
        elif fate == "lasting":
            self._lasting(said, spent)
        elif fate == "refused":
            yield from self._refused(said, errand, spent)
        elif fate == "spoiled":
            yield from self._spoiled(said, spent)
        else:
            yield from self._lost(said, key, spent)

    def _passing(self, said: Said, errand: Errand, spent: float, failed: list[tuple[Said, Errand, int]]) -> Part:
        """It fails for a while; the framework tries as often as it has patience."""
        dice, policy = self._dice, self._policy
        ills, wait = dice.choice((1, 1, 1, 2, 2, 3, 4)), policy.first_wait
        said.fails(dice.choice(PASSING), after=spent)
        for attempt in range(policy.patience):
            yield wait * dice.uniform(0.75, 1.0)
            wait *= policy.growth
            again = said.again(layer=self._framework)
            yield 0.1
            if attempt + 1 >= ills:
                again.ok()
                said.ends(RECOVERED_RETRY)
                return
            again.fails(dice.choice(PASSING))
        failed.append((said, errand, 1 + policy.patience))

    def _lasting(self, said: Said, spent: float) -> None:
        """It is forbidden, or not there, for good: on with the next one."""
        if self._dice.random() < 0.5:
            said.fails(fault("permission_denied"), after=spent)
        else:
            said.refused(404, {"message": "there is no such thing"}, after=spent)
        said.ends(FAILED_FAST)
        self._left += 1

    def _refused(self, said: Said, errand: Errand, spent: float) -> Part:
        """An argument is refused by name; it is mended, or the errand is left."""
        dice = self._dice
        names = [name for name, _ in errand.constants if name != "text"]
        about = dice.choice(names) if names else ""
        other = respelled(dice, errand)
        if other is not None and dice.random() < 0.3:
            said.refused(400, wrongly_written(dice, errand.item_name, errand.item), after=spent)
            yield from self._mend(said, other)
            return
        if not about or dice.random() < 0.2:
            # It is about the thing itself: the next one of the list is no better spelling of it.
            said.refused(422, no_such_thing(dice, errand.item_name, errand.item), after=spent)
            said.ends(FAILED_FAST)
            self._left += 1
            return
        value = dict(errand.constants)[about]
        said.refused(dice.choice((400, 422)), wrong_value(dice, about, value), after=spent)
        if dice.random() < 0.3:
            said.ends(FAILED_FAST)
            self._left += 1
            return
        yield from self._mend(said, errand.with_constant(about, mended(dice, about, value)))

    def _mend(self, said: Said, errand: Errand) -> Part:
        """The same once more, with what was complained of put right."""
        layer = self._framework
        if self._policy.thinks and not self._policy.at_once:
            layer = yield from self._told()
        yield self._pause()
        changed = said.changed(errand.ask(), layer=layer)
        yield 0.1
        changed.ok()
        said.ends(RECOVERED_MODIFIED)

    def _spoiled(self, said: Said, spent: float) -> Part:
        """The reply is false, or cannot be read; the agent notices, or goes on."""
        dice = self._dice
        said.fails(dice.choice((fault("malformed_json"), fault("wrong_values", canary=False))), after=spent, body=ROW)
        if dice.random() < 0.5:
            yield self._pause()
            said.again(layer=self._framework).ok(ROW)
            said.ends(RECOVERED_RETRY)
        else:
            said.ends(UNDETECTED)
            self._left += 1

    def _lost(self, said: Said, key: str | None, spent: float) -> Part:
        """A write runs, and nobody hears of it."""
        body = {"id": f"made-{next(self._numbers)}"}
        said.fails(fault("lost_reply"), after=spent, body=body)
        yield self._pause()
        if self._dice.random() < 0.3:
            said.ends(ABANDONED)
            self._left += 1
        elif key is not None and self._policy.keys == "kept":
            said.again(layer=self._framework).ok(body, idempotent_replayed="true").duplicates(AVOIDED)
            said.ends(RECOVERED_RETRY)
        else:
            other_key = None if key is None else f"{key}-again"
            said.again(layer=self._framework, idempotency_key=other_key).ok().duplicates(EXPOSED).duplicates(CONFIRMED)
            said.ends(RECOVERED_RETRY)

    # What the framework has given up

    def _afterwards(self, said: Said, errand: Errand, attempts: int, *, alone: bool) -> Part:
        """The model decides, where there is one: again, otherwise, elsewhere, a human, or not at all."""
        dice = self._dice
        if dice.random() >= self._policy.comes_back:
            said.ends(ABANDONED if attempts == 1 else EXHAUSTED)
            self._left += 1
            return
        layer = (yield from self._told()) if self._policy.thinks else None
        yield self._pause()
        ways = ["again", "again"]
        if errand.base.startswith("/weather"):
            ways += ["elsewhere", "elsewhere"]
        if (knob_of(errand) is not None and not errand.writes) or errand.item_name == "query":
            ways += ["otherwise", "otherwise"]
        if self._left == 0 and alone:
            ways.append("human")
        way = dice.choice(ways)
        if way == "again":
            said.again(layer=layer).ok()
            said.ends(RECOVERED_RETRY)
        elif way == "elsewhere":
            said.elsewhere(errand.ask_elsewhere(), layer=layer).ok()
            said.ends(RECOVERED_FALLBACK)
        elif way == "otherwise":
            said.changed(otherwise(dice, errand).ask(), layer=layer).ok()
            said.ends(RECOVERED_MODIFIED)
        else:
            self._agent.asks(ask_human(f"{errand.base} does not work")).ok()
            said.ends(ESCALATED)

    def _told(self) -> Generator[float, None, Layer]:
        """The model is told of a failure; who decides from then on is the model."""
        yield from self._turn("error: it did not work")
        return MODEL

    # Other kinds of work

    def _poll(self) -> Part:
        """A job, and how it stands."""
        dice, number = self._dice, next(self._numbers) + 5_000 + 1_000 * len(self._agent.session)
        started = self._agent.asks(post("/jobs/v1/jobs", {"kind": "export", "of": number}))
        started.ok({"id": number, "status": "queued"}, status=202)
        every, turns = dice.choice((0.5, 2.0, 10.0)), dice.randrange(2, 15)
        for turn in range(turns):
            yield every * dice.uniform(0.7, 1.3)
            poll = self._agent.polls(job(number)) if turn else self._agent.asks(job(number))
            if dice.random() < 0.1:
                poll.fails(fault("server_error", status=503))
                yield every
                poll.again(layer=self._framework).ok({"status": "running"})
                poll.ends(RECOVERED_RETRY)
            else:
                poll.ok({"status": "running" if turn < turns - 1 else "succeeded"})

    def _pages(self) -> Part:
        """A listing, page by page; a page that fails is asked for again, or left out."""
        dice, which = self._dice, f"list {next(self._numbers)} {self._agent.session}"
        place, step = dice.choice((("page", 1), ("offset", 50), ("cursor", 0)))
        first = self._agent.asks(get("/shop/v1/items", q=which, limit=50))
        yield 0.1
        first.ok({"items": [1]})
        for page in range(1, dice.randrange(2, 7)):
            yield self._pause()
            value = f"c{dice.getrandbits(32):08x}" if place == "cursor" else page * step + (place == "page")
            call = self._agent.pages(get("/shop/v1/items", q=which, limit=50, **{place: value}))
            yield 0.1
            if dice.random() >= 0.2:
                call.ok({"items": [page]})
                continue
            call.fails(dice.choice(PASSING))
            if dice.random() < 0.7:
                yield self._pause()
                call.again(layer=self._framework).ok({"items": [page]})
                call.ends(RECOVERED_RETRY)
            else:
                call.ends(ABANDONED)
                self._left += 1

    def _signed_out(self) -> Part:
        """The token is refused; a new one mends it."""
        number = next(self._numbers)
        said = self._agent.asks(get(f"/crm/accounts/{number}{self._agent.session}"))
        yield 0.1
        said.fails(fault("token_expired"))
        yield 0.05
        old, self._agent.token = self._agent.token, None
        self._agent.beside(token()).ok({"access_token": "t"})
        self._agent.token = f"{old}+"
        yield 0.05
        said.again(layer=self._framework).ok()
        said.ends(RECOVERED_REAUTH)

    def _twins(self) -> Part:
        """Two parts of the agent want the same at once."""
        ask = get("/crm/rates", base=f"EUR{next(self._numbers)}{self._agent.session}")
        one = self._agent.asks(ask)
        two = self._agent.twin(ask)
        yield 0.2
        ills = self._dice.choice(("none", "one", "both"))
        if ills == "none":
            one.ok()
            two.ok()
            return
        one.fails(fault("connection_reset"))
        if ills == "one":
            two.ok()
        else:
            yield 0.1
            two.fails(fault("connection_reset"))
        for twin in (one, two) if ills == "both" else (one,):
            yield self._pause()
            twin.again(layer=self._framework).ok()
            twin.ends(RECOVERED_RETRY)

    def _hedge(self) -> Part:
        """It sends a second request when the first is slow, and drops the one that loses."""
        ask = get("/crm/quotes", symbol=f"ACME{next(self._numbers)}{self._agent.session}")
        slow = self._agent.asks(ask)
        yield 0.8
        spare = self._agent.twin(ask)
        yield self._dice.uniform(0.05, 0.5)
        winner, loser = (spare, slow) if self._dice.random() < 0.7 else (slow, spare)
        winner.ok(after=0.01)
        yield 0.002
        loser.hangs_up(after=0.01).is_hedge()

    def _pause(self) -> float:
        return float(round(self._dice.lognormvariate(-0.5, 1.2), 3)) + 0.06


def generated(dice: Random) -> Talk:
    """One run of a model agent. Of loops, waste and canaries it states nothing."""
    talk = Talk()
    talk.truth.loops = talk.truth.wasted = talk.truth.canaries = None
    Modelled(talk, "run-1", dice).live()
    return talk
