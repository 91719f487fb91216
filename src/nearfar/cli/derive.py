"""Flags from signatures: a function's parameters become arguments, and its docstring their help."""

import __future__

import ast
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from cyclopts import CoercionError, Group, Parameter

__all__ = ["JSON", "Flag", "compose", "flags_of", "outline"]

ARGUMENTS = Group("Arguments and flags")
COLLECTING = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
METAVARS = {int: "N", float: "NUMBER", str: "NAME", Path: "PATH"}
PLAIN = {"str": str, "int": int, "float": float, "bool": bool, "Any": Path}


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One argument of a command.

    Attributes:
        parameter: its name, kind and default.
        hint: what a word is turned into.
        help: what it means.
        group: the heading it stands under.
        shows_default: whether help says what holds when it is left out.
        part_of: where it is a field of one argument, the name of that and what stands for it when it is left out.
        metavar: what stands for its value in help, where the type does not say it.
    """

    parameter: inspect.Parameter
    hint: Any
    help: str = ""
    group: Group = ARGUMENTS
    shows_default: bool = True
    part_of: tuple[str, Any] | None = None
    metavar: str | None = None

    def as_parameter(self) -> inspect.Parameter:
        """The parameter as cyclopts reads it."""
        default = self.parameter.default
        positional = self.parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        several = get_origin(self.hint) is list
        shown = self.shows_default and not isinstance(default, bool | None) and default != ()
        metavar = self.metavar or (f"{METAVARS[str]} ..." if several else METAVARS.get(self.hint))
        about = Parameter(
            converter=_whole if self.hint is int else None,
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


def _whole(kind: Any, tokens: Sequence[Any]) -> int:
    """A whole number as it was typed; cyclopts would round 1.5 in silence."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=int) from None


def _shown(default: Any) -> str:
    return " ".join(default) if isinstance(default, list | tuple) else f"{default}"


def outline(module: str, name: str) -> Callable[..., Any]:
    """A function's signature and docstring with nothing inside, or a dataclass's fields and docstring.

    The module is read and not imported: help has to come at once, and what computes takes seconds to import. A default
    that is a call, `reading: Reading = Reading()`, is one of a dataclass that the module imports from nearfar.

    Args:
        module: where it is, e.g. `"nearfar.api"`.
        name: its name.
    """
    source = _source(module)
    tree = ast.parse(source.read_text(encoding="utf-8"))
    found = next((node for node in tree.body if getattr(node, "name", None) == name), None)
    if found is None:
        return outline(_origin(tree, name), name)
    assert isinstance(found, ast.FunctionDef | ast.ClassDef)
    is_class = isinstance(found, ast.ClassDef)
    found.body = found.body[:1] + [node for node in found.body if is_class and isinstance(node, ast.AnnAssign)]
    calls = [node.func.id for node in ast.walk(found) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    names: dict[str, Any] = {"__name__": __name__, "dataclass": dataclass}
    names |= {call: outline(_origin(tree, call), call) for call in calls if call not in names}
    code = compile(ast.Module([found], []), str(source), "exec", flags=__future__.annotations.compiler_flag)
    exec(code, names)
    names[name].__module__ = module
    return names[name]


def _source(module: str) -> Path:
    """The file of a module, found without importing what it is in."""
    package, *inside = module.split(".")
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    place = Path(spec.submodule_search_locations[0], *inside)
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _origin(tree: ast.Module, name: str) -> str:
    """The module that a module imports a name from."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return next(str(node.module) for node in imports if name in {alias.name for alias in node.names})


def flags_of(function: Callable[..., Any], *, docstring: str | None = None) -> dict[str, Flag]:
    """The arguments of a command from a function's parameters; those that collect others, and mappings, are left out.

    Where a default is a dataclass, each of its fields is an argument.

    Args:
        function: with a signature of plain types; what is `Any` or may be a path becomes a path.
        docstring: where the section Args is; the function's own when it is not given.
    """
    meanings = _meanings(inspect.cleandoc(docstring or function.__doc__ or ""))
    flags: dict[str, Flag] = {}
    for name, entry in inspect.signature(function).parameters.items():
        if is_dataclass(entry.default):
            flags |= _fields(name, entry.default)
        elif entry.kind not in COLLECTING and not str(entry.annotation).startswith("Mapping["):
            flags[name] = Flag(parameter=entry, hint=_hint(entry.annotation), help=meanings.get(name, ""))
    return flags


def _fields(name: str, whole: Any) -> dict[str, Flag]:
    """The fields of a dataclass as arguments, each to be put back into its place by `compose`."""
    meanings = _meanings(inspect.cleandoc(type(whole).__doc__ or ""))
    return {
        field.name: Flag(
            parameter=inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=getattr(whole, field.name)),
            hint=_hint(field.type),
            help=meanings.get(field.name, ""),
            part_of=(name, whole),
        )
        for field in fields(whole)
    }


def compose(call: Callable[..., None], flags: Mapping[str, Flag]) -> Callable[..., None]:
    """A command: it takes the arguments that the flags describe and hands those that were typed to a function.

    Args:
        call: takes them by name; fields of a dataclass as the dataclass, where one of them was typed.
        flags: by name.
    """
    parameters = [flag.as_parameter() for flag in flags.values()]
    signature = inspect.Signature(sorted(parameters, key=lambda entry: entry.kind))

    def command(*words: Any, **options: Any) -> None:
        call(**_gathered(signature.bind(*words, **options).arguments, flags))

    command.__signature__ = signature  # type: ignore[attr-defined]
    return command


def _gathered(given: Mapping[str, Any], flags: Mapping[str, Flag]) -> dict[str, Any]:
    """What was typed, with fields put together to the dataclass they are of."""
    plain: dict[str, Any] = {}
    wholes: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, value in given.items():
        part = flags[name].part_of
        if part is None:
            plain[name] = value
        else:
            wholes.setdefault(part[0], (type(part[1]), {}))[1][name] = value
    for name, (outlined, values) in wholes.items():
        plain[name] = getattr(import_module(outlined.__module__), outlined.__name__)(**values)
    return plain


def _meanings(text: str) -> dict[str, str]:
    """What a docstring's section Args or Attributes says of each name."""
    section = re.search(r"^(?:Args|Attributes):\n((?:(?: .*)?\n?)*)", text, re.MULTILINE)
    entries = re.findall(r"^    (\w+): (.*(?:\n {8,}.*)*)", section[1] if section else "", re.MULTILINE)
    return {name: re.sub(r"\s+", " ", meaning).rstrip(".") for name, meaning in entries}


def _hint(annotation: Any) -> Any:
    """The type on the command line: None is said by leaving out, objects by the path they are at."""
    if not isinstance(annotation, str):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if isinstance(annotation, UnionType) and len(kinds) == 1 else annotation
    words = [word for word in annotation.split(" | ") if word != "None"]
    if "Path" in words:
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
