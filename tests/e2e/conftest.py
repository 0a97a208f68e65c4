"""A folder for what the programs of a test file write."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Of the test file, for programs that all its tests share."""
    return tmp_path_factory.mktemp(request.node.path.stem)
