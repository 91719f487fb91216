"""ALIGN."""

import math
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.logit_scale import LogitScale
from nearfar.networks.two_towers import Frozen, two_towers
from nearfar.objectives.image_text import clip

__all__ = ["ALIGN"]


class ALIGN(Method):
    """A large-scale image and noisy-text embedding.

    As CLIP: a picture's positive is its caption, its negatives are the other captions of the batch, and likewise for a
    caption. For captions that are often wrong, a part of the target is spread over all candidates. Both directions are
    added, and the temperature is learned.

    Landmarks: 2 ln n nats for n pairs when all similarities are equal, where a collapsed network sits too; twice the
    entropy of the smoothed target for perfect pairs: 1.1 nats for 16 pairs, 2.3 for 4,096.

    Args:
        backbone: the two towers, which are kept.
        temperature: divides the cosine similarities; where it starts.
        label_smoothing: the part of the target that is spread over all candidates, 0 to below 1.
        frozen: "image" or "text" for a tower that stays as it is, with its projection alone trained; or "none".

    Raises:
        ValueError: the backbone is not two towers, or the temperature is not above 0.

    Source: ALIGN, Jia et al. 2021, arXiv 2102.05918, equations 1 and 2 and section 5; frozen towers from LiT, Zhai et
        al. 2021, arXiv 2111.07991. The logarithm of the temperature is learned, which keeps it above 0.
    """

    paper: ClassVar[str] = "ALIGN, Jia et al. 2021, arXiv 2102.05918"
    summary: ClassVar[str] = "a picture and its caption are near, others far, with a part of the target for any caption"
    modalities: ClassVar[tuple[str, ...]] = ("image-text",)

    def __init__(
        self,
        backbone: nn.Module,
        *,
        temperature: float = 1.0,
        label_smoothing: float = 0.1,
        frozen: Frozen = "none",
    ) -> None:
        super().__init__()
        self.backbone = two_towers(backbone, frozen=frozen, where="ALIGN")
        self.logit_scale = LogitScale(temperature, where="ALIGN")
        self.label_smoothing = label_smoothing

    def forward(self, batch: Batch) -> Step:
        z_image, z_text = (self.backbone(view) for view in batch.views)
        scale = self.logit_scale()
        mean = clip(z_image, z_text, logit_scale=scale, label_smoothing=self.label_smoothing, group=world())
        return Step(2 * mean, {"temperature": 1 / scale.detach()})

    def floor(self, batch_size: int) -> float:
        other = self.label_smoothing / batch_size
        target = [1 - self.label_smoothing + other, *[other] * (batch_size - 1)]
        return -2 * sum(part * math.log(part) for part in target if part)

    def chance(self, batch_size: int) -> float:
        return 2 * math.log(batch_size)
