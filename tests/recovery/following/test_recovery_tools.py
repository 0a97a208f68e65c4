"""What the profile says of tools."""

import pytest

from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following import tools
from chaosproxy.recovery.following.tools import Tools

PROFILE = Profile.model_validate(
    {
        "version": 1,
        "name": "tools",
        "upstreams": {"shop": "http://shop.test"},
        "tools": {
            "charge": {"upstream": "shop", "path": "/v1/charges/{charge}", "volatile": ["Attempt"]},
            "files": {"upstream": "shop", "path": "/files/*"},
            "spare": {"upstream": "shop", "path": "/spare", "fallback_for": ["charge", "files"]},
            "look": {"upstream": "shop", "path": "/look", "checks": ["charge"]},
            "human": {"upstream": "shop", "path": "/human", "escalates": True},
        },
        "recovery": {"volatile": ["Sent_At"]},
    }
)


def test_what_is_declared() -> None:
    known = Tools(PROFILE)
    assert known.escalating == {"human"}
    assert known.stands_in == {"spare": ("charge", "files")}
    assert known.shows == {"look": {"charge"}}


def test_volatile_names_are_in_lower_case_and_everybodys() -> None:
    known = Tools(PROFILE)
    assert {"attempt", "sent_at", "request_id"} <= known.volatile("charge")
    assert {"sent_at", "request_id"} <= known.volatile("nobody declared this")
    assert "attempt" not in known.volatile("spare")


@pytest.mark.parametrize(
    ("tool", "template"),
    [
        ("charge", ("charge", None, None, None)),
        ("files", ("*", None, None)),
        ("GET /v1/items/{id}/stock", (None, "id", None, None, None)),
        ("mcp_tool", ()),
    ],
)
def test_what_varies_in_a_path(tool: str, template: tuple[str | None, ...]) -> None:
    assert Tools(PROFILE).template(tool) == template


def test_templates_remembered_are_bounded() -> None:
    known = Tools(PROFILE)
    for number in range(tools.REMEMBERED + 10):
        known.template(f"GET /{number}/{{id}}")
    assert len(known._templates) <= tools.REMEMBERED
