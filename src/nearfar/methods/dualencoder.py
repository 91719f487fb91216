"""Dual encoder."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.logit_scale import LogitScale
from nearfar.objectives.contrastive import info_nce
from nearfar.views.draws import Draws
from nearfar.views.tokens import Tokens

__all__ = ["DualEncoder"]

GREATEST_SCALE = 100.0


class DualEncoder(Method):
    """Dense retrieval: a question is near the passage that answers it.

    One network reads questions and passages. A question's positive is its own passage; its negatives are the passages
    of the batch's other questions. Where the batch holds its passage again, token for token, that is no negative. With
    triplets the third text is a hard negative, of its own question and of all others.

    Landmarks: ln n nats for n different passages when all similarities are equal, or ln 2n with hard negatives, where a
    collapsed network sits too.

    Args:
        backbone: the network that is kept.
        temperature: divides the cosine similarities; where it starts, if it is learned, and then from 0.01 to 1.
        learn_temperature: whether the temperature is learned.
        hard_negatives: whether each pair comes with a third text that resembles its passage and is no answer.

    Raises:
        ValueError: a temperature that is learned starts beyond its limits.

    Source: DPR, Karpukhin et al. 2020, arXiv 2004.04906, section 3.2. The authors train two networks and take inner
        products of any length; one network and cosines as in Sentence-BERT, Reimers and Gurevych 2019, arXiv
        1908.10084.
    """

    paper: ClassVar[str] = "DPR, Karpukhin et al. 2020, arXiv 2004.04906"
    summary: ClassVar[str] = "a question and its passage are near, the passages of the batch's other questions are far"
    modalities: ClassVar[tuple[str, ...]] = ("text",)

    def __init__(
        self,
        backbone: nn.Module,
        *,
        temperature: float = 0.05,
        learn_temperature: bool = False,
        hard_negatives: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.temperature, self.hard_negatives = temperature, hard_negatives
        self.logit_scale = (
            LogitScale(temperature, where="DualEncoder", greatest=GREATEST_SCALE) if learn_temperature else None
        )

    def forward(self, batch: Batch) -> Step:
        question, *passages = batch.views
        assert len(passages) == 1 + self.hard_negatives
        # Questions are shorter than passages: each kind goes by itself, so that little of a pass is padding.
        keys = torch.cat([self.backbone(view) for view in passages])
        ids = torch.cat([_fingerprints(view) for view in passages])
        temperature = self.temperature if self.logit_scale is None else 1 / self.logit_scale()
        loss = info_nce(self.backbone(question), keys, ids=ids, temperature=temperature, group=world())
        return Step(loss, {"temperature": temperature.detach()} if isinstance(temperature, Tensor) else {})

    def update(self, steps: Sequence[Step], progress: float) -> None:
        if self.logit_scale is not None:
            self.logit_scale.limit()

    def floor(self, batch_size: int) -> float | None:
        if self.hard_negatives:
            return None
        temperature = self.temperature if self.logit_scale is None else 1 / GREATEST_SCALE
        cosine = -1 / (batch_size - 1)
        return math.log1p((batch_size - 1) * math.exp((cosine - 1) / temperature))

    def chance(self, batch_size: int) -> float:
        return math.log(batch_size * (1 + self.hard_negatives))


def _fingerprints(texts: Tokens) -> Int[Tensor, "n"]:
    """A number for each text, the same for the same tokens, on any rank and beside any padding, and for no others."""
    place = torch.arange(texts.shape[1], device=texts.device) << 32
    mixed = Draws((texts.ids + place).flatten()).fold(0).keys.view_as(texts.ids)
    return mixed.masked_fill(~texts.real, 0).sum(dim=1)
