"""What is public, found and not listed: a new module, function or class meets the common checks by existing.

A user reaches nearfar by its packages and its top-level modules: what they name in `__all__` is public. The `__all__`
of a file inside a package says what the other files may take from it.
"""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any

import nearfar

__all__ = ["defined", "modules", "objects"]


def modules() -> list[ModuleType]:
    """Every module of nearfar without underscore, the package itself first."""
    names = [info.name for info in pkgutil.walk_packages(nearfar.__path__, "nearfar.")]
    return [nearfar, *(importlib.import_module(name) for name in names if "._" not in name)]


def defined(module: ModuleType) -> dict[str, Any]:
    """The functions and classes without underscore that a module defines itself."""
    return {
        name: value
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def objects() -> dict[str, Any]:
    """Every public function and class once, under the name by which a user reaches it."""
    found = {}
    for module in modules():
        if module.__name__.count(".") <= 1:
            for name in getattr(module, "__all__", ()):
                value = getattr(module, name)
                if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__.startswith("nearfar"):
                    found[id(value)] = (f"{module.__name__}.{name}", value)
    return dict(found.values())
