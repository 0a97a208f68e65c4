"""The formats of a report by name, and the one that a file's name asks for. Must not know what they look like."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaosproxy.reports.model import Report

FORMATS = ("text", "json", "html", "markdown", "junit")

_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        ".txt": "text",
        ".json": "json",
        ".html": "html",
        ".htm": "html",
        ".md": "markdown",
        ".markdown": "markdown",
        ".xml": "junit",
    }
)
"""What the end of a file's name says."""


def format_of(path: Path) -> str | None:
    """The format that goes with a file's name; None if it says nothing."""
    return _ENDINGS.get(path.suffix.lower())


def endings() -> str:
    """The ends of names that say a format, for people."""
    return ", ".join(_ENDINGS)


def rendered(report: Report, form: str) -> str:
    """The report in one of `FORMATS`, without colours. Only that format's code is imported: some of it is large."""
    module: Any = importlib.import_module(f"chaosproxy.reports.{form}")
    shown = module.render(report)
    assert isinstance(shown, str)
    return shown
