"""What holds for the whole checkout: who imports whom, names, sizes, pages in step, links, the wheel."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

import chaosproxy

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "chaosproxy"
MODULES = sorted(PACKAGE.rglob("*.py"))
FAULTS = sorted(path.stem for path in (PACKAGE / "faults").glob("[!_]*.py"))
PROFILES = sorted((ROOT / "fault_profiles").rglob("*.yaml"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

OURS = ("chaosproxy", "fault_profiles", "tests", "benchmarks", "docs", "scripts", "examples")
EVASIVE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}
LINES = 400


def of_checkout(pattern: str) -> Iterator[Path]:
    """Files of ours, and none of an environment, a cache or a build that happens to lie in the checkout."""
    yield from ROOT.glob(pattern)
    for folder in OURS:
        yield from (ROOT / folder).rglob(pattern)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


# The code


def test_rooms_import_downwards_only() -> None:
    lint = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")

    assert lint.returncode == 0, lint.stdout + lint.stderr


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_module_says_its_job(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text())), "a file opens with its one job"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_module_can_be_read_at_a_sitting(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LINES


def test_no_file_has_an_evasive_name() -> None:
    evasive = [
        named(path)
        for path in of_checkout("*")
        if EVASIVE & set(re.split(r"[^a-z]+", path.name.lower())) and "__pycache__" not in path.parts
    ]

    assert evasive == []


def test_version_has_one_source() -> None:
    repeated = re.compile(rf"(?<![\d.]){re.escape(chaosproxy.__version__)}(?![\d.])")
    code = [path for path in of_checkout("*.py") if repeated.search(path.read_text())]
    code += [
        path
        for path in (ROOT / "pyproject.toml", ROOT / "Dockerfile", ROOT / "Makefile")
        if repeated.search(path.read_text())
    ]

    assert "version" in PYPROJECT["project"]["dynamic"]
    assert version("chaosproxy") == chaosproxy.__version__
    assert [named(path) for path in code] == ["chaosproxy/__init__.py"]


# The tests


def waits(module: Path) -> Iterator[int]:
    """Lines that sleep. `sleep(0)` gives way to others and waits for nothing."""
    for node in ast.walk(ast.parse(module.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        gives_way = [argument.value for argument in node.args if isinstance(argument, ast.Constant)] == [0]
        if name == "sleep" and not gives_way:
            yield node.lineno


def test_only_end_to_end_tests_wait() -> None:
    modules = [path for path in (ROOT / "tests").rglob("*.py") if "e2e" not in path.parts]
    waiting = [f"{named(module)}:{line}" for module in modules for line in waits(module)]

    assert waiting == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names)), "pytest imports tests by their bare names"


# The catalogue


def faults_in(value: object) -> Iterator[str]:
    """The types of the faults in a profile as it is written."""
    document = value if isinstance(value, dict) else {}
    for rule in document.get("rules", ()):
        given = rule["fault"]
        for fault in given if isinstance(given, list) else [given]:
            yield fault["type"]


def test_there_are_faults_and_profiles() -> None:
    assert len(FAULTS) >= 13
    assert len(PROFILES) >= 8


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_knows_no_other_fault(fault: str) -> None:
    others = {f"chaosproxy.faults.{other}" for other in FAULTS} | {"chaosproxy.faults._catalogue"}
    tree = ast.parse((PACKAGE / "faults" / f"{fault}.py").read_text())
    known = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    known |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    assert known & others == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_has_its_test(fault: str) -> None:
    assert (ROOT / "tests" / "faults" / f"test_{fault}.py").is_file()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_has_its_story_in_a_shipped_profile(fault: str) -> None:
    shown = {name for profile in PROFILES for name in faults_in(yaml.safe_load(profile.read_text()))}

    assert fault in shown


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_in_the_docs(fault: str) -> None:
    headings = re.findall(r"^#+ +`?(\w+)`?", (ROOT / "docs" / "faults.md").read_text(), re.MULTILINE)

    assert fault in headings


# The pages


def test_generated_pages_are_in_step() -> None:
    check = run(sys.executable, "docs/generate.py", "--check")

    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("page", sorted(of_checkout("*.md")), ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = [unquote(target.partition("#")[0]) for target in re.findall(r"\]\(([^)\s]+)\)", prose)]
    relative = [target for target in targets if target and not re.match(r"[a-z]+:", target)]

    assert [target for target in relative if not (page.parent / target).exists()] == []


def test_changelog_tells_of_this_version() -> None:
    assert f"\n## [{chaosproxy.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


# What is compiled

COMPILED_ANCESTORS = {"AgentHost"}
"""Ours, and compiled themselves."""


@pytest.mark.parametrize("module", PYPROJECT["tool"]["hatch"]["build"]["hooks"]["custom"]["compiled"])
def test_mypyc_can_compile_it(module: str) -> None:
    """Its classes descend from none that mypyc does not know: their keywords and defaults would be lost in silence."""
    classes = [node for node in ast.walk(ast.parse((ROOT / module).read_text())) if isinstance(node, ast.ClassDef)]
    ancestors = {ast.unparse(base) for node in classes for base in node.bases}

    assert ancestors <= {"Enum", "Exception", "Protocol", *COMPILED_ANCESTORS}


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installer builds it, by the build backend that is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.xdist_group("wheel")
def test_wheel_carries_what_is_not_code(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    data = [named(path) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]

    assert {f"chaosproxy/{named(path)}" for path in PROFILES} <= carried
    assert any(name.startswith("chaosproxy/dialects/") for name in data), "dialects are data files"
    assert set(data) <= carried
    assert f"chaosproxy-{chaosproxy.__version__}.dist-info/licenses/LICENSE" in carried


@pytest.mark.xdist_group("wheel")
def test_wheel_carries_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert tops == {"chaosproxy", f"chaosproxy-{chaosproxy.__version__}.dist-info"}


@pytest.mark.xdist_group("wheel")
def test_profiles_are_found_by_name_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    ask = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from chaosproxy.profiles.shipped import shipped_profiles\n"
        "for name, path in sorted(shipped_profiles().items()): print(name, path)"
    )
    answer = run(sys.executable, "-I", "-c", ask, cwd=tmp_path)

    found = dict(line.split(" ", 1) for line in answer.stdout.splitlines())
    assert answer.returncode == 0, answer.stderr
    assert found == {path.stem: str(tmp_path / "chaosproxy" / named(path)) for path in PROFILES}
