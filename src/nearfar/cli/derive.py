"""Flags from signatures: a function's parameters become arguments, and its docstring their help."""

import __future__

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from cyclopts import Group, Parameter

__all__ = ["JSON", "Flag", "compose", "flags_of", "outline"]

ARGUMENTS = Group("Arguments and flags")
METAVARS = {int: "N", float: "NUMBER", str: "NAME", Path: "PATH"}
PLAIN = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One argument of a command.

    Attributes:
        parameter: its name, kind and default.
        hint: what a word is turned into.
        help: what it means.
        group: the heading it stands under.
        shows_default: whether help says what holds when it is left out.
    """

    parameter: inspect.Parameter
    hint: Any
    help: str = ""
    group: Group = ARGUMENTS
    shows_default: bool = True

    def as_parameter(self) -> inspect.Parameter:
        """The parameter as cyclopts reads it."""
        default = self.parameter.default
        positional = self.parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        several = get_origin(self.hint) is list
        shown = self.shows_default and not isinstance(default, bool | None) and default != ()
        metavar = f"{METAVARS[str]} ..." if several else METAVARS.get(self.hint)
        about = Parameter(
            help=self.help,
            group=self.group,
            metavar=metavar,
            negative=() if several or default is False else None,
            consume_multiple=(1, None) if several else None,
            show_default=_shown if shown else False,
        )
        return self.parameter.replace(
            annotation=Annotated[self.hint if default is not None else self.hint | None, about],
            kind=inspect.Parameter.POSITIONAL_ONLY if positional else inspect.Parameter.KEYWORD_ONLY,
        )


def _shown(default: Any) -> str:
    return " ".join(default) if isinstance(default, list | tuple) else f"{default}"


def outline(module: str, name: str) -> Callable[..., Any]:
    """A function's signature and docstring with nothing inside.

    The module is read and not imported: help has to come at once, and what computes takes seconds to import.

    Args:
        module: where the function is, e.g. `"nearfar.api"`.
        name: its name.
    """
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    function.body = function.body[:1]
    names: dict[str, Any] = {}
    code = compile(ast.Module([function], []), found.origin, "exec", flags=__future__.annotations.compiler_flag)
    exec(code, names)
    return names[name]


def flags_of(function: Callable[..., Any], *, docstring: str | None = None) -> dict[str, Flag]:
    """The arguments of a command from a function's parameters; those that collect others are left out.

    Args:
        function: with a signature of plain types; what is `Any` or may be a path becomes a path.
        docstring: where the section Args is; the function's own when it is not given.
    """
    meanings = _meanings(inspect.cleandoc(docstring or function.__doc__ or ""))
    return {
        name: Flag(parameter=entry, hint=_hint(entry.annotation), help=meanings.get(name, ""))
        for name, entry in inspect.signature(function).parameters.items()
        if entry.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    }


def compose(call: Callable[..., None], flags: Mapping[str, Flag]) -> Callable[..., None]:
    """A command: it takes the arguments that the flags describe and hands those that were typed to a function.

    Args:
        call: takes them by name.
        flags: by name.
    """
    parameters = [flag.as_parameter() for flag in flags.values()]
    signature = inspect.Signature(sorted(parameters, key=lambda entry: entry.kind))

    def command(*words: Any, **options: Any) -> None:
        call(**signature.bind(*words, **options).arguments)

    command.__signature__ = signature  # type: ignore[attr-defined]
    return command


def _meanings(text: str) -> dict[str, str]:
    """What a docstring's section Args says of each name."""
    section = re.search(r"^Args:\n((?:(?: .*)?\n?)*)", text, re.MULTILINE)
    entries = re.findall(r"^    (\w+): (.*(?:\n {8,}.*)*)", section[1] if section else "", re.MULTILINE)
    return {name: re.sub(r"\s+", " ", meaning).rstrip(".") for name, meaning in entries}


def _hint(annotation: Any) -> Any:
    """The type on the command line: None is said by leaving out, objects by the path they are at."""
    if not isinstance(annotation, str):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if isinstance(annotation, UnionType) and len(kinds) == 1 else annotation
    words = [word for word in annotation.split(" | ") if word != "None"]
    if "Path" in words or words == ["Any"]:
        return Path
    inner = re.fullmatch(r"Sequence\[(\w+)\]", words[0])
    return GenericAlias(list, (PLAIN[inner[1]],)) if inner else PLAIN[words[0]]


JSON = {
    "json": Flag(
        parameter=inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False),
        hint=bool,
        help="print one JSON object",
        shows_default=False,
    )
}
"""The flag of every command that prints scores or tables."""
