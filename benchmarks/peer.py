"""lightly's documented SimCLR as a loop, for benchmarks that stand beside it."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

from nearfar.data import Pictures

__all__ = ["Transformed", "lightly_loop"]


def lightly_loop(
    network: nn.Module, source: Pictures, *, temperature: float = 0.5, strength: float = 1.0, rate: float = 0.06
) -> Iterator[int]:
    """Trains a network as lightly's documentation does, at batch 256 in float32; yields the pairs of each step.

    Its transform in two loader workers (no blur at 32 px), its projection head, its NT-Xent, SGD without schedule.

    Args:
        network: with `dim`; it is changed in place.
        source: 32 px pictures.
        temperature: documented: 0.5.
        strength: of the colours; documented: 1.
        rate: documented: 0.06.
    """
    from lightly.loss import NTXentLoss
    from lightly.models.modules import SimCLRProjectionHead
    from lightly.transforms import SimCLRTransform

    transform = SimCLRTransform(input_size=32, gaussian_blur=0.0, cj_strength=strength)
    loader = torch.utils.data.DataLoader(
        Transformed(source, transform), batch_size=256, shuffle=True, drop_last=True, num_workers=2
    )
    head = SimCLRProjectionHead(network.dim, 512, 128)
    optimizer = torch.optim.SGD([*network.parameters(), *head.parameters()], lr=rate)
    criterion = NTXentLoss(temperature=temperature)
    network.train()
    while True:
        for views in loader:
            z_a, z_b = (head(network(view)) for view in views)
            criterion(z_a, z_b).backward()
            optimizer.step()
            optimizer.zero_grad()
            yield len(z_a)


class Transformed(torch.utils.data.Dataset):
    """Decoded pictures through a transform that wants PIL pictures."""

    def __init__(self, source: Pictures, transform: Callable[[object], object]) -> None:
        self.pictures = [source.read(row) for row in range(len(source))]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, row: int) -> object:
        return self.transform(self.pictures[row])
