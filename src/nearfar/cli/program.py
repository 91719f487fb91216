"""The program `nearfar`: its commands, and how it ends.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 a run failed, or a bug; 2 a wrong call; and, as
shells count, 128 + the signal's number where a signal ended it: 130 for Ctrl-C, 143 for SIGTERM.
"""

import io
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from cyclopts import App, CycloptsError, Group
from rich.text import Text

from nearfar.cli.helping import CalmHelp
from nearfar.cli.output import is_first, say
from nearfar.cli.wrong import check_words, is_refusal, is_want_of_memory, sentence
from nearfar.errors import CollapseError, Interrupted, NonFiniteLossError, complaint

__all__ = ["app", "main"]

COMMANDS = {
    "demo": "See it work: learn from 10,000 pictures without their labels, judge what was learned, write the report.",
    "pretrain": "Learn an encoder from data without labels.",
    "resume": "Go on with a run that was stopped, as if it had never been.",
    "evaluate": "Judge an encoder by labels or by pairs, beside what it has to beat.",
    "transfer": "Judge an encoder on several data sets, as one table.",
    "finetune": "Train a classifier on labelled data, and a run's encoder with it.",
    "predict": "Write the likeliest class of each example, and the training example that it is most like.",
    "generate": "Go on with a text as a run of nexttoken has learned it.",
    "embed": "Write one vector per example, with its id and, where it is known, its label.",
    "search": "Find the examples in a table of embeddings that are most like others.",
    "export": "Write an encoder for another library: sentence-transformers, transformers, timm, ONNX, safetensors.",
    "compare": "Put runs side by side: scores with their spread, cost, and the settings in which they differ.",
    "sweep": "Try settings of a method, judge each run alike, and see what each setting does.",
    "report": "Write the page of a run: one file that opens in any browser, offline.",
    "methods": "List the ways to learn.",
    "doctor": "Show versions, devices, the precision chosen and why, threads, memory and disk.",
}
"""Every command in the order of a day's work; command X is the object `command` of `nearfar.cli.X`."""

OPTIONS = Group("Options", sort_key=1)


def _program() -> App:
    program = App(
        name="nearfar",
        help="Learn representations without labels, and prove that it worked.\n\n"
        "New here? Type `nearfar demo`. All about a command: `nearfar COMMAND --help`.",
        version=lambda: f"nearfar {version('nearfar')}",
        help_format="plaintext",
        help_formatter=CalmHelp(),
        suppress_keyboard_interrupt=False,
    )
    for place, (name, summary) in enumerate(COMMANDS.items()):
        program.command(f"nearfar.cli.{name}:command", name=name, help=summary, sort_key=place)
    program.register_install_completion_command(
        group=OPTIONS, help="Complete commands and flags on the Tab key of your shell.", version_flags=[]
    )
    program.command(_debug, name="--debug", group=OPTIONS, help="Show the traceback of an error; may stand anywhere.")
    for flag, said in {"--help": "Show this page, or that of a command.", "--version": "Show the version."}.items():
        program[flag].group, program[flag].help = (OPTIONS,), said
    return program


def _debug() -> None:
    """Stands in the list of options; `main` takes the flag out before commands see it."""


app = _program()
"""The commands, to be parsed and completed."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and leaves the process.

    Args:
        argv: what was typed after `nearfar`; that of the process when it is not given.

    Raises:
        SystemExit: always, with the exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may hold what the terminal cannot show
    debug = "--debug" in words
    try:
        check_words(words)
        app(
            [word for word in words if word != "--debug"],
            exit_on_error=False,
            print_error=False,
            result_action="return_none",
        )
    except Exception as error:
        if debug:
            traceback.print_exception(error)
        raise SystemExit(_ended(error)) from None
    except KeyboardInterrupt:
        say("Stopped.")
        raise SystemExit(128 + signal.SIGINT) from None
    raise SystemExit(0)


def _ended(error: Exception) -> int:
    """Says in one line why a command ended, and gives the exit code."""
    if isinstance(error, CycloptsError):
        say(Text(sentence(error, app)))
        return 2
    if isinstance(error, Interrupted):
        say(Text(str(error)))
        say(f"Go on with:  nearfar resume {shlex.quote(str(error.run))}")
        return 128 + error.signal
    if isinstance(error, CollapseError | NonFiniteLossError):
        say(Text(str(error)))
        return 1
    if is_refusal(error):
        say(Text(str(error)))
        return 2
    if is_want_of_memory(error):
        got, next_step = str(error).partition("\n")[0], "Try a smaller --batch-size, --size or network"
        say(Text(complaint("nearfar", "memory", "enough for this call", got, next_step)))
        return 1
    if isinstance(error, OSError) and error.filename is not None:
        say(f"nearfar: {error.filename}: {error.strerror}.")
        return 1
    rank = "" if is_first() else f" on rank {os.environ.get('RANK', os.environ.get('LOCAL_RANK'))}"
    said = f"nearfar: this is a bug{rank}, not your mistake: {type(error).__name__}: {str(error).rstrip('.')}. "
    say(Text(f"{said}Type the same with --debug to see where, and please report it."), every_rank=True)
    return 1
