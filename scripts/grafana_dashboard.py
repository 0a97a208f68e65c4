"""Writes the Grafana dashboard of deploy/grafana/panels.yaml as Grafana reads it: dashboards/chaosproxy.json.

    python scripts/grafana_dashboard.py            write it
    python scripts/grafana_dashboard.py --check    write nothing; exit 1 if it is out of step

For Grafana 10.0 and newer. What is shown stands in panels.yaml; this file only lays it out.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "grafana"
PANELS = FOLDER / "panels.yaml"
DASHBOARD = FOLDER / "dashboards" / "chaosproxy.json"

Json = dict[str, Any]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SHORT = {
    "HERE": 'instance=~"$instance"',
    "TOOL": 'instance=~"$instance", tool=~"$tool"',
    "FAULT": 'instance=~"$instance", fault=~"$fault"',
    "BOTH": 'instance=~"$instance", fault=~"$fault", tool=~"$tool"',
    "PACE": "$__rate_interval",
    "RANGE": "$__range",
}
"""What panels.yaml says for short."""

VARIABLES = {
    "profile": ("Profile", "label_values(chaosproxy_profile_info, name)"),
    "instance": ("Proxy", 'label_values(chaosproxy_profile_info{name=~"$profile"}, instance)'),
    "tool": ("Tool", "label_values(chaosproxy_calls_total{HERE}, tool)"),
    "fault": ("Fault", "label_values(chaosproxy_episode_verdicts_total{HERE}, fault)"),
}
"""The choices above the panels: what each is called, and where its values come from."""

GRID = 24
"""Columns of Grafana's grid."""


class Look(NamedTuple):
    """How a kind of panel is drawn."""

    type: str
    """Grafana's name for it."""
    width: int
    height: int
    options: Json
    custom: Json
    transformations: Sequence[Json] = ()


_LEGEND = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]}
_OVER_TIME = {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
_CELLS = {"showHeader": True, "cellHeight": "sm"}
_NO_TIME = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}
_MATRIX = {"columnField": "tool", "rowField": "fault", "valueField": "Value", "emptyValue": "null"}
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}

