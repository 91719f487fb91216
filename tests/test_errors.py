"""One tree of exceptions, one build of sentence."""

import pytest

from nearfar import errors
from nearfar.errors import complaint, suggestion


def test_a_complaint_is_one_sentence_of_five_parts() -> None:
    said = complaint("MoCo", "queue_size", "at least the global batch size 512", 256, "Try 4096")
    assert said == "MoCo: queue_size must be at least the global batch size 512. Got 256. Try 4096."


def test_a_misspelled_name_is_answered_with_the_nearest() -> None:
    said = complaint("backbone", "name", "a timm model", "resnet81", suggestion("resnet81", ["vit", "resnet18"]))
    assert said == "backbone: name must be a timm model. Got 'resnet81'. Did you mean 'resnet18'?"


def test_a_long_value_is_cut() -> None:
    said = complaint("load", "path", "a run", "x" * 1000, "Name a run's folder")
    assert "xxx..." in said
    assert len(said) < 200


def test_a_suggestion_ignores_case() -> None:
    assert suggestion("SIMCLR", ["moco", "simclr"]) == "Did you mean 'simclr'?"


def test_a_name_like_no_other_gets_the_list() -> None:
    assert suggestion("zzz", ["moco", "byol"]) == "Choose from byol, moco"


def test_a_long_list_says_that_there_is_more() -> None:
    said = suggestion("zzz", [f"name{i:02}" for i in range(13)])
    assert said.endswith("name11 and more")


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name[0].isupper()])
def test_every_exception_is_a_nearfar_error(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.NearfarError)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.DataError, ValueError),
        (errors.RunError, ValueError),
        (errors.NonFiniteLossError, ArithmeticError),
    ],
)
def test_who_knows_python_only_catches_it_too(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, builtin)


def test_the_module_draws_the_tree_it_defines() -> None:
    assert [name for name in errors.__all__ if name[0].isupper() and name not in (errors.__doc__ or "")] == []
