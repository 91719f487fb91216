"""The list of methods."""

import json
from dataclasses import asdict

import pytest

from nearfar.methods import METHODS
from nearfar.recipes import measured


def test_json_has_every_method(typed) -> None:
    said = json.loads(typed("methods", "--json").out)["methods"]
    assert list(said) == list(METHODS)
    assert said["simclr"] == {
        "paper": METHODS["simclr"].paper,
        "modalities": list(METHODS["simclr"].modalities),
        "summary": METHODS["simclr"].summary,
        "landmarks": METHODS["simclr"].landmarks(),
        "measured": json.loads(json.dumps(asdict(measured("simclr")))),
    }
    assert said["simclr"]["measured"]["linear"][0] > said["simclr"]["measured"]["untrained"]
    of_pictures = {name: facts for name, facts in said.items() if "image" in facts["modalities"]}
    assert not [name for name, facts in of_pictures.items() if facts["measured"] is None]


@pytest.mark.parametrize("name", METHODS)
def test_people_read_name_idea_and_paper(name: str, typed) -> None:
    said = " ".join(typed("methods").out.split())
    assert f"{name} {METHODS[name].summary} {METHODS[name].paper}; learns from" in said
    score = "not yet." if measured(name) is None else "linear probe 0."
    assert f"Landmarks: {METHODS[name].landmarks()} Measured: {score}" in said
