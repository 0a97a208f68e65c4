"""The ways of catching traffic, as `--mode` names them, and what each of them needs of the machine."""

import socket
from collections.abc import Sequence

from mitmproxy.proxy import mode_specs

from chaosproxy.core.errors import StartError, UsageError

Mode = mode_specs.ProxyMode

KNOWN: tuple[type[Mode], ...] = (
    mode_specs.RegularMode,
    mode_specs.ReverseMode,
    mode_specs.Socks5Mode,
    mode_specs.TransparentMode,
    mode_specs.LocalMode,
    mode_specs.WireGuardMode,
)
"""mitmproxy has more, which either go around our listener or carry no HTTP."""

_HOW_TO = {
    "regular": "HTTP_PROXY, HTTPS_PROXY = http://{address}",
    "reverse": "http://{address}/ in place of {data}",
    "socks5": "ALL_PROXY = socks5h://{address}",
    "transparent": "{address}, where a firewall rule has to send connections",
    "wireguard": "{address} (UDP), for a WireGuard client with the configuration below",
    "local": "{data}, whatever it connects to",
}

_NEEDS = {
    "local": "it needs, on Linux, root or sudo, cgroup v2 and mitmproxy 11.1 (Python 3.12) or newer",
    "transparent": "it needs root, and a firewall rule that sends connections here",
    "wireguard": "it needs a free UDP port",
}


def parse_modes(specs: Sequence[str]) -> tuple[Mode, ...]:
    """The modes that these words mean.

    Raises:
        UsageError: for one that does not exist, or is not for tools' HTTP.
    """
    return tuple(_parse(spec) for spec in specs)


def check_addresses(modes: Sequence[Mode], catch: tuple[str, int]) -> None:
    """Each has its own, if it needs one.

    Raises:
        UsageError: if not.
    """
    taken = [
        (mode.listen_host(catch[0]), mode.listen_port(catch[1])) for mode in modes if mode.default_port is not None
    ]
    twice = next((each for each in taken if each[1] and taken.count(each) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two modes cannot listen at the same address, {twice[0]}:{twice[1]}: give one of them another, "
            "as in --mode socks5@127.0.0.1:1080"
        )


def placed(mode: Mode, catch: tuple[str, int]) -> str:
    """The same mode with the address that it is to listen at written out; a free port, where 0 was asked for.

    mitmproxy would take two modes with port 0 for two at the same address.
    """
    host, port = mode.listen_host(catch[0]), mode.listen_port(catch[1])
    if mode.default_port is None or port is None:
        return mode.full_spec
    words = mode.type_name + (f":{mode.data}" if mode.data else "")
    return f"{words}@{host}:{port or _free_port(host)}"


def _free_port(host: str) -> int:
    """One that nobody listens at, on TCP, nor on UDP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port


def _parse(spec: str) -> Mode:
    try:
        mode = mode_specs.ProxyMode.parse(spec)
    except ValueError as error:
        raise UsageError(f"--mode {spec}: {error}; {_there_are()}") from None
    if not isinstance(mode, KNOWN):
        raise UsageError(f"--mode {spec}: there is no such mode here; {_there_are()}")
    if isinstance(mode, mode_specs.ReverseMode) and mode.scheme not in ("http", "https"):
        raise UsageError(f"--mode {spec}: the URL behind reverse: is http:// or https://")
    return mode


def _there_are() -> str:
    return "there are: regular, reverse:URL, socks5, transparent, local, local:NAME or PID, wireguard, wireguard:FILE"


def how_to(mode: Mode, address: str) -> str:
    """How traffic gets to a mode that listens at `address`, in one line."""
    return _HOW_TO[mode.type_name].format(address=address, data=mode.data or "each process but this one")


def cannot(mode: Mode, problem: str) -> StartError:
    """The one line about a mode that did not start."""
    why = problem.strip().splitlines()[0].rstrip(".")
    needs = _NEEDS.get(mode.type_name, "choose another address with --catch HOST:PORT, or port 0 for a free one")
    return StartError(f"--mode {mode.full_spec} cannot start: {why}; {needs}")
