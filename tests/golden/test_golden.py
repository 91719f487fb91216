"""The loss curves are those that were recorded."""

import importlib.util
import json
from pathlib import Path

import pytest
from cases import CASES

FOLDER = Path(__file__).parent


def recorder() -> object:
    spec = importlib.util.spec_from_file_location("golden_record", FOLDER / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_curve_has_not_moved(name: str) -> None:
    golden = json.loads((FOLDER / f"{name}.json").read_text())
    # Another number of threads adds up in another order, which BiGAN's two sides enlarge to 2e-8 in twenty steps.
    tolerance = 1e-6 if name == "bigan" else 1e-9
    assert recorder().curve(name) == pytest.approx(golden, rel=tolerance), (
        "if it should have moved: make golden, and say why"
    )
