"""The same method in the one loop, in a plain loop and in Lightning's Trainer ends with the same weights."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import CASES, TinyBackbone
from torch import nn
from torch.utils.data import DataLoader

from nearfar.data import PictureFeed, open_source
from nearfar.engine import build_optimizer, train
from nearfar.engine.lightning import lightning_module
from nearfar.engine.train import make_batch
from nearfar.methods import Method
from nearfar.schedules import warmup_cosine
from nearfar.views import ViewPlan, simclr

STEPS = 6


def parts() -> tuple[Method, PictureFeed, ViewPlan, torch.optim.Optimizer]:
    torch.manual_seed(0)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    method = CASES["simclr"].make(TinyBackbone())
    plan = ViewPlan(simclr(8, mean=(0.5,), std=(0.3,)), seed=0, micro_steps=STEPS)
    feed = PictureFeed(open_source(pixels), batch_size=16, seed=0)
    return method, feed, plan, build_optimizer("adamw", method, learning_rate=1e-3, weight_decay=0.01)


def assert_same(one: nn.Module, other: nn.Module) -> None:
    for (name, value), same in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(value, same, msg=lambda text, name=name: f"{name}: {text}")


@pytest.fixture
def ours() -> Method:
    method, feed, plan, optimizer = parts()
    return train(method, feed, plan, optimizer, steps=STEPS, schedule=partial(warmup_cosine, warmup=0.5))


def test_a_plain_loop(ours: Method) -> None:
    method, feed, plan, optimizer = parts()
    for step, raw in enumerate(feed.batches(0, STEPS)):
        for group in optimizer.param_groups:
            group["lr"] = group["base_lr"] * warmup_cosine((step + 1) / STEPS, warmup=0.5)
        result = method(make_batch(plan, step, raw, device=torch.device("cpu")))
        result.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        method.update([result], (step + 1) / STEPS)
    assert_same(method, ours)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_lightnings_trainer(ours: Method, tmp_path: Path) -> None:
    lightning = pytest.importorskip("lightning.pytorch", reason="the extra 'lightning' is not installed")
    method, feed, plan, optimizer = parts()
    module = lightning_module(method, plan, optimizer, schedule=partial(warmup_cosine, warmup=0.5), steps=STEPS)
    trainer = lightning.Trainer(
        max_steps=STEPS, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(module, DataLoader(list(feed.batches(0, STEPS)), batch_size=None))
    assert_same(method, ours)
