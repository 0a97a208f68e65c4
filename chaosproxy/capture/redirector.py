"""What the process behind `local` mode has to say: it starts last, and may end without mitmproxy minding."""

import logging
import re

SPEAKS_AS = "mitmproxy.packet_sources"
"""The logger of what that process prints."""

_CAUSE = re.compile(r"(?:Error|\d+): (.+)")

log = logging.getLogger("chaosproxy.capture")


class Redirector(logging.Handler):
    """Listens to it while it is installed: pages of a kernel's complaints become the one line that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: str | None = None
        """Why it has ended, once it has."""
        self.expected = True
        """Is somebody waiting to see whether it ends?"""
        self._causes: list[str] = []
        self._told = False
        self._logger = logging.getLogger(SPEAKS_AS)

    def install(self) -> None:
        """Listen, in the log's place."""
        self._logger.addHandler(self)
        self._logger.propagate = False

    def uninstall(self) -> None:
        """Let the log have it again."""
        self._logger.removeHandler(self)
        self._logger.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`."""
        text = record.getMessage().strip()
        if record.levelno >= logging.ERROR:
            self.problem = ": ".join(self._causes) or text
            if not self.expected:
                log.error("local_mode_ended: %s", self.problem)
        elif text.startswith("Stack backtrace"):
            self._told = True
        elif not self._told and (cause := _CAUSE.fullmatch(text)):
            self._causes.append(cause[1])
