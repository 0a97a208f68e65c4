from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Flaw, Handshake
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.tls_certificate import TlsCertificate


@pytest.mark.parametrize(
    ("how", "flaw"),
    [(None, "expired"), ("expired", "expired"), ("wrong_host", "wrong_host"), ("untrusted", "untrusted")],
)
def test_does(how: str | None, flaw: str, turn_of: Callable[..., Turn]) -> None:
    fault = TlsCertificate.model_validate({"type": "tls_certificate"} | ({"how": how} if how else {}))
    assert fault.effects(turn_of(), "the certificate") == (Handshake(Flaw(flaw)),)
    assert fault.strikes is Phase.BEFORE_UPSTREAM
    assert fault.strikes_handshake


@pytest.mark.parametrize("settings", [{"how": "stalled"}, {"phase": "after_upstream"}, {"seconds": "1s"}])
def test_refuses(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        TlsCertificate.model_validate({"type": "tls_certificate"} | settings)
