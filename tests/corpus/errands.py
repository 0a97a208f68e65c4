"""The work that a model agent is given: tools with one to six arguments, and lists of items that share all but one.

Everything is drawn from the dice it is given. What is drawn is a plan: nobody who reads the traffic sees it.
"""

from dataclasses import dataclass, replace
from random import Random

from tests.corpus.script import Ask, get, post
from tests.corpus.world import weather_elsewhere

NOUNS = ("contacts", "invoices", "parcels", "rooms", "tickets", "books", "flights", "plants")
CITIES = ("Oslo", "Rome", "Cairo", "Lima", "Quito", "Bonn", "Kyiv", "Graz", "Cork", "Split", "New York", "San Jose")
NAMES = ("ann", "ben", "cat", "dan", "eva", "fay", "gus", "hal", "ida", "jon")
SUBJECTS = ("population", "mayor", "airport code", "tallest building", "founding year", "main export")
TOPICS = (
    "best running shoes for flat feet",
    "how to descale a coffee machine",
    "train strikes in france next week",
    "laptop with long battery life under 900 euro",
    "vegan restaurants open on monday",
    "tax return deadline for freelancers 2026",
)
CONSTANTS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("units", ("metric", "imperial")),
    ("lang", ("en", "de", "pt-BR")),
    ("region", ("eu", "us", "apac")),
    ("currency", ("eur", "usd")),
    ("detail", ("full", "short")),
    ("active", (True, False)),
    ("team", ("north", "south")),
    ("source", ("agent",)),
    ("version", (2, 3)),
)
KNOBS = ("limit", "page_size", "per_page", "max_results", "top_k", "size", "n", "depth")


@dataclass(frozen=True)
class Errand:
    """One thing to be had or done."""

    method: str
    base: str
    item_name: str
    """The argument that tells it from others of its list; empty: the last part of the path does."""
    item: object
    constants: tuple[tuple[str, object], ...]
    writes: bool = False

    def ask(self) -> Ask:
        """The request."""
        arguments = dict(self.constants)
        target = self.base if self.item_name else f"{self.base}/{self.item}"
        if self.item_name:
            arguments = {self.item_name: self.item, **arguments}
        if self.method == "GET":
            return get(target, **arguments)
        return post(target, arguments, self.method)

    def ask_elsewhere(self) -> Ask:
        """The same of whoever stands in for the tool of the weather."""
        return weather_elsewhere(str(self.item))

    def with_constant(self, name: str, value: object) -> "Errand":
        """The same with another value, of an argument that it has or that is new."""
        kept = tuple([pair for pair in self.constants if pair[0] != name])
        return replace(self, constants=(*kept, (name, value)))


def errands(dice: Random) -> list[Errand]:
    """A list of one to eight errands of one kind, no two of which are the same."""
    much = dice.choice((1, 1, 2, 3, 4, 5, 6, 8))
    chosen = dice.sample(CONSTANTS, dice.choice((0, 0, 1, 2, 3, 4)))
    constants = tuple([(name, dice.choice(values)) for name, values in chosen])
    if dice.random() < 0.35:
        constants = (*constants, (dice.choice(KNOBS), dice.choice((50, 100, 200))))
    kind = dice.choice((_things, _things, _cities, _searches, _questions, _orders, _messages, _days, _charges))
    return kind(dice, constants, much)


Constants = tuple[tuple[str, object], ...]


def _things(dice: Random, constants: Constants, much: int) -> list[Errand]:
    """Things of a kind that nobody has declared, by their ids."""
    first = dice.randrange(10, 9_000)
    ids: list[object] = [first + at for at in range(much)]
    if dice.random() < 0.4:
        ids = [f"{dice.getrandbits(48):012x}" for _ in range(much)]
    base = f"/crm/{dice.choice(NOUNS)}"
    return [Errand("GET", base, "", each, constants) for each in ids]


def _cities(dice: Random, constants: Constants, much: int) -> list[Errand]:
    return [Errand("GET", "/weather/v1/current", "city", each, constants) for each in dice.sample(CITIES, much)]


