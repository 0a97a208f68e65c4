"""The shipped rules and alerts: valid, about metrics that exist, and each of them seen to speak and to be silent."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.deploy.metric_names import unknown_metrics

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
TESTS = sorted((FOLDER / "tests").glob("*.yaml"))
RUNBOOK = ROOT / "docs" / "runbook.md"


class Rule(NamedTuple):
    """One entry of a rules file."""

    name: str
    content: dict[str, Any]


def rules(file: str, key: str) -> list[Rule]:
    groups = yaml.safe_load((FOLDER / file).read_text())["groups"]
    return [Rule(rule[key], rule) for group in groups for rule in group["rules"]]


RECORDED = rules("rules.yml", "record")
ALERTS = rules("alerts.yml", "alert")


def unit_tests() -> Iterator[dict[str, Any]]:
    for path in TESTS:
        yield from yaml.safe_load(path.read_text())["tests"]


def promtool(*arguments: str) -> tuple[int, str]:
    ran = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def test_example_configuration_is_valid() -> None:
    code, said = promtool("check", "config", "prometheus.yml")

    assert code == 0, said
    assert f"{len(RECORDED)} rules found" in said
    assert f"{len(ALERTS)} rules found" in said


@pytest.mark.parametrize("tests", TESTS, ids=lambda path: path.name)
def test_what_the_rules_say(tests: Path) -> None:
    code, said = promtool("test", "rules", str(tests))

    assert code == 0, said


@pytest.mark.parametrize("rule", RECORDED, ids=lambda rule: rule.name)
def test_recorded_is_seen_to_say_something(rule: Rule) -> None:
    asked = [each for test in unit_tests() for each in test.get("promql_expr_test", ())]
    answers = [each["exp_samples"] for each in asked if each["expr"].startswith(rule.name)]

    assert any(sample["value"] != 0 for samples in answers for sample in samples)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_alert_is_seen_to_fire_and_to_be_silent(rule: Rule) -> None:
    asked = [each for test in unit_tests() for each in test.get("alert_rule_test", ())]
    seen = {bool(each["exp_alerts"]) for each in asked if each["alertname"] == rule.name}

    assert seen == {True, False}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_alert_tells_people_what_to_do(rule: Rule) -> None:
    notes = rule.content["annotations"]
    anchor = rule.name.lower()
    headings = {re.sub(r"[^a-z0-9-]", "", line.lower()) for line in RUNBOOK.read_text().splitlines() if line[:1] == "#"}

    assert set(notes) == {"summary", "description", "runbook"}
    assert len(notes["summary"]) <= 100
    assert notes["description"].endswith(".")
    assert notes["runbook"] == f"docs/runbook.md#{anchor}"
    assert anchor in headings
    assert rule.content["labels"]["severity"] in {"critical", "warning", "info"}


@pytest.mark.parametrize("rule", [*RECORDED, *ALERTS], ids=lambda rule: rule.name)
def test_rules_ask_for_what_there_is(rule: Rule) -> None:
    recorded = {each.name for each in RECORDED}

    assert unknown_metrics(rule.content["expr"], recorded) == set()
