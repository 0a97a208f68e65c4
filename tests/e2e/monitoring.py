"""A real Prometheus beside a test: started on a free port, waited for, asked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.programs import Program, executable


@dataclass(frozen=True)
class Prometheus:
    """A server that scrapes, and its query API."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON, of a shape for each path
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, trust_env=False, timeout=20).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, query: str) -> dict[str, float]:
        """By the value of the only label that the query leaves; by "" if it leaves none."""
        result = self.ask("query", query=query)["result"]
        return {"".join(sample["metric"].values()): float(sample["value"][1]) for sample in result}

    def value(self, query: str) -> float | None:
        """Of a query for one number; None while there is none."""
        return self.values(query).get("")


@contextmanager
def prometheus_scraping(target: str, folder: Path, *options: str, more: str = "") -> Iterator[Prometheus]:
    """A Prometheus that scrapes the admin address `target` twice a second; `more` is added to its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\n"
        f"scrape_configs: [{{job_name: chaosproxy, static_configs: [{{targets: ['{target}']}}]}}]\n{more}"
    )
    command = (
        executable("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        "--web.listen-address=127.0.0.1:0",
        *options,
    )
    with Program(*command, folder=folder) as program:
        # It says `Listening on` once it does, with the port that it got.
        found = program.wait_for("port", lambda: re.search(r"Listening on\W+address=127.0.0.1:(\d+)", program.err))
        url = f"http://127.0.0.1:{found[1]}"
        program.wait_for("readiness", lambda: _is_ready(url) or None)
        yield Prometheus(url)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