def _searches(dice: Random, constants: Constants, much: int) -> list[Errand]:
    """Questions that have nothing to do with one another."""
    asked = dice.sample(TOPICS, min(much, len(TOPICS)))
    return [Errand("POST", "/search/v1/search", "query", each, constants) for each in asked]


def _questions(dice: Random, constants: Constants, much: int) -> list[Errand]:
    """Questions from one mould: most of their words are the same."""
    subject = dice.choice(SUBJECTS)
    asked = [f"{subject} of {city}" for city in dice.sample(CITIES, much)]
    return [Errand("POST", "/search/v1/search", "query", each, constants) for each in asked]


def _orders(dice: Random, constants: Constants, much: int) -> list[Errand]:
    first = dice.randrange(10, 900)
    quantity = ("quantity", dice.randrange(1, 5))
    items = range(first, first + much)
    return [Errand("POST", "/shop/v1/orders", "item", each, (quantity, *constants), writes=True) for each in items]


def _messages(dice: Random, constants: Constants, much: int) -> list[Errand]:
    text = ("text", f"The meeting is moved to {dice.choice(('Monday', 'Friday'))} at {dice.randrange(8, 18)}:00.")
    to = dice.sample(NAMES, much)
    return [Errand("POST", "/mail/v1/messages", "to", each, (text, *constants), writes=True) for each in to]


def _days(dice: Random, constants: Constants, much: int) -> list[Errand]:
    first = dice.randrange(1, 20)
    days = [f"2026-10-{day:02d}" for day in range(first, first + much)]
    base = f"/crm/reports/{dice.choice(('sales', 'returns'))}"
    return [Errand("GET", base, "day", each, constants) for each in days]


def _charges(dice: Random, constants: Constants, much: int) -> list[Errand]:
    amount = ("amount", dice.randrange(100, 90_000))
    customers = [f"cus_{dice.getrandbits(40):010x}" for _ in range(much)]
    return [
        Errand("POST", "/pay/v1/charges", "customer", each, (amount, *constants), writes=True) for each in customers
    ]


def reworded(dice: Random, text: str) -> str:
    """The same question with words added, or of a long one some left out."""
    words = text.split()
    if dice.random() < 0.5 and len(words) > 5:
        return " ".join(words[: len(words) - dice.randrange(1, 3)])
    return f"{text} {dice.choice(('review', 'today', '2026', 'site:example.com'))}"


def mended(dice: Random, name: str, value: object) -> object:
    """A better value of an argument that was refused: another one of those that it may have, or less."""
    if name in KNOBS:
        return dice.choice((1, 10, 20, 25))
    others = [each for known, values in CONSTANTS if known == name for each in values if each != value]
    return dice.choice(others) if others else f"{value}-1"


def respelled(dice: Random, errand: Errand) -> Errand | None:
    """The same thing as the tool would have it spelled; None if there is but one spelling."""
    item = errand.item
    if errand.item_name == "day":
        year, month, day = str(item).split("-")
        return replace(
            errand, item=dice.choice((f"{day}.{month}.{year}", f"{year}/{month}/{day}", f"{item}T00:00:00Z"))
        )
    if errand.item_name == "city":
        return replace(errand, item=f"{item}, {dice.choice(('Europe', 'Downtown', 'XX'))}")
    if errand.item_name == "to":
        return replace(errand, item=f"{item}@corp.test")
    if errand.item_name == "query":
        return replace(errand, item=" ".join(str(item).split()[:-1])) if len(str(item).split()) > 5 else None
    return None


def knob_of(errand: Errand) -> str | None:
    """An argument of it that says how much, if it has one."""
    return next((name for name, _ in errand.constants if name in KNOBS), None)


def otherwise(dice: Random, errand: Errand) -> Errand:
    """Less of the same, or the same in other words."""
    knob = knob_of(errand)
    if knob is not None and (errand.item_name != "query" or dice.random() < 0.5):
        return errand.with_constant(knob, dice.choice((5, 10, 20)))
    return Errand(errand.method, errand.base, errand.item_name, reworded(dice, str(errand.item)), errand.constants)
