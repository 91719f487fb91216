"""DINO."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.crops import pass_by_size
from nearfar.networks.heads import mlp
from nearfar.networks.momentum import MomentumTwin
from nearfar.networks.prototypes import Prototypes
from nearfar.objectives.clustering import dino, dino_batch_center, dino_chance

__all__ = ["DINO"]


class DINO(Method):
    """Self-distillation with no labels.

    A slow copy of the network sees the two global views of an example and says how they fall to prototypes; every other
    view, small crops too, predicts that. Centring the copy's scores stops one prototype from winning everywhere,
    sharpening them stops all from being alike. No example is pushed from another.

    Landmarks: the loss starts near ln(number of prototypes) nats, where the uniform collapse sits too; the collapse to
    one prototype has loss 0.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layers.
        projection_dim: width of the projection that is compared with prototypes.
        num_prototypes: how many; the paper's 65,536 is for a million pictures.
        temperature: divides the network's cosines.
        target_temperature: divides the slow copy's.
        momentum: the fraction of itself that the slow copy keeps at the start; it rises to 1 by half a cosine.
        center_momentum: the fraction of the centre that is kept at each step.
        freeze: the part of the run, from its start, in which prototypes do not move.

    Source: DINO, Caron et al. 2021, arXiv 2104.14294, algorithm 1. Prototypes keep the length 1 that the authors'
        weight norm gives them. What is kept is the network that is trained, where the authors keep the slow copy; their
        warm-up of the target temperature, from 0.04 to 0.07, is left out.
    """

    paper: ClassVar[str] = "DINO, Caron et al. 2021, arXiv 2104.14294"
    summary: ClassVar[str] = "views predict how a slow copy of the network sorts the whole example; nothing is far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    accumulates: ClassVar[bool] = True

    center: Tensor

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 256,
        num_prototypes: int = 65536,
        temperature: float = 0.1,
        target_temperature: float = 0.04,
        momentum: float = 0.996,
        center_momentum: float = 0.9,
        freeze: float = 0.01,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, hidden_dim, projection_dim, norm=False, activation=nn.GELU)
        self.prototypes = Prototypes(projection_dim, num_prototypes, freeze=freeze)
        self.target = MomentumTwin(self._network, momentum=momentum)
        self.register_buffer("center", torch.zeros(num_prototypes))
        self.temperature, self.target_temperature = temperature, target_temperature
        self.center_momentum = center_momentum

    @property
    def _network(self) -> nn.Sequential:
        return nn.Sequential(self.backbone, self.projector, self.prototypes)

    def forward(self, batch: Batch) -> Step:
        target_scores = torch.stack(pass_by_size(self.target, batch.views[:2]))
        loss = dino(
            torch.stack(pass_by_size(self._network, batch.views)),
            target_scores,
            self.center,
            temperature=self.temperature,
            target_temperature=self.target_temperature,
            group=world(),
        )
        return Step(loss, carry=target_scores)

    def update(self, steps: Sequence[Step], progress: float) -> None:
        self.prototypes.settle(progress)
        self.target.follow(self._network, progress)
        for module in self.target.modules():
            if isinstance(module, Prototypes):
                module.settle(progress)
        center = torch.stack([dino_batch_center(step.carry, group=world()) for step in steps]).mean(dim=0)
        self.center.lerp_(center.to(self.center.dtype), 1 - self.center_momentum)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return dino_chance(len(self.center))
