"""CLIP."""

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.logit_scale import LogitScale
from nearfar.networks.two_towers import Frozen, two_towers
from nearfar.objectives.image_text import clip

__all__ = ["CLIP"]

GREATEST_SCALE = 100.0


class CLIP(Method):
    """Contrastive language-image pre-training.

    A picture's positive is its caption, its negatives are the captions of the batch's other pictures; for a caption
    likewise. The loss is the mean of both directions, and its temperature is learned.

    Landmarks: ln n nats for n pairs when all similarities are equal, where a collapsed network sits too; 0 is
    approached as the temperature falls.

    Args:
        backbone: the two towers, which are kept.
        temperature: divides the cosine similarities; where it starts. It stays between 0.01 and 1.
        frozen: "image" or "text" for a tower that stays as it is, with its projection alone trained; or "none".

    Raises:
        ValueError: the backbone is not two towers, or the temperature is beyond its limits.

    Source: CLIP, Radford et al. 2021, arXiv 2103.00020, figure 3 and section 2.5; frozen towers from LiT, Zhai et al.
        2021, arXiv 2111.07991. The temperature is limited after each step, as in open_clip.
    """

    paper: ClassVar[str] = "CLIP, Radford et al. 2021, arXiv 2103.00020"
    summary: ClassVar[str] = "a picture and its caption are near, the batch's other captions and pictures are far"
    modalities: ClassVar[tuple[str, ...]] = ("image-text",)

    def __init__(self, backbone: nn.Module, *, temperature: float = 0.07, frozen: Frozen = "none") -> None:
        super().__init__()
        self.backbone = two_towers(backbone, frozen=frozen, where="CLIP")
        self.logit_scale = LogitScale(temperature, where="CLIP", greatest=GREATEST_SCALE)

    def forward(self, batch: Batch) -> Step:
        z_image, z_text = (self.backbone(view) for view in batch.views)
        scale = self.logit_scale()
        return Step(clip(z_image, z_text, logit_scale=scale, group=world()), {"temperature": 1 / scale.detach()})

    def update(self, steps: Sequence[Step], progress: float) -> None:
        self.logit_scale.limit()

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(batch_size)
