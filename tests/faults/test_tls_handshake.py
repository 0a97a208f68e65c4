from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Ending, Flaw, Handshake
from chaosproxy.core.turn import Turn
from chaosproxy.faults.tls_handshake import TlsHandshake


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({}, Handshake(Flaw.CUT, Ending.CLOSE, 0.0)),
        ({"how": "cut", "ending": "reset"}, Handshake(Flaw.CUT, Ending.RESET, 0.0)),
        ({"how": "stalled"}, Handshake(Flaw.STALLED, Ending.CLOSE, 600.0)),
        ({"how": "stalled", "seconds": "20s", "ending": "reset"}, Handshake(Flaw.STALLED, Ending.RESET, 20.0)),
    ],
)
def test_does(settings: dict[str, str], effect: Handshake, turn_of: Callable[..., Turn]) -> None:
    fault = TlsHandshake.model_validate({"type": "tls_handshake"} | settings)
    assert fault.effects(turn_of(), "the handshake") == (effect,)
    assert fault.strikes_handshake


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"how": "cut", "seconds": "20s"}, "only `how: stalled` takes time"),
        ({"how": "stalled", "seconds": 0}, "seconds"),
        ({"how": "expired"}, "how"),
        ({"ending": "hang"}, "ending"),
        ({"phase": "during_body"}, "phase"),
    ],
)
def test_refuses(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        TlsHandshake.model_validate({"type": "tls_handshake"} | settings)
