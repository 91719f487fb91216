"""Libraries that other people's formats are written with: each is imported when it is needed."""

import importlib
from typing import Any

from nearfar.errors import RunError, complaint

__all__ = ["library"]


def library(name: str, *, extra: str = "export") -> Any:
    """A library that is an extra.

    Args:
        name: the module.
        extra: what to install it by.

    Raises:
        RunError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        next_step = f"Type pip install 'nearfar[{extra}]'"
        raise RunError(complaint("export", name, "installed", "no such package", next_step)) from None
