"""MAE."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.decoder import PatchDecoder
from nearfar.networks.masked import as_map, encode_visible, patchify, unpatchify, vit_of
from nearfar.objectives.reconstruction import masked_mse
from nearfar.views.corruptions import patch_mask
from nearfar.views.draws import Draws
from nearfar.views.panels import Panel

__all__ = ["MAE"]


class MAE(Method):
    """A masked autoencoder.

    Most patches of a picture or a series are hidden. The backbone sees the others alone, which makes it quick; a small
    transformer predicts from them what the hidden ones hold.

    Landmarks: (d - 1) / d when all predictions are 0, for patches of d numbers that are normalised each by itself, and
    1 for the best constant without `normalize`; 0 when perfect, which is out of reach.

    Args:
        backbone: the network that is kept, a vision transformer; its positions stay as they are.
        mask_ratio: the part of the patches that is hidden.
        block: patches are hidden by squares of so many a side, or as many in a row of series; 1 is the paper's.
        normalize: whether each patch of the target is brought to mean 0 and variance 1 by itself.
        decoder_dim: width of the decoder.
        decoder_depth: its blocks.
        decoder_heads: heads of its attention.

    Source: MAE, He et al. 2021, arXiv 2111.06377. The decoder is smaller than the paper's (512 wide, 8 blocks), for
        smaller encoders.
    """

    paper: ClassVar[str] = "MAE, He et al. 2021, arXiv 2111.06377"
    summary: ClassVar[str] = "hidden patches are rebuilt from the few that are seen; nothing is near or far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "series")
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(
        self,
        backbone: nn.Module,
        *,
        mask_ratio: float = 0.75,
        block: int = 1,
        normalize: bool = True,
        decoder_dim: int = 128,
        decoder_depth: int = 2,
        decoder_heads: int = 4,
    ) -> None:
        super().__init__()
        vit = vit_of(backbone, where="MAE")
        vit.pos_embed.requires_grad_(False)
        self.backbone, self.patch = backbone, vit.patch_embed.patch_size
        self.patch_dim = math.prod(self.patch) * vit.patch_embed.proj.in_channels
        self.decoder = PatchDecoder(
            vit.embed_dim, self.patch_dim, decoder_dim=decoder_dim, depth=decoder_depth, num_heads=decoder_heads
        )
        self.mask_ratio, self.block, self.normalize = mask_ratio, block, normalize
        self._mask(Draws(torch.zeros(1, dtype=torch.long)), vit.patch_embed.img_size)  # refuses what cannot be

    def _mask(self, draws: Draws, sides: Sequence[int]) -> Tensor:
        rows, columns = (side // part for side, part in zip(sides, self.patch, strict=True))
        return patch_mask(draws, rows=rows, columns=columns, ratio=self.mask_ratio, block=self.block)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        patches = patchify(view, patch=self.patch)
        mask = self._mask(batch.draws(), as_map(view).shape[2:])
        predicted = self.decoder(encode_visible(self.backbone, view, mask), mask)
        return Step(masked_mse(predicted, patches, mask.flatten(1), normalize=self.normalize, group=world()))

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        (view,) = batch.views
        patches, mask = patchify(view, patch=self.patch), self._mask(batch.draws(), as_map(view).shape[2:])
        predicted, hidden = self.decoder(encode_visible(self.backbone, view, mask), mask), mask.flatten(1)[:, :, None]
        note = f"{int(mask[0].sum())} of {mask[0].numel()} patches are hidden and predicted; the others stay."
        if self.normalize:
            variance, mean = torch.var_mean(patches, dim=2, keepdim=True)
            predicted = predicted * (variance + 1e-6).sqrt() + mean  # which undoes what masked_mse does to its target
            note += (
                " A prediction is a patch's pattern without its level and contrast, which it is given here by the"
                " original patch's own mean and variance."
            )
        seen, rebuilt = (
            unpatchify(each, patch=self.patch, rows=mask.shape[1]).reshape(view.shape)
            for each in (patches.masked_fill(hidden, torch.nan), torch.where(hidden, predicted, patches))
        )
        return (Panel("rebuilt", {"what it saw": seen, "rebuilt": rebuilt, "original": view}, note),)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return 1 - 1 / self.patch_dim if self.normalize else 1.0
