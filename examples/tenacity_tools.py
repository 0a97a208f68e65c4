"""Calls an HTTP tool with httpx, and retries with tenacity: exponential waits with jitter, five attempts."""

import os

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

SHOP = os.environ["SHOP_URL"]


@retry(
    retry=retry_if_exception_type(httpx.HTTPError),
    wait=wait_exponential_jitter(initial=0.3, max=5, jitter=0.05),
    stop=stop_after_attempt(5),
    reraise=True,
)
def search(wanted: str) -> list[dict[str, object]]:
    """What the shop has."""
    response = httpx.get(f"{SHOP}/v1/search", params={"q": wanted}, timeout=5)
    response.raise_for_status()
    items: list[dict[str, object]] = response.json()["items"]
    return items


for colour in ("blue", "red", "green", "white", "black", "pink", "grey", "gold", "teal", "lime"):
    print(colour, search(f"{colour} mug"))
