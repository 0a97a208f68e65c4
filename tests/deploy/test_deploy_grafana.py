"""The dashboard: made of panels.yaml, laid out without overlaps, about metrics that exist, and known to Grafana."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.deploy.metric_names import TABLE, unknown_metrics

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboards" / "chaosproxy.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {each["name"]: each for each in DASHBOARD["templating"]["list"]}


def test_it_is_what_panels_yaml_says() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "grafana_dashboard.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


def keys(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf that says something, and where it is."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from keys(inside, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inside in enumerate(value):
            yield from keys(inside, f"{path}[{place}]")
    elif value is not None:
        yield path, value


def test_grafanas_own_schema_knows_every_key() -> None:
    # Reading drops what the schema does not know, so that what comes back tells what it knew.
    read = Dashboard.from_json(DASHBOARD)
    back = json.loads(json.dumps(read, cls=JSONEncoder))

    assert dict(keys(DASHBOARD)).items() <= dict(keys(back)).items()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panel_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    assert panel["description"].endswith((".", "?"))
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        assert unknown_metrics(target["expr"]) == set()
        assert not any(word in target["expr"] for word in ("HERE", "TOOL", "FAULT", "BOTH", "PACE", "RANGE"))


def test_choices_ask_for_what_there_is() -> None:
    assert list(VARIABLES) == ["datasource", "profile", "instance", "tool", "fault"]
    for variable in DASHBOARD["templating"]["list"][1:]:
        assert unknown_metrics(variable["query"]["query"]) == set()


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in DASHBOARD["panels"]]

    assert all(place["x"] + place["w"] <= 24 for _, place in places)
    for (one, a), (other, b) in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (one, other)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def test_every_metric_is_shown() -> None:
    asked = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])

    assert [metric.name for metric in TABLE if metric.name not in asked] == []


def test_provisioning_points_at_each_other() -> None:
    sources = yaml.safe_load((FOLDER / "provisioning" / "datasources" / "prometheus.yaml").read_text())
    providers = yaml.safe_load((FOLDER / "provisioning" / "dashboards" / "chaosproxy.yaml").read_text())
    readme = (FOLDER / "README.md").read_text()

    (source,) = sources["datasources"]
    (provider,) = providers["providers"]
    assert (sources["apiVersion"], source["type"]) == (1, VARIABLES["datasource"]["query"])
    assert source["url"].removeprefix("$") in readme
    assert f":{provider['options']['path']}:ro" in readme
