"""An encoder with the classifier that was trained on it: what a fine-tuned run is used for."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

from nearfar.engine.encoder import Encoder
from nearfar.errors import RunError, complaint
from nearfar.probes.nearest import nearest
from nearfar.records import EmbeddingTable, RunFolder, atomic_write

__all__ = ["NEIGHBOURS", "Classifier", "Predictions", "save_classifier"]

NEIGHBOURS = 10_000
"""A prediction's nearest example is looked for among no more than so many of the training examples."""


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of n examples.

    Attributes:
        ids: names of the examples.
        labels: the likeliest class of each, by name.
        probabilities: (n,) how likely the classifier thinks it.
        nearest: the most similar training example of each; empty where the run keeps none.
        similarities: (n,) the cosine to it.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: np.ndarray
    nearest: tuple[str, ...] = ()
    similarities: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def write(self, path: Path | str) -> None:
        """Writes a CSV: `id`, `label`, `probability`, and `nearest` and `similarity` where they are known."""
        columns = {
            "id": [name.encode(errors="backslashreplace").decode() for name in self.ids],
            "label": self.labels,
            "probability": [f"{value:.4f}" for value in self.probabilities],
        }
        if self.similarities is not None:
            columns |= {"nearest": self.nearest, "similarity": [f"{value:.4f}" for value in self.similarities]}
        text = io.StringIO(newline="")
        csv.writer(text).writerows([tuple(columns), *zip(*columns.values(), strict=True)])
        with atomic_write(Path(path)) as file:
            file.write(text.getvalue().encode())


class Classifier:
    """An encoder and a linear classifier on its representation.

    Args:
        encoder: makes the representation.
        layer: makes its logits, one a class.
        class_names: the name of each class.
        neighbours: embeddings of training examples, among which the nearest is named.
    """

    def __init__(
        self, encoder: Encoder, layer: nn.Linear, class_names: tuple[str, ...], neighbours: EmbeddingTable | None = None
    ) -> None:
        self.encoder, self.layer, self.class_names, self.neighbours = encoder, layer, class_names, neighbours

    @torch.no_grad()
    def predict(self, data: Any, *, split: str | None = None) -> Predictions:
        """The likeliest class of every example, in the order of the source.

        Args:
            data: as `Encoder.embed` takes it.
            split: which split of it.

        Raises:
            DataError: the data cannot be read, or is of another modality.
        """
        table = self.encoder.embed(data, split=split)
        rows = torch.from_numpy(table.vectors)
        probability, label = self.layer(rows).softmax(dim=1).max(dim=1)
        names = tuple(self.class_names[each] for each in label.tolist())
        if self.neighbours is None:
            return Predictions(table.ids, names, probability.numpy())
        similarity, row = nearest(rows, torch.from_numpy(self.neighbours.vectors), 1)
        alike = tuple(self.neighbours.ids[each] for each in row[:, 0].tolist())
        return Predictions(table.ids, names, probability.numpy(), alike, similarity[:, 0].numpy())

    @classmethod
    def load(cls, folder: Path) -> "Classifier":
        """Reads a run that trained a classifier.

        Raises:
            RunError: the run trained none, or its files are damaged.
        """
        files, encoder = RunFolder(folder), Encoder.load(folder)
        try:
            with safetensors.safe_open(files.classifier, framework="pt") as file:
                names = tuple(json.loads(file.metadata()["class_names"]))
                weights = {name: file.get_tensor(name) for name in ("weight", "bias")}
            layer = nn.Linear(encoder.dim, len(names))
            layer.load_state_dict(weights)
        except FileNotFoundError:
            constraint, next_step = "a run with a classifier", f"Train one by `nearfar finetune {folder} DATA`"
            raise RunError(complaint("predict", str(folder), constraint, "an encoder alone", next_step)) from None
        except (KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
            reason = str(error).splitlines()[0]
            next_step = "Restore it or train anew"
            raise RunError(complaint("predict", str(folder), "an undamaged classifier", reason, next_step)) from None
        table = EmbeddingTable.read(files.neighbours) if files.neighbours.exists() else None
        return cls(encoder, layer, names, table)


def save_classifier(layer: nn.Linear, class_names: tuple[str, ...], folder: Path) -> None:
    """Writes `classifier.safetensors`.

    Args:
        layer: from the representation to logits.
        class_names: the name of each class.
        folder: the run's.
    """
    weights = {name: value.detach().float().cpu().contiguous() for name, value in layer.state_dict().items()}
    with atomic_write(RunFolder(folder).classifier) as file:
        file.write(safetensors.torch.save(weights, metadata={"class_names": json.dumps(class_names)}))
