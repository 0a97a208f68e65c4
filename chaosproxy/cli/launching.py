"""How `run` runs: a proxy for one agent, what is said of it, the agent's end, and what is left of both: nothing."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory

import msgspec

from chaosproxy.app import Proxy, Settings
from chaosproxy.cli.concluding import Wanted, conclude, prepare, say
from chaosproxy.cli.progress import Mode, progress_for
from chaosproxy.cli.serving import profile_line, run_loop, unverified
from chaosproxy.cli.trust import intercepted
from chaosproxy.core.errors import ChaosproxyError, StartError
from chaosproxy.launch.advice import advice
from chaosproxy.launch.attending import AgentRun, Attendance
from chaosproxy.launch.command import Command
from chaosproxy.launch.environment import Environment, Way, environment
from chaosproxy.launch.signals import ended_tidily, held_back
from chaosproxy.launch.trust import authority_for, hosts_to_intercept, write_roots
from chaosproxy.profiles.loader import LoadedProfile

INTERRUPTED = 130

log = logging.getLogger(__name__)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    loaded: LoadedProfile
    command: Command
    session: str
    listen: tuple[str, int]
    admin: tuple[str, int]
    intercepts: bool
    """Is https to be looked into?"""
    progress: Mode
    wanted: Wanted
    """What becomes of the journal, and of the report."""


class _Played(msgspec.Struct, frozen=True):
    """What there is when the proxy has stopped."""

    run: AgentRun
    run_id: str
    calls: int
    variables: dict[str, str]


def launch(plan: Plan) -> int:
    """Run the agent, print the report, and give the exit code.

    Raises:
        UsageError: nothing was run.
        StartError: the proxy failed.
        KeyboardInterrupt: somebody stops us before the agent has begun, or after its end.
    """
    with ended_tidily(), TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        journal = prepare(plan.wanted, folder)
        try:
            played = _play(plan, folder, journal)
        except ChaosproxyError:
            raise
        except Exception as error:
            # Python's own exit code for this would be 1, which is FAIL: the agent's, and not ours.
            log.exception("run_failed")
            raise StartError(f"the proxy failed: {error!r}") from error
        if played.run.status is None:
            say("interrupted before the agent was started")
            return INTERRUPTED
        _tell_the_end(plan, played)
        say("")
        code = conclude(plan.wanted, journal, played.run_id)
        return INTERRUPTED if played.run.interrupted else code


def _play(plan: Plan, folder: Path, journal: Path) -> _Played:
    played: list[_Played] = []
    authority, notes = authority_for(hosts_to_intercept(plan.loaded.profile)) if plan.intercepts else (None, [])
    settings = Settings(
        listen=plan.listen,
        admin=plan.admin,
        journal=journal,
        admin_token=os.environ.get("CHAOSPROXY_ADMIN_TOKEN") or None,
        authority=authority,
    )

    async def main(mask: set[Signals]) -> None:
        proxy = Proxy(plan.loaded, settings)
        await proxy.start()
        try:
            given = _surroundings(plan, proxy, None if authority is None else authority.certificate_pem, folder)
            for line in (*_announcement(plan, proxy), *(f"note     {each}" for each in (*notes, *given.notes))):
                say(line)
            run = await _attend(plan, proxy, given, mask)
        finally:
            await proxy.stop(0.0, why="the agent is over")
        calls = proxy.metrics.totals().calls
        played.append(_Played(run, proxy.run_id, calls, given.variables))

    with held_back() as mask:
        run_loop(main(mask))
    return played[0]


def _surroundings(plan: Plan, proxy: Proxy, certificate_pem: bytes | None, folder: Path) -> Environment:
    trusted = None if certificate_pem is None else write_roots(certificate_pem, folder, os.environ)
    way = Way(_reachable(proxy.listen), _reachable(proxy.admin), plan.session)
    return environment(os.environ, plan.loaded.profile, way, trusted)


async def _attend(plan: Plan, proxy: Proxy, given: Environment, mask: set[Signals]) -> AgentRun:
    progress = progress_for(plan.progress, sys.stderr.fileno(), proxy.metrics.totals, os.environ)
    # What is here now stays: looking through all of it for garbage would hold every call up for some 20 ms.
    gc.freeze()
    progress.start(asyncio.get_running_loop())
    try:
        return await Attendance(proxy, say).attend(plan.command, given.variables, mask)
    finally:
        progress.stop()


def _announcement(plan: Plan, proxy: Proxy) -> Iterator[str]:
    if plan.progress == "off":
        return
    yield profile_line(plan.loaded)
    yield f"listen   http://{proxy.listen} (session {plan.session})"
    yield from intercepted(proxy.tunnels())
    yield f"admin    http://{proxy.admin}/metrics"
    yield from unverified(plan.loaded.profile)


def _tell_the_end(plan: Plan, played: _Played) -> None:
    for each in played.run.left:
        say(f"note     still there, and started by the agent: {each.name} (pid {each.pid})")
    if not played.calls and not played.run.interrupted:
        for line in advice(plan.loaded.profile, played.variables):
            say(line)


def _reachable(address: str) -> str:
    """Where something that listens everywhere is reached on this machine."""
    host, _, port = address.rpartition(":")
    near = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - it is what is listened on, by request
    return f"{near.get(host, host)}:{port}"
