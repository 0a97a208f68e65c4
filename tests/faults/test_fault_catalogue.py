import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it comes without types
import pytest
import yaml

from chaosproxy import faults
from chaosproxy.core.effects import Annotate, Keep
from chaosproxy.core.failures import Nature
from chaosproxy.faults._base import Family, Fault, RememberingFault
from chaosproxy.faults._catalogue import HEADINGS, _fault_in, by_family, catalogue, sections, summary
from chaosproxy.faults._document import document, handbook, reactions, settings
from tests.faults.turns import turn

HERE = Path(__file__).parent
EACH = pytest.mark.parametrize("name", list(catalogue()))


def test_every_file_of_the_folder_is_in_the_catalogue_and_nothing_else() -> None:
    folder = Path(faults.__path__[0])
    assert list(catalogue()) == sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    assert {"latency", "rate_limit", "token_expired"} <= set(catalogue())


def test_a_file_without_its_fault_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r'chaosproxy.faults._base must define one fault of type "_base", and defines 0'
    ):
        _fault_in("_base")


def test_nobody_can_add_to_the_catalogue() -> None:
    with pytest.raises(TypeError):
        catalogue()["mine"] = Fault  # type: ignore[index]  # that it cannot be done is the point
    assert catalogue() is catalogue()


@EACH
def test_a_fault_has_a_story_a_nature_phases_and_a_test(name: str) -> None:
    fault = catalogue()[name]
    assert summary(fault).endswith((".", "504.", "401.", "403."))
    assert "\n" not in summary(fault)
    assert tuple(sections(fault)) == HEADINGS
    assert all(sections(fault).values())
    assert isinstance(fault.nature, Nature)
    assert fault.nature.healthy
    assert fault.phases
    assert (HERE / f"test_{name}.py").exists()


@EACH
def test_the_example_is_a_rule_that_uses_the_fault_and_loads(name: str) -> None:
    (rule,) = yaml.safe_load(catalogue()[name].example)
    assert set(rule) <= {"name", "match", "when", "fault"}
    assert rule["fault"]["type"] == name
    catalogue()[name].model_validate(rule["fault"])


@EACH
def test_every_setting_is_explained(name: str) -> None:
    for setting in settings(catalogue()[name]):
        assert setting.text, setting
        assert setting.kind, setting


@EACH
def test_a_setting_that_does_not_exist_is_refused(name: str) -> None:
    (rule,) = yaml.safe_load(catalogue()[name].example)
    with pytest.raises(ValueError, match="colour"):
        catalogue()[name].model_validate(rule["fault"] | {"colour": "red"})


@EACH
def test_every_phase_is_allowed_or_refused_by_name(name: str) -> None:
    fault = catalogue()[name]
    (rule,) = yaml.safe_load(fault.example)
    plain = {key: value for key, value in rule["fault"].items() if key not in {"phase", "then"}}
    for phase in ("before_upstream", "after_upstream", "during_body"):
        if phase in fault.phases:
            assert fault.model_validate(plain | {"phase": phase}).strikes == phase
        else:
            with pytest.raises(ValueError, match=f"phase: {name} can strike .*, not {phase}"):
                fault.model_validate(plain | {"phase": phase})
    assert fault.model_validate(plain).strikes == fault.phases[0]


def test_settings_are_told_as_they_are_written() -> None:
    told = {setting.name: (setting.kind, setting.default) for setting in settings(catalogue()["latency"])}
    assert told["max"] == ("duration", "10m")
    assert told["alpha"] == ("number", "")
    assert told["phase"] == ("before_upstream or after_upstream", "before_upstream")
    told = {setting.name: (setting.kind, setting.default) for setting in settings(catalogue()["truncated_body"])}
    assert told["keep"] == ("share of the body or size or `2 chunks` or `3 events` or `half the head`", "50%")
    assert told["ending"] == ("close or reset or complete", "close")
    told = {setting.name: (setting.kind, setting.default) for setting in settings(catalogue()["token_expired"])}
    assert told["until"] == ("new_credentials or duration", "new_credentials")


def test_a_page_shows_the_story_the_settings_and_the_example() -> None:
    page = document(catalogue()["timeout"])
    assert page.startswith("## timeout\n\nThe tool does not answer in time.\n\n**What the agent sees.** Silence")
    assert "| `after` | duration | `10m` |" in page
    assert "check first" in page
    assert page.endswith("```\n")


def test_the_families_hold_every_fault_once_in_the_order_of_the_core() -> None:
    families = by_family()

    assert list(families) == [family for family in Family if family in families]
    assert sorted(name for faults in families.values() for name in faults) == list(catalogue())
    assert all(fault.family is family for family, faults in families.items() for fault in faults.values())
    assert all(list(faults) == sorted(faults) for faults in families.values())


def test_the_handbook_has_all_pages_a_chapter_a_family() -> None:
    chapters = re.split(r"^## (\w+)$", handbook(), flags=re.MULTILINE)[1:]

    told = {
        name: re.findall(r"^### (\w+)$", pages, re.MULTILINE) for name, pages in zip(*[iter(chapters)] * 2, strict=True)
    }
    assert told == {family.value.capitalize(): list(faults) for family, faults in by_family().items()}


def test_what_is_healthy_is_told_in_words() -> None:
    assert reactions(catalogue()["rate_limit"].nature) == "wait then retry, fall back"


@EACH
def test_the_schema_takes_the_example_and_refuses_nonsense(name: str) -> None:
    fault = catalogue()[name]
    (rule,) = yaml.safe_load(fault.example)
    schema = fault.model_json_schema()
    jsonschema.validate(rule["fault"], schema)
    for nonsense in ({"colour": "red"}, {"type": "rain"}, {"phase": "sometimes"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(rule["fault"] | nonsense, schema)


def test_what_only_takes_its_time_is_not_said_to_be_an_error() -> None:
    late = {name for name, fault in catalogue().items() if "gets it late" in document(fault)}
    assert late == {"latency", "late_reply", "slow_body", "slow_first_byte", "slow_stream"}
    assert "The agent gets an error; it passes by itself" in document(catalogue()["timeout"])
    assert "The agent gets no error; it passes by itself" in document(catalogue()["duplicate_event"])


def test_sizes_are_shown_as_people_write_them() -> None:
    shown = {setting.name: setting.default for setting in settings(catalogue()["oversized_body"])}
    assert shown["size"] == "10MiB"


@pytest.mark.parametrize(
    "name", [name for name, fault in catalogue().items() if getattr(fault, "always_strikes", False)]
)
def test_what_always_strikes_does(name: str) -> None:
    fault = catalogue()[name].model_validate({"type": name})
    assert isinstance(fault, RememberingFault)
    effects, _ = fault.step(turn(), "the rule", fault.blank(), triggered=True)
    assert [effect for effect in effects if not isinstance(effect, Annotate | Keep)]
