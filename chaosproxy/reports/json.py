"""The report as JSON, and the JSON Schema that it keeps to: made from the model, so that it cannot say otherwise."""

from typing import Any, Final

import msgspec

from chaosproxy.core.attribute_docs import attribute_docs
from chaosproxy.reports import model
from chaosproxy.reports.model import Part, Report

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID: Final = "urn:chaosproxy:report:1"
"""A name, not an address: the schema comes with the program (`chaosproxy report --schema`)."""


def render(report: Report) -> str:
    """The whole report, indented."""
    return msgspec.json.format(msgspec.json.encode(report).decode(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `render` gives. Other fields are allowed: later versions add some."""
    (whole,), definitions = msgspec.json.schema_components([Report], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        described = getattr(model, name, None)
        if isinstance(described, type) and issubclass(described, Part):
            _describe(definition, attribute_docs(described))
    return {"$schema": DIALECT, "$id": SCHEMA_ID, "title": "Report", **whole, "$defs": definitions}


def _describe(definition: dict[str, Any], docs: dict[str, str]) -> None:
    for name, told in definition["properties"].items():
        if name in docs and "$ref" not in told:
            told["description"] = docs[name]
