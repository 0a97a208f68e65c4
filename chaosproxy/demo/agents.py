"""Two agents with the same task: for each order look for the goods, charge for them, and keep the receipt.

One does what people write in a hurry; the other does what they write after the first incident. Neither knows that there
is a proxy: each has base URLs, a token, and whatever its HTTP client tells it.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar
from uuid import uuid4

import aiohttp

T = TypeVar("T")

ORDERS = 9
PAUSE = 0.7
"""Seconds that an agent thinks between orders."""


class Failed(Exception):  # noqa: N818 - the tool failed; the agent may well cope
    """A tool call did not work."""

    def __init__(self, why: str, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after = retry_after


class Ask(NamedTuple):
    """One tool call."""

    method: str
    url: str
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = {}


class Shopper(ABC):
    """What both agents have in common. `tell` is told what the agent thinks is worth telling."""

    name = ""
    timeout = aiohttp.ClientTimeout(total=None)

    def __init__(self, search: str, payments: str, tell: Callable[[str, str], None]) -> None:
        self._search = search
        self._payments = payments
        self._tell = tell
        self._token = ""
        self.orders_done = 0
        self.http: aiohttp.ClientSession

    async def work(self) -> None:
        """All orders, one after the other; then a refund for the last."""
        async with aiohttp.ClientSession(timeout=self.timeout) as self.http:
            await self.log_in()
            charge = ""
            for number in range(1, ORDERS + 1):
                charge = await self._order(f"{self.name}-{number}") or charge
                await asyncio.sleep(PAUSE)
            await self.refund(charge)

    async def _order(self, order: str) -> str:
        try:
            items = await self.find(order)
            amount = items[0]["price"] if items else 0
            charge = str(await self.charge(order, amount))
            await self.call(Ask("GET", f"{self._payments}/v1/charges/{charge}", headers=self.bearer()))
        except Failed as failure:
            self._tell(self.name, f"gives up {order}: {failure}")
            return ""
        self.orders_done += 1
        return charge

    async def log_in(self) -> None:
        """A new access token."""
        answer = await self.call(Ask("POST", f"{self._payments}/v1/token", {"grant_type": "client_credentials"}))
        self._token = str(json.loads(answer)["access_token"])

    def bearer(self) -> Mapping[str, str]:
        """The header that carries the token."""
        return {"Authorization": f"Bearer {self._token}"}

    async def call(self, ask: Ask) -> str:
        """One HTTP request; the body of a good answer."""
        try:
            async with self.http.request(ask.method, ask.url, json=ask.body, headers=ask.headers) as response:
                text = await response.text()
        except TimeoutError:
            raise Failed("no answer in time") from None
        except aiohttp.ClientError as error:
            raise Failed(f"connection broken ({type(error).__name__})") from None
        if response.status >= 400:
            hint = response.headers.get("Retry-After", "")
            raise Failed(str(response.status), response.status, float(hint) if hint.isdigit() else None)
        return text

    @abstractmethod
    async def find(self, order: str) -> list[dict[str, int]]:
        """The goods for an order."""

    @abstractmethod
    async def charge(self, order: str, amount: int) -> str:
        """Charge for an order; the charge's id."""

    @abstractmethod
    async def refund(self, charge: str) -> None:
        """Give the money back."""


class Careful(Shopper):
    """Has timeouts, waits as long as it is asked to, repeats a write only under its key, knows what not to repeat."""

    name = "careful"
    timeout = aiohttp.ClientTimeout(total=2.0)

    async def find(self, order: str) -> list[dict[str, int]]:
        """Reads what it gets before it believes it."""
        ask = Ask("GET", f"{self._search}/v1/search?q={order}")
        return await self._patiently(ask, lambda text: list(json.loads(text)["items"]))

    async def charge(self, order: str, amount: int) -> str:
        """One key for one intention, however often it has to be said."""
        body = {"order": order, "amount": amount}
        ask = Ask("POST", f"{self._payments}/v1/charges", body, {"Idempotency-Key": str(uuid4())})
        return await self._patiently(ask, lambda text: str(json.loads(text)["id"]))

    async def refund(self, charge: str) -> None:
        """A refusal is an answer."""
        try:
            await self.call(Ask("POST", f"{self._payments}/v1/refunds", {"charge": charge}, self.bearer()))
        except Failed as failure:
            self._tell(self.name, f"may not refund ({failure}): says so, and stops")

    async def _patiently(self, ask: Ask, read: Callable[[str], T]) -> T:
        """Try, and try again where that can help, later each time."""
        for attempt in range(6):
            try:
                return read(await self.call(ask._replace(headers={**ask.headers, **self.bearer()})))
            except (Failed, ValueError) as error:
                failure = error if isinstance(error, Failed) else Failed("the answer is not JSON")
            if failure.status == 401:
                self._tell(self.name, "gets a new token")
                await self.log_in()
                continue
            if failure.status in (400, 403, 404):
                raise failure
            wait = failure.retry_after
            if wait is None:
                wait = 0.1 * 2**attempt
            self._tell(self.name, f"{failure}: tries again in {wait:.1f} s")
            await asyncio.sleep(wait + 0.02)
        raise Failed("five attempts were not enough")


class Careless(Shopper):
    """`for _ in range(3): try: ... except: pass`. Works in every demo but this one."""

    name = "careless"

    async def find(self, order: str) -> list[dict[str, int]]:
        """Something that cannot be read is taken for nothing found."""
        text = await self._stubbornly(Ask("GET", f"{self._search}/v1/search?q={order}"))
        try:
            return list(json.loads(text)["items"])
        except ValueError:
            self._tell(self.name, f"believes that there is nothing for {order}")
            return []

    async def charge(self, order: str, amount: int) -> str:
        """Sends it again when it does not know."""
        ask = Ask("POST", f"{self._payments}/v1/charges", {"order": order, "amount": amount})
        try:
            return str(json.loads(await self._stubbornly(ask))["id"])
        except Failed as failure:
            if failure.status == 401:
                await self.log_in()  # for the next order
            raise

    async def refund(self, charge: str) -> None:
        """Asks until it has asked often enough."""
        try:
            await self._stubbornly(Ask("POST", f"{self._payments}/v1/refunds", {"charge": charge}))
        except Failed as failure:
            self._tell(self.name, f"gives up the refund: {failure}")

    async def _stubbornly(self, ask: Ask) -> str:
        """Four times, at once."""
        for _ in range(3):
            try:
                return await self.call(ask._replace(headers=self.bearer()))
            except Failed as failure:
                self._tell(self.name, f"{failure}: tries again at once")
        return await self.call(ask._replace(headers=self.bearer()))
