"""Compiles the hot modules into the wheel with mypyc, for whoever asks.

`CHAOSPROXY_COMPILE=1 pip wheel .` asks.

Without that word the wheel is plain Python and fits every machine. The sources go into the compiled wheel too: what is
compiled stands beside them and is preferred. Which modules are compiled says pyproject.toml, once.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASKED = os.environ.get("CHAOSPROXY_COMPILE", "") not in ("", "0")


class CompileHook(BuildHookInterface[Any]):
    """What hatchling calls while it builds."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What compiling needs; mypyc reads types, so it needs what we run on as well."""
        return [*self.config["compiler"], *self.metadata.core.dependencies] if ASKED else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put what came of it into the wheel. What is installed to be edited stays plain."""
        if not ASKED or self.target_name != "wheel" or version == "editable":
            return
        self._folder = TemporaryDirectory(prefix="compiled-")
        built = Path(self._folder.name)
        os.chdir(self.root)  # mypyc takes a file's path for its module's name
        compile_into(built, self.config["compiled"])
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"] |= {str(file): str(file.relative_to(built)) for file in built.rglob("*.so")}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Throw away what is in the wheel by now."""
        del version, build_data, artifact_path
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def compile_into(folder: Path, modules: list[str]) -> None:
    """Write the extension modules for `modules` (paths from here) into `folder`, each where its module would be."""
    from mypyc.build import mypycify  # noqa: PLC0415 - only there when it was asked for
    from setuptools import Distribution  # noqa: PLC0415
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    with TemporaryDirectory(prefix="mypyc-") as scratch:
        extensions = mypycify(modules, target_dir=scratch, group_name="chaosproxy", opt_level="3", debug_level="0")
        command = build_ext(Distribution({"name": "chaosproxy", "ext_modules": extensions}))
        command.build_lib, command.build_temp, command.parallel = str(folder), scratch, os.cpu_count()
        command.ensure_finalized()
        command.run()
