"""`small`: a residual network for small pictures that learns fast on a CPU."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["SmallResNet"]

QUARTERS = 4


class SmallResNet(nn.Module):
    """A residual network of three blocks: for pictures of 24 to 64 pixels and a budget of minutes.

    A 4x4 stem of stride 2, one residual block each of 64, 128 and 256 channels with strides 1, 2 and 2, and a 1x1
    expansion to 512. Few, wide layers at half the resolution keep a CPU's matrix units busy: at 32 px it trains several
    times as many pictures per second as ResNet-18 with a 3x3 stem. The representation joins the last two blocks, each
    averaged over the four quarters of the picture, and the average of the expansion: the last layer alone gives up
    detail, and an average over everything gives up place, that the contrastive task does not ask for.

    Args:
        channels: of the pictures, 1 or 3.
        width: channels of the first block; the others follow in proportion.
    """

    def __init__(self, *, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.blocks = nn.ModuleList(
            [_Block(width, width, 1), _Block(width, 2 * width, 2), _Block(2 * width, 4 * width, 2)]
        )
        self.expansion = nn.Sequential(
            nn.Conv2d(4 * width, 8 * width, 1, bias=False), nn.BatchNorm2d(8 * width), nn.ReLU(inplace=True)
        )
        self.location_dim = 8 * width
        self.dim = (QUARTERS * (2 + 4) + 8) * width

    def stages(self, view: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """The feature maps of the three blocks and of the expansion."""
        maps = [self.stem(view)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return [*maps[1:], self.expansion(maps[-1])]

    def locations(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n positions e"]:
        """The last feature map as one vector per position, row by row."""
        return self.stages(view)[-1].flatten(2).transpose(1, 2)

    def with_locations(
        self, view: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n positions e"]]:
        """The representation and the locations, in one pass."""
        stages = self.stages(view)
        return self._pooled(stages), stages[-1].flatten(2).transpose(1, 2)

    def forward(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The representation: two blocks in quarters and the expansion as a whole, side by side."""
        return self._pooled(self.stages(view))

    @staticmethod
    def _pooled(stages: list[Tensor]) -> Tensor:
        _, middle, deep, expanded = stages
        quarters = [F.adaptive_avg_pool2d(stage, 2).flatten(1) for stage in (middle, deep)]
        return torch.cat([*quarters, expanded.mean((2, 3))], dim=1)


class _Block(nn.Module):
    """Two 3x3 convolutions with batch norm beside a shortcut (He et al. 2015, arXiv 1512.03385)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv_a = nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False)
        self.norm_a = nn.BatchNorm2d(channels_out)
        self.conv_b = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm_b = nn.BatchNorm2d(channels_out)
        self.shortcut = (
            nn.Identity()
            if stride == 1 and channels_in == channels_out
            else nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False), nn.BatchNorm2d(channels_out)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm_a(self.conv_a(x)), inplace=True)
        return F.relu(self.norm_b(self.conv_b(out)) + self.shortcut(x), inplace=True)
