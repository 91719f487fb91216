"""Arguments and their help come from signatures and docstrings."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from nearfar import api
from nearfar.cli.derive import compose, flags_of, outline
from nearfar.cli.pretrain import GROUPS, OF_SOME
from nearfar.methods import COUNTED, METHODS


@pytest.mark.parametrize("name", ["pretrain", "resume", "embed", "evaluate", "write_report"])
def test_an_outline_is_the_function_without_its_body(name: str) -> None:
    drawn, real = outline("nearfar.api", name), getattr(api, name)
    assert drawn.__doc__ == real.__doc__

    def plain(function: object) -> list[tuple[object, ...]]:
        entries = inspect.signature(function).parameters.values()
        return [(entry.name, entry.kind, repr(entry.default)) for entry in entries]

    assert plain(drawn) == plain(real)


def example(data: "Any", *, out: "str | Path | None" = None, names: "Sequence[str]" = (), rate: "float" = 0.1) -> None:
    """Does something.

    Args:
        data: what goes in;
            on two lines.
        out: what comes out.
        names: several: of them.

    Returns:
        rate: not an argument.
    """


def test_types_become_what_can_be_typed() -> None:
    assert {name: flag.hint for name, flag in flags_of(example).items()} == {
        "data": Path, "out": Path, "names": list[str], "rate": float,
    }  # fmt: skip


def test_help_is_the_section_args() -> None:
    assert {name: flag.help for name, flag in flags_of(example).items()} == {
        "data": "what goes in; on two lines", "out": "what comes out", "names": "several: of them", "rate": "",
    }  # fmt: skip


@dataclass(frozen=True)
class Care:
    """How it is done.

    Attributes:
        slow: whether time is taken.
        tool: what with; or
            nothing.
    """

    slow: bool = False
    tool: str | None = None


def careful(*, rate: float = 0.1, care: Care = Care()) -> None:
    """Does something.

    Args:
        rate: how fast.
        care: how it is done.
    """


def test_a_dataclass_becomes_its_fields() -> None:
    flags = flags_of(careful)
    assert {name: (flag.hint, flag.help) for name, flag in flags.items()} == {
        "rate": (float, "how fast"), "slow": (bool, "whether time is taken"), "tool": (str, "what with; or nothing"),
    }  # fmt: skip


def test_what_was_typed_of_a_dataclass_is_put_together_again() -> None:
    called: list[dict[str, object]] = []
    command = compose(lambda **given: called.append(given), flags_of(careful))
    command(tool="file", rate=0.5)
    command(rate=0.5)
    assert called == [{"rate": 0.5, "care": Care(tool="file")}, {"rate": 0.5}]


def test_an_outline_knows_the_fields_of_an_imported_dataclass() -> None:
    called: list[dict[str, object]] = []
    compose(lambda **given: called.append(given), flags_of(outline("nearfar.api", "embed")))("run", "data", strict=True)
    assert called == [{"run": "run", "data": "data", "reading": api.Reading(strict=True)}]


def test_options_of_a_method_keep_their_types() -> None:
    def method(*, depth: int = 2, rate: float | None = None) -> None: ...

    assert {name: flag.hint for name, flag in flags_of(method).items()} == {"depth": int, "rate": float}


@pytest.mark.parametrize("method", METHODS)
def test_help_explains_every_argument_of_a_method(method: str, typed) -> None:
    page = typed("pretrain", method, "--help").out
    flags = [line.split() for line in page.splitlines() if line.startswith("  --") or line.startswith("  DATA")]
    assert all(len(words) >= 4 for words in flags), "each has words of help"
    shown = {words[0].removeprefix("--").removeprefix("[no-]").replace("-", "_") for words in flags}
    options = inspect.signature(METHODS[method].__init__).parameters.values()
    meant = {name for modality in METHODS[method].modalities for name in OF_SOME[modality]}
    idle = {name for names in OF_SOME.values() for name in names} - meant
    own = {entry.name for entry in options if entry.kind is inspect.Parameter.KEYWORD_ONLY} - {*COUNTED}
    assert shown == (arguments() - {"data"} - idle) | {"DATA"} | own


def arguments() -> set[str]:
    """What every method's command takes."""
    named = set(inspect.signature(api.pretrain).parameters) - {"method", "options", "reading"}
    return named | {field.name for field in fields(api.Reading)}


def test_every_argument_has_its_heading() -> None:
    headed = {name for names in GROUPS.values() for name in names}
    assert headed == arguments()


def test_a_sequence_is_typed_in_one_go(typed) -> None:
    assert isinstance(inspect.signature(api.pretrain).parameters["log"].default, Sequence)
    assert "--log NAME ..." in typed("pretrain", "simclr", "--help").out
    assert "--probes NAME ..." in typed("evaluate", "--help").out


def test_help_says_what_holds_when_a_flag_is_left_out(typed) -> None:
    lines = [line.split() for line in typed("evaluate", "--help").out.splitlines()]
    shown = {words[0]: " ".join(words) for words in lines if words and words[0].startswith("--")}
    assert shown["--seed"].endswith("[0]")
    assert "[examples]" in " ".join(word for words in lines for word in words)
    assert not shown["--[no-]baselines"].endswith("]"), "a switch shows by its two names what holds"
    assert shown["--json"].endswith("object")
