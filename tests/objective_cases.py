"""Every objective beside the contrastive ones, called once each: importable, because started ranks import it.

A case is an objective with its settings, its equation as a slow loop with the same settings, and inputs for any number
of rows. The proofs of `proofs.py` and the ranks run over all of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from oracles import adversarial as adversarial_oracle
from oracles import clustering as clustering_oracle
from oracles import distribution as distribution_oracle
from oracles import information as information_oracle
from oracles import language as language_oracle
from oracles import metric as metric_oracle
from oracles import reconstruction as reconstruction_oracle
from oracles import redundancy as redundancy_oracle
from oracles import regression as regression_oracle
from torch import Tensor

from nearfar.distributed import Group, all_reduce, rank, world_size
from nearfar.objectives import (
    adversarial,
    clustering,
    distribution,
    information,
    language,
    metric,
    reconstruction,
    redundancy,
    regression,
    sentences,
)

__all__ = ["CASES", "ROWS", "Case", "cases_of", "directions_of", "every_objective", "inputs_of"]

ROWS = {1: [9], 2: [3, 6], 3: [4, 2, 3], 4: [2, 3, 1, 3]}
"""How many of nine rows each rank brings."""


class Case(NamedTuple):
    """An objective as proved.

    `objective(*inputs, group=None)` and `oracle(*inputs)` take the same inputs, `shapes` writes them: a number is a
    size, "n" the rows; "labels" stands for a whole input of that kind, "flags" for one of n rows and the sizes that
    follow it, and "fixed" leads the sizes of one that no gradient reaches.
    """

    objective: Callable[..., Tensor]
    oracle: Callable[..., complex]
    shapes: tuple[tuple[int | str, ...], ...]
    least: int = 1
    symmetric: bool = False

    @property
    def axes(self) -> list[int | None]:
        """The axis of each input along which the rows stand; None where all ranks have the same."""
        return [0 if shape[0] in ("labels", "flags") else _row_axis(shape) for shape in self.shapes]

    @property
    def learned(self) -> list[bool]:
        """Whether gradients flow into each input."""
        return [shape[0] not in ("labels", "flags", "fixed") for shape in self.shapes]


def _row_axis(shape: tuple[int | str, ...]) -> int | None:
    sizes = [size for size in shape if size != "fixed"]
    return sizes.index("n") if "n" in sizes else None


def inputs_of(case: Case, n: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> tuple[Tensor, ...]:
    """Random inputs of n rows; later ones resemble the first of their shape, as views do."""
    generator = torch.Generator().manual_seed(seed)
    found: list[Tensor] = []
    for shape in case.shapes:
        if shape[0] == "labels":
            found.append(torch.randint(-1, 3, (n,), generator=generator))
        elif shape[0] == "flags":
            found.append(torch.rand([n, *map(int, shape[1:])], generator=generator) < 0.5)
        else:
            sizes = [n if size == "n" else int(size) for size in shape if size != "fixed"]
            x = 0.8 * torch.randn(sizes, generator=generator, dtype=torch.float64)
            like = next((other for other in found if other.shape == x.shape), 0.0)
            found.append(x + 0.7 * like)
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in found)


PAIR: tuple[tuple[int | str, ...], ...] = (("n", 3), ("n", 3))


def directions_of(seed: int) -> np.ndarray:
    """What a generator of this seed draws first."""
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(seed)).double().numpy()


def _metric_cases() -> dict[str, Case]:
    cases = {}
    for kind in ("squared", "euclidean", "cosine"):
        cases[f"margin_contrastive {kind}"] = Case(
            lambda a, b, y, group=None, kind=kind: metric.margin_contrastive(
                a, b, y, margin=1.3, distance=kind, group=group
            ),
            lambda a, b, y, kind=kind: metric_oracle.margin_contrastive(a, b, y, 1.3, kind),
            (*PAIR, ("flags",)),
            symmetric=True,
        )
        cases[f"triplet {kind}"] = Case(
            lambda a, p, n, group=None, kind=kind: metric.triplet(a, p, n, margin=0.4, distance=kind, group=group),
            lambda a, p, n, kind=kind: metric_oracle.triplet(a, p, n, 0.4, kind),
            (*PAIR, ("n", 3)),
        )
        cases[f"quadruplet {kind}"] = Case(
            lambda a, p, k, j, group=None, kind=kind: metric.quadruplet(
                a, p, k, j, margin=0.9, second_margin=0.4, distance=kind, group=group
            ),
            lambda a, p, k, j, kind=kind: metric_oracle.quadruplet(a, p, k, j, (0.9, 0.4), kind),
            (*PAIR, *PAIR),
        )
    for mining, kind in (
        ("all", "squared"),
        ("all", "cosine"),
        ("hard", "euclidean"),
        ("hard", "squared"),
        ("semi_hard", "squared"),
        ("semi_hard", "euclidean"),
    ):
        cases[f"triplet_from_labels {mining} {kind}"] = Case(
            lambda z, y, group=None, mining=mining, kind=kind: metric.triplet_from_labels(
                z, y, margin=0.4, mining=mining, distance=kind, group=group
            ),
            lambda z, y, mining=mining, kind=kind: metric_oracle.triplet_from_labels(z, y, 0.4, mining, kind),
            (("n", 3), ("labels",)),
        )
    return cases


def _redundancy_cases() -> dict[str, Case]:
    cases = {}
    for name, d in (("tall", 3), ("wide", 14)):
        cases[f"vicreg {name}"] = Case(
            lambda a, b, group=None: redundancy.vicreg(
                a, b, invariance_weight=2.0, variance_weight=3.0, covariance_weight=5.0, group=group
            ),
            lambda a, b: redundancy_oracle.vicreg(a, b, (2.0, 3.0, 5.0)),
            (("n", d), ("n", d)),
            least=2,
            symmetric=True,
        )
        cases[f"barlow_twins {name}"] = Case(
            lambda a, b, group=None: redundancy.barlow_twins(a, b, redundancy_weight=0.3, group=group),
            lambda a, b: redundancy_oracle.barlow_twins(a, b, 0.3),
            (("n", d), ("n", d)),
            least=2,
            symmetric=True,
        )
    return cases


def _reconstruction_cases() -> dict[str, Case]:
    cases = {
        "mse": Case(reconstruction.mse, reconstruction_oracle.mse, (("n", 2, 3), ("n", 2, 3)), symmetric=True),
        "bernoulli_nll": Case(
            reconstruction.bernoulli_nll, reconstruction_oracle.bernoulli_nll, (("n", 2, 2), ("n", 2, 2))
        ),
        "gaussian_nll": Case(
            lambda x_hat, x, group=None: reconstruction.gaussian_nll(x_hat, x, std=0.7, group=group),
            lambda x_hat, x: reconstruction_oracle.gaussian_nll(x_hat, x, 0.7),
            (("n", 2, 2), ("n", 2, 2)),
            symmetric=True,
        ),
        "gaussian_kl": Case(reconstruction.gaussian_kl, reconstruction_oracle.gaussian_kl, PAIR),
    }
    for name, free_bits in (("elbo", 0.0), ("elbo with free bits", 0.4)):
        cases[name] = Case(
            lambda x_hat, x, mu, log_var, group=None, free_bits=free_bits: reconstruction.elbo(
                reconstruction.gaussian_nll(x_hat, x, group=group),
                mu, log_var, beta=3.0, free_bits=free_bits, group=group,
            ),
            lambda x_hat, x, mu, log_var, free_bits=free_bits: reconstruction_oracle.elbo(
                reconstruction_oracle.gaussian_nll(x_hat, x, 1.0), mu, log_var, 3.0, free_bits
            ),
            (("n", 2, 2), ("n", 2, 2), *PAIR),
            symmetric=True,
        )  # fmt: skip
    for normalize in (False, True):
        cases[f"masked_mse{' of normalised patches' * normalize}"] = Case(
            lambda predicted, patches, mask, group=None, normalize=normalize: reconstruction.masked_mse(
                predicted, patches, mask, normalize=normalize, group=group
            ),
            lambda predicted, patches, mask, normalize=normalize: reconstruction_oracle.masked_mse(
                predicted, patches, mask, normalize
            ),
            (("n", 6, 3), ("fixed", "n", 6, 3), ("flags", 6)),
            least=2,
            symmetric=not normalize,
        )
    return cases


def _language_cases() -> dict[str, Case]:
    def texts(labels: Tensor) -> tuple[Tensor, Tensor]:
        """Texts of one to three tokens out of four."""
        return (labels[:, None] + 1 + torch.arange(3)) % 4, (labels + 2).clamp(max=3)

    return {
        "masked_token": Case(language.masked_token, language_oracle.cross_entropy, (("n", 4), ("labels",))),
        "order": Case(language.order, language_oracle.cross_entropy, (("n", 3), ("labels",))),
        "next_token": Case(
            lambda logits, y, group=None: language.next_token(logits, *texts(y), group=group),
            lambda logits, y: language_oracle.next_token(logits, *(x.numpy() for x in texts(torch.from_numpy(y)))),
            (("n", 3, 4), ("labels",)),
        ),
    }


def _sentence_cases() -> dict[str, Case]:
    return {
        "simcse": Case(
            lambda a, p, group=None: sentences.simcse(a, p, temperature=0.4, group=group),
            lambda a, p: language_oracle.simcse(a, p, None, 0.4, 0.0),
            PAIR,
            least=2,
        ),
        "simcse with hard negatives": Case(
            lambda a, p, n, group=None: sentences.simcse(a, p, n, temperature=0.4, hard_weight=0.7, group=group),
            lambda a, p, n: language_oracle.simcse(a, p, n, 0.4, 0.7),
            (*PAIR, ("n", 3)),
        ),
    }


CASES: dict[str, dict[str, Case]] = {
    "language": _language_cases(),
    "sentences": _sentence_cases(),
    "metric": _metric_cases(),
    "reconstruction": _reconstruction_cases(),
    "adversarial": {
        "gan_discriminator": Case(
            adversarial.gan_discriminator, adversarial_oracle.gan_discriminator, (("n",), ("n",))
        ),
        "gan_generator": Case(adversarial.gan_generator, adversarial_oracle.gan_generator, (("n",),)),
        "bigan_encoder_generator": Case(
            adversarial.bigan_encoder_generator, adversarial_oracle.bigan_encoder_generator, (("n",), ("n",))
        ),
    },
    "regression": {
        "negative_cosine": Case(regression.negative_cosine, regression_oracle.negative_cosine, PAIR, symmetric=True),
        "normalized_mse": Case(regression.normalized_mse, regression_oracle.normalized_mse, PAIR, symmetric=True),
    },
    "redundancy": _redundancy_cases(),
    "clustering": {
        "swapped_prediction": Case(
            lambda scores, codes, group=None: clustering.swapped_prediction(
                scores, codes, temperature=0.3, group=group
            ),
            lambda scores, codes: clustering_oracle.crossed(codes, scores, 0.3),
            ((3, "n", 4), (2, "n", 4)),
        ),
        "swapped_prediction of sinkhorn": Case(
            lambda scores, basis, group=None: clustering.swapped_prediction(
                scores, clustering.sinkhorn(basis, epsilon=0.4, iterations=4, group=group), group=group
            ),
            lambda scores, basis: clustering_oracle.swapped_prediction(scores, basis, 0.1, 0.4, 4),
            ((3, "n", 4), ("fixed", 2, "n", 4)),
        ),
        "dino": Case(
            lambda scores, targets, center, group=None: clustering.dino(
                scores, targets, center, temperature=0.5, target_temperature=0.3, group=group
            ),
            lambda scores, targets, center: clustering_oracle.dino(scores, targets, center, 0.5, 0.3),
            ((3, "n", 4), (2, "n", 4), (4,)),
        ),
        "dino around its batch": Case(
            lambda scores, targets, group=None: clustering.dino(
                scores, targets, clustering.dino_batch_center(targets, group=group), group=group
            ),
            lambda scores, targets: clustering_oracle.dino(scores, targets, targets.mean(axis=(0, 1)), 0.1, 0.04),
            ((3, "n", 4), ("fixed", 2, "n", 4)),
        ),
    },
    "information": {
        "deep_infomax_jsd local": Case(
            information.deep_infomax_jsd, information_oracle.deep_infomax_jsd, (("n", 2, 3), ("n", 3)), least=2
        ),
        "deep_infomax_jsd global": Case(
            information.deep_infomax_jsd, information_oracle.deep_infomax_jsd, (("n", 1, 3), ("n", 3)), least=2
        ),
        "deep_infomax_nce local": Case(
            information.deep_infomax_nce, information_oracle.deep_infomax_nce, (("n", 2, 3), ("n", 3)), least=2
        ),
        "deep_infomax_nce global": Case(
            information.deep_infomax_nce, information_oracle.deep_infomax_nce, (("n", 1, 3), ("n", 3)), least=2
        ),
        "cpc": Case(information.cpc, information_oracle.cpc, (("n", 2, 3), ("n", 2, 3)), least=2),
    },
    "distribution": {
        "sigreg": Case(
            lambda z, group=None: distribution.sigreg(
                z, generator=torch.Generator().manual_seed(0), num_directions=4, group=group
            ),
            lambda z: distribution_oracle.sigreg(z, directions_of(0)),
            ((2, "n", 3),),
        ),
        "view_prediction": Case(
            lambda z, group=None: distribution.view_prediction(z, num_global=2, group=group),
            lambda z: distribution_oracle.view_prediction(z, 2),
            ((4, "n", 3),),
        ),
    },
}
"""Cases by the file that defines the objective, then by name."""


def cases_of(module: str) -> dict[str, Case]:
    """The cases of one file."""
    return CASES[module]


def every_objective(group: Group | None) -> dict[str, dict[str, Any]]:
    """The loss of this rank's rows of nine, and the gradients as averaging over the ranks would give them.

    The gradient of this rank's rows is what stands at those rows of the big batch's gradient; of an input that all
    ranks have, it is the ranks' mean.
    """
    found = {name: _one(case, group) for cases in CASES.values() for name, case in cases.items()}
    return found | {"sigreg of unlike generators": {"loss": _unlike(group)}}


def _unlike(group: Group | None) -> Tensor:
    """SIGReg of this rank's rows, whose generator is unlike that of all other ranks."""
    (z,) = inputs_of(CASES["distribution"]["sigreg"], 9)
    generator = torch.Generator().manual_seed(rank(group))
    own = z.split(ROWS[world_size(group)], dim=1)[rank(group)]
    return distribution.sigreg(own, generator=generator, num_directions=4, group=group)


def _one(case: Case, group: Group | None) -> dict[str, Any]:
    size, own = world_size(group), ROWS[world_size(group)]
    inputs = []
    for x, axis in zip(inputs_of(case, sum(own)), case.axes, strict=True):
        mine = x if axis is None else x.split(own, dim=axis)[rank(group)]
        inputs.append(mine.clone())
    for x, moves in zip(inputs, case.learned, strict=True):
        x.requires_grad_(moves)
    loss = case.objective(*inputs, group=group)
    loss.backward()
    gradients = [
        None if x.grad is None else x.grad / size if axis is not None else all_reduce(x.grad, group) / size
        for x, axis in zip(inputs, case.axes, strict=True)
    ]
    return {"loss": loss.detach(), "gradients": gradients}
