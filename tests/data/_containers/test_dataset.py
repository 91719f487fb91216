import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset

from nearfar.data import Reading, open_source, splits
from nearfar.errors import DataError


class Rows(Dataset[Any]):
    def __init__(self, rows: list[Any], **attributes: object) -> None:
        self.rows = rows
        self.__dict__.update(attributes)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Any:
        return self.rows[row]


def as_pillow(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels)


def as_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels)[None]


def as_floats(pixels: np.ndarray) -> torch.Tensor:
    return as_tensor(pixels) / 255


@pytest.mark.parametrize("form", [as_pillow, as_tensor, as_floats, np.asarray, lambda pixels: pixels[..., None] / 255])
def test_any_form_of_a_picture_is_the_array(form: Callable[[np.ndarray], Any], pixels: np.ndarray) -> None:
    source = open_source(Rows([(form(each), number % 2) for number, each in enumerate(pixels)]))
    assert source.ids == ("0", "1", "2", "3", "4", "5")
    assert source.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert source.class_names == ("0", "1")
    assert np.array_equal(np.asarray(source.read(4)), pixels[4])
    assert source.fingerprint == open_source((pixels, [0, 1, 0, 1, 0, 1])).fingerprint
    assert pickle.loads(pickle.dumps(source)).fingerprint == source.fingerprint


def test_colour_keeps_its_channels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3, 4, 5), dtype=np.uint8)
    source = open_source(Rows(list(torch.from_numpy(pixels))))
    assert source.labels is None
    assert np.array_equal(np.asarray(source.read(1)), pixels[1].transpose(1, 2, 0))


def test_listed_labels_spare_reading_and_name_their_classes(pixels: np.ndarray) -> None:
    data = Rows([(each, torch.tensor(1)) for each in pixels], targets=torch.tensor([1] * 6), classes=["a", "b"])
    assert open_source(data).labels.tolist() == [1] * 6
    assert open_source(data).class_names == ("a", "b")
    assert open_source(Subset(data, [3, 5])).class_names == ("a", "b")


def test_listed_labels_that_say_something_else_are_not_believed(pixels: np.ndarray) -> None:
    data = Rows([(each, "dog") for each in pixels], targets=[0] * 6)
    assert open_source(data).class_names == ("dog",)


def test_rows_may_be_mappings(pixels: np.ndarray) -> None:
    data = Rows([{"img": each, "scan": 255 - each, "kind": "x", "label": 3} for each in pixels])
    assert open_source(data).class_names == ("3",)
    other = open_source(data, reading=Reading(image_column="scan", label_column="kind"))
    assert other.class_names == ("x",)
    assert np.array_equal(np.asarray(other.read(0)), 255 - pixels[0])


def test_a_mapping_names_splits(pixels: np.ndarray) -> None:
    data = {"train": Rows(list(pixels[:4])), "validation": Rows(list(pixels[4:]))}
    assert splits(data) == ("train", "val")
    assert open_source(data).ids == ("train/0", "train/1", "train/2", "train/3")
    held = open_source(data, split="val")
    assert np.array_equal(np.asarray(held.read(1)), pixels[5])


def test_pictures_of_the_data_set_stay_open(pixels: np.ndarray) -> None:
    data = Rows([as_pillow(each) for each in pixels])
    open_source(data).read(0)
    assert np.array_equal(np.asarray(data[0]), pixels[0])


class Noise(Rows):
    def __getitem__(self, row: int) -> Any:
        return torch.rand(1, 4, 4)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Noise([0, 1]), r"gives the same picture each time\. Got 'Noise'\. Take its random transform out"),
        (Rows([]), r"data must be a data set with rows"),
        (Rows([torch.randn(1, 4, 4)]), r"outside of 0 \.\.\. 1; take normalisation out"),
        (Rows(["a.png"]), r"is no picture but str"),
        (Rows([{"text": "a"}]), r"data must be rows with a picture\. Got \['text'\]\. Name its key with image_column"),
        ({"train": 3}, r"data must be a mapping of splits to data sets\. Got {'train': 'int'}"),
        ({}, r"data must be a mapping of splits to data sets"),
    ],
)
def test_what_cannot_be_used_is_refused(data: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_source(data)


def test_a_key_that_is_not_there_is_refused(pixels: np.ndarray) -> None:
    data = Rows([{"image": each} for each in pixels])
    with pytest.raises(DataError, match=r"image_column must be a column of the data\. Got 'imgae'\. Did you mean"):
        open_source(data, reading=Reading(image_column="imgae"))
