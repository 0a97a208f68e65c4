from collections.abc import Callable
from typing import Any, get_args

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.dialects import load_builtin
from chaosproxy.faults.bad_gateway import BadGateway

STATUSES = get_args(BadGateway.model_fields["status"].annotation)


def gateway(**settings: object) -> BadGateway:
    return BadGateway.model_validate({"type": "bad_gateway", **settings})


@pytest.mark.parametrize("phase", [Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (502, FailureKind.BAD_GATEWAY),
        (503, FailureKind.UNAVAILABLE),
        (504, FailureKind.GATEWAY_TIMEOUT),
        (521, FailureKind.BAD_GATEWAY),
        (522, FailureKind.GATEWAY_TIMEOUT),
        (524, FailureKind.GATEWAY_TIMEOUT),
        (530, FailureKind.DNS_FAILURE),
    ],
)
def test_the_gateway_says_it_under_its_own_number(
    status: int, kind: FailureKind, phase: Phase, turn_of: Callable[..., Turn]
) -> None:
    (effect,) = gateway(gateway="cloudflare", status=status, phase=phase.value).effects(turn_of(), "gateway")

    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase, effect.status, effect.dialect) == (kind, phase, status, "cloudflare")


def test_a_gateway_that_is_not_named_speaks_as_the_upstream_would(turn_of: Callable[..., Turn]) -> None:
    (effect,) = gateway().effects(turn_of(), "gateway")

    assert isinstance(effect, Reject)
    assert (effect.kind, effect.dialect, effect.phase) == (FailureKind.BAD_GATEWAY, None, Phase.BEFORE_UPSTREAM)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", ["nginx", "aws_alb", "cloudflare", "envoy", "haproxy"])
def test_what_comes_is_no_json_and_has_its_status(name: str, status: int, turn_of: Callable[..., Turn]) -> None:
    if status > 504 and name != "cloudflare":
        return
    (effect,) = gateway(gateway=name, status=status).effects(turn_of(), "gateway")
    assert isinstance(effect, Reject)
    reply = load_builtin(name).reply(effect, 1_795_348_800.0)

    assert reply.status == status
    (content_type,) = [value for header, value in reply.headers if header.lower() == b"content-type"]
    assert content_type.startswith((b"text/html", b"text/plain"))
    assert reply.body
    if name == "cloudflare":
        code = 1016 if status == 530 else status
        assert reply.body == b"error code: %d" % code


@pytest.mark.parametrize("file", ["./edge.yaml", "gateways/edge.yaml", "edge.json"])
def test_a_file_of_ones_own_may_say_any_of_the_numbers(file: str) -> None:
    assert gateway(gateway=file, status=524).gateway == file


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"status": 500}, "status\n"),
        ({"status": 200}, "status\n"),
        ({"status": 524}, "status: 524 is Cloudflare's own, so it needs gateway: cloudflare"),
        ({"status": 530, "gateway": "nginx"}, "status: 530 is Cloudflare's own"),
        ({"dialect": "nginx"}, "dialect\n"),
    ],
)
def test_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        gateway(**settings)
