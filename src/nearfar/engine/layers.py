"""Probes on every stage of a backbone: where on the way do the classes come apart?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.networks.stages import stage_vectors, stages
from nearfar.probes import Score, knn, linear_by_layer

__all__ = ["Layer", "embed_layers", "judge_layers"]


@dataclass(frozen=True)
class Layer:
    """What probes say of one stage, averaged over positions.

    Attributes:
        name: of the module that makes it.
        dim: its width.
        linear: the linear probe's score.
        knn: that of its neighbours.
    """

    name: str
    dim: int
    linear: Score
    knn: Score

    def as_dict(self) -> dict[str, Any]:
        """The layer in the types of JSON."""
        scores = {"linear": self.linear.as_dict(), "knn": self.knn.as_dict()}
        return {"name": self.name, "dim": self.dim, **scores}


@torch.no_grad()
def embed_layers(encoder: Encoder, source: Source, *, batch_size: int = 256) -> dict[str, Float[np.ndarray, "n _"]]:
    """Every stage of the backbone for every picture, averaged over positions; one pass through the network each.

    Args:
        encoder: whose stages.
        source: the pictures.
        batch_size: pictures at once.

    Returns:
        By the name of the stage, from first to last.
    """
    found, parts = dict[str, np.ndarray](), stages(encoder.backbone)
    for view, rows in encoder.spec.plain(source, device=encoder.device, batch_size=batch_size):
        for name, vectors in stage_vectors(encoder.backbone, view, of=parts).items():
            if name not in found:
                found[name] = np.empty((len(source), vectors.shape[1]), dtype=np.float32)
            found[name][rows] = vectors.cpu().numpy()
    return {name: found[name] for name in parts if name in found}


def judge_layers(encoder: Encoder, train: Source, test: Source, *, seed: int = 0) -> tuple[Layer, ...]:
    """The linear probe and the neighbours on every stage, from first to last.

    Args:
        encoder: what is judged.
        train: labelled pictures to fit on.
        test: labelled pictures to score on.
        seed: of the linear probe's draw.
    """
    assert train.labels is not None
    assert test.labels is not None
    fitted, judged = embed_layers(encoder, train), embed_layers(encoder, test)
    by_line = linear_by_layer(list(fitted.values()), train.labels, list(judged.values()), test.labels, seed=seed)
    by_neighbours = [knn(fitted[name], train.labels, judged[name], test.labels) for name in fitted]
    scores = zip(fitted, by_line, by_neighbours, strict=True)
    return tuple(Layer(name, fitted[name].shape[1], line, near) for name, line, near in scores)
