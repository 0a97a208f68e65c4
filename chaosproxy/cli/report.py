"""`chaosproxy report`: how the agent recovered, from the journal of a run."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosproxy.cli.options import REPORT_FORMATS
from chaosproxy.cli.pipes import print_nowhere
from chaosproxy.core.errors import StartError, UsageError

if TYPE_CHECKING:
    from chaosproxy.recovery.scoring.terms import Terms
    from chaosproxy.reports.model import Report

_EPILOG = """Example: chaosproxy report run.jsonl --output report.html

\b
More examples:
  chaosproxy report run.jsonl
  chaosproxy report run.jsonl --format markdown >> "$GITHUB_STEP_SUMMARY"
  chaosproxy report run.jsonl --why agent-1#3
  chaosproxy report faults.jsonl --baseline quiet.jsonl
  zstdcat old.jsonl.zst | chaosproxy report - --format json
"""


@click.command("report", epilog=_EPILOG, short_help="How the agent recovered, from a run's journal.")
@click.argument("journals", nargs=-1, metavar="JOURNAL...")
@click.option(
    "--format",
    "form",
    type=click.Choice(REPORT_FORMATS),
    envvar="CHAOSPROXY_FORMAT",
    help="How it is written; else as the name of --output says, else text.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_OUTPUT",
    help="Write it to this file, and only the verdict to the standard output.",
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    envvar="CHAOSPROXY_BASELINE",
    metavar="JOURNAL",
    help="The journal of a run without faults, to compare with. May be repeated.",
)
@click.option("--run", "run", envvar="CHAOSPROXY_RUN", metavar="ID", help="This run of the journal, not the last one.")
@click.option(
    "--profile",
    envvar="CHAOSPROXY_PROFILE",
    metavar="PROFILE",
    help="Judge by the rules and expectations of this profile, and not by those in the journal.",
)
@click.option(
    "--why",
    metavar="SESSION[#EPISODE]",
    help="Say for one session, episode or call (#12) why it was counted and judged so. Gives no verdict: exit code 0.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the JSON format.")
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    journals: tuple[str, ...],
    form: str | None,
    output: Path | None,
    baselines: tuple[str, ...],
    run: str | None,
    profile: str | None,
    why: str | None,
    schema: bool,
) -> None:
    """Report how the agent recovered, from the journal of a run.

    A JOURNAL is a file as `--journal` writes it, also packed with gzip; - is the standard input. Several are put
    together if they are of one profile, as the replicas of a proxy write them. What cannot be read is left out, and
    the report says so.

    Exit codes: 0 PASS; 1 FAIL; 2 it cannot be reported so; 3 INCONCLUSIVE; 4 it could not be written.
    """
    if schema:
        from chaosproxy.reports.json import schema as report_schema  # noqa: PLC0415

        _print(json.dumps(report_schema(), indent=2) + "\n")
        return
    if not journals:
        raise UsageError("which journal? chaosproxy report run.jsonl (a proxy writes one with --journal run.jsonl)")
    if why is not None:
        _explain(journals, run, why)
        return
    from chaosproxy.cli.delivering import form_for  # noqa: PLC0415 - so that `--help` is quick

    form = form_for(form, output)
    report = _build(journals, baselines, run, None if profile is None else _terms(profile))
    _deliver(report, form, output, journals)
    raise click.exceptions.Exit(report.verdict.exit_code)


def _terms(profile: str) -> "Terms":
    from chaosproxy.cli.loading import load  # noqa: PLC0415 - pydantic is slow to import
    from chaosproxy.recovery.scoring.terms import Terms  # noqa: PLC0415

    return Terms.of(load((profile,), (), None).profile)


def _build(journals: tuple[str, ...], baselines: tuple[str, ...], run: str | None, terms: "Terms | None") -> "Report":
    from chaosproxy.cli.journals import journal_files, reading  # noqa: PLC0415
    from chaosproxy.reports.building import TIMES_READ, Asked, build_report  # noqa: PLC0415

    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with journal_files(journals) as files, journal_files(baselines) as plain:
        asked = Asked(files=files, run=run, baseline=plain, terms=terms, generated=now)
        with reading((*files, *plain), TIMES_READ) as progress:
            return build_report(asked, progress)


def _explain(journals: tuple[str, ...], run: str | None, why: str) -> None:
    from chaosproxy.cli.journals import journal_files, reading  # noqa: PLC0415
    from chaosproxy.reports.runs import choose_runs  # noqa: PLC0415
    from chaosproxy.reports.why import TIMES_READ, Target, explain  # noqa: PLC0415

    with journal_files(journals) as files, reading(files, TIMES_READ) as progress:
        told = explain(choose_runs(files, run, progress), Target(why), progress)
    _print(told)


def _deliver(report: "Report", form: str, output: Path | None, journals: tuple[str, ...]) -> None:
    from chaosproxy.cli.delivering import naming, shown, write_whole  # noqa: PLC0415

    if form == "text":  # which names commands; what came from a pipe cannot be read again
        report = naming(report, journals if all(Path(each).is_file() for each in journals) else ())
    if output is None:
        _print(shown(report, form, sys.stdout))
        return
    write_whole(output, shown(report, form, io.StringIO()))
    _print(f"verdict  {report.verdict.result.upper()}\nreport   {output}\n")


def _print(text: str) -> None:
    """To the standard output, also to one that cannot write every character. Who reads no further changes no verdict.

    Raises:
        StartError: it cannot be written, for another reason than that nobody reads it.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        click.echo(text.encode(encoding, errors="replace").decode(encoding), nl=False, color=True)
        sys.stdout.flush()
    except BrokenPipeError:
        print_nowhere()
    except OSError as error:
        print_nowhere()
        raise StartError(f"the standard output cannot be written: {error.strerror}") from None
