"""What a wrong call reads: one sentence in the words of `nearfar.errors`, whoever found the mistake."""

import re
import traceback
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from cyclopts import (
    App,
    ArgumentOrderError,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts.argument import Argument, ArgumentCollection

from nearfar.errors import NearfarError, complaint, suggestion

__all__ = ["check_words", "is_refusal", "is_want_of_memory", "sentence"]

KINDS = {int: "a whole number", float: "a number", bool: "given without a value"}


class _Said(str):
    """Words that are shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def check_words(words: Sequence[str]) -> None:
    """Refuses empty words, which as a path would mean the current folder.

    Args:
        words: what was typed after `nearfar`.

    Raises:
        ValueError: one of them, or the value behind its equals sign, is empty.
    """
    for word in words:
        if not word.strip() or re.fullmatch(r"--[\w-]+=\s*", word):
            where, got = "nearfar", word or _Said("an empty word")
            raise ValueError(complaint(where, "arguments", "words with letters", got, "Leave it out, or fill it"))


def sentence(error: CycloptsError, program: App) -> str:
    """What to read after words that are no call of any command.

    Args:
        error: what cyclopts found.
        program: all commands.
    """
    chain = [*(error.command_chain or ())]
    where = " ".join(["nearfar", *chain])
    see = f"Type `{where} --help`"
    match error:
        case UnknownCommandError():
            return _unknown_command(str((error.unused_tokens or [""])[0]), chain, program)
        case UnknownOptionError():
            given = (error.token.keyword or error.token.value).partition("=")[0]
            known = _options(error.argument_collection)
            return complaint(where, "option", f"one that `{where} --help` lists", given, suggestion(given, known))
        case MissingArgumentError() if error.keyword:
            return complaint(where, error.keyword, "followed by a value", _Said("nothing"), see)
        case MissingArgumentError():
            assert error.argument is not None
            return complaint(where, _label(error.argument), "given", _Said("nothing"), see)
        case CoercionError():
            return _unfit(error, where, see)
        case RepeatArgumentError():
            name = str(error.token.keyword)
            return complaint(where, name, "given once", _Said("it twice"), "Leave out one of the two")
        case UnusedCliTokensError():
            extra = " ".join(error.unused_tokens or ())
            return complaint(
                where, "arguments", "those that its help lists", extra, f"Leave it out, or type `{where} --help`"
            )
        case ArgumentOrderError():
            return complaint(where, "arguments", "in the order that its help shows", error.token, see)
    error.verbose = False
    return complaint(where, "call", "one that its help describes", _Said(str(error).rstrip(".")), see)


def is_refusal(error: Exception) -> bool:
    """Whether nearfar itself refused a call, and said why; anything else is a bug, ours or a library's."""
    if isinstance(error, NearfarError):
        return True
    frames = list(traceback.walk_tb(error.__traceback__))
    ours = bool(frames) and str(frames[-1][0].f_globals.get("__name__")).startswith("nearfar.")
    return ours and isinstance(error, ValueError | TypeError) and " must be " in str(error)


def is_want_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on whatever device."""
    out = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return out or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))


def _unknown_command(given: str, chain: list[str], program: App) -> str:
    if chain in (["pretrain"], ["sweep"]):
        methods = [name for name in program["pretrain"] if not name.startswith("-")]
        where = f"nearfar {chain[0]}"
        return complaint(where, "method", "one that `nearfar methods` lists", given, suggestion(given, methods))
    if given.startswith("-"):
        options = [name for name in program if name.startswith("-")]
        return complaint("nearfar", "option", "one that `nearfar --help` lists", given, suggestion(given, options))
    commands = [name for name in program if not name.startswith("-")]
    return complaint("nearfar", "command", "one that `nearfar --help` lists", given, suggestion(given, commands))


def _unfit(error: CoercionError, where: str, see: str) -> str:
    """A value of the wrong type."""
    given: Any = error.token.value if error.token else _Said("something else")
    name = (error.token.keyword if error.token else None) or (_label(error.argument) if error.argument else "value")
    if get_origin(error.target_type) is Literal:
        known = get_args(error.target_type)
        return complaint(where, name, f"one of {', '.join(known)}", given, suggestion(given, known))
    kinds = [kind for hint, kind in KINDS.items() if error.target_type is hint]
    return complaint(where, name, kinds[0] if kinds else "of another kind", given, see)


def _label(argument: Argument) -> str:
    return argument.name if argument.name.startswith("-") else argument.name.upper()


def _options(arguments: ArgumentCollection) -> list[str]:
    return [name for argument in arguments for name in argument.names if name.startswith("--")] + ["--help", "--debug"]
