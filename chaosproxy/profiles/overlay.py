"""A later file over an earlier one: mappings merge key by key, rules by name, all else is replaced.

Each value keeps the place at which it was written, so a mistake in the sum points into the right file. Laws: nothing
over a profile is that profile; overlays that touch different things can be grouped in any way.
"""

from chaosproxy.profiles.document import Entry, Listing, Mapping, Node, Scalar, at
from chaosproxy.profiles.mistakes import Path


def overlay(base: Node, top: Node, path: Path = ()) -> Node:
    """`top` laid over `base`."""
    if len(path) == 2 and path[0] == "upstreams":
        base, top = _spelled_out(base, top), _spelled_out(top, base)
    if isinstance(base, Mapping) and isinstance(top, Mapping):
        return _merged(base, top, path)
    if isinstance(base, Listing) and isinstance(top, Listing) and path == ("rules",):
        return _rules(base, top)
    return top


def _merged(base: Mapping, top: Mapping, path: Path) -> Mapping:
    entries = dict(base.entries)
    for key, entry in top.entries.items():
        if key in entries:
            entries[key] = Entry(entry.key, overlay(entries[key].node, entry.node, (*path, key)))
        else:
            entries[key] = entry
    return Mapping(entries, base.place)


def _rules(base: Listing, top: Listing) -> Listing:
    """A rule of the same name takes the place of the earlier one; the others come after."""
    items = list(base.items)
    free = {name: nth for nth, item in enumerate(items) if (name := _name_of(item)) is not None}
    for item in top.items:
        name = _name_of(item)
        if name is not None and name in free:
            items[free.pop(name)] = item
        else:
            items.append(item)
    return Listing(tuple(items), base.place)


def _name_of(rule: Node) -> str | None:
    name = at(rule, ("name",))
    return name.value if isinstance(name, Scalar) and isinstance(name.value, str) else None


def _spelled_out(upstream: Node, other: Node) -> Node:
    """A URL alone as a mapping, where the other file has a mapping: so each keeps what only it says."""
    if isinstance(upstream, Scalar) and isinstance(upstream.value, str) and isinstance(other, Mapping):
        return Mapping({"url": Entry(upstream.place, upstream)}, upstream.place)
    return upstream
