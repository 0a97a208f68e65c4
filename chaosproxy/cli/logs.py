"""Our own log lines: event names with fields, on stderr."""

import logging


def log_to_stderr() -> None:
    """Show warnings and worse."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
