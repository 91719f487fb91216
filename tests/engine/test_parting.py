"""What an encoder is judged by."""

import numpy as np
import pytest

from nearfar.data import Reading, hold_out_classes, open_source
from nearfar.engine.parting import check_held_out, judged_parts
from nearfar.errors import DataError


def people(count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(4 * count) % count
    pixels = np.random.default_rng(0).integers(0, 256, (4 * count, 4, 4)).astype(np.uint8)
    return pixels, labels


def test_people_who_are_held_out_are_those_that_training_holds_out() -> None:
    part = judged_parts(
        people(), modality="image", split=None, test=None, unseen=True, seed=3, reading=Reading(), where="evaluate"
    )
    others, held = hold_out_classes(open_source(people()), seed=3)
    assert part.train is None
    assert part.test.ids == held.ids
    assert set(part.test.labels.tolist()).isdisjoint(others.labels.tolist())
    facts = part.facts()
    assert facts["held_out_classes"] == {"classes": 2, "of": 10}
    assert facts["train"]["examples"] == 0
    assert facts["test"]["examples"] == 8
    assert facts["held_out"] is False
    assert part.title().endswith(", classes held out")


def test_examples_are_parted_as_ever() -> None:
    part = judged_parts(
        people(), modality="image", split=None, test=None, unseen=False, seed=3, reading=Reading(), where="evaluate"
    )
    assert (len(part.train), len(part.test), part.held_out) == (30, 10, True)
    assert "held_out_classes" not in part.facts()
    assert part.title().endswith(", held out")


def test_wrong_calls() -> None:
    assert check_held_out("classes", test=None, layers=False)
    assert not check_held_out("examples", test="other", layers=True)
    with pytest.raises(ValueError, match=r"must be examples or classes\. Got 'clases'\. Did you mean 'classes'"):
        check_held_out("clases", test=None, layers=False)
    with pytest.raises(ValueError, match="test must be left out where classes are held out"):
        check_held_out("classes", test="other", layers=False)
    with pytest.raises(ValueError, match="layers must be left out where classes are held out"):
        check_held_out("classes", test=None, layers=True)
    with pytest.raises(DataError, match=r"^evaluate: data must be of at least 3 classes, .* Got '2 classes in "):
        judged_parts(
            people(2), modality="image", split=None, test=None, unseen=True, seed=0, reading=Reading(), where="evaluate"
        )
