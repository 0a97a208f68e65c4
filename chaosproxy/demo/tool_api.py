"""The shop's tools: a search, and payments that are rows in a SQLite table, so that charges can be counted."""

import asyncio
import json
import sqlite3
from http import HTTPStatus
from pathlib import Path
from secrets import token_hex

from aiohttp import web

SERVICE_TIME = 0.02
"""Seconds that the search takes."""

_SCHEMA = """
CREATE TABLE charges (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    idempotency_key TEXT,
    reply TEXT NOT NULL
)
"""


class ShopTools:
    """Search and payments on one port of 127.0.0.1. Payments honour `Idempotency-Key`, as Stripe's do."""

    def __init__(self, database: Path) -> None:
        self._database = sqlite3.connect(database)
        self._database.execute(_SCHEMA)
        application = web.Application()
        application.add_routes(
            [
                web.get("/v1/search", self._search),
                web.post("/v1/token", self._token),
                web.post("/v1/charges", self._charge),
                web.get("/v1/charges/{id}", self._receipt),
                web.post("/v1/refunds", self._refund),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self) -> str:
        """Listen on a free port; the URL."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close the port and the database."""
        await self._runner.cleanup()
        self._database.close()

    def charges(self, agent: str) -> int:
        """How many rows the orders of this agent have in the table."""
        row = self._database.execute("SELECT count(*) FROM charges WHERE order_id LIKE ?", (f"{agent}-%",)).fetchone()
        return int(row[0])

    def orders_charged(self, agent: str) -> int:
        """How many of this agent's orders were charged at all."""
        row = self._database.execute(
            "SELECT count(DISTINCT order_id) FROM charges WHERE order_id LIKE ?", (f"{agent}-%",)
        ).fetchone()
        return int(row[0])

    async def _search(self, request: web.Request) -> web.Response:
        await asyncio.sleep(SERVICE_TIME)
        wanted = request.query.get("q", "")
        items = [{"sku": f"{wanted}-{size}", "price": 1900 + 100 * size} for size in range(1, 4)]
        return web.json_response({"query": wanted, "items": items})

    async def _token(self, _request: web.Request) -> web.Response:
        return web.json_response({"access_token": token_hex(12), "token_type": "Bearer", "expires_in": 3600})

    async def _charge(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        key = request.headers.get("Idempotency-Key")
        if key is not None:
            stored = self._database.execute("SELECT reply FROM charges WHERE idempotency_key = ?", (key,)).fetchone()
            if stored is not None:
                return web.Response(
                    text=stored[0], content_type="application/json", headers={"Idempotent-Replayed": "true"}
                )
        charge = {"id": f"ch_{token_hex(8)}", "order": wanted["order"], "amount": wanted["amount"], "paid": True}
        with self._database:
            self._database.execute(
                "INSERT INTO charges VALUES (?, ?, ?, ?, ?)",
                (charge["id"], charge["order"], charge["amount"], key, json.dumps(charge)),
            )
        return web.json_response(charge)

    async def _receipt(self, request: web.Request) -> web.Response:
        row = self._database.execute("SELECT reply FROM charges WHERE id = ?", (request.match_info["id"],)).fetchone()
        if row is None:
            return web.json_response({"error": "no such charge"}, status=HTTPStatus.NOT_FOUND)
        return web.Response(text=row[0], content_type="application/json")

    async def _refund(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        return web.json_response({"id": f"re_{token_hex(8)}", "charge": wanted["charge"], "status": "succeeded"})
