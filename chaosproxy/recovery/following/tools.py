"""What the profile says of tools, as far as recovery goes by it. Must not know calls or operations."""

from chaosproxy.core.volatile import VOLATILE
from chaosproxy.profiles.models import Profile

REMEMBERED = 1_000
"""Tools whose path templates are remembered. Names may be inferred from paths, so there is no end to them."""

Template = tuple[str | None, ...]
"""For each segment of a path from the right: the name of what varies there (`*`: the whole rest), or None."""


class Tools:
    """What was declared of tools; of others, nothing is known but their names."""

    def __init__(self, profile: Profile) -> None:
        self.escalating = frozenset(name for name, tool in profile.tools.items() if tool.escalates)
        """Those that tell a human."""
        self.stands_in = {name: tool.fallback_for for name, tool in profile.tools.items() if tool.fallback_for}
        """For each tool that is a fallback: those it stands in for."""
        self.shows = {name: frozenset(tool.checks) for name, tool in profile.tools.items() if tool.checks}
        """For each tool that checks: the writes whose effect it shows."""
        everywhere = VOLATILE | {name.lower() for name in profile.recovery.volatile}
        self._volatile = {
            name: everywhere | {argument.lower() for argument in tool.volatile}
            for name, tool in profile.tools.items()
            if tool.volatile
        }
        self._volatile_elsewhere = everywhere
        self._paths = {name: tool.path for name, tool in profile.tools.items()}
        self._templates: dict[str, Template] = {}

    def volatile(self, tool: str) -> frozenset[str]:
        """Names of arguments, in lower case, that say nothing about what is wanted."""
        return self._volatile.get(tool, self._volatile_elsewhere)

    def template(self, tool: str) -> Template:
        """What varies in the tool's path: of a declared one as declared, else as its name `GET /items/{id}` has it."""
        known = self._templates.get(tool)
        if known is None:
            if len(self._templates) >= REMEMBERED:
                self._templates.clear()
            path = self._paths.get(tool) or tool.partition(" ")[2]
            known = self._templates[tool] = _template(path.partition("?")[0])
        return known


def _template(path: str) -> Template:
    if not path.startswith("/"):
        return ()
    segments = path.split("/")
    segments.reverse()
    return tuple(segment.strip("{}") if segment.startswith("{") or segment == "*" else None for segment in segments)
