"""A list that tests wait on: things are added as they happen, and a test waits for the n-th, never for time to pass."""

import asyncio
from typing import Generic, TypeVar

from tests.doubles.streams import soon

T = TypeVar("T")


class Log(Generic[T]):
    """What has happened so far."""

    def __init__(self) -> None:
        self.all: list[T] = []
        self._added = asyncio.Event()

    def add(self, item: T) -> None:
        self.all.append(item)
        self._added.set()
        self._added = asyncio.Event()

    def __len__(self) -> int:
        return len(self.all)

    async def nth(self, number: int) -> T:
        """The n-th, from 1, as soon as it is there."""
        while len(self.all) < number:
            await soon(self._added.wait())
        return self.all[number - 1]

    async def first(self) -> T:
        return await self.nth(1)
