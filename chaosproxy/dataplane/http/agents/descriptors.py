"""How many connections the files that this process may open are enough for. Knows no connection."""

import logging
import resource

RESERVED = 128
"""Files for everything else: the journal, the admin port, name look-ups, libraries."""

FOR_AGENTS = 0.75
"""Share of the files that agents' connections may take. The rest is for those to tools, which fewer need at a time."""

log = logging.getLogger("chaosproxy.listener")


def raise_limit() -> int:
    """Let this process open as many files as it may (its soft limit becomes its hard one); how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:  # macOS refuses a limit that its kernel cannot keep
            log.info("open_files_not_raised soft=%d hard=%d error=%s", soft, hard, error)
        else:
            soft = hard
    return soft if soft != resource.RLIM_INFINITY else 2**31


def connections_for(files: int, wanted: int) -> int:
    """How many connections to accept at most: those wanted, or as many as there are files for."""
    return max(1, min(wanted, int((files - RESERVED) * FOR_AGENTS)))
