"""lightly's methods as its documentation trains them, on any backbone, for benchmarks that stand beside them.

Settings are those of lightly 1.6's example scripts: batch 256 in float32, its transform at 32 px in two loader workers,
its heads, its loss, SGD at 0.06 or Adam at 0.001 without a schedule of the rate.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lightly import loss as losses
from lightly import transforms
from lightly.models import modules, utils
from lightly.utils.scheduler import cosine_schedule
from peer import Transformed
from torch import Tensor, nn

from nearfar.data import Pictures

__all__ = ["LIGHTLY", "lightly_network"]

BATCH = 256
Loss = Callable[[Sequence[Tensor], float], Tensor]
"""Views and progress to a loss; what moves after a step is moved at the next one's beginning, as the examples do."""


@dataclass
class Parts:
    """What a method trains and how."""

    transform: Any
    modules: nn.Module
    loss: Loss
    adam: bool = False


def lightly_network(method: str, network: nn.Module, source: Pictures, *, examples: int, seed: int) -> nn.Module:
    """Trains a network by one of lightly's methods; it is changed in place.

    Args:
        method: a name out of `LIGHTLY`.
        network: with `dim`.
        source: 32 px pictures.
        examples: how many are seen.
        seed: of heads and order.
    """
    torch.manual_seed(seed)
    parts = LIGHTLY[method](network, network.dim)
    data = Transformed(source, parts.transform)
    trained = [weight for weight in [*network.parameters(), *parts.modules.parameters()] if weight.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=0.001) if parts.adam else torch.optim.SGD(trained, lr=0.06)
    steps = examples // BATCH
    network.train()
    parts.modules.train()
    for step, views in zip(range(steps), _forever(data), strict=False):
        parts.loss(views, step / steps).backward()
        optimizer.step()
        optimizer.zero_grad()
    return network


def _forever(data: torch.utils.data.Dataset) -> Iterator[list[Tensor]]:
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True, num_workers=2)
    while True:
        yield from loader


def _twin(module: nn.Module) -> nn.Module:
    twin = copy.deepcopy(module)
    utils.deactivate_requires_grad(twin)
    return twin


def simclr(network: nn.Module, dim: int) -> Parts:
    head, criterion = modules.SimCLRProjectionHead(dim, 512, 128), losses.NTXentLoss()

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        return criterion(*(head(network(view)) for view in views))

    return Parts(transforms.SimCLRTransform(input_size=32, gaussian_blur=0.0), head, loss)


def moco(network: nn.Module, dim: int) -> Parts:
    head = modules.MoCoProjectionHead(dim, 512, 128)
    network_twin, head_twin = _twin(network), _twin(head)
    criterion = losses.NTXentLoss(memory_bank_size=(4096, 128))

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        momentum = cosine_schedule(int(progress * 10), 10, 0.996, 1)
        utils.update_momentum(network, network_twin, m=momentum)
        utils.update_momentum(head, head_twin, m=momentum)
        with torch.no_grad():
            key = head_twin(network_twin(views[1])).detach()
        return criterion(head(network(views[0])), key)

    return Parts(transforms.MoCoV2Transform(input_size=32), nn.ModuleList([head, network_twin, head_twin]), loss)


def byol(network: nn.Module, dim: int) -> Parts:
    head, predictor = modules.BYOLProjectionHead(dim, 1024, 256), modules.BYOLPredictionHead(256, 1024, 256)
    network_twin, head_twin = _twin(network), _twin(head)
    criterion = losses.NegativeCosineSimilarity()
    transform = transforms.BYOLTransform(
        view_1_transform=transforms.BYOLView1Transform(input_size=32, gaussian_blur=0.0),
        view_2_transform=transforms.BYOLView2Transform(input_size=32, gaussian_blur=0.0),
    )

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        momentum = cosine_schedule(int(progress * 10), 10, 0.996, 1)
        utils.update_momentum(network, network_twin, m=momentum)
        utils.update_momentum(head, head_twin, m=momentum)
        p_a, p_b = (predictor(head(network(view))) for view in views)
        with torch.no_grad():
            z_a, z_b = (head_twin(network_twin(view)) for view in views)
        return 0.5 * (criterion(p_a, z_b) + criterion(p_b, z_a))

    return Parts(transform, nn.ModuleList([head, predictor, network_twin, head_twin]), loss)


