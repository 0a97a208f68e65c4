"""Every section of the run, in the order in which it is measured and printed."""

from collections.abc import Mapping

from benchmarks import delays, first_event, hanging, judging, large_body, many_rules, soak, starting, tls
from benchmarks.findings import Section

SECTIONS: Mapping[str, Section] = {
    each.name: each
    for each in (
        tls.SECTION,
        many_rules.SECTION,
        judging.SECTION,
        hanging.SECTION,
        delays.SECTION,
        large_body.SECTION,
        first_event.SECTION,
        starting.SECTION,
        soak.SECTION,
    )
}
