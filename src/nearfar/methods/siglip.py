"""SigLIP."""

import math
from typing import ClassVar

import torch
from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.logit_scale import LogitScale
from nearfar.networks.two_towers import Frozen, two_towers
from nearfar.objectives.image_text import sigmoid_pairs

__all__ = ["SigLIP"]


class SigLIP(Method):
    """Sigmoid loss for language-image pre-training.

    Of each picture and each caption of the batch it is asked whether they belong together: yes for a pair's own two, no
    for all others. Each question stands alone, without a softmax. Temperature and bias are learned.

    Landmarks: ln n + (n - 1) ln(n / (n - 1)) nats for n pairs, about 1 + ln n, when all similarities are equal and the
    bias is the best for that; it starts near 10, since the first bias says no to everything.
    0 is approached for perfect pairs.

    Args:
        backbone: the two towers, which are kept.
        temperature: divides the cosine similarities; where it starts.
        bias: is added to what comes of that; where it starts.
        frozen: "image" or "text" for a tower that stays as it is, with its projection alone trained; or "none".

    Raises:
        ValueError: the backbone is not two towers, or the temperature is not above 0.

    Source: SigLIP, Zhai et al. 2023, arXiv 2303.15343, algorithm 1; frozen towers from LiT, Zhai et al. 2021, arXiv
        2111.07991.
    """

    paper: ClassVar[str] = "SigLIP, Zhai et al. 2023, arXiv 2303.15343"
    summary: ClassVar[str] = "of every picture and every caption of a batch: do they belong together?"
    modalities: ClassVar[tuple[str, ...]] = ("image-text",)

    def __init__(
        self, backbone: nn.Module, *, temperature: float = 0.1, bias: float = -10.0, frozen: Frozen = "none"
    ) -> None:
        super().__init__()
        self.backbone = two_towers(backbone, frozen=frozen, where="SigLIP")
        self.logit_scale = LogitScale(temperature, where="SigLIP")
        self.logit_bias = nn.Parameter(torch.tensor(float(bias)))

    def forward(self, batch: Batch) -> Step:
        z_image, z_text = (self.backbone(view) for view in batch.views)
        scale = self.logit_scale()
        loss = sigmoid_pairs(z_image, z_text, logit_scale=scale, logit_bias=self.logit_bias, group=world())
        # A clone: the loop reads logs after the step, which writes over the bias.
        return Step(loss, {"temperature": 1 / scale.detach(), "bias": self.logit_bias.detach().clone()})

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(batch_size) + (batch_size - 1) * math.log(batch_size / (batch_size - 1))
