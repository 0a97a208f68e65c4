"""What the vendors' own clients make of what our dialects say: which exception, with which status, code and text.

A real server on a real socket answers with the very bytes. The clients do not retry, so that a case is one call.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import anthropic
import botocore.session
import openai
import pytest
import slack_sdk
import stripe
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from slack_sdk.errors import SlackApiError

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Quota, QuotaUnit, Reject
from chaosproxy.dialects import load_builtin

WALL = 1_795_348_859.25
Rejection = Callable[..., Reject]
TOKENS = Quota(limit=30_000, remaining=1_961, resets=7.5, window=60.0, unit=QuotaUnit.TOKENS, asked=3_906)
CONCURRENT = Quota(limit=4, remaining=0, resets=1.0, unit=QuotaUnit.CONCURRENCY)


class Case(NamedTuple):
    """A failure, and what its vendor's client makes of it."""

    kind: str
    known: dict[str, Any]
    raised: type[Exception]
    code: str | None
    text: str


class Tool:
    """Answers every request with the reply it was last given."""

    def __init__(self) -> None:
        self.reply: Reply | None = None
        tool = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = tool.reply
                assert reply is not None
                lines = [b"HTTP/1.1 %d %s" % (reply.status, reply.reason)]
                lines += [b"%s: %s" % pair for pair in reply.headers]
                lines += [b"Content-Length: %d" % len(reply.body), b"Connection: close", b"", b""]
                self.wfile.write(b"\r\n".join(lines) + reply.body)
                self.close_connection = True

            do_GET = do_POST = do_PUT = answer  # noqa: N815  what the standard library looks for

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the standard library has it
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="module")
def tool() -> Iterator[Tool]:
    made = Tool()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def fails(tool: Tool, rejection: Rejection) -> Callable[..., Reply]:
    """Makes the tool fail so from now on."""

    def fail(dialect: str, kind: str, **known: Any) -> Reply:  # noqa: ANN401  whatever Reject takes
        tool.reply = load_builtin(dialect).reply(rejection(kind, draw=0.3, **known), WALL)
        return tool.reply

    return fail


# OpenAI

OPENAI = [
    Case(
        "rate_limited",
        {"limit": 500, "retry_after": 0.12, "window": 60.0},
        openai.RateLimitError,
        "rate_limit_exceeded",
        "requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms.",
    ),
    Case(
        "rate_limited",
        {"quota": TOKENS, "retry_after": 3.89},
        openai.RateLimitError,
        "rate_limit_exceeded",
        "tokens per min (TPM): Limit 30000, Used 28039, Requested 3906. Please try again in 3.89s.",
    ),
    Case("rate_limited", {"quota": CONCURRENT}, openai.RateLimitError, "rate_limit_exceeded", "Rate limit reached"),
    Case(
        "request_too_large",
        {"quota": TOKENS},
        openai.RateLimitError,
        "rate_limit_exceeded",
        "Request too large for gpt-4o",
    ),
    Case("request_too_large", {}, openai.BadRequestError, "context_length_exceeded", "maximum context length"),
    Case("quota_exhausted", {}, openai.RateLimitError, "insufficient_quota", "exceeded your current quota"),
    Case("unauthorized", {}, openai.AuthenticationError, "invalid_api_key", "Incorrect API key provided"),
    Case("token_expired", {}, openai.AuthenticationError, "token_expired", "token is expired"),
    Case("permission_denied", {}, openai.PermissionDeniedError, None, "insufficient permissions"),
    Case("insufficient_scope", {"scope": "x.read"}, openai.PermissionDeniedError, None, "Missing scopes: x.read."),
    Case("region_blocked", {}, openai.PermissionDeniedError, "unsupported_country_region_territory", "not supported"),
    Case("not_found", {}, openai.NotFoundError, "model_not_found", "does not exist"),
    Case("invalid_request", {}, openai.BadRequestError, None, "tool_call_id"),
    Case("conflict", {}, openai.ConflictError, None, "Another request"),
    Case("server_error", {}, openai.InternalServerError, None, "had an error while processing"),
    Case("overloaded", {}, openai.InternalServerError, "server_is_overloaded", "currently overloaded"),
    Case("bad_gateway", {}, openai.InternalServerError, None, "<h1>502 Bad Gateway</h1>"),
    Case("dns_failure", {}, openai.InternalServerError, None, "error code: 1016"),
    Case("overloaded", {"message": "Ours."}, openai.InternalServerError, "server_is_overloaded", "Ours."),
]


