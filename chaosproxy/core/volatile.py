"""Names of arguments that say nothing about what is wanted. Knows no format and no call."""

VOLATILE = frozenset(
    {
        "timestamp",
        "ts",
        "date",
        "nonce",
        "request_id",
        "requestid",
        "trace_id",
        "traceid",
        "traceparent",
        "span_id",
        "correlation_id",
        "idempotency_key",
        "idempotencykey",
        "_meta",
        "_",
    }
)
"""In lower case: they change from attempt to attempt, and the intention stays."""
