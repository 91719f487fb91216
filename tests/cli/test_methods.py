"""The list of methods."""

import json

import pytest

from nearfar.methods import METHODS


def test_json_has_every_method(typed) -> None:
    said = json.loads(typed("methods", "--json").out)["methods"]
    assert list(said) == list(METHODS)
    assert said["simclr"] == {
        "paper": METHODS["simclr"].paper,
        "modalities": list(METHODS["simclr"].modalities),
        "summary": METHODS["simclr"].summary,
    }


@pytest.mark.parametrize("name", METHODS)
def test_people_read_name_idea_and_paper(name: str, typed) -> None:
    said = " ".join(typed("methods").out.split())
    assert f"{name} {METHODS[name].summary} {METHODS[name].paper}; learns from" in said
