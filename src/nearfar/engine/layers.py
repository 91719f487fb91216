"""Probes on every stage of a backbone: where on the way do the classes come apart?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.networks.pooling import pooled
from nearfar.networks.stages import stage_vectors, stages
from nearfar.networks.text_stages import text_stages, token_states
from nearfar.networks.two_towers import TwoTowers
from nearfar.probes import Score, knn, linear_by_layer
from nearfar.views.tokens import Tokens

__all__ = ["Layer", "embed_layers", "judge_layers"]


@dataclass(frozen=True)
class Layer:
    """What probes say of one stage, averaged over positions or tokens.

    Attributes:
        name: of the module that makes it.
        dim: its width.
        linear: the linear probe's score.
        knn: that of its neighbours.
        token: of texts, the linear probe's score on one token of each text, by a seeded draw: what a single token knows
            of its sentence.
    """

    name: str
    dim: int
    linear: Score
    knn: Score
    token: Score | None = None

    def as_dict(self) -> dict[str, Any]:
        """The layer in the types of JSON."""
        scores = {"linear": self.linear.as_dict(), "knn": self.knn.as_dict()}
        if self.token is not None:
            scores["token"] = self.token.as_dict()
        return {"name": self.name, "dim": self.dim, **scores}


def embed_layers(encoder: Encoder, source: Source, *, batch_size: int = 256) -> dict[str, Float[np.ndarray, "n _"]]:
    """Every stage for every example, averaged over positions or tokens; one pass through the network each.

    Args:
        encoder: whose stages; of an encoder of pictures and texts those of the tower that reads the examples.
        source: the examples.
        batch_size: examples at once.

    Returns:
        By the name of the stage, from first to last.
    """
    return _embedded(encoder, source, batch_size=batch_size, seed=0)[0]


@torch.no_grad()
def _embedded(
    encoder: Encoder, source: Source, *, seed: int, batch_size: int = 256
) -> tuple[dict[str, Float[np.ndarray, "n _"]], dict[str, Float[np.ndarray, "n _"]]]:
    """Every stage averaged and, of texts, at one token of each."""
    averaged, single = dict[str, np.ndarray](), dict[str, np.ndarray]()
    drawn = np.random.default_rng(seed).random(len(source))
    for view, rows in encoder.spec.plain(source, device=encoder.device, batch_size=batch_size):
        network = _tower(encoder.backbone, view)
        if isinstance(view, Tokens):
            states = token_states(network, view, of=text_stages(network))
            place = _places(view, torch.from_numpy(drawn[rows]).to(view.device))
            whole = {name: pooled(each, view.lengths, pooling="mean") for name, each in states.items()}
            _put(single, {name: each[torch.arange(len(rows)), place] for name, each in states.items()}, rows, drawn)
        else:
            whole = stage_vectors(network, view, of=stages(network))
        _put(averaged, whole, rows, drawn)
    return averaged, single


def _tower(network: nn.Module, view: Any) -> nn.Module:
    """What reads a view."""
    if not isinstance(network, TwoTowers):
        return network
    return network.text if isinstance(view, Tokens) else network.image


def _places(view: Tokens, drawn: Float[Tensor, "n"]) -> Tensor:
    """Where one token of each text stands that is no special one; where there is none, any of them."""
    content = view.content | (view.real & ~view.content.any(dim=1, keepdim=True))
    number = (drawn * content.sum(dim=1)).long() + 1
    return (content & (content.cumsum(dim=1) == number[:, None])).int().argmax(dim=1)


def _put(found: dict[str, np.ndarray], vectors: dict[str, Tensor], rows: np.ndarray, whole: np.ndarray) -> None:
    for name, each in vectors.items():
        if name not in found:
            found[name] = np.empty((len(whole), each.shape[1]), dtype=np.float32)
        found[name][rows] = each.cpu().numpy()


def judge_layers(encoder: Encoder, train: Source, test: Source, *, seed: int = 0) -> tuple[Layer, ...]:
    """The linear probe and the neighbours on every stage, from first to last; of texts, on single tokens too.

    Args:
        encoder: what is judged.
        train: labelled examples to fit on.
        test: labelled examples to score on.
        seed: of the linear probe's draw, and of the tokens.
    """
    assert train.labels is not None
    assert test.labels is not None
    labels = train.labels, test.labels
    (fitted, fitted_tokens), (judged, judged_tokens) = (_embedded(encoder, each, seed=seed) for each in (train, test))
    by_line = _by_line(fitted, judged, labels, seed)
    by_token = _by_line(fitted_tokens, judged_tokens, labels, seed)
    return tuple(
        Layer(name, rows.shape[1], by_line[name], knn(rows, labels[0], judged[name], labels[1]), by_token.get(name))
        for name, rows in fitted.items()
    )


def _by_line(
    fitted: dict[str, np.ndarray], judged: dict[str, np.ndarray], labels: tuple[np.ndarray, np.ndarray], seed: int
) -> dict[str, Score]:
    if not fitted:
        return {}
    scores = linear_by_layer(list(fitted.values()), labels[0], list(judged.values()), labels[1], seed=seed)
    return dict(zip(fitted, scores, strict=True))