LOOKS = {
    "lines": Look(
        "timeseries", 8, 8, _OVER_TIME, {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": True}
    ),
    "bars": Look(
        "timeseries",
        8,
        8,
        _OVER_TIME,
        {"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}},
    ),
    "stat": Look(
        "stat",
        4,
        4,
        {
            "reduceOptions": _LAST,
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
        },
        {},
    ),
    "matrix": Look(
        "table",
        12,
        9,
        _CELLS,
        {"align": "auto", "cellOptions": {"type": "color-background", "mode": "basic"}, "inspect": False},
        ({"id": "groupingToMatrix", "options": _MATRIX},),
    ),
    "table": Look(
        "table",
        8,
        8,
        _CELLS,
        {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
        ({"id": "merge", "options": {}}, {"id": "organize", "options": _NO_TIME}),
    ),
}

GOOD: Mapping[str | None, Sequence[tuple[str, float | None]]] = {
    None: (("text", None),),
    "high": (("red", None), ("orange", 0.8), ("green", 0.95)),
    "low": (("green", None), ("orange", 0.05), ("red", 0.1)),
    # Nearly, because an increase is extrapolated and seldom a whole number.
    "none": (("green", None), ("red", 0.5)),
    "ten": (("orange", None), ("green", 9.5)),
}
"""Colours, and the value from which each holds."""


def spelled_out(query: str) -> str:
    """A query as Grafana knows it."""
    return re.sub(rf"\b({'|'.join(SHORT)})\b", lambda found: SHORT[found[1]], query)


def target(query: Mapping[str, str], letter: str, kind: str) -> Json:
    """One query of a panel. A number, a matrix or a table asks once for the whole time that is shown."""
    once = kind not in {"lines", "bars"}
    return {
        "refId": letter,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": spelled_out(query["expr"]),
        "legendFormat": query.get("legend", "__auto"),
        "instant": once,
        "range": not once,
        "format": "table" if LOOKS[kind].type == "table" else "time_series",
        "exemplar": not once and "_bucket{" in query["expr"],
    }


def column(place: int, shown: Mapping[str, str], of: int) -> Json:
    """How the answers of a table's query are called, and their unit."""
    unit = shown.get("unit", "short")
    return {
        "matcher": {"id": "byName", "options": f"Value #{letter(place)}" if of > 1 else "Value"},
        "properties": [
            {"id": "displayName", "value": shown["name"]},
            {"id": "unit", "value": unit},
            {"id": "decimals", "value": 1 if unit == "percentunit" else 0},
        ],
    }


def letter(place: int) -> str:
    """Grafana's name for the query at this place: A, B, ..."""
    return chr(ord("A") + place)


def panel(said: Mapping[str, Any], number: int, left: int, top: int) -> Json:
    """One panel, with its upper left corner there."""
    (kind,) = LOOKS.keys() & said.keys()
    look = LOOKS[kind]
    columns = said.get("columns", ())
    queries = columns or said.get("queries") or [said]
    options = look.options | ({"textMode": "name" if "legend" in said else "auto"} if kind == "stat" else {})
    steps = [{"color": colour, "value": value} for colour, value in GOOD[said.get("good")]]
    return {
        "id": number,
        "title": said[kind],
        "description": said["says"],
        "type": look.type,
        "datasource": SOURCE,
        "gridPos": {"h": look.height, "w": look.width, "x": left, "y": top},
        "targets": [target(query, letter(place), kind) for place, query in enumerate(queries)],
        "fieldConfig": {
            "defaults": {
                "unit": said.get("unit", "short"),
                "custom": look.custom,
                "mappings": [],
                "thresholds": {"mode": "absolute", "steps": steps},
                "color": {"mode": "palette-classic" if look.type == "timeseries" else "thresholds"},
            },
            "overrides": [column(place, shown, len(columns)) for place, shown in enumerate(columns)],
        },
        "options": options,
        "transformations": list(look.transformations),
    }


def panels(rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Rows, and under each its panels from left to right, a new line where one is full."""
    numbers = count(1)
    laid: list[Json] = []
    top = 0
    for row in rows:
        place = {"h": 1, "w": GRID, "x": 0, "y": top}
        head = {
            "id": next(numbers),
            "type": "row",
            "title": row["row"],
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        laid.append(head)
        left, top, tallest = 0, top + 1, 0
        for said in row["panels"]:
            look = LOOKS[next(kind for kind in LOOKS if kind in said)]
            if left + look.width > GRID:
                left, top, tallest = 0, top + tallest, 0
            laid.append(panel(said, next(numbers), left, top))
            left, tallest = left + look.width, max(tallest, look.height)
        top += tallest
    return laid


def variable(name: str, label: str, query: str) -> Json:
    """A choice above the panels: any number of values, all of them at first."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "query": {"query": spelled_out(query), "refId": f"variable-{name}"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "options": [],
        "regex": "",
        "skipUrlSync": False,
    }


def dashboard() -> Json:
    """The whole dashboard."""
    source = {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1}
    source |= {"multi": False, "includeAll": False, "current": {}, "hide": 0, "options": [], "regex": ""}
    return {
        "uid": "chaosproxy",
        "title": "chaosproxy: how agents recover",
        "description": "Faults that strike agents' tools, and how the agents cope with them.",
        "tags": ["chaosproxy"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "timezone": "",
        "links": [],
        "annotations": {"list": []},
        "templating": {"list": [source, *(variable(name, *rest) for name, rest in VARIABLES.items())]},
        "panels": panels(yaml.safe_load(PANELS.read_text(encoding="utf-8"))),
    }


def main(arguments: list[str]) -> int:
    """Write the dashboard, or with `--check` compare it. The exit code."""
    text = json.dumps(dashboard(), indent=2) + "\n"
    if DASHBOARD.exists() and DASHBOARD.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"{DASHBOARD.name} is out of step: run python scripts/grafana_dashboard.py", file=sys.stderr)
        return 1
    DASHBOARD.write_text(text, encoding="utf-8")
    print(f"wrote {DASHBOARD.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