def simsiam(network: nn.Module, dim: int) -> Parts:
    head, predictor = modules.SimSiamProjectionHead(dim, 512, 128), modules.SimSiamPredictionHead(128, 64, 128)
    criterion = losses.NegativeCosineSimilarity()

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        z_a, z_b = (head(network(view)) for view in views)
        return 0.5 * (criterion(predictor(z_a), z_b.detach()) + criterion(predictor(z_b), z_a.detach()))

    return Parts(transforms.SimSiamTransform(input_size=32), nn.ModuleList([head, predictor]), loss)


def swav(network: nn.Module, dim: int) -> Parts:
    head, prototypes = modules.SwaVProjectionHead(dim, 512, 128), modules.SwaVPrototypes(128, n_prototypes=512)
    criterion = losses.SwaVLoss()
    transform = transforms.SwaVTransform(crop_sizes=(32, 16), gaussian_blur=0.0)

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        prototypes.normalize()
        scores = [prototypes(nn.functional.normalize(head(network(view)), dim=1)) for view in views]
        return criterion(scores[:2], scores[2:])

    return Parts(transform, nn.ModuleList([head, prototypes]), loss, adam=True)


def vicreg(network: nn.Module, dim: int) -> Parts:
    head, criterion = modules.heads.VICRegProjectionHead(dim, 2048, 2048, num_layers=2), losses.VICRegLoss()

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        return criterion(*(head(network(view)) for view in views))

    return Parts(transforms.VICRegTransform(input_size=32), head, loss)


def barlowtwins(network: nn.Module, dim: int) -> Parts:
    head, criterion = modules.BarlowTwinsProjectionHead(dim, 2048, 2048), losses.BarlowTwinsLoss()
    transform = transforms.BYOLTransform(
        view_1_transform=transforms.BYOLView1Transform(input_size=32, gaussian_blur=0.0),
        view_2_transform=transforms.BYOLView2Transform(input_size=32, gaussian_blur=0.0),
    )

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        return criterion(*(head(network(view)) for view in views))

    return Parts(transform, head, loss)


def dino(network: nn.Module, dim: int) -> Parts:
    head = modules.DINOProjectionHead(dim, 512, 64, 2048, freeze_last_layer=1)
    network_twin, head_twin = _twin(network), modules.DINOProjectionHead(dim, 512, 64, 2048)
    utils.deactivate_requires_grad(head_twin)
    criterion = losses.DINOLoss(output_dim=2048, warmup_teacher_temp_epochs=5)
    transform = transforms.DINOTransform(global_crop_size=32, local_crop_size=16)

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        momentum = cosine_schedule(int(progress * 10), 10, 0.996, 1)
        utils.update_momentum(network, network_twin, m=momentum)
        utils.update_momentum(head, head_twin, m=momentum)
        with torch.no_grad():
            targets = [head_twin(network_twin(view)) for view in views[:2]]
        return criterion(targets, [head(network(view)) for view in views], epoch=int(progress * 10))

    return Parts(transform, nn.ModuleList([head, network_twin, head_twin]), loss, adam=True)


def nnclr(network: nn.Module, dim: int) -> Parts:
    head, predictor = modules.NNCLRProjectionHead(dim, 512, 128), modules.NNCLRPredictionHead(128, 512, 128)
    bank, criterion = modules.NNMemoryBankModule(size=(4096, 128)), losses.NTXentLoss()

    def loss(views: Sequence[Tensor], progress: float) -> Tensor:
        z_a, z_b = (head(network(view)) for view in views)
        p_a, p_b = predictor(z_a), predictor(z_b)
        near_a, near_b = bank(z_a.detach(), update=False), bank(z_b.detach(), update=True)
        return 0.5 * (criterion(near_a, p_b) + criterion(near_b, p_a))

    return Parts(transforms.SimCLRTransform(input_size=32, gaussian_blur=0.0), nn.ModuleList([head, predictor]), loss)


LIGHTLY: dict[str, Callable[[nn.Module, int], Parts]] = {
    part.__name__: part for part in (simclr, moco, byol, simsiam, swav, vicreg, barlowtwins, dino, nnclr)
}
"""lightly's methods by the names they have here."""
