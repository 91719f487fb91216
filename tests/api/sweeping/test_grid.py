"""Words become values, values combinations, and combinations readable names."""

from typing import Any

import numpy as np
import pytest

from nearfar.api.sweeping.grid import Span, combinations, key, names, read_grid, varied

pytestmark = pytest.mark.usefixtures("as_users_call")


@pytest.mark.parametrize(
    ("name", "given", "values"),
    [
        ("temperature", ["0.1", "0.2"], (0.1, 0.2)),
        ("temperature", 0.1, (0.1,)),
        ("temperature", np.array([0.1, 0.5]), (0.1, 0.5)),
        ("seed", range(3), (0, 1, 2)),
        ("seed", ["1", "0", "1"], (1, 0)),
        ("clip", ["1", "none"], (1.0, None)),
        ("backbone", ["small", "none", None], ("small", None)),
        ("without", ["none", "flip", "crop,flip"], ([], ["flip"], ["crop", "flip"])),
        ("without", [[], ["flip"]], ([], ["flip"])),
        ("learning_rate", "0.001..0.1", Span(0.001, 0.1)),
        ("batch_size", ["64..512"], Span(64, 512, whole=True)),
    ],
)
def test_words_are_read_in_the_type_of_the_setting(name: str, given: Any, values: Any) -> None:
    assert read_grid("simclr", {name: given}) == {name: values}


def test_switches_are_yes_and_no() -> None:
    assert read_grid("supervised", {"freeze": ["yes", "no"]}) == {"freeze": (True, False)}


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"temperatures": 1}, r"grid must be of settings .* Did you mean 'temperature'"),
        ({"data": "pictures"}, r"grid must be of settings"),
        ({"temperature": []}, r"temperature must be at least one value"),
        ({"temperature": [0.1, -1]}, r"temperature must be above 0"),
        ({"temperature": "0..1"}, r"temperature must be above 0"),
        ({"steps": ["10", "ten"]}, r"steps must be a whole number\. Got 'ten'"),
        ({"on_collapse": ["warn", "halt"]}, r"on_collapse must be one of"),
        ({"precision": ["bf16"]}, r"precision must be one of"),
        ({"hidden_dim": [1.5]}, r"hidden_dim must be a whole number"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(grid: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_grid("simclr", grid)


def test_objects_are_no_values() -> None:
    with pytest.raises(TypeError, match=r"sweep: backbone must be a number, a word or a list\. Got 'object'"):
        read_grid("simclr", {"backbone": [object()]})


def test_a_span_of_a_decade_is_searched_by_its_logarithm() -> None:
    assert Span(0.05, 0.5).is_wide
    assert not Span(0.05, 0.4).is_wide
    assert not Span(0, 100).is_wide


def test_all_combinations_come_and_the_first_seed_comes_first() -> None:
    found = combinations({"temperature": (0.1, 0.2), "seed": (0, 1), "steps": (5,)})
    assert found == [
        {"temperature": 0.1, "seed": 0, "steps": 5}, {"temperature": 0.2, "seed": 0, "steps": 5},
        {"temperature": 0.1, "seed": 1, "steps": 5}, {"temperature": 0.2, "seed": 1, "steps": 5},
    ]  # fmt: skip
    assert combinations({}) == [{}]


def test_a_combination_is_itself_in_any_order() -> None:
    assert key({"a": 1, "b": [2]}) == key({"b": [2], "a": 1}) != key({"a": 1, "b": []})


def test_names_tell_what_varies() -> None:
    every = combinations(
        {"temperature": (0.1, 0.25), "without": ([], ["flip", "color"]), "seed": (0, 1), "steps": (5,)}
    )
    assert varied(every) == ["temperature", "without", "seed"]
    assert names(every[:3], of=varied(every)) == [
        "temperature-0.1_without-none_seed-0", "temperature-0.1_without-flip+color_seed-0",
        "temperature-0.25_without-none_seed-0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("runs/first", "init-first"),
        ("timm:resnet18", "init-timm-resnet18"),
        (None, "init-none"),
        ("ünïts", "init--n-ts"),
    ],
)
def test_names_are_names_of_folders(value: str | None, name: str) -> None:
    assert names([{"init": value}], of=["init"]) == [name]


def test_no_name_is_given_twice() -> None:
    near = [{"temperature": 0.10001}, {"temperature": 0.10002}, {"temperature": 0.3}]
    assert names(near, of=["temperature"], taken=["temperature-0.3"]) == [
        "temperature-0.1", "temperature-0.1_2", "temperature-0.3_2",
    ]  # fmt: skip
    assert names([{}], of=[]) == ["only"]
    assert len(names([{"backbone": "x" * 300}], of=["backbone"])[0]) <= 100
