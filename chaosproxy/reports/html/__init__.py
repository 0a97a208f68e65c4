"""A report as one HTML page that needs nothing else: no network, no script to be read, no other file."""

from chaosproxy.reports.html.page import render

__all__ = ["render"]
