"""The page about dialects: complete, and true in its examples."""

import re

import yaml

from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects import builtin_names, parse_dialect
from chaosproxy.dialects.handbook import dialects_handbook
from chaosproxy.dialects.model import DialectFile
from chaosproxy.dialects.placeholders import Template


def test_it_tells_of_every_dialect_and_in_each_of_every_kind() -> None:
    page = dialects_handbook()
    for name in builtin_names():
        chapter = re.search(rf"^## {name}\n(.*?)^## ", page, re.DOTALL | re.MULTILINE)
        assert chapter is not None, name
        assert all(chapter[1].count(f"`{kind}`") == 1 for kind in FailureKind), name
        assert "HTTP/1.1 " in chapter[1]


def test_its_examples_load() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", dialects_handbook(), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        parse_dialect(yaml.safe_load(example), "example.yaml")


def test_it_tells_of_every_key_and_placeholder() -> None:
    page = dialects_handbook()
    assert all(f"| `{key}` |" in page for key in DialectFile.model_fields)
    told = {
        name
        for cell in re.findall(r"^\| (`[^|]*`) \|", page.split("### Placeholders")[1], re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
    }
    for name in told:
        Template.of(f"${{{name}}}")
    assert len(told) > 25


def test_it_does_not_name_us() -> None:
    assert "chaos" not in dialects_handbook().lower()
