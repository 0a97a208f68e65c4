"""Every fault on every client, through a real `chaosproxy serve`, and the page of docs/ that says what came of it.

python -m tests.reactions            try all, and write docs/client-reactions.md
"""

import json
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import trustme

from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.faults._base import Family
from tests.e2e.programs import serve
from tests.e2e.tls_clients import kept
from tests.reactions.cases import HANDSHAKES, called, case, is_streamed
from tests.reactions.clients import CALLERS, HANDSHAKERS, PATIENCE, STREAMERS, Client, Reach, packages, reaction
from tests.reactions.tool import tool

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client-reactions.md"
AT_ONCE = 32
"""Clients that run at the same time: most of what they do is wait."""


class Reaction(NamedTuple):
    """What one client made of one fault."""

    said: str
    calls: int
    """How often it called before it was content or gave up."""

    def __str__(self) -> str:
        return self.said if self.calls == 1 else f"{self.said} ({self.calls} calls)"


Table = Mapping[str, Mapping[str, Reaction]]
"""By fault and client."""


def profile(plain: int, secure: int, ca: Path) -> str:
    """One rule a fault; which it is, a session's name tells."""
    cases = {name: case(name) for name in called()} | dict(HANDSHAKES)
    rules = [f'  - {{name: {name}, match: {{session: "{name}.*"}}, fault: {each}}}' for name, each in cases.items()]
    address = f"http://127.0.0.1:{plain}"
    return "\n".join(
        [
            "version: 1",
            "name: reactions",
            "upstreams:",
            f'  plain: {{url: "{address}"}}',
            f'  secure: {{url: "https://localhost:{secure}", ca: "{ca}"}}',
            *(f'  {vendor}: {{url: "{address}", dialect: {vendor}}}' for vendor in ("openai", "anthropic", "stripe")),
            "rules:",
            *rules,
            "",
        ]
    )


def reactions(folder: Path) -> Table:
    """Try all. It takes about as long as the slowest client, which retries twice and waits in between."""
    ours = kept(Authority.create(["localhost"]), folder / "ours")
    theirs = trustme.CA()
    theirs.cert_pem.write_to_path(folder / "theirs.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.issue_cert("localhost").configure_cert(tls)
    file, journal = folder / "profile.yaml", folder / "journal.jsonl"
    with tool() as plain, tool(tls) as secure:
        file.write_text(profile(plain.port, secure.port, folder / "theirs.pem"))
        arguments = (str(file), "--journal", str(journal), "--ca", str(ours.folder))
        with serve(*arguments, folder=folder / "serve") as serving, ThreadPoolExecutor(AT_ONCE) as pool:
            asked = {
                (name, who): pool.submit(reaction, client, reach)
                for name, who, client, reach in _trials(serving.listen, secure.port, ours.ca)
            }
            said = {place: each.result() for place, each in asked.items()}
    lines = list(map(json.loads, journal.read_text().splitlines()))
    calls = Counter(line["session"] for line in lines if line["type"] == "call")
    table: dict[str, dict[str, Reaction]] = {}
    for (name, who), words in said.items():
        table.setdefault(name, {})[who] = Reaction(words, calls[f"{name}.{who}"])
    return table


def _trials(listen: str, secure: int, ca: Path) -> Iterator[tuple[str, str, Client, Reach]]:
    """Case, client, how it calls, and where."""
    for name, fault in called().items():
        for who, client in (STREAMERS if is_streamed(fault) else CALLERS).items():
            yield name, who, client, Reach(f"http://{listen}/~{name}.{who}")
    for name in HANDSHAKES:
        for who, client in HANDSHAKERS.items():
            yield name, who, client, Reach(f"https://localhost:{secure}", f"http://{name}.{who}:x@{listen}", ca)


def page(table: Table) -> str:
    """The page in Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in packages(tuple(CALLERS)).items())
    lines = [
        "<!-- Made by `make records` from what really happened. Do not change it here. -->",
        "",
        "# What clients make of each fault",
        "",
        f"Every fault with its default settings, on {versions}.",
        f"Each has a time limit of {PATIENCE:g} s and its own default of retries; Stripe's has the two that its",
        "documentation promises, because `StripeClient` makes none by itself. Where more than one call was made, the",
        "client made the others without being told.",
        "",
        "`stale_response` and `reordered_replies` are not here: it takes several calls to show them, and no client",
        "notices.",
        "",
        "A client that *gets all of it* has recovered, or was not harmed; one that *gets other data* has taken what is",
        "wrong for right, and it is up to the agent to notice.",
    ]
    for family in Family:
        names = [name for name, fault in called().items() if fault.family is family]
        columns = STREAMERS if family is Family.STREAMS else CALLERS
        lines += _rows(family.capitalize(), {name: f"[{name}](faults.md#{name})" for name in names}, columns, table)
    titles = {name: f"{fault.split()[1].rstrip(',')}: {name}" for name, fault in HANDSHAKES.items()}
    lines += _rows("TLS handshakes, through a CONNECT tunnel", titles, HANDSHAKERS, table)
    return "\n".join([*lines, ""])


def _rows(heading: str, titles: Mapping[str, str], columns: Iterable[str], table: Table) -> list[str]:
    """One part of the page."""
    columns = list(columns)
    lines = ["", f"## {heading}", "", f"| fault | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for name, title in titles.items():
        lines.append(f"| {title} | {' | '.join(str(table[name][who]) for who in columns)} |")
    return lines


def write() -> None:
    """Try all, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(reactions(Path(folder))))
