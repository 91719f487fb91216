"""`small`: a residual network for small pictures, and for series, that learns fast on a CPU."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.networks.axes import BATCH_NORMS, CONVOLUTIONS

__all__ = ["SmallResNet"]

QUARTERS = 4
KERNELS = {1: (8, 9), 2: (4, 3)}
"""Sides of the stem's kernel and of a block's, by the number of axes: about as many places on one axis as on two."""
_QUARTERED = {1: lambda x: F.adaptive_avg_pool1d(x, QUARTERS), 2: lambda x: F.adaptive_avg_pool2d(x, 2)}


class SmallResNet(nn.Module):
    """A residual network of three blocks: for pictures of 24 to 64 pixels or series, and a budget of minutes.

    A 4x4 stem of stride 2, one residual block each of 64, 128 and 256 channels with strides 1, 2 and 2, and a 1x1
    expansion to 512. Few, wide layers at half the resolution keep a CPU's matrix units busy: at 32 px it trains several
    times as many pictures per second as ResNet-18 with a 3x3 stem. The representation joins the last two blocks, each
    averaged over the four quarters of the picture, and the average of the expansion: the last layer alone gives up
    detail, and an average over everything gives up place, that the contrastive task does not ask for.

    On series all of it has one axis instead of two: kernels of 8 and 9 steps, and quarters of the time.

    Args:
        channels: of the pictures, 1 or 3, or of the series.
        width: channels of the first block; the others follow in proportion.
        axes: 2 for pictures, 1 for series.
    """

    def __init__(self, *, channels: int = 3, width: int = 64, axes: int = 2) -> None:
        super().__init__()
        self.axes = axes
        convolution, norm, (kernel, _) = CONVOLUTIONS[axes], BATCH_NORMS[axes], KERNELS[axes]
        self.stem = nn.Sequential(
            convolution(channels, width, kernel, stride=2, padding=kernel // 2 - 1, bias=False),
            norm(width),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.ModuleList(
            [_Block(width, width, 1, axes), _Block(width, 2 * width, 2, axes), _Block(2 * width, 4 * width, 2, axes)]
        )
        self.expansion = nn.Sequential(
            convolution(4 * width, 8 * width, 1, bias=False), norm(8 * width), nn.ReLU(inplace=True)
        )
        self.location_dim = 8 * width
        self.dim = (QUARTERS * (2 + 4) + 8) * width

    def stages(self, view: Float[Tensor, "n c *sides"]) -> list[Tensor]:
        """The feature maps of the three blocks and of the expansion."""
        maps = [self.stem(view)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return [*maps[1:], self.expansion(maps[-1])]

    def locations(self, view: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n positions e"]:
        """The last feature map as one vector per position: row by row, or step by step."""
        return self.stages(view)[-1].flatten(2).transpose(1, 2)

    def with_locations(
        self, view: Float[Tensor, "n c *sides"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n positions e"]]:
        """The representation and the locations, in one pass."""
        stages = self.stages(view)
        return self._pooled(stages), stages[-1].flatten(2).transpose(1, 2)

    def forward(self, view: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n d"]:
        """The representation: two blocks in quarters and the expansion as a whole, side by side."""
        return self._pooled(self.stages(view))

    @staticmethod
    def _pooled(stages: list[Tensor]) -> Tensor:
        _, middle, deep, expanded = stages
        sides = tuple(range(2, deep.ndim))
        quarters = [_QUARTERED[len(sides)](stage).flatten(1) for stage in (middle, deep)]
        return torch.cat([*quarters, expanded.mean(sides)], dim=1)


class _Block(nn.Module):
    """Two convolutions with batch norm beside a shortcut (He et al. 2015, arXiv 1512.03385)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, axes: int) -> None:
        super().__init__()
        convolution, norm, (_, kernel) = CONVOLUTIONS[axes], BATCH_NORMS[axes], KERNELS[axes]
        around = kernel // 2
        self.conv_a = convolution(channels_in, channels_out, kernel, stride=stride, padding=around, bias=False)
        self.norm_a = norm(channels_out)
        self.conv_b = convolution(channels_out, channels_out, kernel, padding=around, bias=False)
        self.norm_b = norm(channels_out)
        self.shortcut = (
            nn.Identity()
            if stride == 1 and channels_in == channels_out
            else nn.Sequential(convolution(channels_in, channels_out, 1, stride=stride, bias=False), norm(channels_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm_a(self.conv_a(x)), inplace=True)
        return F.relu(self.norm_b(self.conv_b(out)) + self.shortcut(x), inplace=True)
