"""SwAV."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from nearfar.distributed import rank, world, world_size
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.crops import pass_by_size
from nearfar.networks.heads import mlp
from nearfar.networks.prototypes import Prototypes
from nearfar.networks.queue import Queue
from nearfar.objectives.clustering import sinkhorn, swapped_prediction, swapped_prediction_chance

__all__ = ["SwAV"]


class SwAV(Method):
    """Swapping assignments between views.

    Each of the two global views is assigned to prototypes such that the batch uses all of them equally; every other
    view of the example, small crops too, predicts that assignment. No example is pushed from another.

    Landmarks: the loss starts near ln(number of prototypes) nats, where a collapsed network sits too.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of the projection that is compared with prototypes.
        num_prototypes: how many; some ten times the classes one expects.
        temperature: divides the cosines in predictions.
        epsilon: how soft assignments are.
        queue_size: embeddings of earlier batches that take part in the assignment, for each global view; with 0, none.
            A batch smaller than the number of prototypes needs them.
        queue_start: the part of the run before embeddings are queued; they take part once the queue is full.
        freeze: the part of the run, from its start, in which prototypes do not move.

    Source: SwAV, Caron et al. 2020, arXiv 2006.09882, with the authors' code's frozen start and queue. Theirs holds on
        each GPU what that GPU has seen; here one queue holds what all ranks have, and each brings its share.
    """

    paper: ClassVar[str] = "SwAV, Caron et al. 2020, arXiv 2006.09882"
    summary: ClassVar[str] = "views of an example predict each other's prototypes, which the batch uses equally"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 128,
        num_prototypes: int = 3000,
        temperature: float = 0.1,
        epsilon: float = 0.05,
        queue_size: int = 0,
        queue_start: float = 0.075,
        freeze: float = 0.01,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.prototypes = Prototypes(projection_dim, num_prototypes, freeze=freeze)
        self.queues = nn.ModuleList(Queue(queue_size, projection_dim) for _ in range(2 if queue_size else 0))
        self.temperature, self.epsilon, self.queue_start = temperature, epsilon, queue_start

    def forward(self, batch: Batch) -> Step:
        z = pass_by_size(lambda views: self.projector(self.backbone(views)), batch.views)
        scores = torch.stack([self.prototypes(view) for view in z])
        codes = self._codes(scores[:2].detach())
        loss = swapped_prediction(scores, codes, temperature=self.temperature, group=world())
        return Step(loss, carry=[nn.functional.normalize(view.detach(), dim=1) for view in z[:2]])

    @torch.no_grad()
    def _codes(self, scores: Tensor) -> Tensor:
        """The codes of the global views; this rank's share of the queue stands behind them while they are assigned."""
        n, group = scores.shape[1], world()
        queues = [queue for queue in self.queues if isinstance(queue, Queue) and queue.is_full]
        if len(queues) == len(scores):
            earlier = [self.prototypes(queue.rows[rank(group) :: world_size(group)]) for queue in queues]
            scores = torch.cat([scores, torch.stack(earlier)], dim=1)
        return sinkhorn(scores, epsilon=self.epsilon, group=group)[:, :n]

    def update(self, steps: Sequence[Step], progress: float) -> None:
        self.prototypes.settle(progress)
        if progress < self.queue_start:
            return
        for number, queue in enumerate(self.queues):
            assert isinstance(queue, Queue)
            for step in steps:
                queue.push(step.carry[number], group=world())

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return swapped_prediction_chance(len(self.prototypes.weight))
