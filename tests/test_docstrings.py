"""Every public object says what it is, in the build that CONTRIBUTING.md describes."""

import inspect
import re
from typing import Any

import pytest
from discovery import objects

OBJECTS = objects()
FUNCTIONS = {name: value for name, value in OBJECTS.items() if inspect.isfunction(value)}
CLASSES = {name: value for name, value in OBJECTS.items() if inspect.isclass(value)}
CONSTRUCTED = {
    name: value
    for name, value in CLASSES.items()
    if "__init__" in vars(value) and not getattr(value, "_is_protocol", False)
}
OBJECTIVES = {name: value for name, value in FUNCTIONS.items() if name.startswith("nearfar.objectives.")}

WITHOUT_ARGS: set[str] = set()
"""Whose arguments are not documented yet. This list only shrinks: what is documented must leave it."""


def section(text: str, *names: str) -> str:
    """The body of the first section of these names: to the next line that is indented no deeper."""
    found = re.search(rf"^( *)(?:{'|'.join(names)}):(.*(?:\n(?:\1 +.*| *))*)", text, re.MULTILINE)
    return found[2] if found else ""


def undocumented(function: Any, *documented: Any) -> list[str]:
    """The arguments, where there are two or more, that no section Args or Attributes names."""
    arguments = list(inspect.signature(function).parameters)
    body = "\n".join(section(inspect.getdoc(value) or "", "Args", "Attributes") for value in documented)
    return [name for name in arguments if len(arguments) > 1 and not re.search(rf"\b{name}\b.*:", body)]


@pytest.mark.parametrize("name", OBJECTS)
def test_the_first_line_is_one_sentence(name: str) -> None:
    text = OBJECTS[name].__doc__ or ""
    first, _, rest = text.partition("\n")
    assert first.strip().endswith((".", "?")), "the docstring starts with one sentence on one line"
    assert not re.search(r"[a-z)`]\. [A-Z]", first), "the first line is one sentence"
    assert not rest or rest.startswith("\n"), "an empty line follows the first"


@pytest.mark.parametrize("name", CLASSES)
def test_public_members_say_what_they_are(name: str) -> None:
    members = {
        member: value
        for member, value in vars(CLASSES[name]).items()
        if not member.startswith("_") and (inspect.isroutine(value) or isinstance(value, property))
    }
    assert [member for member in members if not inspect.getdoc(getattr(CLASSES[name], member))] == []


@pytest.mark.parametrize("name", [*FUNCTIONS, *CONSTRUCTED])
def test_arguments_are_named(name: str) -> None:
    value = OBJECTS[name]
    missing = undocumented(value, value, value.__init__)
    if name in WITHOUT_ARGS:
        assert missing, f"{name} is documented now: take it off the list"
    else:
        assert missing == []


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objectives_state_landmarks_and_source(name: str) -> None:
    text = inspect.getdoc(OBJECTIVES[name]) or ""
    assert section(text, "Landmarks").strip(), "the value at chance, perfect and collapsed"
    assert section(text, "Source").strip(), "paper, arXiv number, equation"


def test_the_list_of_exceptions_names_what_exists() -> None:
    assert set(OBJECTS) >= WITHOUT_ARGS
