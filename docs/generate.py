"""Writes the pages of docs/ that are made from the code, so that the two cannot disagree.

    python docs/generate.py            write them
    python docs/generate.py --check    write nothing; exit 1 and name the pages that are out of step

What a page says is said in the code: in the faults' docstrings, the profile's models and the metric table. This file
only lays it out.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from chaosproxy.core.attribute_docs import attribute_docs
from chaosproxy.core.conclusions import Because, Resolution
from chaosproxy.dialects.handbook import dialects_handbook
from chaosproxy.faults._catalogue import by_family, summary
from chaosproxy.faults._document import handbook, heading, reactions
from chaosproxy.profiles import models
from chaosproxy.profiles.loader import load_profile
from chaosproxy.profiles.schema import json_schema
from chaosproxy.profiles.shipped import shipped_groups, shipped_profiles
from chaosproxy.profiles.stories import story
from chaosproxy.recovery.following.picture import drawn
from chaosproxy.recovery.following.transitions import Step
from chaosproxy.recovery.following.verdicts import TABLE, Conduct
from chaosproxy.telemetry import metric_table
from chaosproxy.telemetry.metric_table import Metric

DOCS = Path(__file__).resolve().parent
MADE = "<!-- Made by `make docs` from {source}. Change it there. -->\n"

SECTIONS = (
    (models.Profile, "the file"),
    (models.Upstream, "`upstreams: NAME:`"),
    (models.Tool, "`tools: NAME:`"),
    (models.Rule, "`rules:`, each"),
    (models.Match, "`match:` of a rule"),
    (models.When, "`when:` of a rule"),
    (models.Ramp, "`when: {ramp:}`"),
    (models.Outage, "`when: {outage:}`"),
    (models.Burst, "`when: {burst:}`"),
    (models.RunPhase, "`phases:`, each"),
    (models.Safety, "`safety:`"),
    (models.Sessions, "`sessions:`"),
    (models.Recovery, "`recovery:`"),
    (models.Loop, "`recovery: {loop:}`"),
    (models.RetryBudget, "`recovery: {retry_budget:}`"),
    (models.Expectation, "`expect: MEASURE:`"),
)


GROUPS = {"teaching": "To learn from", "incidents": "What happened to somebody"}


def faults_page() -> str:
    """docs/faults.md: the catalogue, a chapter a family; on top a table of all."""
    lines = [MADE.format(source="the files of chaosproxy/faults/"), "# Faults", ""]
    lines += ["What can go wrong, and what a healthy agent makes of it. `chaosproxy faults NAME` shows the same, and"]
    lines += ["`chaosproxy faults 429` finds faults by what people call them.", ""]
    for family, faults in by_family().items():
        lines += [f"**[{heading(family)}](#{family})**", "", "| fault | in one sentence | strikes | healthy |"]
        lines += ["| --- | --- | --- | --- |"]
        for name, fault in faults.items():
            strikes = ", ".join(f"`{phase}`" for phase in fault.phases)
            lines.append(f"| [{name}](#{name}) | {cell(summary(fault))} | {strikes} | {reactions(fault.nature)} |")
        lines.append("")
    lines += ["*Strikes*: when, its default first. *Healthy*: what recovery counts as appropriate, with its default"]
    lines += ["settings.", "", ""]
    return "\n".join(lines) + handbook()


def profile_page() -> str:
    """docs/profile.md: every key, section by section."""
    if forgotten := set(models.Section.__subclasses__()) - {section for section, _ in SECTIONS}:
        raise LookupError(f"SECTIONS does not say where these stand in a profile: {forgotten}")
    lines = [MADE.format(source="chaosproxy/profiles/models.py"), "# The keys of a fault profile", ""]
    lines += ["Durations are `250ms`, `2s`, `5m`, `1h`; sizes `64KiB`; rates `30%` or `0.3`. What a fault takes is in"]
    lines += ["[faults.md](faults.md); for editors the same is in [profile.schema.json](profile.schema.json)."]
    for section, where in SECTIONS:
        lines += ["", f"## {where[0].upper()}{where[1:]}", "", " ".join((section.__doc__ or "").split()), ""]
        lines += ["| key | means |", "| --- | --- |"]
        docs = attribute_docs(section)
        for name, field in section.model_fields.items():
            must = " **Must be given.**" if field.is_required() else ""
            lines.append(f"| `{field.alias or name}` | {cell(docs.get(name, ''))}{must} |")
    return "\n".join(lines) + "\n"


def schema_page() -> str:
    """docs/profile.schema.json: what `chaosproxy schema` prints."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def metrics_page() -> str:
    """docs/metrics.md: every metric."""
    lines = [MADE.format(source="chaosproxy/telemetry/metric_table.py"), "# Metrics", ""]
    lines += [
        "Scraped from `/metrics` on the admin port. No label ever holds a session, an id, a URL, an argument or a text."
    ]
    lines += ["", "| metric | kind | labels | says |", "| --- | --- | --- | --- |"]
    metrics = [entry for entry in vars(metric_table).values() if isinstance(entry, Metric)]
    for metric in metrics:
        lines.append(f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels)} | {cell(metric.help)} |")
    lines += ["", "## Buckets", "", "| histogram | upper bounds, without `+Inf` |", "| --- | --- |"]
    for metric in metrics:
        if metric.bounds:
            lines.append(f"| `{metric.name}` | {', '.join(f'{bound:g}' for bound in metric.bounds)} |")
    return "\n".join(lines) + "\n"


