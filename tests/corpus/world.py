"""The tools that the corpus's agents call: one profile, and the requests that its conversations are made of."""

from typing import Any

from chaosproxy.profiles.models import Profile
from tests.corpus.script import Ask, fault, get, post

PROFILE = Profile.model_validate(
    {
        "version": 1,
        "name": "corpus",
        "upstreams": {
            "shop": "http://shop.test",
            "pay": {"url": "http://pay.test", "dialect": "stripe"},
            "weather": "http://weather.test",
            "meteo": "http://meteo.test",
            "search": "http://search.test",
            "jobs": "http://jobs.test",
            "mail": "http://mail.test",
            "crm": "http://crm.test",
            "desk": "http://desk.test",
            "auth": {"url": "http://auth.test", "dialect": "oauth2"},
            "mcp": "http://mcp.test",
            "openai": {"url": "http://api.openai.test", "dialect": "openai"},
            "anthropic": {"url": "http://api.anthropic.test", "dialect": "anthropic"},
        },
        "tools": {
            "find_items": {"upstream": "shop", "method": "GET", "path": "/v1/items"},
            "get_stock": {"upstream": "shop", "method": "GET", "path": "/v1/items/{id}/stock"},
            "create_order": {"upstream": "shop", "method": "POST", "path": "/v1/orders"},
            "charge": {"upstream": "pay", "method": "POST", "path": "/v1/charges"},
            "get_weather": {"upstream": "weather", "method": "GET", "path": "/v1/current"},
            "get_weather_elsewhere": {
                "upstream": "meteo",
                "method": "GET",
                "path": "/now",
                "fallback_for": ["get_weather"],
            },
            "web_search": {"upstream": "search", "method": "POST", "path": "/v1/search", "effect": "read"},
            "start_job": {"upstream": "jobs", "method": "POST", "path": "/v1/jobs"},
            "job_status": {"upstream": "jobs", "method": "GET", "path": "/v1/jobs/{id}"},
            "send_message": {"upstream": "mail", "method": "POST", "path": "/v1/messages"},
            "sent_folder": {
                "upstream": "mail",
                "method": "GET",
                "path": "/v1/folders/sent",
                "checks": ["send_message"],
            },
            "send_sms": {
                "upstream": "mail",
                "method": "POST",
                "path": "/v1/sms",
                "fallback_for": ["send_message"],
            },
            "ask_human": {"upstream": "desk", "method": "POST", "path": "/v1/tickets", "escalates": True},
        },
    }
)


def find(q: str, **more: object) -> Ask:
    """Items of the shop; a listing."""
    return get("/shop/v1/items", q=q, **more)


def stock(item: int | str, **more: object) -> Ask:
    """How many of an item there are."""
    return get(f"/shop/v1/items/{item}/stock", **more)


def order(item: int | str, quantity: int = 1, **more: Any) -> Ask:  # noqa: ANN401 - any JSON
    """An order: a write."""
    return post("/shop/v1/orders", {"item": item, "quantity": quantity, **more})


def charge(amount: int, customer: str = "cus_7Hq2Lk9", *, key: str | None = None, **more: Any) -> Ask:  # noqa: ANN401
    """A charge: a write."""
    asked = post("/pay/v1/charges", {"amount": amount, "currency": "eur", "customer": customer, **more})
    return asked if key is None else asked.but(idempotency_key=key)


def weather(city: str, **more: object) -> Ask:
    """The weather in a city."""
    return get("/weather/v1/current", city=city, **more)


def weather_elsewhere(place: str) -> Ask:
    """The same of another provider, in its own words."""
    return get("/meteo/now", place=place)


def web_search(query: str, **more: Any) -> Ask:  # noqa: ANN401 - any JSON
    """A search, by POST."""
    return post("/search/v1/search", {"query": query, **more})


def job(number: int | str) -> Ask:
    """How a job stands."""
    return get(f"/jobs/v1/jobs/{number}")


def message(to: str, text: str, **more: Any) -> Ask:  # noqa: ANN401 - any JSON
    """A message: a write."""
    return post("/mail/v1/messages", {"to": to, "text": text, **more})


def contact(number: int | str) -> Ask:
    """A contact, of an upstream whose tools nobody has declared."""
    return get(f"/crm/contacts/{number}")


def ask_human(text: str) -> Ask:
    """A word to a human."""
    return post("/desk/v1/tickets", {"text": text})


def token(refresh: str = "refresh-1") -> Ask:
    """New credentials."""
    fields = f"grant_type=refresh_token&refresh_token={refresh}&client_id=agent"
    return Ask("POST", "/auth/oauth/token", (("content-type", "application/x-www-form-urlencoded"),), fields.encode())


TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"{name.replace('_', ' ')}",
            "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
        },
    }
    for name in ("find_items", "get_weather", "charge")
]


def chat(messages: list[dict[str, Any]], model: str = "gpt-4o", **more: Any) -> Ask:  # noqa: ANN401 - any JSON
    """A turn of a conversation with a model, as the OpenAI SDK writes it."""
    body = {"model": model, "messages": messages, "tools": TOOLS, **more}
    return post("/openai/v1/chat/completions", body, x_stainless_retry_count="0", user_agent="OpenAI/Python 2.54.0")


def claude(messages: list[dict[str, Any]], model: str = "claude-sonnet-4-5", **more: Any) -> Ask:  # noqa: ANN401
    """The same, as the Anthropic SDK writes it."""
    body = {"model": model, "max_tokens": 1024, "messages": messages, **more}
    return post("/anthropic/v1/messages", body, x_stainless_retry_count="0", user_agent="Anthropic/Python 0.125.0")


def user(text: str) -> dict[str, Any]:
    """What the user says to the model."""
    return {"role": "user", "content": text}


def calls_tool(number: int, name: str, arguments: str) -> dict[str, Any]:
    """What the model says: it wants a tool called."""
    function = {"name": name, "arguments": arguments}
    return {"role": "assistant", "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}]}


def result(number: int, text: str) -> dict[str, Any]:
    """What the tool said, as the model is told."""
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": text}


def completion(message: dict[str, Any]) -> dict[str, Any]:
    """The model's good reply."""
    return {
        "id": "chatcmpl-9xY",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59},
    }


PASSING = (
    fault("server_error", status=503),
    fault("connection_reset"),
    fault("rate_limit"),
    fault("overloaded"),
    fault("connection_closed"),
)
"""What passes by itself, and has not reached the tool."""

ROW = {"id": 7, "name": "a thing", "price": 40, "rows": [1, 2, 3]}
"""A good reply with something in it to be spoiled."""
