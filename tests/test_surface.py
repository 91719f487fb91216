"""The public surface is designed: listed, sorted, importable, and quick to reach."""

import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest
from discovery import defined, modules


def name_of(module: ModuleType) -> str:
    return module.__name__


MODULES = pytest.mark.parametrize("module", modules(), ids=name_of)


def order(name: str) -> tuple[int, str]:
    """CONSTANTS, Classes, functions; each by name."""
    return (0 if name.isupper() else 1 if name.lstrip("_")[0].isupper() else 2), name


def exported(module: ModuleType) -> list[str]:
    return list(getattr(module, "__all__", []))


@MODULES
def test_all_is_sorted_and_each_name_once(module: ModuleType) -> None:
    assert exported(module) == sorted(set(exported(module)), key=order)


@MODULES
def test_each_name_resolves(module: ModuleType) -> None:
    assert [name for name in exported(module) if not hasattr(module, name)] == []


@MODULES
def test_what_is_public_is_listed(module: ModuleType) -> None:
    assert sorted(set(defined(module)) - set(exported(module))) == []


@pytest.mark.parametrize("package", ["objectives", "diagnostics", "methods", "probes"])
def test_the_folders_of_the_field_give_all_that_their_files_give(package: str) -> None:
    prefix = f"nearfar.{package}."
    given = {name for module in modules() if module.__name__.startswith(prefix) for name in exported(module)}
    assert sorted(given - set(exported(sys.modules[prefix[:-1]]))) == []


def imports_torch(code: str) -> bool:
    """Whether a new Python that ran the code holds torch."""
    code = f"import contextlib, sys\nwith contextlib.suppress(SystemExit):\n    {code}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1] == "True"


@pytest.mark.parametrize("name", ["nearfar", "nearfar.errors", "nearfar.records", "nearfar.report"])
def test_import_without_torch(name: str) -> None:
    assert not imports_torch(f"import {name}")


def test_help_without_torch() -> None:
    if not hasattr(importlib.import_module("nearfar.cli"), "main"):
        pytest.skip("no command line yet")
    assert not imports_torch("sys.argv = ['nearfar', '--help']; from nearfar.cli import main; main()")


def test_the_probe_itself_sees_torch() -> None:
    assert imports_torch("import torch")
