"""Finding a command: what is said when there is none, before anything is run."""

import os
from pathlib import Path

import pytest

from chaosproxy.core.errors import UsageError
from chaosproxy.launch.command import find_command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my-agent").write_text("#!/bin/sh\n")
    (tmp_path / "my-agent").chmod(0o755)
    (tmp_path / "agent.py").write_text("")
    (tmp_path / "data").write_text("")
    return tmp_path


def test_it_is_found_in_the_path(folder: Path) -> None:
    found = find_command(["my-agent", "--key", "secret"], f"/nowhere{os.pathsep}{folder}")

    assert found.program == str(folder / "my-agent")
    assert found.arguments == ("my-agent", "--key", "secret")
    assert found.name == "my-agent"


def test_a_path_is_itself_and_its_name_is_without_folders(folder: Path) -> None:
    found = find_command([str(folder / "my-agent")], "/nowhere")

    assert (found.program, found.name) == (str(folder / "my-agent"), "my-agent")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my-agnet", "is not found in PATH; did you mean my-agent?"),
        ("zzz", "'zzz' is not found in PATH; nothing was run"),
        ("", "is not found in PATH"),
        ("./nothing", "the command nothing is not there"),
        ("./agent.py", "agent.py is not executable; say: -- python agent.py, or: chmod +x agent.py"),
        ("./data", "data is not executable; say: chmod +x data"),
        ("./", "is a folder"),
        ("agent.py", "is not found in PATH; ./agent.py is here"),
    ],
)
def test_what_is_none_is_explained(name: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    with pytest.raises(UsageError) as told:
        find_command([name], str(folder))

    assert said in str(told.value)
