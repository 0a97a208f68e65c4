"""mitmproxy's layers without sockets: what a client and our listener say goes in, what they are told comes out."""

from collections.abc import Callable, Iterable
from typing import Any

from mitmproxy import connection
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_specs import ProxyMode

from chaosproxy.capture.catcher import FAITHFUL

Hooks = dict[str, Callable[[Any], None]]


def a_context(mode: str = "regular", *, peer: str = "127.0.0.1", udp: bool = False) -> Context:
    """A client that has just connected."""
    client = connection.Client(
        peername=(peer, 50_000),
        sockname=("127.0.0.1", 8081),
        timestamp_start=1.0,
        state=ConnectionState.OPEN,
        proxy_mode=ProxyMode.parse(mode),
        transport_protocol="udp" if udp else "tcp",
    )
    return Context(client, with_options())


def with_options() -> Options:
    """mitmproxy's options, with those that its server has."""
    known = Options()
    Proxyserver().load(known)  # an addon only ever says `add_option` to what loads it
    known.update(**FAITHFUL)
    return known


class Conversation:
    """Drives one layer. A hook that is not among `hooks` is answered with nothing done."""

    def __init__(self, top: layer.Layer, hooks: Hooks | None = None) -> None:
        self.top = top
        self._hooks = hooks or {}
        self.client = top.context.client
        self.to_client = b""
        self.to_listener = b""
        self.opened: list[connection.Server] = []
        self.closed: list[connection.Connection] = []
        self.asked: list[str] = []
        """The names of the hooks, in order."""
        self._feed(events.Start())

    def client_says(self, data: bytes) -> None:
        self._feed(events.DataReceived(self.client, data))

    def listener_says(self, data: bytes) -> None:
        self._feed(events.DataReceived(self.opened[-1], data))

    def listener_closes(self) -> None:
        self.opened[-1].state &= ~ConnectionState.CAN_READ
        self._feed(events.ConnectionClosed(self.opened[-1]))

    def _feed(self, event: events.Event) -> None:
        self._do(self.top.handle_event(event))

    def _do(self, given: Iterable[commands.Command]) -> None:
        for command in given:
            reply = self._answer(command)
            if reply is not None:
                self._feed(reply)

    def _answer(self, command: commands.Command) -> events.Event | None:
        match command:
            case commands.SendData():
                if command.connection is self.client:
                    self.to_client += command.data
                else:
                    self.to_listener += command.data
            case commands.OpenConnection():
                command.connection.state = ConnectionState.OPEN
                command.connection.timestamp_start = 2.0
                self.opened.append(command.connection)
                return events.OpenConnectionCompleted(command, None)
            case commands.CloseConnection():
                command.connection.state = ConnectionState.CLOSED
                self.closed.append(command.connection)
            case commands.StartHook():
                self.asked.append(command.name)
                for each in command.args():
                    self._hooks.get(command.name, lambda _: None)(each)
                if command.blocking:
                    return events.HookCompleted(command)
            case _:
                pass
        return None