@pytest.mark.parametrize("case", OPENAI, ids=lambda case: case.kind)
def test_openai(case: Case, tool: Tool, fails: Callable[..., Reply]) -> None:
    reply = fails("openai", case.kind, **case.known)
    with (
        openai.OpenAI(base_url=f"{tool.url}/v1", api_key="sk-x", max_retries=0) as client,
        pytest.raises(openai.APIStatusError) as failure,
    ):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    error = failure.value
    assert type(error) is case.raised
    assert (error.status_code, error.code) == (reply.status, case.code)
    assert case.text in str(error)
    if reply.body.startswith(b"{"):
        assert error.request_id is not None
        assert error.request_id.startswith("req_")


def test_openai_takes_a_failed_response_for_a_success(tool: Tool, fails: Callable[..., Reply]) -> None:
    fails("openai", "error_in_success")
    with openai.OpenAI(base_url=f"{tool.url}/v1", api_key="sk-x", max_retries=0) as client:
        response = client.responses.create(model="gpt-4o", input="hi")
    assert response.status == "failed"
    assert response.error is not None
    assert response.error.code == "server_error"
    assert response.output == []


@pytest.mark.parametrize(
    ("kind", "raised", "text"),
    [
        ("rate_limited", openai.RateLimitError, "call rate limit of your current OpenAI S0 pricing tier"),
        ("unauthorized", openai.AuthenticationError, "invalid subscription key"),
        ("not_found", openai.NotFoundError, "deployment for this resource does not exist"),
        ("invalid_request", openai.BadRequestError, "content management policy"),
    ],
)
def test_azure_openai(
    kind: str, raised: type[openai.APIStatusError], text: str, tool: Tool, fails: Callable[..., Reply]
) -> None:
    fails("azure_openai", kind)
    client = openai.AzureOpenAI(
        azure_endpoint=tool.url, api_key="x", api_version="2024-10-21", azure_deployment="d", max_retries=0
    )
    with client, pytest.raises(raised) as failure:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    assert text in str(failure.value)


# Anthropic

ANTHROPIC = [
    Case(
        "rate_limited",
        {"limit": 50, "retry_after": 7.0, "window": 60.0},
        anthropic.RateLimitError,
        "rate_limit_error",
        "rate limit of 50 requests per minute",
    ),
    Case(
        "rate_limited",
        {"quota": TOKENS, "retry_after": 7.0},
        anthropic.RateLimitError,
        "rate_limit_error",
        "rate limit of 30,000 input tokens per minute",
    ),
    Case("quota_exhausted", {}, anthropic.BadRequestError, "invalid_request_error", "credit balance is too low"),
    Case("request_too_large", {}, anthropic.APIStatusError, "request_too_large", "maximum allowed number of bytes"),
    Case(
        "request_too_large",
        {"quota": TOKENS},
        anthropic.BadRequestError,
        "invalid_request_error",
        "prompt is too long: 3906 tokens > 30000 maximum",
    ),
    Case("unauthorized", {}, anthropic.AuthenticationError, "authentication_error", "invalid x-api-key"),
    Case("token_expired", {}, anthropic.AuthenticationError, "authentication_error", "OAuth token has expired."),
    Case("token_revoked", {}, anthropic.PermissionDeniedError, "permission_error", "has been revoked"),
    Case("permission_denied", {}, anthropic.PermissionDeniedError, "permission_error", "does not have permission"),
    Case("region_blocked", {}, anthropic.PermissionDeniedError, "forbidden", "Request not allowed"),
    Case("not_found", {}, anthropic.NotFoundError, "not_found_error", "model: claude"),
    Case("invalid_request", {}, anthropic.BadRequestError, "invalid_request_error", "tool_result"),
    Case("conflict", {}, anthropic.ConflictError, "conflict_error", "another request"),
    Case("server_error", {}, anthropic.InternalServerError, "api_error", "Internal server error"),
    Case("overloaded", {}, anthropic.APIStatusError, "overloaded_error", "Overloaded"),
    Case("gateway_timeout", {}, anthropic.APIStatusError, "timeout_error", "timed out"),
]


