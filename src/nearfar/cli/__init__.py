"""The command line: thin commands over `nearfar.api`, each imported when it is called."""

from nearfar.cli.program import app, main

__all__ = ["app", "main"]
