"""What a method makes of pictures, as it lies in the run's folder: pixel by pixel, and what is known of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cases import CASES
from jaxtyping import UInt8
from PIL import Image

from nearfar.data import open_source
from nearfar.data.pictures import Pictures
from nearfar.data.some import HeldOut
from nearfar.engine import ImageSpec, write_made
from nearfar.engine.gallery_made import examples_wanted, panels_of, solved_of
from nearfar.methods import METHODS, Attempt, Batch, Method
from nearfar.probes.score import wilson_interval
from nearfar.records import RunFolder
from nearfar.views import Draws

MAKING = ("autoencoder", "denoisingautoencoder", "vae", "bigan", "mae", "contextprediction", "jigsaw", "rotation")
PUZZLES = MAKING[-3:]


def spec(name: str, *, seed: int = 3) -> ImageSpec:
    return ImageSpec(
        backbone="small", seed=seed, stem=None, size=CASES[name].size, channels=1, mean=(0.4,), std=(0.25,)
    )


def pictures(count: int = 40, *, size: int = 24, seed: int = 0) -> Pictures:
    source = open_source(np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8))
    assert isinstance(source, Pictures)
    return source


def tiny(name: str) -> Method:
    torch.manual_seed(0)
    return CASES[name].make(CASES[name].network())


def written(path: Path, name: str, *, held_out: bool = True, seed: int = 3) -> dict[str, Any] | None:
    own = pictures(seed=1)
    aside = HeldOut(pictures(), "test") if held_out else None
    write_made(RunFolder(path), tiny(name), spec(name, seed=seed), own, held_out=aside)
    about = path / "gallery" / "gallery.json"
    return json.loads(about.read_text())["made"] if about.exists() else None


def opened(path: Path, row: dict[str, Any], *, columns: int) -> UInt8[np.ndarray, "m h w _"]:
    """The pictures of a row."""
    with Image.open(path / "gallery" / row["image"]) as image:
        whole = np.asarray(image)
    whole = whole[:, :, None] if whole.ndim == 2 else whole
    return np.stack(np.split(whole, columns, axis=1))


def test_it_is_known_who_makes_something() -> None:
    wanted = {name: examples_wanted(tiny(name)) for name in METHODS}
    assert {name for name, count in wanted.items() if count} == {*MAKING}
    assert {name for name, count in wanted.items() if count > 12} == {*PUZZLES}


@pytest.mark.parametrize("name", ["simclr", "swav", "clip", "simcse"])
def test_of_others_nothing_is_written(name: str, tmp_path: Path) -> None:
    some = "simclr" if name in ("clip", "simcse") else name
    write_made(RunFolder(tmp_path), tiny(name), spec(some), pictures(), held_out=None)
    assert not (tmp_path / "gallery").exists()


@pytest.mark.parametrize("name", MAKING)
def test_the_files_hold_what_the_method_made(name: str, tmp_path: Path) -> None:
    made = written(tmp_path, name)
    assert made is not None
    assert (made["source"], made["split"], made["seed"]) == ("array", "test", 3)
    for entry, panel in zip(made["panels"], panels_of(tiny(name), pictures(), spec(name)), strict=True):
        assert (entry["kind"], entry["note"]) == (panel.kind, panel.note)
        assert [tuple(each) for each in entry["captions"]] == list(panel.captions)
        assert [row["name"] for row in entry["rows"]] == list(panel.rows)
        for row, values in zip(entry["rows"], panel.rows.values(), strict=True):
            found = opened(tmp_path, row, columns=entry["columns"])
            expected = (values[:, 0] * 0.25 + 0.4).clamp(0, 1).nan_to_num(0) * 255
            np.testing.assert_allclose(found[..., 0], expected.numpy(), atol=0.51)
            there = values[:, 0].isfinite().numpy()
            assert (found.shape[3] == 2) == (not there.all())
            if found.shape[3] == 2:
                np.testing.assert_array_equal(found[..., 1], 255 * there)


def test_the_originals_are_the_pictures_as_they_were(tmp_path: Path) -> None:
    made = written(tmp_path, "contextprediction")
    assert made is not None
    source = pictures()
    [original] = [row for row in made["panels"][0]["rows"] if row["name"] == "original"]
    for row, found in enumerate(opened(tmp_path, original, columns=8)):
        np.testing.assert_array_equal(found[..., 0], np.asarray(source.read(row)))


def test_what_mae_saw_is_the_original_or_nothing(tmp_path: Path) -> None:
    made = written(tmp_path, "mae")
    assert made is not None
    seen, rebuilt, original = (opened(tmp_path, row, columns=12) for row in made["panels"][0]["rows"])
    visible = seen[..., 1] == 255
    assert visible.mean() == 0.5
    for row in (seen, rebuilt):
        np.testing.assert_array_equal(row[..., 0][visible], original[..., 0][visible])


@pytest.mark.parametrize("name", ["bigan", "mae", "jigsaw"])
def test_the_same_run_gives_the_same_files_and_another_seed_others(name: str, tmp_path: Path) -> None:
    found = []
    for place, seed in (("a", 3), ("b", 3), ("c", 4)):
        written(tmp_path / place, name, seed=seed)
        files = sorted((tmp_path / place / "gallery").rglob("*.*"))
        found.append({file.name: file.read_bytes() for file in files})
    assert found[0] == found[1]
    assert found[0] != found[2]


@pytest.mark.parametrize("name", ["vae", "rotation"])
def test_the_method_is_left_as_it_was(name: str, tmp_path: Path) -> None:
    method = tiny(name)
    before = {key: value.clone() for key, value in method.state_dict().items()}
    state = torch.random.get_rng_state()
    write_made(RunFolder(tmp_path), method, spec(name), pictures(), held_out=None)
    assert method.training
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", PUZZLES)
def test_puzzles_are_counted_over_all_pictures_and_batches(name: str) -> None:
    method, source = tiny(name), pictures(300)
    found = solved_of(method, source, spec(name))
    assert found is not None
    assert (found["of"], found["choices"]) == (300, {"contextprediction": 8, "jigsaw": 4, "rotation": 4}[name])
    right = 0
    for start in range(0, 300, 50):
        rows = np.arange(start, start + 50)
        [(view, _)] = list(spec(name).plain(source.select(rows), device=torch.device("cpu")))
        batch = CASES[name].batch(1, seed=0)._replace(views=(view,), index=torch.from_numpy(rows))
        attempt = method.eval().attempt(batch._replace(keys=Draws.of(3, 0, torch.from_numpy(rows)).keys))
        assert attempt is not None
        right += int((attempt.logits.argmax(dim=1) == attempt.answer).sum())
    assert found["right"] == right
    assert tuple(found["interval"]) == wilson_interval(right / 300, 300)


def test_a_perfect_solver_solves_all_and_one_that_guesses_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    method, source = tiny("rotation"), pictures(400)
    guessing = solved_of(method, source, spec("rotation"))
    assert guessing is not None
    assert guessing["interval"][0] < 0.25 < guessing["interval"][1]
    attempt = method.attempt

    def knowing(batch: Batch) -> Attempt:
        found = attempt(batch)
        assert found is not None
        return found._replace(logits=torch.nn.functional.one_hot(found.answer, 4).float())

    monkeypatch.setattr(method, "attempt", knowing)
    solved = solved_of(method, source, spec("rotation"))
    assert solved is not None
    assert (solved["right"], solved["of"]) == (400, 400)
    assert solved["interval"][1] == pytest.approx(1)


def test_without_held_out_pictures_those_of_training_are_shown_and_said_to_be(tmp_path: Path) -> None:
    made = written(tmp_path, "autoencoder", held_out=False)
    assert made is not None
    assert made["split"] is None
    assert made["panels"][0]["columns"] == 12


@pytest.mark.parametrize("name", MAKING)
def test_fewer_pictures_than_are_shown(name: str, tmp_path: Path) -> None:
    aside = HeldOut(pictures(1), "val")
    write_made(RunFolder(tmp_path), tiny(name), spec(name), pictures(seed=1), held_out=aside)
    made = json.loads((tmp_path / "gallery" / "gallery.json").read_text())["made"]
    assert {entry["columns"] for entry in made["panels"]} <= {1, 4}