@pytest.mark.parametrize("case", ANTHROPIC, ids=lambda case: case.kind)
def test_anthropic(case: Case, tool: Tool, fails: Callable[..., Reply]) -> None:
    reply = fails("anthropic", case.kind, **case.known)
    with (
        anthropic.Anthropic(base_url=tool.url, api_key="sk-x", max_retries=0) as client,
        pytest.raises(anthropic.APIStatusError) as failure,
    ):
        client.messages.create(model="claude-sonnet-4-5", max_tokens=8, messages=[{"role": "user", "content": "hi"}])
    error = failure.value
    assert isinstance(error, case.raised)
    assert error.status_code == reply.status
    assert isinstance(error.body, dict)
    assert error.body["error"]["type"] == case.code
    assert case.text in str(error)
    assert (error.request_id or "").startswith("req_011C")


# Stripe

STRIPE = [
    Case("rate_limited", {}, stripe.RateLimitError, "rate_limit", "Request rate limit exceeded."),
    Case("rate_limited", {"quota": CONCURRENT}, stripe.RateLimitError, "rate_limit", "Request rate limit exceeded."),
    Case("conflict", {}, stripe.RateLimitError, "lock_timeout", "This object cannot be accessed right now"),
    Case("quota_exhausted", {}, stripe.CardError, "card_declined", "insufficient funds"),
    Case("unauthorized", {}, stripe.AuthenticationError, None, "Invalid API Key provided"),
    Case("token_expired", {}, stripe.AuthenticationError, "api_key_expired", "Expired API Key provided"),
    Case("permission_denied", {}, stripe.PermissionError, None, "does not have the required permissions"),
    Case("insufficient_scope", {"scope": "rak_x"}, stripe.PermissionError, None, "Having the 'rak_x' permission"),
    Case("not_found", {}, stripe.InvalidRequestError, "resource_missing", "No such customer"),
    Case("invalid_request", {}, stripe.InvalidRequestError, "parameter_missing", "Missing required param"),
    Case("server_error", {}, stripe.APIError, None, "An unknown error occurred"),
    Case("unavailable", {}, stripe.APIError, None, "An unknown error occurred"),
]


@pytest.mark.parametrize("case", STRIPE, ids=lambda case: case.kind)
def test_stripe(case: Case, tool: Tool, fails: Callable[..., Reply]) -> None:
    reply = fails("stripe", case.kind, **case.known)
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": tool.url}, max_network_retries=0)
    with pytest.raises(stripe.StripeError) as failure:
        client.v1.customers.create({"email": "a@example.com"})
    error = failure.value
    assert type(error) is case.raised
    assert error.http_status == reply.status
    assert isinstance(error.json_body, dict)
    assert error.json_body["error"].get("code") == case.code  # `error.code` is lost on some of its classes
    assert case.text in str(error)
    assert (error.request_id or "").startswith("req_")
    reason = {name.lower(): value for name, value in (error.headers or {}).items()}.get("stripe-rate-limited-reason")
    expected = ("global-concurrency" if case.known else "global-rate") if case.kind == "rate_limited" else None
    assert reason == expected


# AWS

