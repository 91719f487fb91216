"""Optimizers and what goes into them: SGD and AdamW from torch, LARS and Muon here."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from nearfar.errors import complaint, suggestion

__all__ = ["LARS", "OPTIMIZERS", "Muon", "build_optimizer", "orthogonalize", "parameter_groups", "set_rate"]

OPTIMIZERS = ("adamw", "lars", "muon", "sgd")
KINDS = ("matrices", "first", "vectors")
"""What parameters are grouped by."""


class LARS(Optimizer):
    """SGD with momentum whose rate is scaled, layer by layer, by the ratio of the weights' norm to the gradient's.

    v <- momentum v + rate * trust ||w|| / ||g + decay w|| * (g + decay w);  w <- w - v

    Groups with `adapt=False` (biases and norm parameters) take a plain step without ratio and without decay.

    Args:
        params: parameters or groups.
        lr: the base rate; LARS wants it large (SimCLR: 0.3 per 256 examples).
        momentum: fraction of the velocity that is kept.
        weight_decay: of the adapted groups.
        trust: the paper's eta.

    Source: You, Gitman and Ginsburg 2017, arXiv 1708.03888. As in SimCLR's code the ratio multiplies the rate inside
        the velocity.
    """

    def __init__(
        self, params: Any, *, lr: float, momentum: float = 0.9, weight_decay: float = 0.0, trust: float = 0.001
    ) -> None:
        super().__init__(
            params,
            {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust, "adapt": True},
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                gradient = weight.grad
                if group["adapt"]:
                    gradient = gradient.add(weight, alpha=group["weight_decay"])
                    gradient = gradient * _trust_ratio(weight, gradient, trust=group["trust"])
                velocity = self.state[weight].setdefault("velocity", torch.zeros_like(weight))
                velocity.mul_(group["momentum"]).add_(gradient, alpha=group["lr"])
                weight.sub_(velocity)


def _trust_ratio(weight: Tensor, gradient: Tensor, *, trust: float) -> Tensor:
    """Trust ||w|| / ||g||, or 1 where either norm is 0."""
    weight_norm, gradient_norm = weight.norm(), gradient.norm()
    ratio = trust * weight_norm / gradient_norm
    return torch.where((weight_norm > 0) & (gradient_norm > 0), ratio, torch.ones_like(ratio))


class Muon(Optimizer):
    """Momentum whose matrix-shaped updates are made orthogonal before they are applied.

    Groups with `matrix=True` hold filters and weight matrices: every update gets singular values near 1, so directions
    that the gradient favours little are learned as fast as its strongest. Groups with `matrix=False` (biases, norms,
    first layers) are stepped by AdamW.

    Args:
        params: groups, each with its key `matrix`.
        lr: the base rate of the groups that state none; 0.02 for matrices is usual.
        momentum: fraction of the gradient's moving sum that is kept (matrices).
        weight_decay: decoupled; per step the weights shrink by rate times this.
        betas: AdamW's moments.
        iterations: Newton-Schulz steps of the orthogonalisation; 3 do for networks this size, 5 are the original.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks" (blog, with code). Convolution
        filters are flattened to (out, in * height * width). The update is scaled by sqrt(max(1, rows / columns)).
    """

    def __init__(
        self,
        params: Any,
        *,
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.95),
        iterations: int = 3,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "betas": betas, "eps": 1e-8}
        super().__init__(params, {**defaults, "iterations": iterations, "matrix": True})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if group["weight_decay"] and weights:
                torch._foreach_mul_(weights, 1.0 - group["lr"] * group["weight_decay"])
            if group["matrix"]:
                for shape in sorted({_matrix_shape(weight) for weight in weights}):
                    self._step_matrices([weight for weight in weights if _matrix_shape(weight) == shape], group)
            else:
                for weight in weights:
                    self._step_adam(weight, group)

    def _step_matrices(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        """One shape of matrices, orthogonalised as one batch."""
        updates = []
        for weight in weights:
            assert weight.grad is not None
            momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
            momentum.lerp_(weight.grad, 1.0 - group["momentum"])
            updates.append(weight.grad.lerp(momentum, group["momentum"]).reshape(_matrix_shape(weight)))
        rows, columns = updates[0].shape
        rate = group["lr"] * max(1.0, rows / columns) ** 0.5
        steps = orthogonalize(torch.stack(updates), iterations=group["iterations"])
        for weight, update in zip(weights, steps, strict=True):
            weight.add_(update.reshape(weight.shape).to(weight.dtype), alpha=-rate)

    def _step_adam(self, weight: Tensor, group: dict[str, Any]) -> None:
        assert weight.grad is not None
        state, (beta_1, beta_2) = self.state[weight], group["betas"]
        if not state:
            state |= {"step": 0, "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        state["step"] += 1
        state["mean"].lerp_(weight.grad, 1.0 - beta_1)
        state["square"].lerp_(weight.grad.square(), 1.0 - beta_2)
        mean = state["mean"] / (1.0 - beta_1 ** state["step"])
        square = state["square"] / (1.0 - beta_2 ** state["step"])
        weight.addcdiv_(mean, square.sqrt().add_(group["eps"]), value=-group["lr"])


def _matrix_shape(weight: Tensor) -> tuple[int, int]:
    return weight.shape[0], weight[0].numel()


def orthogonalize(matrices: Float[Tensor, "b r c"], *, iterations: int) -> Float[Tensor, "b r c"]:
    """Matrices with the same singular vectors and singular values pushed towards 1.

    A quintic Newton-Schulz iteration in bfloat16: X <- a X + (b A + c A A) X with A = X X', on X of unit norm.

    Args:
        matrices: a batch of one shape.
        iterations: of the polynomial.

    Returns:
        bfloat16 matrices whose singular values lie roughly in [0.5, 1.2] where the input's were not tiny.
    """
    if len(matrices) == 1:  # a product of two matrices is quicker than a batch of one
        return _newton_schulz(matrices[0], iterations, torch.addmm)[None]
    return _newton_schulz(matrices, iterations, torch.baddbmm)


def _newton_schulz(matrices: Tensor, iterations: int, add_product: Callable[..., Tensor]) -> Tensor:
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = add_product(x, add_product(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.mT if tall else x


def parameter_groups(method: nn.Module, *, weight_decay: float) -> list[dict[str, Any]]:
    """Every trainable parameter in exactly one group: matrices that decay, first layers, and the rest.

    First layers are the first convolution and every table of vectors.

    Biases and norm parameters are never decayed. Where two modules share a parameter it counts once. Of a method with
    `parts`, each of them has groups of its own.

    Returns:
        Groups named "matrices", "first" and "vectors", or "generator matrices" for a part, with the keys `params`,
        `name`, `weight_decay`; empty ones are left out.
    """
    backbone = getattr(method, "backbone", method)
    convolutions = (module.weight for module in backbone.modules() if isinstance(module, nn.Conv1d | nn.Conv2d))
    tables = (module.weight for module in method.modules() if isinstance(module, nn.Embedding))
    first = {id(next(convolutions, None)), *map(id, tables)}
    parts: Sequence[str] = getattr(method, "parts", ())
    part_of = {id(weight): f"{part} " for part in parts for weight in getattr(method, part).parameters()}
    groups: dict[str, list[Tensor]] = {
        prefix + kind: [] for prefix in ("", *(f"{part} " for part in parts)) for kind in KINDS
    }
    for weight in method.parameters():
        if weight.requires_grad:
            kind = "first" if id(weight) in first else "matrices" if weight.ndim >= 2 else "vectors"
            groups[part_of.get(id(weight), "") + kind].append(weight)
    return [
        {"params": params, "name": name, "weight_decay": 0.0 if name.endswith("vectors") else weight_decay}
        for name, params in groups.items()
        if params
    ]


MUON_ADAM_RATE = 0.1
"""AdamW's rate inside Muon, as a fraction of the matrices' rate: 2e-3 beside 0.02."""


def build_optimizer(name: str, method: nn.Module, *, learning_rate: float, weight_decay: float) -> Optimizer:
    """An optimizer by name over the parameters of a method.

    Args:
        name: "sgd" (Nesterov momentum 0.9), "adamw" (betas 0.9, or the method's `adam_beta`, and 0.95), "lars" or
            "muon".
        method: its trainable parameters are grouped by `parameter_groups`.
        learning_rate: the base rate of this run, already scaled to its batch.
        weight_decay: not applied to biases and norm parameters.

    Raises:
        ValueError: the name is unknown.
    """
    groups = parameter_groups(method, weight_decay=weight_decay)
    optimizer: Optimizer
    match name:
        case "sgd":
            optimizer = SGD(groups, lr=learning_rate, momentum=0.9, nesterov=True)
        case "adamw":
            on_cpu = not (torch.cuda.is_available() or torch.backends.mps.is_available())
            # Fused, a step takes a sixth of the time there. On CUDA torch's default is quick; fused, it would undo the
            # scale of gradients itself, which forbids clipping in 16 bits.
            optimizer = AdamW(
                groups, lr=learning_rate, betas=(getattr(method, "adam_beta", 0.9), 0.95), fused=on_cpu or None
            )
        case "lars":
            for group in groups:
                group["adapt"] = not group["name"].endswith("vectors")
            optimizer = LARS(groups, lr=learning_rate)
        case "muon":
            for group in groups:
                group["matrix"] = group["name"].endswith("matrices")
                group["lr"] = learning_rate * (1.0 if group["matrix"] else MUON_ADAM_RATE)
            optimizer = Muon(groups, lr=learning_rate)
        case _:
            raise ValueError(
                complaint("optimizer", "name", f"one of {', '.join(OPTIMIZERS)}", name, suggestion(name, OPTIMIZERS))
            )
    for group in optimizer.param_groups:
        group["base_lr"] = group["lr"]
    return optimizer


def set_rate(optimizer: Optimizer, factor: float) -> None:
    """Sets every group's rate to its base rate times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
