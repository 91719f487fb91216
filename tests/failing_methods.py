"""Methods that fail in the ways the field knows, and a short training of one under the loop and the guard."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MethodType, SimpleNamespace
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from nearfar.data import Pictures, open_source
from nearfar.data.feed import PictureFeed
from nearfar.distributed import Group, rank
from nearfar.engine import Encoder, ImageSpec, Recorder, build_optimizer, train
from nearfar.engine.display import Display
from nearfar.engine.health import health
from nearfar.engine.recorder import Signals
from nearfar.errors import NearfarError
from nearfar.methods import BYOL, DINO, Batch, Method, MoCo, SimCLR, SimSiam, Step, SwAV, VICReg
from nearfar.networks.small import SmallResNet
from nearfar.objectives import negative_cosine
from nearfar.records import MetricsLog, RunFolder
from nearfar.schedules import warmup_cosine
from nearfar.views.plan import ViewPlan
from nearfar.views.policies import simclr

MEAN, STD = (0.286,), (0.353,)
BATCH = 128


def simsiam(backbone: nn.Module) -> Method:
    return SimSiam(backbone, projection_dim=256, hidden_dim=64)


def simsiam_without_stop_gradient(backbone: nn.Module) -> Method:
    def forward(self: SimSiam, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        p_a, p_b = self.predictor(z_a), self.predictor(z_b)
        return Step((negative_cosine_through(p_a, z_b) + negative_cosine_through(p_b, z_a)) / 2)

    method = simsiam(backbone)
    method.forward = MethodType(forward, method)  # type: ignore[method-assign]
    return method


def negative_cosine_through(p: Tensor, z: Tensor) -> Tensor:
    """`negative_cosine` whose gradient reaches both of its arguments."""
    assert negative_cosine(p, z).requires_grad
    return -nn.functional.cosine_similarity(p, z).mean()


def byol(backbone: nn.Module) -> Method:
    return BYOL(backbone, hidden_dim=256, projection_dim=64, momentum=0.99)


def byol_without_predictor(backbone: nn.Module) -> Method:
    method = BYOL(backbone, hidden_dim=256, projection_dim=64, momentum=0.9)
    method.predictor = nn.Sequential()
    return method


def swav(backbone: nn.Module) -> Method:
    return SwAV(backbone, hidden_dim=256, projection_dim=64, num_prototypes=64)


def swav_without_sinkhorn(backbone: nn.Module) -> Method:
    def codes(self: SwAV, scores: Tensor) -> Tensor:
        return torch.softmax(scores / self.epsilon, dim=-1)

    method = swav(backbone)
    method._codes = MethodType(codes, method)  # type: ignore[method-assign]
    return method


def dino(backbone: nn.Module, *, center_momentum: float = 0.9, target_temperature: float = 0.04) -> Method:
    return DINO(
        backbone,
        hidden_dim=256,
        projection_dim=64,
        num_prototypes=256,
        momentum=0.99,
        center_momentum=center_momentum,
        target_temperature=target_temperature,
    )


HEALTHY: dict[str, Callable[[nn.Module], Method]] = {
    "simclr": lambda backbone: SimCLR(backbone, hidden_dim=256),
    "simclr at temperature 0.5": lambda backbone: SimCLR(backbone, hidden_dim=256, temperature=0.5),
    "moco": lambda backbone: MoCo(backbone, hidden_dim=256, queue_size=4096, momentum=0.99),
    "simsiam": simsiam,
    "byol": byol,
    "swav": swav,
    "vicreg": lambda backbone: VICReg(backbone, hidden_dim=256, projection_dim=256),
    "dino": dino,
}


@dataclass(frozen=True)
class Training:
    """How a method is trained to see what the guard says."""

    steps: int = 200
    seed: int = 0
    optimizer: str = "muon"
    learning_rate: float = 0.02
    width: int = 8


FAILING: dict[str, tuple[Callable[[nn.Module], Method], Training]] = {
    "simsiam without stop-gradient": (simsiam_without_stop_gradient, Training()),
    "byol without predictor": (byol_without_predictor, Training()),
    "swav without sinkhorn": (swav_without_sinkhorn, Training()),
    "dino without centring": (partial(dino, center_momentum=1.0), Training()),
    "dino without sharpening": (partial(dino, target_temperature=0.5), Training()),
    "simclr at a ruinous rate": (HEALTHY["simclr"], Training(optimizer="sgd", learning_rate=100.0)),
}


def records_of(make: Callable[[nn.Module], Method], training: Training, folder: Path) -> list[dict[str, Any]]:
    """The records of a short run on small pictures, with a look by the guard at every twentieth of it."""
    source = open_source("fashion-mini", split="train", where="test")
    assert isinstance(source, Pictures)
    torch.manual_seed(training.seed)
    method = make(SmallResNet(channels=1, width=training.width)).to(memory_format=torch.channels_last)
    spec = ImageSpec(backbone="small", stem=None, size=28, channels=1, mean=MEAN, std=STD, seed=training.seed)
    rows = torch.linspace(0, len(source) - 1, 256).long().numpy()
    held = source.select(rows)

    def diagnose() -> dict[str, float]:
        h = torch.from_numpy(Encoder(spec, method.backbone).embed(held).vectors)
        found = health(method, h)
        method.train()
        return found

    stages = ((0.0, 0.5), (0.5, 0.75), (0.8, 1.0))
    plan = ViewPlan(simclr(28, mean=MEAN, std=STD), training.seed, training.steps, stages)
    optimizer = build_optimizer(training.optimizer, method, learning_rate=training.learning_rate, weight_decay=0.0)
    files = RunFolder(folder)
    recorder = Recorder(
        Fabric(accelerator="cpu"), method, optimizer, files, Display(None, steps=training.steps, enabled=False),
        steps=training.steps, batch_size=BATCH, steps_per_epoch=len(source) / BATCH, work=plan.work,
        signals=Signals(), diagnose=diagnose,
    )  # fmt: skip
    train(
        method, PictureFeed(source, batch_size=BATCH, seed=training.seed), plan, optimizer,
        steps=training.steps, schedule=partial(warmup_cosine, warmup=0.05), seed=training.seed, watch=recorder,
    )  # fmt: skip
    recorder.close()
    return MetricsLog.read(files.metrics)


def stopped_together(group: Group) -> str:
    """What each rank is told when the guard, which looks on rank 0 alone, stops a run of projections that are one."""
    first = rank(group) == 0
    method = HEALTHY["simclr"](SmallResNet(channels=1, width=8))
    found = {"effective_rank": 9.0, "embedding_spread": 0.6, "projection_rank": 7.0, "projection_spread": 0.01}
    fabric: Any = SimpleNamespace(is_global_zero=first, global_rank=rank(group), device=torch.device("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(
            fabric, method, torch.optim.SGD(method.parameters(), lr=0.1), RunFolder(Path(folder)),
            Display(None, steps=200, enabled=False), steps=200, batch_size=16, steps_per_epoch=10.0,
            work=lambda step: step / 200, signals=Signals(), diagnose=lambda: found, on_collapse="stop",
        )  # fmt: skip
        try:
            for step in range(1, 201):
                recorder(step, [Step(torch.tensor(2.0))])
        except NearfarError as error:
            return str(error).split(" The last")[0]
        finally:
            recorder.close()
    return "never"