AWS: list[tuple[str, str, Callable[[BaseClient], object]]] = [
    ("dynamodb", "aws_json", lambda client: client.get_item(TableName="Orders", Key={"id": {"S": "1"}})),
    ("bedrock-runtime", "aws_rest", lambda client: client.invoke_model(modelId="m", body=b"{}")),
    ("sns", "aws_query", lambda client: client.publish(TopicArn="arn:aws:sns:us-east-1:123456789012:x", Message="m")),
    ("s3", "s3", lambda client: client.get_object(Bucket="shop", Key="a/b")),
]
CODES = {
    "aws_json": {
        "rate_limited": "ProvisionedThroughputExceededException",
        "unauthorized": "UnrecognizedClientException",
        "token_expired": "ExpiredTokenException",
        "permission_denied": "AccessDeniedException",
        "not_found": "ResourceNotFoundException",
        "invalid_request": "ValidationException",
        "conflict": "TransactionConflictException",
        "server_error": "InternalServerError",
        "unavailable": "ServiceUnavailableException",
    },
    "aws_rest": {
        "rate_limited": "ThrottlingException",
        "token_expired": "ExpiredTokenException",
        "permission_denied": "AccessDeniedException",
        "not_found": "ResourceNotFoundException",
        "invalid_request": "ValidationException",
        "server_error": "InternalServerException",
        "unavailable": "ServiceUnavailableException",
        "gateway_timeout": "ModelTimeoutException",
    },
    "aws_query": {
        "rate_limited": "Throttling",
        "unauthorized": "InvalidClientTokenId",
        "token_expired": "ExpiredToken",
        "permission_denied": "AccessDenied",
        "not_found": "NotFound",
        "server_error": "InternalFailure",
        "overloaded": "ServiceUnavailable",
    },
    "s3": {
        "rate_limited": "SlowDown",
        "request_too_large": "EntityTooLarge",
        "unauthorized": "InvalidAccessKeyId",
        "token_expired": "ExpiredToken",
        "permission_denied": "AccessDenied",
        "not_found": "NoSuchKey",
        "conflict": "OperationAborted",
        "server_error": "InternalError",
    },
}


@pytest.fixture(scope="module")
def aws(tool: Tool) -> dict[str, BaseClient]:
    session = botocore.session.Session()
    session.set_credentials("AKIAEXAMPLE", "secret")
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, s3={"addressing_style": "path"})
    return {
        dialect: session.create_client(service, region_name="us-east-1", endpoint_url=tool.url, config=config)
        for service, dialect, _ in AWS
    }


@pytest.mark.parametrize(("dialect", "kind"), [(dialect, kind) for dialect in CODES for kind in CODES[dialect]])
def test_aws(dialect: str, kind: str, aws: dict[str, BaseClient], fails: Callable[..., Reply]) -> None:
    ((_, _, call),) = [entry for entry in AWS if entry[1] == dialect]
    for known in ({}, {"message": 'Ours & <b>"yours"</b>'}):
        reply = fails(dialect, kind, **known)
        with pytest.raises(ClientError) as failure:
            call(aws[dialect])
        said = failure.value.response
        assert said["Error"]["Code"] == CODES[dialect][kind]
        assert said["ResponseMetadata"]["HTTPStatusCode"] == reply.status
        assert len(said["ResponseMetadata"]["RequestId"]) >= 16
        assert said["Error"]["Message"] == known.get("message", said["Error"]["Message"]) != ""


# Slack

SLACK = [
    ("rate_limited", "ratelimited", 429),
    ("unauthorized", "invalid_auth", 200),
    ("token_expired", "token_expired", 200),
    ("token_revoked", "token_revoked", 200),
    ("insufficient_scope", "missing_scope", 200),
    ("permission_denied", "not_in_channel", 200),
    ("not_found", "channel_not_found", 200),
    ("invalid_request", "invalid_arguments", 200),
    ("server_error", "fatal_error", 200),
    ("error_in_success", "internal_error", 200),
    ("unavailable", "service_unavailable", 503),
]


@pytest.mark.parametrize(("kind", "code", "status"), SLACK)
def test_slack(kind: str, code: str, status: int, tool: Tool, fails: Callable[..., Reply]) -> None:
    fails("slack", kind, scope="chat:write", retry_after=29.2)
    client = slack_sdk.WebClient("xoxb-1", base_url=f"{tool.url}/api/", retry_handlers=[])
    with pytest.raises(SlackApiError) as failure:
        client.chat_postMessage(channel="C1", text="hi")
    response = failure.value.response
    assert (response["error"], response.status_code) == (code, status)
    again = {name.lower(): value for name, value in response.headers.items()}.get("retry-after")
    assert again == ("30" if kind == "rate_limited" else None)
    if kind == "insufficient_scope":
        assert response["needed"] == "chat:write"
