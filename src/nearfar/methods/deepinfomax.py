"""Deep InfoMax."""

import math
from typing import ClassVar, Literal

from torch import nn

from nearfar.distributed import world
from nearfar.errors import complaint, suggestion
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.information import deep_infomax_jsd, deep_infomax_nce, deep_infomax_nce_chance

__all__ = ["DeepInfoMax"]

ESTIMATORS = {"jsd": deep_infomax_jsd, "nce": deep_infomax_nce}


class DeepInfoMax(Method):
    """Mutual information between a picture's representation and its parts.

    The representation shall tell the places of its own picture (local), and the picture as a whole (global), from those
    of the other pictures of the batch.

        loss = local_weight * local + global_weight * global

    Landmarks: with "jsd", 0 when no pair is told from another, where a collapsed network sits too, and -2 ln 2 nats a
    term at best; with "nce", ln(1 + (n - 1) places) and ln n.

    Args:
        backbone: the network that is kept; it must give its locations.
        embedding_dim: width in which representation and places are compared.
        estimator: "jsd" or "nce"; the latter wants large batches.
        local_weight: of the places.
        global_weight: of the whole.

    Source: Deep InfoMax, Hjelm et al. 2018, arXiv 1808.06670, equations 4, 5 and 8, with encode-and-dot scores. The
        whole is the mean over places where the paper flattens them, so that any size of picture will do; matching the
        representation to a prior by an adversary is left out.
    """

    paper: ClassVar[str] = "Deep InfoMax, Hjelm et al. 2018, arXiv 1808.06670"
    summary: ClassVar[str] = "a picture's representation is near its own places, and far from those of other pictures"

    def __init__(
        self,
        backbone: nn.Module,
        *,
        embedding_dim: int = 512,
        estimator: Literal["jsd", "nce"] = "jsd",
        local_weight: float = 1.0,
        global_weight: float = 0.5,
    ) -> None:
        super().__init__()
        if estimator not in ESTIMATORS:
            known = ", ".join(map(repr, ESTIMATORS))
            raise ValueError(
                complaint("DeepInfoMax", "estimator", f"one of {known}", estimator, suggestion(estimator, ESTIMATORS))
            )
        location_dim = backbone.location_dim
        assert isinstance(location_dim, int)
        self.backbone = backbone
        self.summarize = mlp(dim_of(backbone), embedding_dim, embedding_dim)
        self.embed_place = mlp(location_dim, embedding_dim, embedding_dim)
        self.embed_whole = mlp(location_dim, embedding_dim, embedding_dim)
        self.estimator: Literal["jsd", "nce"] = estimator
        self.local_weight, self.global_weight = local_weight, global_weight

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        h, locations = self.backbone.with_locations(view)  # type: ignore[operator]
        n, places = locations.shape[:2]
        summary = self.summarize(h)
        local = self.embed_place(locations.flatten(0, 1)).view(n, places, -1)
        whole = self.embed_whole(locations.mean(dim=1))[:, None]
        score = ESTIMATORS[self.estimator]
        local_loss = score(local, summary, group=world())
        global_loss = score(whole, summary, group=world())
        logs = {"local_nats": local_loss.detach(), "global_nats": global_loss.detach()}
        return Step(self.local_weight * local_loss + self.global_weight * global_loss, logs)

    def floor(self, batch_size: int) -> float:
        least = -2 * math.log(2) if self.estimator == "jsd" else 0.0
        return (self.local_weight + self.global_weight) * least

    def chance(self, batch_size: int) -> float | None:
        if self.estimator == "jsd":
            return 0.0
        return None if self.local_weight else self.global_weight * deep_infomax_nce_chance(batch_size)
