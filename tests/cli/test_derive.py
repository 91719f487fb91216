"""Arguments and their help come from signatures and docstrings."""

import inspect
from collections.abc import Sequence
from pathlib import Path

import pytest

from nearfar import api
from nearfar.cli.derive import flags_of, outline
from nearfar.cli.pretrain import GROUPS
from nearfar.methods import METHODS


@pytest.mark.parametrize("name", ["pretrain", "resume", "embed", "evaluate", "write_report"])
def test_an_outline_is_the_function_without_its_body(name: str) -> None:
    drawn, real = outline("nearfar.api", name), getattr(api, name)
    assert drawn.__doc__ == real.__doc__

    def plain(function: object) -> list[tuple[object, ...]]:
        return [(entry.name, entry.kind, entry.default) for entry in inspect.signature(function).parameters.values()]

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


def test_options_of_a_method_keep_their_types() -> None:
    def method(*, depth: int = 2, rate: float | None = None) -> None: ...

    assert {name: flag.hint for name, flag in flags_of(method).items()} == {"depth": int, "rate": float}


@pytest.mark.parametrize("method", METHODS)
def test_help_explains_every_argument_of_a_method(method: str, typed) -> None:
    page = typed("pretrain", method, "--help").out
    flags = [line.split() for line in page.splitlines() if line.startswith("  --") or line.startswith("  DATA")]
    assert all(len(words) >= 4 for words in flags), "each has words of help"
    shown = {words[0].removeprefix("--").replace("-", "_") for words in flags}
    options = inspect.signature(METHODS[method].__init__).parameters.values()
    assert shown == (set(inspect.signature(api.pretrain).parameters) - {"method", "data", "options"}) | {"DATA"} | {
        entry.name for entry in options if entry.kind is inspect.Parameter.KEYWORD_ONLY
    }


def test_every_argument_has_its_heading() -> None:
    headed = {name for names in GROUPS.values() for name in names}
    assert headed == set(inspect.signature(api.pretrain).parameters) - {"method", "options"}


def test_a_sequence_is_typed_in_one_go(typed) -> None:
    assert isinstance(inspect.signature(api.evaluate).parameters["probes"].default, Sequence)
    assert "--probes NAME ..." in typed("evaluate", "--help").out


def test_help_says_what_holds_when_a_flag_is_left_out(typed) -> None:
    lines = [line.split() for line in typed("evaluate", "--help").out.splitlines()]
    shown = {words[0]: " ".join(words) for words in lines if words and words[0].startswith("--")}
    assert shown["--seed"].endswith("[0]")
    assert shown["--probes"].endswith("[knn linear fewshot]")
    assert shown["--[no-]baselines"].endswith("too")
    assert shown["--json"].endswith("object")
