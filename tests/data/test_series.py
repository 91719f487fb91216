"""Series: every way to give them, what cannot be used, and that they are told from pictures."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar.data import Reading, Series, SeriesFeed, are_series, modality_of, open_data, open_series, series_splits
from nearfar.errors import DataError

X = np.random.default_rng(0).normal(size=(12, 2, 16)).astype(np.float32)
Y = np.array([0, 1, 2] * 4)
READING = Reading()


def saved(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "series.npz", **arrays)
    return folder / "series.npz"


def test_an_array_with_and_without_labels_and_channels() -> None:
    plain, labelled, single = open_series(X), open_series((X, Y)), open_series(X[:, 0])
    assert (len(plain), plain.channels, plain.length, plain.labels) == (12, 2, 16, None)
    assert labelled.labels.tolist() == Y.tolist()
    assert labelled.class_names == ("0", "1", "2")
    assert (single.channels, single.length) == (1, 16)
    assert np.array_equal(single.read(3), X[3, :1])
    assert open_series(torch.from_numpy(X)).fingerprint == plain.fingerprint


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int16, np.int64])
def test_numbers_of_any_real_kind(kind: type) -> None:
    source = open_series((100 * X).astype(kind))
    assert source.values(np.arange(3)).dtype == torch.float32
    assert np.array_equal(source.read(2), (100 * X).astype(kind)[2].astype(np.float32))


def test_files_of_numpy(tmp_path: Path) -> None:
    np.save(tmp_path / "series.npy", X)
    from_npy = open_series(tmp_path / "series.npy")
    assert from_npy.fingerprint == open_series(X).fingerprint
    splits = np.array(["train"] * 8 + ["dev"] * 2 + ["test"] * 2)
    path = saved(tmp_path, X=X, y=Y, split=splits, classes=np.array(["walk", "run", "rest"]))
    assert series_splits(path) == ("train", "val", "test")
    train, test = open_series(path), open_series(path, split="test")
    assert (len(train), len(test), len(open_series(path, split="dev"))) == (8, 2, 2)
    assert train.class_names == ("walk", "run", "rest")
    assert test.ids == ("10", "11")
    assert np.array_equal(test.read(1), X[11])


def test_parts_of_a_file(tmp_path: Path) -> None:
    path = saved(tmp_path, x_train=X[:9], y_train=Y[:9], x_test=X[9:], y_test=Y[9:])
    assert series_splits(path) == ("train", "test")
    test = open_series(path, split="test")
    assert test.ids == ("test/0", "test/1", "test/2")
    assert test.labels.tolist() == Y[9:].tolist()


def test_rows_are_selected_and_know_their_hashes() -> None:
    source = open_series((X, Y))
    whole = source.hashes
    some = source.select(np.array([5, 2]))
    assert some.ids == ("5", "2")
    assert some.labels.tolist() == Y[[5, 2]].tolist()
    assert torch.equal(some.values(np.array([1, 0])), torch.from_numpy(X[[2, 5]]))
    assert some.hashes.tolist() == whole[[5, 2]].tolist()
    assert len(set(whole.tolist())) == 12
    assert pickle.loads(pickle.dumps(some)).fingerprint == some.fingerprint


def test_what_has_gaps_is_skipped_and_said(tmp_path: Path) -> None:
    values = X.copy()
    values[1, 0, 3] = np.nan
    values[4, :, 10:] = np.nan
    values[7, 1, 2] = np.inf
    source = open_series((values, Y))
    assert source.skipped == (
        ("1", "numbers are missing or infinite"),
        ("4", "shorter than others"),
        ("7", "numbers are missing or infinite"),
    )
    assert source.ids == ("0", "2", "3", "5", "6", "8", "9", "10", "11")
    assert source.labels.tolist() == Y[[0, 2, 3, 5, 6, 8, 9, 10, 11]].tolist()
    with pytest.raises(
        DataError, match=r"of series without gaps, all of one length\. Got '3 that cannot be used, first"
    ):
        open_series(values, reading=Reading(strict=True))
    with pytest.raises(DataError, match=r"Got '1 that cannot be used, first 0: shorter than others'\. Fill the gaps"):
        open_series(values[4:5])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            np.zeros(5),
            r"data must be real numbers of shape \(n, steps\) or \(n, channels, steps\)\. Got 'float64 of shape",
        ),
        (np.zeros((3, 20), dtype=complex), r"Got 'complex128 of shape \(3, 20\)'\. Put examples first and steps last"),
        (
            np.zeros((3, 20, 4)),
            r"steps must be at least 8, along the last axis\. Got '4 of shape \(3, 20, 4\)'\. Put st",
        ),
        (np.zeros((0, 20)), r"data must be at least one series\. Got 'none in array'"),
        ((X, Y[:5]), r"labels must be one for each of 12 series\. Got 5\. Align them"),
        ([1.0, 2.0], r"data must be real numbers .* Got 'list'\. Give an array of numpy"),
        ("nowhere.npz", r"data must be files that exist\. Got 'nowhere\.npz'"),
    ],
)
def test_what_are_no_series_is_refused(data: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        open_series(data)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n")
    with pytest.raises(
        DataError, match=r"data must be a \.npy or \.npz file, or an array\. .* Save the series by numpy"
    ):
        open_series(tmp_path / "a.csv")
    (tmp_path / "b.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DataError, match=r"data must be readable\. Got 'b\.npz: "):
        open_series(tmp_path / "b.npz")
    with pytest.raises(DataError, match=r"arrays of which one is called 'X'\. Got \['series'\]"):
        open_series(saved(tmp_path, series=X))
    with pytest.raises(DataError, match=r"split must be left out for data without splits\. Got 'test'"):
        open_series(X, split="test")
    with pytest.raises(DataError, match=r"label_column must be left out for data without columns\. Got 'y'"):
        open_series(X, reading=Reading(label_column="y"))
    with pytest.raises(DataError, match=r"split must be None for data that is open\. Got 'test'"):
        open_series(open_series(X), split="test")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (X, True),
        (X[:, 0], True),
        ((X * 100).astype(np.int16), True),
        (np.zeros((5, 28, 28), np.float32), False),  # pictures that are to be scaled
        (np.zeros((5, 28, 30), np.uint8), False),
        (np.zeros((5, 784), np.uint8), False),
        (np.zeros((5, 3, 8, 8), np.float32), False),
        (np.zeros((5, 20), dtype=str), False),
    ],
)
def test_series_are_told_from_pictures(array: np.ndarray, expected: bool, tmp_path: Path) -> None:
    path = saved(tmp_path, y=np.zeros(5), X=array)
    np.save(tmp_path / "series.npy", array)
    for data in (array, (array, np.zeros(len(array))), path, tmp_path / "series.npy", str(path)):
        assert are_series(data) is expected
        modality = modality_of(data, among=("image", "series"), reading=READING)
        assert modality == ("series" if expected else "image")


def test_only_a_header_is_read_to_tell(tmp_path: Path) -> None:
    np.save(tmp_path / "series.npy", X)
    whole = (tmp_path / "series.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:200])
    assert are_series(tmp_path / "cut.npy")
    (tmp_path / "cut.npy").write_bytes(whole[:5])
    assert not are_series(tmp_path / "cut.npy")


def test_the_door_knows_them() -> None:
    source = open_data(X, modality="series")
    assert isinstance(source, Series)
    with pytest.raises(DataError, match=r"data must be texts\. Got 'series'\. Name data of texts"):
        open_data(source, modality="text")
    with pytest.raises(DataError, match=r"image_column must be left out for series\. Got 'X'"):
        open_data(X, modality="series", reading=Reading(image_column="X"))


def test_a_batch_is_a_function_of_the_step_and_ranks_share_it() -> None:
    source = open_series((X, Y))
    feed = SeriesFeed(source, batch_size=5, seed=3)
    batches = list(feed.batches(0, 4))
    assert feed.steps_per_epoch == 2
    (again,) = feed.batches(3, 4)
    assert torch.equal(again.examples, batches[3].examples)
    assert torch.equal(batches[1].examples, torch.from_numpy(X[batches[1].index.numpy()]))
    assert torch.equal(batches[1].label, torch.from_numpy(Y)[batches[1].index])
    first_epoch = torch.cat([batch.index for batch in batches[:2]]).tolist()
    assert len(set(first_epoch)) == 10
    halves = [SeriesFeed(source, batch_size=5, seed=3, rank=rank, world_size=2) for rank in (0, 1)]
    parts = [next(half.batches(2, 3)).index for half in halves]
    assert torch.equal(torch.cat(parts), batches[2].index)
    with pytest.raises(
        ValueError, match=r"batch_size must be from 1 \(one a rank\) to 12 \(the series of array\)\. Got 13"
    ):
        SeriesFeed(source, batch_size=13, seed=0)


def test_real_series(shared_data) -> None:
    source = open_series(shared_data("timeseries/ShoulderWatch.npz"))
    assert (len(source), source.channels, source.length) == (1522, 6, 200)
    assert len(source.class_names) == 7
    assert {"PEN", "ROW", "TRAP"} < set(source.class_names)
    with pytest.raises(DataError, match=r"Got '270 that cannot be used, first 0: shorter than others'\. Fill the gaps"):
        open_series(shared_data("timeseries/JapaneseVowels.npz"))


def _save(path: Path, **arrays: np.ndarray) -> None:
    np.save(path, arrays["X"])


@pytest.mark.parametrize("name", ["whole.npz", "packed.npz", "plain.npy"])
def test_damaged_files_get_a_sentence(name: str, tmp_path: Path) -> None:
    whole = tmp_path / name
    {"whole": np.savez, "packed": np.savez_compressed, "plain": _save}[whole.stem](whole, X=X)
    raw, random = whole.read_bytes(), np.random.default_rng(0)
    refused = 0
    for number in range(60):
        damaged = bytearray(raw[: random.integers(len(raw))] if number % 3 == 0 else raw)
        for place in random.integers(
            min(len(damaged), 200 if number % 3 == 1 else len(raw)), size=min(6, len(damaged))
        ):
            damaged[place] = random.integers(256)
        path = tmp_path / f"damaged{whole.suffix}"
        path.write_bytes(bytes(damaged))
        try:
            modality = modality_of(path, among=("image", "series"), reading=READING)
            assert len(open_data(path, modality=modality).fingerprint) == 64
        except DataError:
            refused += 1
    assert refused > 20