def states_page() -> str:
    """docs/recovery-states.md: the life of an episode, and its verdict, from the tables that they are looked up in."""
    lines = [MADE.format(source="transitions.py and verdicts.py of chaosproxy/recovery/following/")]
    lines += ["# The life of an episode", ""]
    lines += ["The words are those of [recovery.md](recovery.md).", "", "```mermaid", drawn().rstrip(), "```", ""]
    lines += ["| step | is taken when |", "| --- | --- |"]
    steps = attribute_docs(Step)
    lines += [f"| `{step}` | {cell(steps.get(step.name, str(step).replace('_', ' ')))} |" for step in Step]
    lines += ["", "## Verdicts", "", "The first line that fits decides.", ""]
    lines += ["| resolution | and | verdict | because |", "| --- | --- | --- | --- |"]
    conduct, reasons = attribute_docs(Conduct), attribute_docs(Because)
    for line in TABLE:
        ended = ", ".join(f"`{each}`" for each in Resolution if each in line.resolutions)
        seen = cell(conduct[line.conduct]) if line.conduct else ""
        why = cell(reasons[line.because.name])
        lines.append(f"| {ended} | {seen} | {line.verdict} | `{line.because}`: {why} |")
    return "\n".join(lines) + "\n"


def dialects_page() -> str:
    """docs/dialects.md: the shipped dialects, and how to write one."""
    return "\n".join([MADE.format(source="chaosproxy/dialects/"), "# Dialects", "", dialects_handbook()])


def profiles_page() -> str:
    """docs/profiles.md: the shipped profiles, each with its story."""
    lines = [
        MADE.format(source="the comments at the top of the files of fault_profiles/"),
        "# The shipped profiles",
        "",
    ]
    lines += [
        "Use one by its name (`chaosproxy serve NAME`), see whom it would hit (`chaosproxy simulate NAME`), or start"
    ]
    lines += ["your own from it (`chaosproxy profiles NAME > mine.yaml`)."]
    for group, names in shipped_groups().items():
        lines += ["", f"## {GROUPS[group]}", "", "| profile | what goes wrong | faults |", "| --- | --- | --- |"]
        loaded = {name: load_profile([shipped_profiles()[name]], {}).profile for name in names}
        for name, profile in loaded.items():
            faults = dict.fromkeys(fault.type for rule in profile.rules for fault in rule.fault)
            links = ", ".join(f"[{fault}](faults.md#{fault})" for fault in faults)
            lines.append(f"| [{name}](#{name}) | {cell(profile.description)} | {links} |")
        for name in names:
            lines += ["", *profile_story(name)]
    return "\n".join(lines) + "\n"


def profile_story(name: str) -> list[str]:
    """The chapter of one shipped profile."""
    path = shipped_profiles()[name]
    told = story(path.read_text(encoding="utf-8"))
    where = path.relative_to(DOCS.parent).as_posix()
    lines = [f"### {name}", "", f"{told.opening} ([{path.name}](../{where}))"]
    for chapter, text in told.chapters.items():
        lines += ["", f"**{chapter}.** {text}"]
    return [*lines, "", "```sh", *told.usage, "```"]


def cell(text: str) -> str:
    """`text` as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Mapping[str, Callable[[], str]] = {
    "faults.md": faults_page,
    "profile.md": profile_page,
    "profiles.md": profiles_page,
    "dialects.md": dialects_page,
    "profile.schema.json": schema_page,
    "metrics.md": metrics_page,
    "recovery-states.md": states_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them. The exit code."""
    pages = {DOCS / name: page() for name, page in PAGES.items()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"docs/{path.name} is out of step with the code: run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote docs/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
