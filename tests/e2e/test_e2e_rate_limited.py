"""The shipped rate limit, in front of a server: exactly its quota is let in, and Retry-After is the truth."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.e2e.programs import Serving, nginx, serve

QUOTA = 5
WINDOW = 10.0
CROWD = 20

pytestmark = pytest.mark.xdist_group("rate-limited")


@pytest.fixture(scope="module")
def log(folder: Path) -> Path:
    """Where nginx writes a line for each request that it got."""
    return folder / "nginx" / "access.log"


@pytest.fixture(scope="module")
def limited(folder: Path, log: Path) -> Iterator[Serving]:
    with (
        nginx(folder / "nginx", 'listen 127.0.0.1:PORT; location / { return 200 "{}"; }') as address,
        serve("rate-limited", "--upstream", f"tool=http://{address}", folder=folder / "serve") as serving,
    ):
        yield serving


def heard(log: Path) -> int:
    """How many calls the tool has heard of."""
    return len(log.read_text().splitlines())


async def test_a_quota_is_exact_and_its_hint_is_true(limited: Serving, log: Path) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:

        async def come(session: str) -> tuple[httpx.Response, float]:
            response = await http.get(limited.through("tool/work", session))
            return response, monotonic()

        answers = await asyncio.gather(*[come(f"one-of-many-{n}") for n in range(CROWD)])
        admitted = [response for response, _ in answers if response.status_code == 200]
        refused = [(n, response, when) for n, (response, when) in enumerate(answers) if response.status_code == 429]
        assert (len(admitted), len(refused)) == (QUOTA, CROWD - QUOTA)
        assert heard(log) == QUOTA

        hints = {response.headers["Retry-After"] for _, response, _ in refused}
        assert hints <= {"9", "10"}  # whole seconds, rounded up

        (hasty, hint, hasty_refused), (honest, _, honest_refused) = refused[:2]
        asked = float(hint.headers["Retry-After"])

        async def come_back(number: int, when: float) -> httpx.Response:
            await asyncio.sleep(when - monotonic())
            return (await come(f"one-of-many-{number}"))[0]

        too_early, in_time = await asyncio.gather(
            come_back(hasty, hasty_refused + 0.9 * asked), come_back(honest, honest_refused + asked)
        )
        assert too_early.status_code == 429
        assert too_early.headers["Retry-After"] in {"1", "2"}
        assert in_time.status_code == 200

        # A new window has begun with that call: the quota is the same.
        crowd = await asyncio.gather(*[come(f"a-latecomer-{n}") for n in range(CROWD)])
        assert sum(response.status_code == 200 for response, _ in crowd) == QUOTA - 1
        assert heard(log) == 2 * QUOTA

        metrics = (await http.get(f"http://{limited.admin}/metrics")).text
    verdicts = dict(re.findall(r'retry_after_total{hint="retry-after",verdict="(\w+)"} (\S+)', metrics))
    assert {verdict: count for verdict, count in verdicts.items() if count != "0.0"} == {
        "early": "1.0",
        "compliant": "1.0",
    }
