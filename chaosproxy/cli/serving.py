"""How `serve` and `capture` run: a loop, a proxy in it, what is announced, the signals that stop it, its last words."""

import asyncio
import gc
import json
import os
import signal
from collections.abc import Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import click

from chaosproxy.app import Proxy, Settings
from chaosproxy.cli.pipes import print_nowhere
from chaosproxy.cli.trust import intercepted
from chaosproxy.core.errors import StartError
from chaosproxy.profiles.loader import LoadedProfile
from chaosproxy.profiles.models import Profile


def run_loop(main: Coroutine[None, None, None]) -> None:
    """Run in a fast loop, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not there on every system
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


class Companion(Protocol):
    """What runs beside a proxy, and brings it traffic."""

    async def start(self, proxy: Proxy) -> None:
        """Bring traffic to this proxy, which has started.

        Raises:
            ChaosproxyError: if it cannot.
        """

    def announce(self) -> Iterable[str]:
        """Lines about it, once it has started."""

    def addresses(self) -> Mapping[str, object]:
        """What the ready file has about it."""

    async def close(self) -> None:
        """Bring no more; what is under way goes on."""

    async def stop(self) -> None:
        """Let go of everything. Also after a start that failed."""

    def summarise(self) -> Iterable[str]:
        """Its last words."""


async def serve(
    loaded: LoadedProfile, settings: Settings, ready_file: Path | None, companion: Companion | None = None
) -> None:
    """Run a proxy until a signal stops it. `ready_file` exists for as long as connections are accepted.

    Raises:
        StartError: if a port, the journal or the ready file cannot be had.
    """
    proxy = Proxy(loaded, settings)
    stop = _stop_signals()
    await proxy.start()
    try:
        if companion is not None:
            await companion.start(proxy)
        _announce(proxy, settings, companion)
        if ready_file is not None:
            _write_ready_file(ready_file, proxy, companion)
        # What is here now stays: looking through all of it for garbage would hold every call up for some 20 ms.
        gc.freeze()
        why = await stop
    except BaseException:
        await _stop(proxy, companion, "failed to start")
        raise
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)  # noqa: ASYNC240 - one small file, and we are stopping
    await _stop(proxy, companion, why)
    _summarise(proxy, companion)


async def _stop(proxy: Proxy, companion: Companion | None, why: str) -> None:
    if companion is not None:
        await companion.close()
    await proxy.stop(why=why)
    if companion is not None:
        await companion.stop()


def _stop_signals() -> "asyncio.Future[str]":
    """Resolves to the name of the first signal that asks us to stop; the second one ends the process at once."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[str] = loop.create_future()

    def ask(name: str) -> None:
        if asked.done():
            os._exit(130)
        asked.set_result(name)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, signal.Signals(number).name)
    return asked


def _say(line: str) -> None:
    """Print a line. A proxy goes on when nobody reads what it prints."""
    try:
        click.echo(line)
    except BrokenPipeError:
        print_nowhere()


def profile_line(loaded: LoadedProfile) -> str:
    """What a proxy runs by."""
    profile = loaded.profile
    rules = "1 rule" if len(profile.rules) == 1 else f"{len(profile.rules)} rules"
    return f"profile  {profile.name} ({rules}, seed {profile.seed}, {loaded.digest})"


def unverified(profile: Profile) -> Iterable[str]:
    """A warning for each upstream whose certificate is not looked at."""
    for name, upstream in profile.upstreams.items():
        if not upstream.verify:
            yield f"warning  the certificate of {name} is not verified (verify: false)"


def _announce(proxy: Proxy, settings: Settings, companion: Companion | None) -> None:
    profile = proxy.loaded.profile
    _say(profile_line(proxy.loaded))
    _say(f"listen   http://{proxy.listen}")
    for name, upstream in profile.upstreams.items():
        _say(f"         http://{proxy.listen}/{name}/  ->  {upstream.url}")
    for line in unverified(profile):
        click.echo(line, err=True)
    for line in intercepted(proxy.tunnels()):
        _say(line)
    _say(f"admin    http://{proxy.admin}/metrics")
    if settings.journal is not None:
        _say(f"journal  {settings.journal}")
    for line in companion.announce() if companion is not None else ():
        _say(line)


def _write_ready_file(path: Path, proxy: Proxy, companion: Companion | None) -> None:
    """In one step, so that whoever waits for it never reads half of it."""
    beside = companion.addresses() if companion is not None else {}
    text = json.dumps({"listen": proxy.listen, "admin": proxy.admin, **beside, "pid": os.getpid()})
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StartError(f"cannot write the ready file {path}: {error.strerror}") from None


def _summarise(proxy: Proxy, companion: Companion | None) -> None:
    score = proxy.scorecard.score()
    spared = f"; on {score.spared} more a fault could not be applied" if score.spared else ""
    _say(f"stopped  {score.calls + score.other_calls} calls, {score.faulted} of them faulted{spared}")
    for line in companion.summarise() if companion is not None else ():
        _say(line)
    if proxy.loaded.profile.expect:
        verdict = proxy.verdict()
        _say(f"verdict  {verdict.result.upper()}")
        for check in verdict.checks:
            _say(f"         {check.result:12}  {check.reason}")
        for reason in verdict.reasons:
            if all(reason != check.reason for check in verdict.checks):
                _say(f"         {reason}")
